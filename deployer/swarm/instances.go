package swarm

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// Instances implements deployer.Cluster. It takes three list calls, and one
// connection to each instance that serves. One whose node the manager takes
// for lost has no address.
func (c *Cluster) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	v, err := c.look(ctx, withApp(c.ours(kindInstance), app))
	if err != nil {
		return nil, err
	}
	list := make([]deployer.Instance, 0, len(v.seats))
	var probes []func()
	for _, s := range v.seats {
		if s.service == nil {
			continue // its service is removed: only the engine is still busy with it
		}
		list = append(list, s.instance())
		if t := s.latest(); s.phase() == phaseProven && t != nil && s.serves(*t) {
			in, task := &list[len(list)-1], t.ID
			probes = append(probes, func() { in.State = c.state(ctx, s, task, *in) })
		}
	}
	var group errgroup.Group
	group.SetLimit(32)
	for _, probe := range probes {
		group.Go(func() error { probe(); return nil })
	}
	_ = group.Wait() // none of them fails
	return list, ctx.Err()
}

// state judges a running instance that was healthy once. When it was started
// again since, it must pass its probe once more. After that only a port that
// refuses connections makes it unhealthy: an app that answers slowly under load
// must not be taken out of service for it.
func (c *Cluster) state(ctx context.Context, s *seat, task string, in deployer.Instance) deployer.State {
	port, health := serving(s.labels)
	age := time.Since(in.StartedAt)
	if port == 0 {
		if age < health.Settle {
			return deployer.StateStarting
		}
		return deployer.StateHealthy
	}
	if in.Address == "" {
		return deployer.StateStarting
	}
	if c.remembers(s.id, task) {
		if deployer.Refused(ctx, in.Address) {
			return deployer.StateUnhealthy
		}
		return deployer.StateHealthy
	}
	ctx, cancel := context.WithTimeout(ctx, deployer.QuickProbe)
	defer cancel()
	if ok, _ := deployer.Probe(ctx, in.Address, health); ok {
		c.remember(s.id, task)
		return deployer.StateHealthy
	}
	if age < health.Timeout {
		return deployer.StateStarting
	}
	return deployer.StateUnhealthy
}

// What is remembered only saves probes: what was forgotten is probed again.

func (c *Cluster) remember(instance, task string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[instance] = task
}

func (c *Cluster) remembers(instance, task string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[instance] == task
}

func (c *Cluster) forget(instance string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, instance)
}

// Census implements deployer.Census. It takes three list calls.
func (c *Cluster) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	v, err := c.look(ctx, withApp(c.ours(kindInstance), app))
	if err != nil {
		return nil, err
	}
	list := make([]deployer.Seen, 0, len(v.seats))
	for _, s := range v.seats {
		if s.service == nil {
			continue
		}
		in := identity(s.id, s.labels)
		list = append(list, deployer.Seen{
			ID: in.ID, Workload: in.Workload, AppName: in.AppName, Index: in.Index, Condition: s.condition(), Spec: s.labels[labelSpec],
		})
	}
	return list, nil
}

// condition is fine for what runs, and for what the engine is about to start.
func (s *seat) condition() deployer.Condition {
	if s.phase() == phaseLeaving || s.exited() || s.phase() == phaseProven && s.stuck() != "" {
		return deployer.ConditionStopped
	}
	return deployer.ConditionFine
}
