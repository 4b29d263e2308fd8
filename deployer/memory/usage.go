package memory

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// What every instance takes: a twentieth of a core, and 32 MiB.
const (
	usedCPU    = 20
	usedMemory = 32 << 20
)

var _ deployer.Meter = (*Cluster)(nil)

// Usage implements deployer.Meter. All instances take the same.
func (c *Cluster) Usage(ctx context.Context) ([]deployer.Usage, error) {
	if err := c.use(ctx); err != nil {
		return nil, err
	}
	defer c.engine.mu.Unlock()
	now := time.Now()
	measured := []deployer.Usage{}
	for _, i := range c.all("") {
		if i.info.State == deployer.StateExited {
			continue
		}
		limit := i.workload.Limits.MemoryBytes
		if limit == 0 {
			limit = memoryLimit
		}
		measured = append(measured, deployer.Usage{
			Instance: i.info.ID, Workload: i.info.Workload, AppName: i.info.AppName, Index: i.info.Index, At: now,
			CPU: now.Sub(i.info.StartedAt) / usedCPU, MemoryBytes: usedMemory, MemoryLimit: limit, CPULimit: i.workload.Limits.CPUMilli,
		})
	}
	return measured, nil
}
