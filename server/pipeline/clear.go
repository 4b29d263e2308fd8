package pipeline

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Clear stops all of an app's work, removes all it has on the cluster, and then,
// while nothing can begin anew, lets forget delete the app's row. Somebody waits
// for it, so it gives up some seconds after the cluster stopped answering. The
// row is still there then, and with it all that is needed to clear once more; an
// app whose row outlives the attempt gets its instances back. That is simpler
// than a deletion that is written down and done later, which would have to
// answer what the app is until then and who may have its name.
func (p *Pipeline) Clear(ctx context.Context, actor models.Actor, app *models.App, forget func() error) error {
	// Before anything is cancelled: who cannot destroy an app now has changed nothing.
	if _, err := p.Instances(ctx, app.ID); err != nil {
		return err
	}
	answered, stop := p.whileAnswered(ctx, app.ID)
	defer stop()
	for {
		again, err := p.clearOnce(answered, actor, app, forget)
		switch {
		case err == nil && again:
			continue
		case err != nil && models.KindOf(err) != models.KindNotFound:
			p.unsettle(app.ID) // what was removed already comes back
		}
		if err != nil && ctx.Err() == nil && answered.Err() != nil {
			return context.Cause(answered)
		}
		return err
	}
}

// clearOnce does Clear's work, unless somebody else is at the app: then it asks
// to be called again.
func (p *Pipeline) clearOnce(ctx context.Context, actor models.Actor, app *models.App, forget func() error) (again bool, err error) {
	if err := p.cancelOpen(ctx, actor, app); err != nil {
		return false, err
	}
	done, err := p.alone(ctx, app.ID)
	if err != nil || done == nil {
		return err == nil, err
	}
	defer done()
	return p.clear(ctx, app, forget)
}

// whileAnswered gives a context that ends, with a KindUnavailable error as its
// cause, when the cluster does not answer any more.
func (p *Pipeline) whileAnswered(ctx context.Context, appID string) (context.Context, context.CancelFunc) {
	answered, end := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		look := time.NewTicker(time.Second)
		defer look.Stop()
		for {
			select {
			case <-answered.Done():
				return
			case <-look.C:
			}
			if _, err := p.Instances(answered, appID); models.KindOf(err) == models.KindUnavailable && answered.Err() == nil {
				end(err)
			}
		}
	}()
	return answered, func() { end(nil); <-ended }
}

// clear does the work of clearOnce when this process does nothing else with the
// app. Deployments that wait by now go with the row. It asks to be called again
// when another server is at the app.
func (p *Pipeline) clear(ctx context.Context, app *models.App, forget func() error) (again bool, err error) {
	holding, release, err := p.holdApp(ctx, app.ID, true)
	if err != nil {
		return false, err
	}
	if holding == nil {
		if _, err := p.Store.AppByID(ctx, models.SystemActor(), app.ID); err != nil {
			return false, err
		}
		pause := time.NewTimer(100 * time.Millisecond) // the other server's to end; it has nothing to say so with
		defer pause.Stop()
		select {
		case <-pause.C:
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	defer release()
	err = p.removeAll(holding, app.ID)
	if err == nil {
		err = p.removeVolumes(holding, app.ID)
	}
	if err == nil {
		err = p.removeImages(holding, app, nil)
	}
	if err != nil {
		if holding.Err() != nil && ctx.Err() == nil {
			return true, nil
		}
		return false, p.clusterError(err)
	}
	return false, forget()
}

// cancelOpen cancels the app's open deployments and waits for their end.
func (p *Pipeline) cancelOpen(ctx context.Context, actor models.Actor, app *models.App) error {
	open, err := p.Store.OpenDeployments(ctx, app.ID)
	if err != nil {
		return err
	}
	for _, d := range open {
		if _, err := p.Cancel(ctx, actor, app.Name, d.Number); err != nil && models.KindOf(err) != models.KindConflict {
			return err
		}
	}
	for _, d := range open {
		if _, err := p.Done(ctx, actor, d.ID); err != nil {
			return err
		}
	}
	return nil
}
