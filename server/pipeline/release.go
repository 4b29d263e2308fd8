package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// release makes the deployment's release, or names the one that it rolls back
// to, and writes it down with the deployment in one transaction. Gone through
// again it gives the same release.
func (p *Pipeline) release(ctx context.Context, app *models.App, d *models.Deployment) (*models.Release, error) {
	limited, stop := context.WithTimeoutCause(ctx, models.ReleaseTimeout, errReleaseTimeout)
	defer stop()
	release, err := p.makeRelease(limited, app, d)
	if err != nil && errors.Is(context.Cause(limited), errReleaseTimeout) && !errors.Is(err, store.ErrAway) {
		err = models.Wrap(errors.Join(errReleaseTimeout, err), models.KindTimeout, "the release could not be written within %s", models.ReleaseTimeout)
	}
	return release, err
}

var errReleaseTimeout = errors.New("writing the release took too long")

func (p *Pipeline) makeRelease(ctx context.Context, app *models.App, d *models.Deployment) (*models.Release, error) {
	now := time.Now().UTC()
	d.PhaseDeadline = p.rolloutDeadline()
	if d.Trigger == models.TriggerRollback || d.Trigger == models.TriggerReturn {
		release, err := p.Store.Release(ctx, app.ID, d.FromRelease)
		if err != nil {
			return nil, err
		}
		d.State, d.Release, d.ReleasedAt = models.DeploymentDeploying, release.Version, &now
		return release, p.save(ctx, d)
	}

	var release *models.Release
	err := persist(ctx, func() error {
		return p.Store.Transact(ctx, func(tx *store.Store) error {
			fresh, err := tx.LockApp(ctx, models.SystemActor(), app.ID)
			if err != nil {
				return err
			}
			vars, err := p.config(ctx, tx, app.ID)
			if err != nil {
				return err
			}
			if release, err = p.compose(ctx, tx, fresh, d, vars); err != nil {
				return err
			}
			if err := tx.AddRelease(ctx, release); err != nil {
				return err
			}
			d.State, d.Release, d.ReleasedAt = models.DeploymentDeploying, release.Version, &now
			return tx.UpdateDeployment(ctx, d)
		})
	})
	return release, err
}

// compose puts together what a release consists of: the image of the
// deployment's build, or else of the live release, with the config vars and the
// app's settings. It writes nothing.
func (p *Pipeline) compose(ctx context.Context, tx *store.Store, app *models.App, d *models.Deployment, vars map[string]string) (*models.Release, error) {
	release := &models.Release{
		AppID: app.ID, DeploymentID: d.ID, Commit: d.Commit, CreatedBy: d.CreatedBy,
		MemoryMB: app.MemoryMB, CPUMilli: app.CPUMilli, ClusterID: cmp.Or(d.ClusterID, app.ClusterID),
		Placement: app.Placement, ReserveMemoryMB: app.ReserveMemoryMB, ReserveCPUMilli: app.ReserveCPUMilli,
	}
	buildOf := d.ID
	if !d.NeedsBuild() {
		if app.LiveRelease == 0 {
			return nil, models.Errorf(models.KindFailed, "%s has no live release to start from", app.Name)
		}
		from, err := tx.Release(ctx, app.ID, app.LiveRelease)
		if err != nil {
			return nil, err
		}
		release.BuildID, release.Commit = from.BuildID, from.Commit
		release.Image, release.Digest, release.ImageSize, release.Processes = from.Image, from.Digest, from.ImageSize, from.Processes
		if buildOf, err = tx.DeploymentOfBuild(ctx, from.BuildID); err != nil {
			return nil, err
		}
	}
	build, err := tx.BuildOf(ctx, buildOf)
	if err != nil {
		return nil, err
	}
	if d.NeedsBuild() && (build == nil || build.State != models.BuildSucceeded) {
		return nil, fmt.Errorf("deployment %s is to be released and has no image", d.ID)
	}
	if build != nil {
		release.BuildID, release.Image, release.Digest, release.ImageSize = &build.ID, build.Image, build.Digest, build.ImageSize
		release.Processes = build.Processes
		if release.ClusterID != models.LocalCluster {
			release.Image = build.Published
		}
	}
	release.Processes = serve(app, release.Processes)
	release.Description = describe(d, release.Commit)

	release.Config, release.ConfigNames, err = p.sealRelease(app.ID, vars)
	return release, err
}

// serve applies what the app's settings say of the web process over what its
// source says.
func serve(app *models.App, declared []models.Process) []models.Process {
	out := make([]models.Process, 0, len(declared))
	for _, process := range declared {
		if process.Name == models.WebProcess {
			if app.Port != 0 {
				process.Port = app.Port
			}
			if app.HealthPath != "" {
				process.HealthPath = app.HealthPath
			}
		}
		out = append(out, process)
	}
	return out
}

// describe says in a few words what a release came from.
func describe(d *models.Deployment, commit string) string {
	what := map[models.Trigger]string{
		models.TriggerPush:     "push",
		models.TriggerUpload:   "upload",
		models.TriggerGit:      "git",
		models.TriggerWebhook:  "webhook",
		models.TriggerImage:    "image " + d.ImageRef,
		models.TriggerConfig:   "config",
		models.TriggerSettings: "settings",
		models.TriggerRestart:  "restart",
		models.TriggerMove:     "move",
	}[d.Trigger]
	if d.NeedsBuild() && commit != "" {
		what += " " + short(commit)[:min(7, len(commit))]
	}
	if d.CommitMessage != "" {
		what += ": " + d.CommitMessage
	}
	return what
}
