package pipeline

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// Publish makes an image of the server's own engine one that a cluster's nodes
// can take, and gives the reference they take it by. What was published before
// is not published again.
type Publish func(ctx context.Context, appID, image string, say func(line string)) (reference string, err error)

// publishTimeout bounds how long an image may take on its way into the registry.
const publishTimeout = 15 * time.Minute

var errPublishTimeout = errors.New("publishing the image took too long")

// publishImage sees to it that the cluster a deployment is for can take its image.
// For the server's own engine there is nothing to do.
func (p *Pipeline) publishImage(ctx context.Context, app *models.App, d *models.Deployment, j *journal) error {
	cluster, err := p.Store.ClusterByID(ctx, cmp.Or(d.ClusterID, app.ClusterID))
	if err != nil || cluster.Local() || d.Trigger == models.TriggerRollback || d.Trigger == models.TriggerReturn {
		return err
	}
	build, err := p.buildFor(ctx, app, d)
	if err != nil {
		return err
	}
	if p.Publish == nil || build == nil {
		return models.Errorf(models.KindFailed, "the image of %s cannot be brought to the cluster %s: there is no registry", app.Name, cluster.Name)
	}
	until := time.Now().UTC().Add(publishTimeout)
	d.PhaseDeadline = &until
	if err := p.save(ctx, d); err != nil {
		return err
	}
	limited, stop := context.WithDeadlineCause(ctx, until, errPublishTimeout)
	defer stop()
	reference, err := p.publishOutlasting(limited, app, d, build.Image, j)
	switch {
	case errors.Is(context.Cause(limited), errPublishTimeout):
		return models.Wrap(errors.Join(errPublishTimeout, err), models.KindTimeout, "the image was not in the registry within %s", publishTimeout)
	case errors.Is(err, deployer.ErrNoImage):
		return models.Wrap(err, models.KindFailed, "the image of %s is no longer kept; deploy its source anew", app.Name)
	case err != nil:
		return err
	}
	if reference == build.Published {
		return nil
	}
	return persist(ctx, func() error { return p.Store.SetPublished(ctx, build.ID, reference) })
}

// publishOutlasting is Publish. An engine that is away is waited for, see outage.
func (p *Pipeline) publishOutlasting(ctx context.Context, app *models.App, d *models.Deployment, image string, j *journal) (string, error) {
	away := &outage{pipeline: p, app: app, d: d, j: j, answers: p.buildsAnswers(app)}
	for {
		reference, err := p.Publish(ctx, app.ID, image, func(line string) { j.Say("%s", line) })
		if err == nil {
			return reference, nil
		}
		if again, err := away.over(ctx, true, err); !again {
			return "", err
		}
	}
}

// buildFor gives the build whose image a deployment is about.
func (p *Pipeline) buildFor(ctx context.Context, app *models.App, d *models.Deployment) (*models.Build, error) {
	of := d.ID
	if !d.NeedsBuild() {
		live, err := p.Store.Release(ctx, app.ID, app.LiveRelease)
		if err != nil {
			return nil, err
		}
		if of, err = p.Store.DeploymentOfBuild(ctx, live.BuildID); err != nil {
			return nil, err
		}
	}
	return p.Store.BuildOf(ctx, of)
}
