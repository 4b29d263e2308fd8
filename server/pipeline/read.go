package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func (p *Pipeline) find(ctx context.Context, actor models.Actor, appName string, number int) (*models.App, *models.Deployment, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, nil, err
	}
	d, err := p.Store.Deployment(ctx, app, number)
	if err != nil {
		return nil, nil, err
	}
	return app, d, nil
}

// Deployment gives one deployment by its number.
func (p *Pipeline) Deployment(ctx context.Context, actor models.Actor, appName string, number int) (*models.Deployment, error) {
	_, d, err := p.find(ctx, actor, appName, number)
	return d, err
}

// Deployments lists deployments, newest first: an app's, or all that the actor
// may see when appName is "".
func (p *Pipeline) Deployments(ctx context.Context, actor models.Actor, appName string, page store.Page, only ...store.DeploymentFilter) ([]models.Deployment, string, error) {
	var app *models.App
	if appName != "" {
		var err error
		if app, err = p.Store.AppByName(ctx, actor, appName); err != nil {
			return nil, "", err
		}
	}
	return p.Store.Deployments(ctx, actor, app, page, only...)
}

// Builds gives the builds of deployments that the caller has loaded, by
// deployment ID; those without a build are missing.
func (p *Pipeline) Builds(ctx context.Context, deployments []models.Deployment) (map[string]models.Build, error) {
	ids := make([]string, 0, len(deployments))
	for _, d := range deployments {
		ids = append(ids, d.ID)
	}
	return p.Store.BuildsOf(ctx, ids)
}

// QueuePosition says how many deployments of the app come first, 0 when it is
// not waiting.
func (p *Pipeline) QueuePosition(ctx context.Context, d *models.Deployment) (int, error) {
	return p.Store.QueuePosition(ctx, d)
}

// BuildPosition gives the place of a deployment's build among all that wait for
// a build slot, on whatever server: 1 for the next, 0 when it does not wait.
func (p *Pipeline) BuildPosition(ctx context.Context, d *models.Deployment) (int, error) {
	return p.Store.BuildPosition(ctx, d)
}

// Releases lists an app's releases, newest first.
func (p *Pipeline) Releases(ctx context.Context, actor models.Actor, appName string, page store.Page) ([]models.Release, string, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, "", err
	}
	return p.Store.Releases(ctx, app, page)
}

// Release gives one release of an app by its version.
func (p *Pipeline) Release(ctx context.Context, actor models.Actor, appName string, version int) (*models.Release, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, err
	}
	return p.Store.Release(ctx, app.ID, version)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return storable(line, 200)
}

// lookTimeout bounds a look at the cluster that somebody waits for: an engine
// that takes a connection and says nothing is as good as away.
const lookTimeout = 4 * time.Second

// Instances lists what runs of an app now, of all apps when app is "".
func (p *Pipeline) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	looking, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	instances, err := p.Cluster.Instances(looking, app)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return instances, p.clusterError(err)
}

func (p *Pipeline) clusterError(err error) error {
	if errors.Is(err, deployer.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return &models.Error{Kind: models.KindUnavailable, Message: "the container engine is not answering; try again in a moment", RetryAfter: 5 * time.Second, Err: err}
	}
	return models.Wrap(err, models.KindInternal, "the container engine refused")
}
