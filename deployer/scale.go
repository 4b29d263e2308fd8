package deployer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/failpoint"
)

// InstanceDrainer is a Router that can also tell when the instances of a
// workload above an index have no request in flight, which is wanted when a
// workload shrinks.
type InstanceDrainer interface {
	// DrainedAbove returns when no request is in flight on the workload's
	// instances with an index above last, or when ctx ends.
	DrainedAbove(ctx context.Context, id WorkloadID, last int) error
}

// Scale gives a workload of the live release another number of instances. More
// are started, waited for and then given traffic; if they do not become
// healthy the workload keeps them, and the error says why; with
// none healthy before either, requests are no longer held for it. Fewer are first
// taken out of the routers' tables, drained if the Router can tell
// (InstanceDrainer), and then removed.
func (r *Rollout) Scale(ctx context.Context, w Workload, say Say) error {
	if err := w.Check(); err != nil {
		return err
	}
	say = oneAtATime(say)
	have, err := r.Cluster.Instances(ctx, w.ID.App)
	if err != nil {
		return err
	}
	excess, healthy := 0, 0
	for _, instance := range have {
		if instance.Workload == w.ID && instance.State == StateHealthy {
			healthy++
		}
		if instance.Workload == w.ID && instance.Index > w.Instances {
			excess++
		}
	}
	serves := w.ID.Process == webProcess
	if serves && excess > 0 {
		if err := r.retire(ctx, w, say); err != nil {
			return err
		}
	}
	failpoint.Hit("scale.before")
	if err := r.up(ctx, w, say); err != nil {
		if serves && healthy == 0 && ctx.Err() == nil { // or requests that wait for it would wait on
			err = errors.Join(err, r.Router.Switch(ctx, w.ID.App, Targets{Release: w.ID.Release, Process: webProcess}))
		}
		return err
	}
	if excess > 0 {
		say("%s of %s removed", count(excess), w.ID.Process)
	}
	if !serves {
		return nil
	}
	failpoint.Hit("scale.before-switch")
	if err := r.Router.Switch(ctx, w.ID.App, Targets{Release: w.ID.Release, Process: webProcess}); err != nil {
		return fmt.Errorf("tell the routers: %w", err)
	}
	return nil
}

// retire takes the instances that are to go out of service.
func (r *Rollout) retire(ctx context.Context, w Workload, say Say) error {
	to := Targets{Release: w.ID.Release, Process: webProcess, Upto: w.Instances}
	if w.Instances == 0 {
		to.Release = 0
	}
	if err := r.Router.Switch(ctx, w.ID.App, to); err != nil {
		return fmt.Errorf("take instances out of service: %w", err)
	}
	drainer, ok := r.Router.(InstanceDrainer)
	if !ok {
		return nil
	}
	timeout := r.DrainTimeout
	if timeout <= 0 {
		timeout = DefaultDrainTimeout
	}
	drainCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	if err := drainer.DrainedAbove(drainCtx, w.ID, w.Instances); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say("requests are still in flight after %s; stopping their instances", Seconds(timeout))
		return nil
	}
	say("drained after %s", Seconds(time.Since(began)))
	return nil
}
