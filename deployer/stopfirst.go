package deployer

import (
	"context"
	"fmt"
	"slices"

	"github.com/slipway-paas/slipway/failpoint"
)

// MakeWay removes what other releases have of the processes that stop before
// they start (Plan.StopFirst), so that those of the plan may be started. When
// web is among them, requests wait in the routers from then on until the next
// Switch. With nothing in the way it does nothing.
func (r *Rollout) MakeWay(ctx context.Context, p Plan, say Say) error {
	run, err := r.begin(ctx, p, say)
	if err != nil || len(run.inTheWay()) == 0 {
		return err
	}
	return run.makeWay(ctx)
}

// inTheWay lists what must stop before the new release may start.
func (r *rollingOut) inTheWay() []WorkloadID {
	var ids []WorkloadID
	for _, id := range r.Previous {
		if slices.Contains(r.StopFirst, id.Process) {
			ids = append(ids, id)
		}
	}
	return ids
}

// replaces says whether something of the live release stops before the new one
// starts, so that a rollout that fails has to start it again.
func (r *rollingOut) replaces() bool {
	return len(r.StopFirst) > 0 && r.Live != 0 && r.Live != r.Release
}

func (r *rollingOut) holds() bool { return slices.Contains(r.StopFirst, webProcess) }

// makeWay lets requests wait, drains what stops first and removes it. Until the
// removal begins nothing has changed that Switch does not take back.
func (r *rollingOut) makeWay(ctx context.Context) error {
	old := r.inTheWay()
	if r.holds() {
		if err := r.hold(ctx, r.Release); err != nil {
			return err
		}
		r.say("requests wait while v%d takes the place of what runs", r.Release)
		r.drain(ctx, slices.DeleteFunc(slices.Clone(old), func(id WorkloadID) bool { return id.Process != webProcess }))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failpoint.Hit("rollout.held")
	// Seen through once it has begun, see clearAway.
	removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.grace()+removalTime)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		r.say("what runs was told to stop already, and may take up to %s; then it is started again", Seconds(r.grace()))
	})()
	if err := r.remove(removing, old, r.grace()); err != nil {
		return fmt.Errorf("stop what runs: %w", err)
	}
	failpoint.Hit("rollout.stopped-first")
	return nil
}

func (r *rollingOut) hold(ctx context.Context, release int) error {
	if err := r.Router.Switch(ctx, r.App, Targets{Release: release, Process: webProcess, Hold: true}); err != nil {
		return fmt.Errorf("let requests wait: %w", err)
	}
	return nil
}

// goBack takes a release away again before whose start something of the live
// one was stopped, and starts that again. The routers stop holding requests
// whether or not it becomes healthy, unless somebody waits: then they stop when
// Scale has seen to it.
func (r *rollingOut) goBack(ctx context.Context, switched, hurried bool) error {
	grace := quickGrace
	if switched {
		if err := r.hold(ctx, r.Live); err != nil {
			r.say("v%d is left running: not every router could be switched back", r.Release)
			return err
		}
		r.drain(ctx, r.ids())
		grace = r.grace()
	}
	if err := r.remove(ctx, r.ids(), min(grace, r.grace())); err != nil {
		return fmt.Errorf("remove v%d again: %w", r.Release, err)
	}
	r.say("starting v%d again", r.Live)
	up, failure := r.startAgain(ctx, hurried)
	if !up {
		r.say("v%d is starting; requests wait until it is up", r.Live)
		return nil
	}
	if r.holds() {
		if err := r.Router.Switch(ctx, r.App, Targets{Release: r.Live, Process: webProcess}); err != nil && failure == nil {
			failure = fmt.Errorf("switch the traffic back: %w", err)
		}
	}
	return failure
}

// startAgain starts what stopped first and waits until it is healthy; who is
// hurried only for a moment. up is false when it is on its way.
func (r *rollingOut) startAgain(ctx context.Context, hurried bool) (up bool, failure error) {
	if !hurried {
		for _, w := range r.Before {
			if err := r.up(ctx, w, r.say); err != nil && failure == nil {
				failure = fmt.Errorf("start v%d again: %w", r.Live, err)
			}
		}
		return true, failure
	}
	for _, w := range r.Before {
		if err := r.Cluster.Ensure(ctx, w); err != nil {
			return true, fmt.Errorf("start v%d again: %w", r.Live, err)
		}
	}
	moment, cancel := context.WithTimeout(ctx, restoreWithin)
	defer cancel()
	for _, w := range r.Before {
		if w.Instances == 0 {
			continue
		}
		if err := r.Cluster.WaitHealthy(moment, w.ID); err != nil {
			if moment.Err() != nil {
				return false, nil
			}
			return true, fmt.Errorf("start v%d again: %w", r.Live, err)
		}
	}
	return true, nil
}
