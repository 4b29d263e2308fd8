package docker

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// parallelStats bounds how many containers the engine is asked for at once.
	// It reads once a second those that somebody asks for, so a call takes up to
	// a second of waiting and little else.
	parallelStats = 100
	// oneStats bounds one of them, so that a container that the engine cannot
	// read holds up nobody for long.
	oneStats = 4 * time.Second
)

var _ deployer.Meter = (*Cluster)(nil)

// Usage implements deployer.Meter. It takes one list call, or none while nothing
// is told of any instance, and reads the kernel's files where it can. Where it cannot it takes one call for each running
// instance, a hundred side by side: about a second for each hundred. It takes
// them in another order every time, so that when the time is too short it is not
// always the same ones that are left out.
func (c *Cluster) Usage(ctx context.Context) ([]deployer.Usage, error) {
	if measured, ok := c.measureKnown(); ok {
		return measured, ctx.Err()
	}
	all := c.known.begin()
	filter := c.ours(kindInstance)
	filter.Add("status", string(container.StateRunning))
	running, err := c.API.ContainerList(ctx, container.ListOptions{Filters: filter})
	if err != nil {
		return nil, fail(ctx, "list containers", err)
	}
	measured := make([]deployer.Usage, 0, len(running))
	var elsewhere []container.Summary
	var reader groupReader
	for _, s := range running {
		// Without a call: one that hangs must not hold up the others.
		d := c.known.get(s)
		u, ok := c.measureHere(&reader, s.ID, d)
		if ok {
			measured, all.instances = append(measured, u), append(all.instances, d)
		} else {
			elsewhere = append(elsewhere, s)
		}
	}
	if len(elsewhere) == 0 {
		c.known.keep(all)
	}
	return c.askUsage(ctx, elsewhere, measured)
}

// measureKnown measures what is known to run, if all of it is. It reports false
// when anything of that does not run any more.
func (c *Cluster) measureKnown() ([]deployer.Usage, bool) {
	all := c.known.everything()
	measured := make([]deployer.Usage, 0, len(all))
	var reader groupReader
	for _, d := range all {
		u, ok := c.measureHere(&reader, d.instance.ID, d)
		if !ok {
			return nil, false
		}
		measured = append(measured, u)
	}
	return measured, len(all) > 0
}

// askUsage adds what the engine is asked about to what is measured.
func (c *Cluster) askUsage(ctx context.Context, running []container.Summary, measured []deployer.Usage) ([]deployer.Usage, error) {
	rand.Shuffle(len(running), func(i, j int) { running[i], running[j] = running[j], running[i] })
	var mu sync.Mutex
	next := make(chan container.Summary)
	var group sync.WaitGroup
	for range min(parallelStats, len(running)) {
		group.Go(func() {
			for s := range next {
				if u, ok := c.askOne(ctx, s); ok {
					mu.Lock()
					measured = append(measured, u)
					mu.Unlock()
				}
			}
		})
	}
feed:
	for _, s := range running {
		select {
		case next <- s:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	group.Wait()
	return measured, ctx.Err()
}

// askOne asks for one container. It reports false for one that has just ended
// or cannot be read.
func (c *Cluster) askOne(ctx context.Context, s container.Summary) (deployer.Usage, bool) {
	ctx, cancel := context.WithTimeout(ctx, oneStats)
	defer cancel()
	d, err := c.details(ctx, s)
	if err != nil || d == nil {
		return deployer.Usage{}, false
	}
	if u, ok := c.measureHere(&groupReader{}, s.ID, d); ok {
		return u, true
	}
	answer, err := c.API.ContainerStatsOneShot(ctx, s.ID)
	if err != nil {
		return deployer.Usage{}, false
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil || stats.Read.IsZero() {
		return deployer.Usage{}, false // of a container that does not run the engine gives zeros
	}
	cpu := time.Duration(stats.CPUStats.CPUUsage.TotalUsage) // nanoseconds
	return d.usage(stats.Read, cpu, workingSet(stats.MemoryStats)), true
}

// measureHere reads one container of which the details are known, if they are,
// from the kernel's files.
func (c *Cluster) measureHere(r *groupReader, id string, d *details) (deployer.Usage, bool) {
	at := time.Now()
	if d == nil {
		return deployer.Usage{}, false
	}
	cpu, memory, ok := c.groups.read(r, id)
	return d.usage(at, cpu, memory), ok
}

func (d *details) usage(at time.Time, cpu time.Duration, memory int64) deployer.Usage {
	in := &d.instance
	return deployer.Usage{
		Instance: in.ID, Workload: in.Workload, AppName: in.AppName, Index: in.Index, At: at,
		CPU: cpu, MemoryBytes: memory, MemoryLimit: d.memory, CPULimit: d.cpuMilli,
	}
}

// workingSet is the memory without the part of the page cache that nobody has
// used of late. The second version of control groups names it otherwise than
// the first.
func workingSet(m container.MemoryStats) int64 {
	cache, ok := m.Stats["total_inactive_file"]
	if !ok {
		cache = m.Stats["inactive_file"]
	}
	if cache > m.Usage {
		return 0
	}
	return int64(m.Usage - cache)
}
