package pipeline

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// attempt takes a deployment from the state it is in to success. Each state is
// entered again from its beginning when an earlier worker did not finish it.
func (p *Pipeline) attempt(ctx context.Context, app *models.App, d *models.Deployment, grip *grip, j *journal) error {
	if d.State == models.DeploymentBuilding {
		j.state(d.State, "")
		if err := p.build(ctx, app, d, j); err != nil {
			return err
		}
		failpoint.Hit("build.written")
		now := time.Now().UTC()
		until := now.Add(models.ReleaseTimeout)
		d.State, d.BuiltAt, d.PhaseDeadline = models.DeploymentReleasing, &now, &until
		if err := p.save(ctx, d); err != nil {
			return err
		}
		p.Announce(app, d)
	}

	var release *models.Release
	var err error
	entered := d.State == models.DeploymentReleasing
	if !entered {
		grip.touches.Add(1) // who had it before may have begun
	}
	if entered {
		if err := p.publishImage(ctx, app, d, j); err != nil {
			return err
		}
		failpoint.Hit("release.before")
		release, err = p.release(ctx, app, d)
	} else {
		release, err = p.Store.Release(ctx, app.ID, d.Release)
	}
	if err != nil {
		return err
	}
	failpoint.Hit("release.written")
	p.publish(app, live.TopicRelease, release.ID, live.ActionCreated)
	j.state(d.State, "")
	return p.rollout(ctx, d, release, entered, grip, j)
}

// rollout brings a release up, gives it the traffic and makes it the live one,
// in the transaction in which the deployment succeeds. entered says that this
// worker has just brought the deployment into its state.
func (p *Pipeline) rollout(ctx context.Context, d *models.Deployment, release *models.Release, entered bool, grip *grip, j *journal) error {
	// Settings and scale as they are by now.
	app, err := p.Store.AppByID(ctx, models.SystemActor(), d.AppID)
	if err != nil {
		return err
	}
	plan, err := p.planRollout(ctx, app, release)
	if err != nil {
		return err
	}
	for _, w := range plan.Workloads {
		j.hide(w.Env)
	}
	if d.PhaseDeadline == nil || !entered {
		// An earlier worker entered this state; it begins anew.
		d.PhaseDeadline = p.rolloutDeadline()
		if err := p.save(ctx, d); err != nil {
			return err
		}
	}
	limited, stopLimit := context.WithDeadlineCause(ctx, *d.PhaseDeadline, errRolloutTimeout)
	defer stopLimit()
	p.Announce(app, d)
	if err := p.bringUp(limited, app, d, plan, grip, j); err != nil {
		switch {
		case !errors.Is(context.Cause(limited), errRolloutTimeout):
		case errors.Is(err, errEngineAway):
			err = models.Wrap(err, models.KindUnavailable, "the container engine was not back within the %s that the release had to come up", p.rolloutTime())
		default:
			err = models.Wrap(errors.Join(errRolloutTimeout, err), models.KindTimeout, "the release was not up within %s; is the container engine overloaded?", p.rolloutTime())
		}
		var unhealthy *deployer.Unhealthy
		if errors.As(err, &unhealthy) {
			j.lastWords(unhealthy)
		}
		return err
	}

	// From here on the release has the traffic; that must be written whatever
	// becomes of ctx.
	failpoint.Hit("live.before-commit")
	ending, stop := lastly(ctx)
	defer stop()
	now := time.Now().UTC()
	d.State, d.Reason, d.FinishedAt = models.DeploymentSucceeded, "", &now
	j.state(d.State, "")
	err = persist(ending, func() error {
		return p.Store.Transact(ending, func(tx *store.Store) error {
			before, err := tx.LockApp(ending, models.SystemActor(), app.ID)
			if err != nil {
				return err
			}
			d.WatchUntil = p.watchUntil(before, d, now)
			if err := tx.UpdateDeployment(ending, d); err != nil {
				return err
			}
			warm, until := keepWarm(before, d, plan.StopFirst, now)
			return tx.SetLiveAndWarm(ending, app.ID, release.ClusterID, release.Version, warm, until)
		})
	})
	if errors.Is(err, store.ErrLeaseLost) {
		// Unless it was written all the same, by a commit whose answer was lost.
		fresh, again := p.Store.DeploymentByID(ending, models.SystemActor(), d.ID)
		if again == nil && fresh.State == models.DeploymentSucceeded && fresh.Fence == d.Fence {
			err = nil
		}
	}
	if err != nil {
		d.State, d.FinishedAt = models.DeploymentDeploying, nil
		return err
	}
	failpoint.Hit("live.committed")
	p.Routing.Changed(app.ID)
	p.Announce(app, d)
	return nil
}

// bringUp is Rollout.BringUp. It is tried once more when the engine has no room
// left, and the releases that are kept warm make it. An engine that is away is
// waited for, see outage.
func (p *Pipeline) bringUp(ctx context.Context, app *models.App, d *models.Deployment, plan deployer.Plan, grip *grip, j *journal) error {
	away := &outage{pipeline: p, app: app, d: d, j: j, answers: p.runsAnswers(app)}
	for roomy := false; ; {
		touches := grip.touches.Load()
		err := grip.roller().BringUp(ctx, plan, j.Say)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if errors.Is(err, deployer.ErrNoRoom) && !roomy {
			made, refused := p.makeRoom(ctx, app, plan.Release)
			if refused != nil || !made {
				return err
			}
			j.Say("the container engine has no room left; trying once more without what was kept warm")
			roomy = true
			continue
		}
		if again, err := away.over(ctx, grip.touches.Load() > touches, err); !again {
			return err
		}
	}
}

// rolloutDeadline is when a rollout that begins now is given up.
func (p *Pipeline) rolloutDeadline() *time.Time {
	at := time.Now().UTC().Add(p.rolloutTime())
	return &at
}

func (p *Pipeline) rolloutTime() time.Duration {
	return p.Settings.HealthTimeout + p.Settings.RolloutSlack
}

var errRolloutTimeout = errors.New("the rollout took too long")

func (p *Pipeline) roller() *deployer.Rollout {
	return &deployer.Rollout{Cluster: p.Cluster, Router: p.Routing, DrainTimeout: p.Settings.DrainTimeout, Grace: p.Settings.StopGrace}
}

// planRollout is plan for a release that is to go live: with what is to be
// started again if it does not.
func (p *Pipeline) planRollout(ctx context.Context, app *models.App, release *models.Release) (deployer.Plan, error) {
	plan, err := p.plan(ctx, app, release)
	if err != nil {
		return plan, err
	}
	plan.Warm = warmNow(app) == release.Version
	if len(plan.StopFirst) == 0 || app.LiveRelease == 0 || app.LiveRelease == release.Version {
		return plan, nil
	}
	live, err := p.Store.Release(ctx, app.ID, app.LiveRelease)
	if err != nil {
		return plan, err
	}
	before, err := p.plan(ctx, app, live)
	for _, w := range before.Workloads {
		if slices.Contains(plan.StopFirst, w.ID.Process) {
			plan.Before = append(plan.Before, w)
		}
	}
	return plan, err
}

// plan says what of a release should run on the cluster.
func (p *Pipeline) plan(ctx context.Context, app *models.App, release *models.Release) (deployer.Plan, error) {
	volumes, err := p.volumes(ctx, app.ID)
	if err != nil {
		return deployer.Plan{}, err
	}
	return p.planWith(app, release, volumes)
}

// planWith is plan for who has read the app's volumes already, by process.
func (p *Pipeline) planWith(app *models.App, release *models.Release, volumes map[string][]deployer.Volume) (deployer.Plan, error) {
	vars, err := p.openRelease(release)
	if err != nil {
		return deployer.Plan{}, err
	}
	plan := deployer.Plan{App: app.ID, Release: release.Version, Live: app.LiveRelease}
	limits := deployer.Limits{
		MemoryBytes: int64(cmp.Or(release.MemoryMB, p.Settings.AppMemoryMB)) << 20,
		CPUMilli:    int64(cmp.Or(release.CPUMilli, p.Settings.AppCPUMilli)),
	}
	for _, process := range release.Processes {
		if app.StopFirst || len(volumes[process.Name]) > 0 {
			plan.StopFirst = append(plan.StopFirst, process.Name)
		}
		env := maps.Clone(vars)
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
			Limits:    limits,
			Volumes:   volumes[process.Name],
			Placement: release.Placement,
			Reserve: deployer.Reserve{
				MemoryBytes: within(int64(release.ReserveMemoryMB)<<20, limits.MemoryBytes),
				CPUMilli:    within(int64(release.ReserveCPUMilli), limits.CPUMilli),
			},
		})
	}
	return plan, nil
}

// within bounds what is reserved by what an instance may use, which the
// installation's default may have become less than. A limit of 0 is the driver's.
func within(reserve, limit int64) int64 {
	if limit <= 0 {
		return reserve
	}
	return min(reserve, limit)
}
