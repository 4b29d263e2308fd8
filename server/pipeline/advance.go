package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Why a worker's context ends before its work does.
var (
	errCancelled = errors.New("somebody cancelled the deployment")
)

// turn is the one goroutine of this process that works off an app's queue. Who
// finds it taken leaves a note to look once more.
type turn struct {
	again bool
	nudge context.CancelFunc // ends what can wait in favour of new work; nil when nothing can
}

// Advance works off an app's queue until there is nothing left to do, then
// makes the cluster hold what the live release says. Calling it too often does
// no harm; it returns at once when this process is at the app already.
func (p *Pipeline) Advance(ctx context.Context, appID string) error {
	p.mu.Lock()
	if at, taken := p.advance[appID]; taken {
		at.again = true
		if at.nudge != nil {
			at.nudge()
		}
		p.mu.Unlock()
		return nil
	}
	at := &turn{}
	p.advance[appID] = at
	p.mu.Unlock()

	for {
		err := p.workOff(ctx, appID)
		p.mu.Lock()
		if err == nil && at.again && ctx.Err() == nil {
			at.again = false
			p.mu.Unlock()
			continue
		}
		delete(p.advance, appID)
		p.mu.Unlock()
		return err
	}
}

// untilNudged gives a context that ends when there is new work for the app, for
// what may be broken off and done later.
func (p *Pipeline) untilNudged(ctx context.Context, appID string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.advance[appID]
	if !ok {
		return ctx, cancel
	}
	if at.again {
		cancel()
	}
	at.nudge = cancel
	return ctx, func() {
		p.mu.Lock()
		at.nudge = nil
		p.mu.Unlock()
		cancel()
	}
}

func (p *Pipeline) workOff(ctx context.Context, appID string) error {
	for ctx.Err() == nil {
		d, err := p.Store.ClaimDeployment(ctx, appID, lease)
		if err != nil {
			return err
		}
		if d == nil {
			return p.converge(ctx, appID)
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

	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.mu.Lock()
	p.cancels[d.ID] = cancel
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.cancels, d.ID)
		p.mu.Unlock()
	}()
	held := make(chan struct{})
	go func() {
		defer close(held)
		p.hold(working, *d, cancel)
	}()

	if d.CancelledAt != nil {
		cancel(errCancelled)
	}
	p.announce(app, d)
	failure := p.attempt(working, app, d)
	cause := context.Cause(working)
	cancel(nil)
	<-held

	// What follows must be written even when this process is being stopped.
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer stop()
	switch {
	case failure == nil:
		logger.Info("deployment succeeded", "release", d.Release)
		return nil
	case errors.Is(cause, store.ErrLeaseLost) || errors.Is(failure, store.ErrLeaseLost):
		logger.Warn("deployment taken over by another worker")
		return nil
	case ctx.Err() != nil:
		logger.Info("deployment let go, this server is stopping")
		return p.Store.DropLease(ending, d)
	case errors.Is(cause, errCancelled):
		return p.conclude(ending, app, d, models.DeploymentCancelled, "cancelled")
	default:
		return p.conclude(ending, app, d, models.DeploymentFailed, p.explain(d, failure))
	}
}

// hold renews the lease until the work ends. It ends the work when somebody
// cancels it or another worker has it.
func (p *Pipeline) hold(ctx context.Context, d models.Deployment, cancel context.CancelCauseFunc) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		asking, stop := context.WithTimeout(ctx, heartbeat)
		cancelled, err := p.Store.RenewLease(asking, &d, lease)
		stop()
		switch {
		case errors.Is(err, store.ErrLeaseLost):
			cancel(store.ErrLeaseLost)
			return
		case err != nil && time.Since(renewed) > 10*lease:
			// Postgres has been away for so long that nobody could have
			// taken the work over either; stop and take it up again later.
			cancel(store.ErrLeaseLost)
			return
		case err != nil:
		case cancelled:
			cancel(errCancelled)
			return
		default:
			renewed = time.Now()
		}
	}
}

// conclude writes a deployment's end without success. While Postgres is away it
// goes on trying: until ctx ends.
func (p *Pipeline) conclude(ctx context.Context, app *models.App, d *models.Deployment, state models.DeploymentState, reason string) error {
	now := time.Now().UTC()
	if state == models.DeploymentCancelled {
		if fresh, err := p.Store.DeploymentByID(ctx, models.SystemActor(), d.ID); err == nil && fresh.CancelledBy != "" {
			reason = "cancelled by " + fresh.CancelledBy
		}
	}
	d.State, d.Reason, d.FinishedAt = state, reason, &now
	// The end is in the log before it is in the row, so that who follows the
	// log until the row is terminal has seen all of it.
	p.journal(d).state(state, reason)
	err := persist(ctx, func() error { return p.Store.UpdateDeployment(ctx, d) })
	if errors.Is(err, store.ErrLeaseLost) {
		return nil
	}
	if err == nil {
		p.logger(d).Info("deployment ended", "state", state, "reason", reason)
		p.announce(app, d)
	}
	return err
}

// persist repeats a write while Postgres is away.
func persist(ctx context.Context, write func() error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := write()
		if models.KindOf(err) != models.KindUnavailable {
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
// died, or when a wake-up came while Postgres was away. It is cheap, and called
// every few seconds.
func (p *Pipeline) Recover(ctx context.Context) error {
	ids, err := p.Store.AppsWithWork(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p.mu.Lock()
		_, taken := p.advance[id]
		p.mu.Unlock()
		if taken {
			continue
		}
		if err := p.Store.Transact(ctx, func(tx *store.Store) error { return p.Queue.Wake(ctx, tx, id) }); err != nil {
			return err
		}
	}
	return nil
}

// WakeAll wakes every app once, at a server's start: what ran while it was away
// is looked at again.
func (p *Pipeline) WakeAll(ctx context.Context) error {
	p.sources.sweep(time.Hour)
	p.sweepWork()
	apps, err := p.Store.AllApps(ctx)
	if err != nil {
		return err
	}
	return p.Store.Transact(ctx, func(tx *store.Store) error {
		for _, app := range apps {
			if err := p.Queue.Wake(ctx, tx, app.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
