package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Advance works off an app's queue until there is nothing left to do, then
// makes the cluster hold what the live release says. Calling it too often does
// no harm; it returns at once when this process is at the app already.
func (p *Pipeline) Advance(ctx context.Context, appID string) error {
	at, mine := p.takeTurn(appID)
	if !mine {
		return nil
	}
	for {
		err := p.workOff(ctx, appID, at)
		if !p.onceMore(appID, at, err == nil && ctx.Err() == nil) {
			return err
		}
	}
}

func (p *Pipeline) workOff(ctx context.Context, appID string, at *turn) error {
	for ctx.Err() == nil && !p.wanted(at) {
		d, err := p.Store.ClaimDeployment(ctx, appID, p.holder, lease)
		if err != nil {
			return err
		}
		if d == nil {
			if err := p.converge(ctx, appID); err != nil {
				return err
			}
			return ctx.Err()
		}
		if err := p.work(ctx, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// work takes one claimed deployment to its end. An error means that it could
// not be ended here; its lease runs out and somebody takes it up again.
func (p *Pipeline) work(ctx context.Context, d *models.Deployment) error {
	logger := p.logger(d)
	app, err := p.Store.AppByID(ctx, models.SystemActor(), d.AppID)
	if err != nil {
		return err
	}
	logger.Info("deployment taken up", "app_name", app.Name, "number", d.Number, "state", d.State, "fence", d.Fence)

	failpoint.Hit("deployment.claimed")
	defer p.bustle.begin()()
	working, grip := p.grip(ctx, d)
	defer grip.letGo()
	d.Reason = "" // what an earlier worker waited for
	p.Announce(app, d)
	j := p.journal(d)
	failure := p.attempt(working, app, d, grip, j)
	cause := context.Cause(working)

	// What follows must be written even when this process is being stopped.
	ending, stop := lastly(ctx)
	defer stop()
	switch {
	case failure == nil:
		logger.Info("deployment succeeded", "release", d.Release)
		return nil
	case grip.lost() || errors.Is(failure, store.ErrLeaseLost):
		logger.Warn("deployment taken over by another worker")
		return nil
	case ctx.Err() != nil:
		logger.Info("deployment let go, this server is stopping")
		return p.Store.DropLease(ending, d)
	case errors.Is(failure, builder.ErrNotStopped):
		// Neither cancelled nor superseded: both mean that the work has stopped.
		return p.conclude(ending, app, d, j, models.DeploymentFailed, "it was to stop, but the container engine has not stopped its build")
	case errors.Is(cause, errCancelled):
		return p.concludeCancelled(ctx, app, d, grip, j)
	case errors.Is(cause, store.ErrSuperseded) || errors.Is(failure, store.ErrSuperseded):
		return p.concludeSuperseded(ending, app, d, j)
	case errors.Is(failure, store.ErrAway):
		// Nobody's fault, and nothing that could be written down now.
		logger.Warn("deployment waits for Postgres", "error", failure)
		return failure
	default:
		return p.conclude(ending, app, d, j, models.DeploymentFailed, p.explain(d, failure))
	}
}

// concludeCancelled ends a deployment that somebody cancelled, once nothing of
// it runs any more. When that cannot be brought about it has failed instead:
// cancelled means that the work has stopped.
func (p *Pipeline) concludeCancelled(ctx context.Context, app *models.App, d *models.Deployment, grip *grip, j *journal) error {
	failpoint.Hit("cancel.before-undo")
	undone := p.takeBack(context.WithoutCancel(ctx), d, grip)
	failpoint.Hit("cancel.undone")
	if grip.lost() || errors.Is(undone, store.ErrAway) {
		return undone
	}
	ending, stop := lastly(ctx)
	defer stop()
	reason := "cancelled"
	if fresh, err := p.Store.DeploymentByID(ending, models.SystemActor(), d.ID); err == nil && fresh.CancelledBy != "" {
		reason = "cancelled by " + fresh.CancelledBy
	}
	if undone == nil {
		return p.conclude(ending, app, d, j, models.DeploymentCancelled, reason)
	}
	reason += ", but what it had started could not be removed yet: " + p.explain(d, undone)
	return p.conclude(ending, app, d, j, models.DeploymentFailed, reason)
}

// concludeSuperseded ends a deployment that was building when a newer one made
// it needless. Its build has stopped, and it has no release.
func (p *Pipeline) concludeSuperseded(ctx context.Context, app *models.App, d *models.Deployment, j *journal) error {
	var fresh *models.Deployment
	err := persist(ctx, func() (err error) {
		fresh, err = p.Store.DeploymentByID(ctx, models.SystemActor(), d.ID)
		return err
	})
	if err != nil {
		return err
	}
	d.SupersededBy = fresh.SupersededBy
	return p.conclude(ctx, app, d, j, models.DeploymentSuperseded, supersededBy(d.SupersededBy))
}

// conclude writes a deployment's end without success. While Postgres is away it
// goes on trying: until ctx ends.
func (p *Pipeline) conclude(ctx context.Context, app *models.App, d *models.Deployment, j *journal, state models.DeploymentState, reason string) error {
	now := time.Now().UTC()
	reason = j.clean(storable(reason, maxReason))
	d.State, d.Reason, d.FinishedAt = state, reason, &now
	// The end is in the log before it is in the row, so that who follows the
	// log until the row is terminal has seen all of it.
	j.state(state, reason)
	failpoint.Hit("deployment.before-end")
	err := p.save(ctx, d)
	if errors.Is(err, store.ErrLeaseLost) {
		return nil
	}
	if err == nil {
		p.logger(d).Info("deployment ended", "state", state, "reason", reason)
		p.Announce(app, d)
	}
	return err
}

// lastly gives a context for what must be written even when ctx is over.
func lastly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

// save writes what is known of a deployment, see persist.
func (p *Pipeline) save(ctx context.Context, d *models.Deployment) error {
	return persist(ctx, func() error { return p.Store.UpdateDeployment(ctx, d) })
}

// persist repeats a write while Postgres is away, or others are in its way.
func persist(ctx context.Context, write func() error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := write()
		if !errors.Is(err, store.ErrAway) && !errors.Is(err, store.ErrContended) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// Recover wakes the apps whose work waits with nobody at it: after a server
// died, or when a wake-up came while Postgres was away; and those whose
// instances could not be made what they should be. It watches what went live of
// late, and ends what was kept warm for long enough. It is cheap, and called
// every few seconds.
func (p *Pipeline) Recover(ctx context.Context) error {
	if p.Settings.ServerID != "" {
		if err := p.Store.DropLeasesOfGone(ctx, holders(p.Settings.ServerID), lease, silence); err != nil {
			return err
		}
	}
	ids, err := p.Store.AppsWithWork(ctx)
	if err != nil {
		return err
	}
	cooled, err := p.Store.WarmOver(ctx)
	if err != nil {
		return err
	}
	ids = append(ids, cooled...)
	for _, id := range append(ids, p.unsettledNow()...) {
		if p.nudge(id) {
			continue
		}
		if err := p.Store.Transact(ctx, func(tx *store.Store) error { return p.Queue.Wake(ctx, tx, id) }); err != nil {
			return err
		}
	}
	return p.watch(ctx)
}

// Begin lets go, at a server's start and before its workers begin, of what an
// earlier process of this server held, which is nobody's now and is not waited
// for: there is one process of a server at a time, and this one holds nothing
// yet. It wakes the apps that this was about, and those with work that waits. All
// others are KeepReconciled's to look at.
func (p *Pipeline) Begin(ctx context.Context) error {
	p.sweepWork()
	mine := holders(p.Settings.ServerID)
	interrupted, err := p.Store.AppsInterrupted(ctx, mine)
	if err != nil {
		return err
	}
	if err := p.Store.DropLeases(ctx, mine); err != nil {
		return err
	}
	waiting, err := p.Store.AppsWithWork(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	for _, id := range interrupted {
		p.of(id).shape = "interrupted" // what differs there is no drift
	}
	p.mu.Unlock()
	ids := append(interrupted, waiting...)
	slices.Sort(ids)
	return p.Store.Transact(ctx, func(tx *store.Store) error {
		for _, id := range slices.Compact(ids) {
			if err := p.Queue.Wake(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}
