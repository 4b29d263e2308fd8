//go:build swarm

package swarm_test

import (
	"testing"
	"time"

	engine "github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
)

// BenchmarkUp is an instance coming up, from Ensure to healthy. Its floor is
// BenchmarkService: a service of the engine's, asked for and probed by hand.
func BenchmarkUp(b *testing.B) {
	c := newCluster(b, options(installation()))
	up(b, c, workload("worker", 1, 1)) // the network and the image are there
	for n := range b.N {
		w := workload("web", n+1, 1)
		up(b, c, w)
		b.StopTimer()
		ok(b, c.Remove(b.Context(), w.ID, 0))
		b.StartTimer()
	}
}

func BenchmarkService(b *testing.B) {
	c := newCluster(b, options(installation()))
	in := up(b, c, workload("worker", 1, 1))[0]
	api := c.Engine().API
	made, _, err := api.ServiceInspectWithRaw(b.Context(), in.ID, engine.ServiceInspectOptions{})
	ok(b, err)
	nodes := map[string]string{}
	list, err := c.Nodes(b.Context())
	ok(b, err)
	for _, n := range list {
		nodes[n.ID] = n.Address
	}
	for range b.N {
		spec := made.Spec
		spec.Name += "-floor"
		created, err := api.ServiceCreate(b.Context(), spec, engine.ServiceCreateOptions{})
		ok(b, err)
		eventually(b, "it answers", func() bool {
			for _, one := range instances(b, c, in.Workload) {
				if one.ID == created.ID && one.Address != "" {
					healthy, _ := deployer.Probe(b.Context(), one.Address, deployer.Health{})
					return healthy
				}
			}
			return false
		})
		b.StopTimer()
		ok(b, api.ServiceRemove(b.Context(), created.ID))
		eventually(b, "it is gone", func() bool { return len(instances(b, c, in.Workload)) == 1 })
		b.StartTimer()
	}
}

// BenchmarkInstances lists twenty instances with a probe of each.
func BenchmarkInstances(b *testing.B) {
	c := newCluster(b, options(installation()))
	up(b, c, workload("web", 1, 20))
	began := time.Now()
	for b.Loop() {
		_, err := c.Instances(b.Context(), "")
		ok(b, err)
	}
	b.Logf("one look at twenty instances takes %v", time.Since(began)/time.Duration(b.N))
}
