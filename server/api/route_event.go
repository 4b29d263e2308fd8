package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const tagPlatform = "Platform"

func (a *API) platformRoutes() {
	register(a, get("list-events", "/events", tagPlatform, "List audit events, newest first"), a.listEvents)
	register(a, route{
		id: "create-webhook-secret", method: http.MethodPost, path: "/apps/{app}/webhook-secret", tag: tagApps, summary: "Make a new webhook secret",
		description: "It is shown in this answer and nowhere else; the one before stops working.",
		status:      http.StatusCreated, scope: models.ScopeWrite, creates: true,
	}, a.createWebhookSecret)
	register(a, get("get-status", "/status", tagPlatform, "Show how the installation is"), a.getStatus)
}

func (a *API) listEvents(ctx context.Context, who caller, in *struct {
	PageInput
	App    string `query:"app" maxLength:"100" doc:"Only this app's"`
	Actor  string `query:"actor" maxLength:"320" doc:"Only what the person with this e-mail did"`
	Action string `query:"action" maxLength:"100" doc:"Only this, as deployment.create, or all of a kind, as deployment"`
},
) (*body[Page[Event]], error) {
	events, next, err := a.deps.Apps.Events(ctx, who.Actor, in.App, store.Page{Limit: in.Limit, Cursor: in.Cursor},
		store.EventFilter{Actor: in.Actor, Action: in.Action})
	if err != nil {
		return nil, err
	}
	items := make([]Event, len(events))
	for i, e := range events {
		items[i] = Event{
			ID: e.ID, App: e.AppName, Actor: e.Actor, Action: e.Action, Target: e.Target,
			Detail: e.Detail, IP: e.IP, CreatedAt: e.CreatedAt,
		}
		if items[i].Detail == nil {
			items[i].Detail = map[string]string{}
		}
	}
	return page(items, next), nil
}

// WebhookSecret is what a forge needs to know.
type WebhookSecret struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

func (a *API) createWebhookSecret(ctx context.Context, who caller, in *AppInput) (*body[WebhookSecret], error) {
	secret, err := a.deps.Apps.RotateWebhookSecret(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return answer(WebhookSecret{URL: a.webhookURL(in.App), Secret: secret}), nil
}

// Status is how the installation is.
type Status struct {
	Version    string         `json:"version"`
	Postgres   Health         `json:"postgres"`
	Engine     EngineHealth   `json:"engine"`
	Routers    []RouterStatus `json:"routers" nullable:"false"`
	Listen     string         `json:"listen" doc:"Where the server listens"`
	AppDomain  string         `json:"app_domain" doc:"Apps answer at <name>.<app_domain>"`
	RouterHTTP string         `json:"router_http" doc:"Where the router listens for HTTP"`
}

// Health says whether something answers.
type Health struct {
	OK bool `json:"ok"`
}

// EngineHealth says whether the container engine answers.
type EngineHealth struct {
	OK      bool   `json:"ok"`
	Version string `json:"version"`
}

// RouterStatus is one router as the server knows it.
type RouterStatus struct {
	ID             string `json:"id"`
	Connected      bool   `json:"connected"`
	VersionApplied uint64 `json:"version_applied" doc:"Version of the routing table in force there"`
}

func (a *API) getStatus(ctx context.Context, _ caller, _ *struct{}) (*body[Status], error) {
	version, engineErr := a.deps.Engine(ctx)
	routers := []RouterStatus{}
	for _, r := range a.deps.Routers() {
		routers = append(routers, RouterStatus(r))
	}
	return answer(Status{
		Version: a.deps.Version, Listen: a.deps.Listen, AppDomain: a.deps.AppDomain, RouterHTTP: a.deps.RouterHTTP,
		Postgres: Health{OK: a.deps.Store.Ping(ctx) == nil},
		Engine:   EngineHealth{OK: engineErr == nil, Version: version},
		Routers:  routers,
	}), nil
}
