package kubernetes

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	parallelNodes = 20
	// oneNode bounds one node, so that one that is lost holds up nobody for long.
	oneNode = 4 * time.Second
)

var _ deployer.Meter = (*Cluster)(nil)

// summary is what we read of a node's measurements.
type summary struct {
	Pods []struct {
		PodRef struct {
			UID string `json:"uid"`
		} `json:"podRef"`
		Containers []struct {
			Name string `json:"name"`
			CPU  *struct {
				Time  metav1.Time `json:"time"`
				Total *uint64     `json:"usageCoreNanoSeconds"`
			} `json:"cpu"`
			Memory *struct {
				WorkingSet *uint64 `json:"workingSetBytes"`
			} `json:"memory"`
		} `json:"containers"`
	} `json:"pods"`
}

// Usage implements deployer.Meter. It takes one list call, and one for each node
// with an instance. Nodes measure every ten seconds or so. It needs the right to
// ask nodes (nodes/proxy), which deploy/kubernetes keeps in a role of its own.
func (c *Cluster) Usage(ctx context.Context) ([]deployer.Usage, error) {
	list, err := c.list(ctx, "", c.ours(kindInstance, ""))
	if err != nil {
		return nil, err
	}
	byNode := map[string]map[string]*pod{}
	for _, v := range list {
		if !v.running {
			continue
		}
		if byNode[v.instance.Node] == nil {
			byNode[v.instance.Node] = map[string]*pod{}
		}
		byNode[v.instance.Node][string(v.UID)] = v
	}
	names := make(chan string, len(byNode))
	for name := range byNode {
		names <- name
	}
	close(names)
	var mu sync.Mutex
	var measured []deployer.Usage
	var refused error
	var group sync.WaitGroup
	for range min(parallelNodes, len(byNode)) {
		group.Go(func() {
			for name := range names {
				if ctx.Err() != nil {
					return
				}
				usage, err := c.measure(ctx, name, byNode[name])
				mu.Lock()
				measured = append(measured, usage...)
				if err != nil {
					refused = err
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	rand.Shuffle(len(measured), func(i, j int) { measured[i], measured[j] = measured[j], measured[i] })
	switch {
	case ctx.Err() != nil:
		return measured, ctx.Err()
	case len(measured) == 0:
		return nil, refused // a node that is lost is no failure while another answers
	}
	return measured, nil
}

// measure asks one node about its instances, by their UIDs.
func (c *Cluster) measure(ctx context.Context, node string, by map[string]*pod) ([]deployer.Usage, error) {
	asking, cancel := context.WithTimeout(ctx, oneNode)
	defer cancel()
	var s summary
	if err := c.api.get(asking, nodes.one("", node)+"/proxy/stats/summary", &s); err != nil {
		return nil, fail(ctx, "measure the instances on node "+node, err)
	}
	var measured []deployer.Usage
	for _, p := range s.Pods {
		v := by[p.PodRef.UID]
		if v == nil {
			continue
		}
		for _, one := range p.Containers {
			if one.Name != containerName || one.CPU == nil || one.CPU.Total == nil || one.Memory == nil || one.Memory.WorkingSet == nil {
				continue
			}
			measured = append(measured, deployer.Usage{
				Instance: v.instance.ID, Workload: v.instance.Workload, AppName: v.instance.AppName, Index: v.instance.Index,
				At: one.CPU.Time.Time, CPU: time.Duration(*one.CPU.Total), // nanoseconds
				MemoryBytes: int64(*one.Memory.WorkingSet), MemoryLimit: v.memory, CPULimit: v.cpuMilli,
			})
		}
	}
	return measured, nil
}
