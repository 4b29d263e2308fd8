package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// attempt takes a deployment from the state it is in to success. Each state is
// entered again from its beginning when an earlier worker did not finish it.
func (p *Pipeline) attempt(ctx context.Context, app *models.App, d *models.Deployment) error {
	if d.State == models.DeploymentBuilding {
		p.journal(d).state(d.State, "")
		if err := p.build(ctx, app, d); err != nil {
			return err
		}
		now := time.Now().UTC()
		d.State, d.BuiltAt = models.DeploymentReleasing, &now
		if err := persist(ctx, func() error { return p.Store.UpdateDeployment(ctx, d) }); err != nil {
			return err
		}
		p.announce(app, d)
	}

	var release *models.Release
	var err error
	if d.State == models.DeploymentReleasing {
		release, err = p.release(ctx, app, d)
	} else {
		release, err = p.Store.Release(ctx, app.ID, d.Release)
	}
	if err != nil {
		return err
	}
	p.Hub.Publish(live.Event{Topic: live.TopicRelease, App: app.Name, AppID: app.ID, ID: release.ID, Action: live.ActionCreated})
	p.announce(app, d)
	p.journal(d).state(d.State, "")
	return p.rollout(ctx, d, release)
}

// rollout brings a release up, gives it the traffic and makes it the live one,
// in the transaction in which the deployment succeeds.
func (p *Pipeline) rollout(ctx context.Context, d *models.Deployment, release *models.Release) error {
	// Settings and scale as they are by now.
	app, err := p.Store.AppByID(ctx, models.SystemActor(), d.AppID)
	if err != nil {
		return err
	}
	plan, err := p.plan(app, release)
	if err != nil {
		return err
	}
	j := p.journal(d)
	if err := p.roller().BringUp(ctx, plan, j.Say); err != nil {
		var unhealthy *deployer.Unhealthy
		if errors.As(err, &unhealthy) {
			j.lastWords(unhealthy)
		}
		return err
	}

	// From here on the release has the traffic; that must be written whatever
	// becomes of ctx.
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer stop()
	now := time.Now().UTC()
	d.State, d.Reason, d.FinishedAt = models.DeploymentSucceeded, "", &now
	j.state(d.State, "")
	err = persist(ending, func() error {
		return p.Store.Transact(ending, func(tx *store.Store) error {
			if _, err := tx.LockApp(ending, models.SystemActor(), app.ID); err != nil {
				return err
			}
			if err := tx.UpdateDeployment(ending, d); err != nil {
				return err
			}
			return tx.SetLive(ending, app.ID, release.Version)
		})
	})
	if err != nil {
		d.State, d.FinishedAt = models.DeploymentDeploying, nil
		return err
	}
	p.Routing.Changed(app.ID)
	p.announce(app, d)
	return nil
}

func (p *Pipeline) roller() *deployer.Rollout {
	return &deployer.Rollout{Cluster: p.Cluster, Router: p.Routing, DrainTimeout: p.Settings.DrainTimeout, Grace: p.Settings.StopGrace}
}

// plan says what of a release should run on the cluster.
func (p *Pipeline) plan(app *models.App, release *models.Release) (deployer.Plan, error) {
	plain, err := p.Box.Open("release/"+app.ID, release.Config)
	if err != nil {
		return deployer.Plan{}, err
	}
	plan := deployer.Plan{App: app.ID, Release: release.Version, Live: app.LiveRelease}
	for _, process := range release.Processes {
		env := map[string]string{}
		if err := json.Unmarshal(plain, &env); err != nil {
			return deployer.Plan{}, fmt.Errorf("config of v%d: %w", release.Version, err)
		}
		env["SLIPWAY_APP"], env["SLIPWAY_PROCESS"] = app.Name, process.Name
		env["SLIPWAY_RELEASE"], env["SLIPWAY_COMMIT"] = "v"+strconv.Itoa(release.Version), release.Commit
		plan.Workloads = append(plan.Workloads, deployer.Workload{
			ID:        deployer.WorkloadID{App: app.ID, Process: process.Name, Release: release.Version},
			AppName:   app.Name,
			Image:     release.Image,
			Command:   process.Command,
			Env:       env,
			Port:      process.Port,
			Instances: app.Instances(process.Name),
			Health:    deployer.Health{Path: process.HealthPath, Timeout: p.Settings.HealthTimeout},
			Limits: deployer.Limits{
				MemoryBytes: int64(orInt(release.MemoryMB, p.Settings.AppMemoryMB)) << 20,
				CPUMilli:    int64(orInt(release.CPUMilli, p.Settings.AppCPUMilli)),
			},
		})
	}
	return plan, nil
}

func orInt(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

// converge makes the cluster hold what the live release says, no more and no
// less, when no deployment of the app is open. It stops early, to be called
// again, when there is something to deploy.
func (p *Pipeline) converge(ctx context.Context, appID string) error {
	app, err := p.Store.AppByID(ctx, models.SystemActor(), appID)
	if models.KindOf(err) == models.KindNotFound && err != nil {
		return nil
	}
	if err != nil || app.LiveRelease == 0 {
		return err
	}
	if open, err := p.Store.OpenDeployments(ctx, appID); err != nil || len(open) > 0 {
		return err
	}
	release, err := p.Store.Release(ctx, appID, app.LiveRelease)
	if err != nil {
		return err
	}
	plan, err := p.plan(app, release)
	if err != nil {
		return err
	}
	ctx, stop := p.untilNudged(ctx, appID)
	defer stop()
	logger := p.Logger.With("app", appID, "release", app.LiveRelease)
	say := func(format string, args ...any) { logger.Debug("converging: " + fmt.Sprintf(format, args...)) }
	roller := p.roller()
	for _, w := range plan.Workloads {
		if err := roller.Scale(ctx, w, say); err != nil {
			return p.converged(ctx, logger, err)
		}
	}
	p.announceInstances(app)
	if err := roller.ClearAway(ctx, plan, say); err != nil {
		return p.converged(ctx, logger, err)
	}
	p.announceInstances(app)
	p.collect(ctx, app)
	return nil
}

// converged judges why converging stopped: for newer work, or for a reason to
// try again later.
func (p *Pipeline) converged(ctx context.Context, logger interface{ Warn(string, ...any) }, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	logger.Warn("the cluster does not hold what the live release says yet", "error", err)
	var unhealthy *deployer.Unhealthy
	if errors.As(err, &unhealthy) {
		return nil // the app's own fault; trying again changes nothing
	}
	return err
}

func (p *Pipeline) announceInstances(app *models.App) {
	p.Hub.Publish(live.Event{Topic: live.TopicInstance, App: app.Name, AppID: app.ID, ID: app.ID, Action: live.ActionChanged})
}

// collect drops source snapshots that nothing can ask for any more.
func (p *Pipeline) collect(ctx context.Context, app *models.App) {
	ids, err := p.Store.SourcesToDrop(ctx, app.ID, keptSources)
	if err != nil {
		p.Logger.Warn("old sources are left", "app", app.ID, "error", err)
	}
	for _, id := range ids {
		p.sources.drop(id)
	}
}

// keptSources is how many of an app's newest deployments can be retried.
const keptSources = 5

// Clear stops all of an app's work and removes all it has on the cluster. It is
// what comes before the app's row is deleted.
func (p *Pipeline) Clear(ctx context.Context, actor models.Actor, app *models.App) error {
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
	instances, err := p.Cluster.Instances(ctx, app.ID)
	if err != nil {
		return p.clusterError(err)
	}
	seen := map[deployer.WorkloadID]bool{}
	for _, instance := range instances {
		if seen[instance.Workload] {
			continue
		}
		seen[instance.Workload] = true
		if err := p.Cluster.Remove(ctx, instance.Workload, p.Settings.StopGrace); err != nil {
			return p.clusterError(err)
		}
	}
	return nil
}

// DropSources forgets the source snapshots of an app that is gone.
func (p *Pipeline) DropSources(ids []string) {
	for _, id := range ids {
		p.sources.drop(id)
	}
}

// Instances lists what runs of an app now.
func (p *Pipeline) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	instances, err := p.Cluster.Instances(ctx, app)
	return instances, p.clusterError(err)
}

func (p *Pipeline) clusterError(err error) error {
	if errors.Is(err, deployer.ErrUnavailable) {
		return &models.Error{Kind: models.KindUnavailable, Message: "the container engine is not answering; try again in a moment", RetryAfter: 5 * time.Second, Err: err}
	}
	return models.Wrap(err, models.KindInternal, "the container engine refused")
}
