package swarm

import (
	"context"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// removeSlack is how much longer than its grace the engine may take with an
// instance before it is removed unseen.
const removeSlack = 30 * time.Second

// Remove implements deployer.Cluster, but for grace: the engine gives an
// instance Options.StopGrace. What was on a node that is lost is gone without
// being waited for. For the process "run" it removes the tasks of the release.
func (c *Cluster) Remove(ctx context.Context, id deployer.WorkloadID, _ time.Duration) error {
	if err := id.Check(); err != nil {
		return err
	}
	unlock, err := c.workloads.Acquire(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	v, err := c.look(ctx, withWorkload(c.ours(""), id))
	if err != nil {
		return err
	}
	if err := c.takeAway(ctx, id, v.seats); err != nil {
		return err
	}
	return c.networks.sweep(ctx, id.App)
}

// takeAway stops instances of one workload in the order given, waits for all,
// and removes them.
func (c *Cluster) takeAway(ctx context.Context, id deployer.WorkloadID, seats []*seat) error {
	if len(seats) == 0 {
		return nil
	}
	going := make(map[string]bool, len(seats))
	for _, s := range seats {
		going[s.id] = true
		if s.service == nil || s.phase() == phaseLeaving {
			continue
		}
		if err := c.leave(ctx, s); err != nil {
			return err
		}
	}
	began := time.Now()
	var backoff deployer.Backoff
	for {
		v, err := c.look(ctx, withWorkload(c.ours(""), id))
		if err != nil {
			return err
		}
		late := time.Since(began) > c.stopGrace+removeSlack
		left, err := c.takeNext(ctx, v, going, late)
		if err != nil || left == 0 {
			return err
		}
		if late && time.Since(began) > c.stopGrace+2*removeSlack {
			c.log.Warn("the engine does not say that instances ended; their services are removed", "workload", id.String(), "instances", left)
			return nil
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}

// takeNext removes the services whose instances have ended, and says how many
// are not gone yet.
func (c *Cluster) takeNext(ctx context.Context, v *view, going map[string]bool, late bool) (left int, err error) {
	var ready []*seat
	for _, s := range v.seats {
		if !going[s.id] || s.service == nil && s.quiet() { // only its container is still to be cleared away
			continue
		}
		left++
		switch {
		case s.service == nil:
		case s.phase() != phaseLeaving: // another server changed it at the same time
			if err := c.leave(ctx, s); err != nil {
				return left, err
			}
		case late || s.quiet():
			ready = append(ready, s)
		}
	}
	if len(ready) == 0 {
		return left, nil
	}
	// With the service the engine forgets how its tasks ended: let those who
	// watch see it first.
	if err := c.hub.see(ctx, time.Now()); err != nil {
		return left, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for _, s := range ready {
		group.Go(func() error {
			c.forget(s.id)
			err := c.engine.API.ServiceRemove(groupCtx, s.id)
			if cerrdefs.IsNotFound(err) {
				return nil
			}
			return failed(groupCtx, "remove the service of "+identity(s.id, s.labels).Name, err)
		})
	}
	return left, group.Wait()
}

// quiet says whether nothing of the instance runs.
func (s *seat) quiet() bool {
	for _, t := range s.tasks {
		if t.NodeID != "" && !s.over(t) {
			return false
		}
	}
	return true
}
