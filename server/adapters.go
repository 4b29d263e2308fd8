package server

import (
	"context"
	"errors"
	"slices"

	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/forge"
	"github.com/slipway-paas/slipway/server/git"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/metrics"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/routing"
)

// Each type here gives one room what it wants of another, in its own words.

// routes is the store as the routing table sees it.
type routes struct {
	store  *store.Store
	domain string
}

// Routes implements routing.Source.
func (r routes) Routes(ctx context.Context) ([]routing.Route, error) {
	all, err := r.store.AllApps(ctx)
	if err != nil {
		return nil, err
	}
	domains, err := r.store.DomainsOf(ctx, all)
	if err != nil {
		return nil, err
	}
	replacing, err := r.store.Replacing(ctx, "")
	if err != nil {
		return nil, err
	}
	out := make([]routing.Route, 0, len(all))
	for i := range all {
		out = append(out, r.route(&all[i], domains[all[i].ID], replacing))
	}
	return out, nil
}

// Route implements routing.Source.
func (r routes) Route(ctx context.Context, appID string) (routing.Route, error) {
	app, err := r.store.AppByID(ctx, models.SystemActor(), appID)
	if err != nil {
		return routing.Route{}, err
	}
	domains, err := r.store.Domains(ctx, app)
	if err != nil {
		return routing.Route{}, err
	}
	replacing, err := r.store.Replacing(ctx, appID)
	if err != nil {
		return routing.Route{}, err
	}
	return r.route(app, domains, replacing), nil
}

func (r routes) route(app *models.App, domains []models.Domain, replacing []string) routing.Route {
	hosts := []string{app.Name + "." + r.domain}
	for _, d := range domains {
		hosts = append(hosts, d.Host)
	}
	return routing.Route{
		AppID: app.ID, Name: app.Name, Hosts: hosts,
		LiveRelease: app.LiveRelease, WantedInstances: app.Instances(models.WebProcess),
		Replacing: slices.Contains(replacing, app.ID),
	}
}

// hooks are apps and pipeline as a verified webhook sees them.
type hooks struct {
	store    *store.Store
	apps     *apps.Service
	pipeline *pipeline.Pipeline
}

// App implements forge.Apps.
func (h hooks) App(ctx context.Context, name string) (*models.App, error) {
	return h.apps.Find(ctx, models.SystemActor(), name)
}

// WebhookSecret implements forge.Apps.
func (h hooks) WebhookSecret(_ context.Context, app *models.App) ([]byte, error) {
	return h.apps.WebhookSecret(app)
}

// Deploy implements forge.Apps.
func (h hooks) Deploy(ctx context.Context, app *models.App, delivery string, push forge.Push) (*models.Deployment, bool, error) {
	return h.pipeline.SubmitWebhook(ctx, app, delivery, pipeline.Submission{
		Trigger: models.TriggerWebhook, SourceRef: push.Branch, Commit: push.After, CommitMessage: push.Message,
	})
}

// remains are what an app leaves on disk.
type remains struct {
	repositories git.Repositories
	collector    *logs.Collector
	metrics      *metrics.Store
	registry     *registry.Service
	fleet        *fleet.Fleet
}

// Forget implements apps.Remains.
func (r remains) Forget(ctx context.Context, appID string) error {
	r.fleet.Forget(appID)
	return errors.Join(r.registry.Forget(ctx, appID), r.repositories.Remove(appID), r.collector.Forget(appID), r.metrics.Forget(appID))
}
