package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/pipeline"
)

const tagApps = "Apps"

func (a *API) appRoutes() {
	register(a, get("list-apps", "/apps", tagApps, "List apps by name"), a.listApps)
	register(a, route{
		id: "create-app", method: http.MethodPost, path: "/apps", tag: tagApps, summary: "Create an app",
		description: "With an image, the image is deployed at once. With a source, deploy it when you are ready.",
		status:      http.StatusCreated, scope: models.ScopeWrite, creates: true,
	}, a.createApp)
	register(a, get("get-app", "/apps/{app}", tagApps, "Show an app"), a.getApp)
	register(a, route{
		id: "update-app", method: http.MethodPatch, path: "/apps/{app}", tag: tagApps, summary: "Change an app's settings",
		description: "What is left out stays. A change that needs it is deployed; the answer then has the deployment.",
		scope:       models.ScopeWrite,
	}, a.updateApp)
	register(a, route{
		id: "destroy-app", method: http.MethodDelete, path: "/apps/{app}", tag: tagApps, summary: "Destroy an app",
		description: "Removes its containers, images, network, repository, logs and volumes. There is no way back.",
		scope:       models.ScopeWrite,
	}, a.destroyApp)
}

func (a *API) listApps(ctx context.Context, who caller, in *PageInput) (*body[Page[App]], error) {
	views, next, err := a.deps.Apps.List(ctx, who.Actor, store.Page{Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	items := make([]App, len(views))
	for i := range views {
		items[i] = a.wireApp(&views[i])
	}
	return page(items, next), nil
}

// SourceInput says where an app's source comes from.
type SourceInput struct {
	URL       string `json:"url" doc:"git URL; empty to stop following one" example:"https://github.com/you/hello.git" maxLength:"2000"`
	Branch    string `json:"branch,omitempty" maxLength:"200"`
	DeployKey string `json:"deploy_key,omitempty" doc:"Private SSH key (PEM) that may read it" maxLength:"20000"`
	Token     string `json:"token,omitempty" doc:"Token sent as the password over HTTPS" maxLength:"2000"`
}

func (s *SourceInput) source() *apps.Source {
	if s == nil {
		return nil
	}
	return &apps.Source{URL: s.URL, Branch: s.Branch, DeployKey: s.DeployKey, Token: s.Token}
}

// CreateApp is the body of create-app.
type CreateApp struct {
	Name   string       `json:"name" doc:"2 to 40 lower-case letters, digits and single hyphens, starting with a letter" example:"hello"`
	Source *SourceInput `json:"source,omitempty"`
	Image  string       `json:"image,omitempty" doc:"Deploy this image reference at once" maxLength:"500"`
}

// revised is an answer with the ETag to edit it by: the app's revision, which
// every edit of its settings, config or scale takes up.
type revised[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func (a *API) answerApp(v *apps.View) *revised[App] {
	return &revised[App]{etag(v.App.Revision), a.wireApp(v)}
}

func (a *API) createApp(ctx context.Context, who caller, in *struct{ Body CreateApp }) (*revised[App], error) {
	if in.Body.Source != nil && in.Body.Image != "" {
		return nil, models.Invalid("image", "give a source or an image, not both")
	}
	if in.Body.Image != "" {
		if err := checkImage(in.Body.Image); err != nil {
			return nil, err
		}
	}
	app, err := a.deps.Apps.Create(ctx, who.Actor, apps.New{Name: in.Body.Name, Source: in.Body.Source.source()})
	if err != nil {
		return nil, err
	}
	if in.Body.Image != "" {
		_, err := a.deps.Pipeline.Submit(ctx, who.Actor, app, pipeline.Submission{Trigger: models.TriggerImage, ImageRef: in.Body.Image})
		if err != nil {
			return nil, err
		}
	}
	view, err := a.deps.Apps.Get(ctx, who.Actor, app.Name)
	if err != nil {
		return nil, err
	}
	return a.answerApp(view), nil
}

func (a *API) getApp(ctx context.Context, who caller, in *AppInput) (*revised[App], error) {
	view, err := a.deps.Apps.Get(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return a.answerApp(view), nil
}

// UpdateApp is the body of update-app.
type UpdateApp struct {
	Branch     *string      `json:"branch,omitempty" maxLength:"200"`
	Builder    *string      `json:"builder,omitempty" doc:"dockerfile, static, image, or empty to choose by what the source holds"`
	Dockerfile *string      `json:"dockerfile,omitempty" maxLength:"500"`
	HealthPath *string      `json:"health_path,omitempty" maxLength:"500"`
	Port       *int         `json:"port,omitempty"`
	MemoryMB   *int         `json:"memory_mb,omitempty"`
	CPUMilli   *int         `json:"cpu_milli,omitempty"`
	Source     *SourceInput `json:"source,omitempty"`

	Placement       map[string]string `json:"placement,omitempty" doc:"Labels that a node must have to run its instances; empty for any node. A single engine has one node and takes no notice" maxProperties:"10"`
	ReserveMemoryMB *int              `json:"reserve_memory_mb,omitempty" doc:"MiB that a node must have free for each instance, at most its limit; 0 for nothing"`
	ReserveCPUMilli *int              `json:"reserve_cpu_milli,omitempty" doc:"Thousandths of a core that a node must have free for each instance, at most its limit; 0 for nothing"`

	SupersedeBuilding *bool `json:"supersede_building,omitempty" doc:"Whether a newer deployment also stops one that is building"`
	StopFirst         *bool `json:"stop_first,omitempty" doc:"Whether the old instances stop before the new ones start; requests wait meanwhile"`
	WarmMinutes       *int  `json:"warm_minutes,omitempty" doc:"How long the release before is kept running for a rollback, up to 1440; 0 for not at all"`
	WatchMinutes      *int  `json:"watch_minutes,omitempty" doc:"How long a deployment is watched once it is live, up to 60; 0 for not at all"`
}

// UpdatedApp is an app after a change, with the deployment that brings it
// about where there is one.
type UpdatedApp struct {
	App
	Deployment *Deployment `json:"deployment,omitempty"`
}

func (b *UpdateApp) changes() apps.Changes {
	return apps.Changes{
		Branch: b.Branch, Builder: b.Builder, Dockerfile: b.Dockerfile, HealthPath: b.HealthPath,
		Port: b.Port, MemoryMB: b.MemoryMB, CPUMilli: b.CPUMilli, Source: b.Source.source(),
		Placement: b.Placement, ReserveMemoryMB: b.ReserveMemoryMB, ReserveCPUMilli: b.ReserveCPUMilli,
		SupersedeBuilding: b.SupersedeBuilding, StopFirst: b.StopFirst, WarmMinutes: b.WarmMinutes, WatchMinutes: b.WatchMinutes,
	}
}

type updateAppInput struct {
	AppInput
	Precondition
	Body UpdateApp
}

func (a *API) updateApp(ctx context.Context, who caller, in *updateAppInput) (*revised[UpdatedApp], error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	view, d, err := a.deps.Apps.Update(ctx, who.Actor, in.App, revision, in.Body.changes())
	if err != nil {
		return nil, err
	}
	return &revised[UpdatedApp]{etag(view.App.Revision), UpdatedApp{App: a.wireApp(view), Deployment: wireDeploymentOf(d, view.App.Name)}}, nil
}

type destroyAppInput struct {
	AppInput
	Precondition
	Confirm        string   `query:"confirm" required:"true" doc:"The app's name once more"`
	ConfirmVolumes []string `query:"confirm_volumes" doc:"The names of all its volumes, if it has any" maxItems:"100"`
}

func (a *API) destroyApp(ctx context.Context, who caller, in *destroyAppInput) (*nothing, error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	if in.Confirm != in.App {
		return nil, models.Invalid("confirm", "to destroy %s, send its name as confirm=%s", in.App, in.App)
	}
	return nil, a.deps.Apps.Destroy(ctx, who.Actor, in.App, revision, in.ConfirmVolumes...)
}

// Precondition is the precondition of an edit.
type Precondition struct {
	IfMatch string `header:"If-Match" doc:"The ETag that was read; 412 when it has changed since" maxLength:"200"`
}

// revision gives the revision that the thing must have, 0 for any.
func (m Precondition) revision() (int64, error) {
	tag := strings.TrimSpace(m.IfMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	inner, ok := strings.CutPrefix(tag, `"`)
	inner, ok2 := strings.CutSuffix(inner, `"`)
	revision, err := strconv.ParseInt(inner, 10, 64)
	if !ok || !ok2 || err != nil || revision < 1 {
		return 0, models.Errorf(models.KindPrecondition, "If-Match is not an ETag that Slipway gave; read it again")
	}
	return revision, nil
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
