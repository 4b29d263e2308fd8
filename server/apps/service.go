// Package apps is what people do to apps: create, describe, configure, scale and
// destroy them. Every verb checks what the actor may do; what changes an app is
// written with its audit event in one transaction.
package apps

import (
	"context"
	"log/slog"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/secrets"
)

// Remains forgets what an app leaves outside the database, once its row is
// gone: repository and log. It is called again when it failed.
type Remains interface {
	Forget(ctx context.Context, appID string) error
}

// Addresses says where apps answer.
type Addresses struct {
	Domain string                   // apps answer at <name>.<Domain>
	URL    func(host string) string // the address of a host under the router
}

// Service is safe for concurrent use.
type Service struct {
	store     *store.Store
	pipeline  *pipeline.Pipeline
	routing   pipeline.Routing
	hub       *live.Hub
	box       *secrets.Box
	addresses Addresses
	remains   Remains
	logger    *slog.Logger
	allowFile bool
	seen      func(appID string) ([]deployer.Instance, bool)
}

// Deps are what a Service works with.
type Deps struct {
	Store            *store.Store
	Pipeline         *pipeline.Pipeline
	Routing          pipeline.Routing
	Hub              *live.Hub
	Box              *secrets.Box
	Addresses        Addresses
	Remains          Remains
	Logger           *slog.Logger
	AllowFileSources bool // file:// git URLs

	// Seen gives an app's instances as they were when the cluster last told of
	// a change, and false when they were never looked at. Nil: the cluster is
	// asked each time.
	Seen func(appID string) ([]deployer.Instance, bool)
}

// NewService makes a Service.
func NewService(d Deps) *Service {
	if d.Seen == nil {
		d.Seen = func(string) ([]deployer.Instance, bool) { return nil, false }
	}
	return &Service{
		store: d.Store, pipeline: d.Pipeline, routing: d.Routing, hub: d.Hub, box: d.Box,
		addresses: d.Addresses, remains: d.Remains, logger: d.Logger, allowFile: d.AllowFileSources, seen: d.Seen,
	}
}

// changed tells routers and dashboards that an app changed.
func (s *Service) changed(app *models.App, topic, action string) {
	s.routing.Changed(app.ID)
	s.hub.Publish(live.Event{Topic: topic, App: app.Name, AppID: app.ID, ID: app.ID, Action: action})
	if topic != live.TopicApp {
		s.hub.Publish(live.Event{Topic: live.TopicApp, App: app.Name, AppID: app.ID, ID: app.ID, Action: live.ActionChanged})
	}
}

// edit changes an app under its lock, with the event, and gives it as it is then.
func (s *Service) edit(ctx context.Context, actor models.Actor, name string, ifRevision int64, action, target string,
	change func(tx *store.Store, app *models.App) error,
) (*models.App, error) {
	known, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	var app *models.App
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if app, err = tx.LockApp(ctx, actor, known.ID); err != nil {
			return err
		}
		if ifRevision != 0 && ifRevision != app.Revision {
			return models.Errorf(models.KindPrecondition, "%s has changed since you read it; look at it again", app.Name)
		}
		if err := change(tx, app); err != nil {
			return err
		}
		if err := tx.SaveApp(ctx, app); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, app, action, target))
	})
	return app, err
}

// Instances lists what runs of an app.
func (s *Service) Instances(ctx context.Context, actor models.Actor, name string) ([]deployer.Instance, error) {
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	return s.pipeline.Instances(ctx, app.ID)
}

// Events lists the audit events of one app, or of all that the actor may see
// when the name is "".
func (s *Service) Events(ctx context.Context, actor models.Actor, name string, page store.Page, only ...store.EventFilter) ([]models.Event, string, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, "", err
	}
	var app *models.App
	if name != "" {
		var err error
		if app, err = s.store.AppByName(ctx, actor, name); err != nil {
			return nil, "", err
		}
	}
	return s.store.Events(ctx, actor, app, page, only...)
}
