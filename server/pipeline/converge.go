package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// converge makes the cluster hold what the live release says, no more and no
// less, when no deployment of the app is open. It stops early, to be called
// again, when there is something to deploy. What it cannot bring about is noted
// and tried again by Recover; instances that do not come up, when the cluster
// tells of them again and they were left in peace for a while.
func (p *Pipeline) converge(ctx context.Context, appID string) error {
	holding, release, err := p.holdApp(ctx, appID, false)
	if err != nil {
		return err
	}
	if holding != nil {
		defer release()
	}
	app, err := p.Store.AppByID(ctx, models.SystemActor(), appID)
	switch {
	case err != nil && models.KindOf(err) == models.KindNotFound:
		p.settled(appID)
		return nil
	case err != nil:
		return err
	case holding == nil:
		// Another server is at it, or one that died was and will not finish.
		p.unsettle(appID)
		return nil
	}
	undisturbed, stop := p.untilNudged(holding, appID)
	defer stop()
	p.unsettle(appID)
	failpoint.Hit("converge.before")
	drift := p.drifted(undisturbed, app)
	err = p.settle(undisturbed, app)
	failpoint.Hit("converge.after")
	var unhealthy *deployer.Unhealthy
	switch {
	case err == nil:
		p.settled(appID)
		p.putRight(ctx, app, drift)
		p.collect(undisturbed, app) // what is left of it can wait too
	case undisturbed.Err() != nil: // for newer work, or another server's
		p.keepDrift(app.ID, drift)
	case errors.Is(err, deployer.ErrNoImage):
		p.settled(appID)
		p.notUp(ctx, app, nil, err)
		p.imageGone(ctx, app, drift)
	case errors.As(err, &unhealthy):
		p.settled(appID) // the app's own fault; trying again at once changes nothing
		p.notUp(ctx, app, drift, err)
		p.tellNotUp(ctx, app, unhealthy)
		fallthrough
	default:
		p.Logger.Warn("the cluster does not hold what the live release says yet", "app", appID, "release", app.LiveRelease, "error", err)
	}
	return nil
}

// settle does the work of converge.
func (p *Pipeline) settle(ctx context.Context, app *models.App) error {
	if app.LiveRelease == 0 {
		if err := p.removeAll(ctx, app.ID); err != nil { // what is left of attempts that failed
			return err
		}
		return p.dropVolumes(ctx, app.ID)
	}
	release, err := p.Store.Release(ctx, app.ID, app.LiveRelease)
	if err != nil {
		return err
	}
	plan, err := p.plan(ctx, app, release)
	if err != nil {
		return err
	}
	if plan.Keep, err = p.kept(ctx, app); err != nil {
		return err
	}
	logger := p.Logger.With("app", app.ID, "release", app.LiveRelease)
	say := func(format string, args ...any) { logger.Debug("converging: " + fmt.Sprintf(format, args...)) }
	err = bringAbout(ctx, p.roller(), plan, say, func() ([]deployer.WorkloadID, error) {
		p.publish(app, live.TopicInstance, app.ID, live.ActionChanged)
		keep, err := p.rewarm(ctx, app, plan.Keep)
		if err == nil {
			p.bustle.subsides(ctx)
		}
		return keep, err
	})
	if err != nil {
		return err
	}
	if err := p.dropVolumes(ctx, app.ID); err != nil {
		return err
	}
	p.publish(app, live.TopicInstance, app.ID, live.ActionChanged)
	return nil
}

// bringAbout makes a cluster hold what a plan of the live release says. between is
// called once that runs, before anything is cleared away, and gives what of the
// plan's Keep stays. It is also what a change is foreseen with, see Foresee.
func bringAbout(ctx context.Context, roller *deployer.Rollout, plan deployer.Plan, say deployer.Say, between func() ([]deployer.WorkloadID, error)) error {
	if err := roller.MakeWay(ctx, plan, say); err != nil {
		return err
	}
	for _, w := range plan.Workloads {
		if err := roller.Scale(ctx, w, say); err != nil {
			return err
		}
	}
	var err error
	if plan.Keep, err = between(); err != nil {
		return err
	}
	return roller.ClearAway(ctx, plan, say)
}

// tellNotUp writes into the log of the deployment that made a release live that
// not all of it runs, as when a rollback to what was warm has switched the traffic
// and its workers do not come up. It is told once.
func (p *Pipeline) tellNotUp(ctx context.Context, app *models.App, unhealthy *deployer.Unhealthy) {
	p.mu.Lock()
	h := p.of(app.ID)
	known := h.down == unhealthy.Error()
	h.down = unhealthy.Error()
	p.mu.Unlock()
	if known || unhealthy.Instance.Workload.Release != app.LiveRelease {
		return
	}
	d, err := p.madeLive(ctx, app)
	if err == nil && d != nil {
		err = p.journalNotUp(ctx, app, d, unhealthy)
	}
	if err != nil {
		p.Logger.Warn("what does not come up could not be written to the deployment's log", "app", app.ID, "error", err)
	}
}

func (p *Pipeline) journalNotUp(ctx context.Context, app *models.App, d *models.Deployment, unhealthy *deployer.Unhealthy) error {
	release, err := p.Store.Release(ctx, app.ID, d.Release)
	if err != nil {
		return err
	}
	plan, err := p.plan(ctx, app, release)
	if err != nil {
		return err
	}
	j := p.journal(d)
	for _, w := range plan.Workloads {
		j.hide(w.Env)
	}
	j.Say("v%d is live, but not all of it runs: %s. It is tried again now and then", d.Release, unhealthy.Error())
	j.lastWords(unhealthy)
	return nil
}

// madeLive gives the deployment that made the app's live release live, nil when
// that is too long ago.
func (p *Pipeline) madeLive(ctx context.Context, app *models.App) (*models.Deployment, error) {
	ended, _, err := p.Store.Deployments(ctx, models.SystemActor(), app, store.Page{Limit: 20},
		store.DeploymentFilter{States: []models.DeploymentState{models.DeploymentSucceeded}})
	for i := range ended {
		if ended[i].Release == app.LiveRelease {
			return &ended[i], err
		}
	}
	return nil, err
}

// holdApp keeps other servers away from an app that has no open deployment, or
// none but such as wait. The context it gives ends when that is no longer so, or
// the app is another's; it is nil when it is not so to begin with.
func (p *Pipeline) holdApp(ctx context.Context, appID string, evenWithQueue bool) (context.Context, func(), error) {
	held, err := p.Store.HoldApp(ctx, appID, p.holder, lease, evenWithQueue)
	if err != nil || !held {
		return nil, nil, err
	}
	holding, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer end()
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for renewed := time.Now(); time.Since(renewed) < lease; {
			select {
			case <-holding.Done():
				return
			case <-beat.C:
			}
			asking, stop := context.WithTimeout(holding, heartbeat)
			held, err := p.Store.HoldApp(asking, appID, p.holder, lease, evenWithQueue)
			stop()
			switch {
			case err == nil && !held:
				return
			case err == nil:
				renewed = time.Now()
			}
		}
	}()
	return holding, func() {
		end()
		<-ended
		letting, stop := context.WithTimeout(context.WithoutCancel(ctx), heartbeat)
		defer stop()
		if err := p.Store.LetAppGo(letting, appID, p.holder); err != nil {
			p.Logger.Debug("an app's lease is left to run out", "app", appID, "error", err)
		}
	}, nil
}

// removeAll removes all that an app has on the cluster.
func (p *Pipeline) removeAll(ctx context.Context, appID string) error {
	return p.remove(ctx, p.Cluster, appID, func(deployer.WorkloadID) bool { return true })
}

func (p *Pipeline) remove(ctx context.Context, cluster deployer.Cluster, appID string, which func(deployer.WorkloadID) bool) error {
	instances, err := cluster.Instances(ctx, appID)
	if err != nil {
		return err
	}
	seen := map[deployer.WorkloadID]bool{}
	for _, instance := range instances {
		id := instance.Workload
		if seen[id] || !which(id) {
			continue
		}
		seen[id] = true
		if err := cluster.Remove(ctx, id, p.Settings.StopGrace); err != nil {
			return err
		}
	}
	return nil
}

// takeBack makes sure that nothing runs of the release of a deployment that was
// cancelled. Mostly there is nothing left to do; there is when an earlier
// worker died in the middle of its rollout.
func (p *Pipeline) takeBack(ctx context.Context, d *models.Deployment, grip *grip) error {
	if d.Release == 0 || grip.touches.Load() == 0 {
		return nil
	}
	roller := grip.roller()
	ctx, stop := context.WithTimeout(ctx, takeBackTimeout+p.Settings.DrainTimeout+p.Settings.StopGrace)
	defer stop()
	app, err := p.Store.AppByID(ctx, models.SystemActor(), d.AppID)
	if err != nil || app.LiveRelease == d.Release {
		return err
	}
	instances, err := p.Cluster.Instances(ctx, d.AppID)
	if err != nil {
		return err
	}
	mine := func(id deployer.WorkloadID) bool { return id.Release == d.Release }
	if !slices.ContainsFunc(instances, func(i deployer.Instance) bool { return mine(i.Workload) }) {
		return nil
	}
	if err := roller.Router.Switch(ctx, d.AppID, deployer.Targets{Release: app.LiveRelease, Process: models.WebProcess}); err != nil {
		return err
	}
	draining, drained := context.WithTimeout(ctx, p.Settings.DrainTimeout)
	defer drained()
	web := deployer.WorkloadID{App: d.AppID, Process: models.WebProcess, Release: d.Release}
	_ = roller.Router.Drained(draining, web) // requests that take longer are cut off, as in any rollout
	return p.remove(ctx, roller.Cluster, d.AppID, mine)
}

const takeBackTimeout = 30 * time.Second
