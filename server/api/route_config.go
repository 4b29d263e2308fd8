package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
)

const (
	tagConfig  = "Config"
	tagDomains = "Domains"
	tagScale   = "Instances"
)

func (a *API) configRoutes() {
	register(a, get("get-config", "/apps/{app}/config", tagConfig, "Show an app's config vars"), a.getConfig)
	register(a, route{
		id: "update-config", method: http.MethodPatch, path: "/apps/{app}/config", tag: tagConfig, summary: "Set and unset config vars",
		description: "All of it or nothing. A change makes a new release and deploys it, if anything is deployed yet.",
		scope:       models.ScopeWrite,
	}, a.updateConfig)

	register(a, get("list-domains", "/apps/{app}/domains", tagDomains, "List an app's domains"), a.listDomains)
	register(a, route{
		id: "add-domain", method: http.MethodPost, path: "/apps/{app}/domains", tag: tagDomains, summary: "Add a domain",
		status: http.StatusCreated, scope: models.ScopeWrite, creates: true,
	}, a.addDomain)
	register(a, route{
		id: "remove-domain", method: http.MethodDelete, path: "/apps/{app}/domains/{host}", tag: tagDomains, summary: "Remove a domain",
		scope: models.ScopeWrite,
	}, a.removeDomain)

	register(a, get("get-scale", "/apps/{app}/scale", tagScale, "Show how many instances are wanted"), a.getScale)
	register(a, route{
		id: "scale-app", method: http.MethodPatch, path: "/apps/{app}/scale", tag: tagScale, summary: "Say how many instances are wanted",
		description: "Processes that are left out stay as they are. It makes no release and waits for nothing.",
		scope:       models.ScopeDeploy,
	}, a.scaleApp)
	register(a, get("list-instances", "/apps/{app}/instances", tagScale, "List an app's instances"), a.listInstances)
}

// Config is an app's config vars.
type Config struct {
	Items   []ConfigItem `json:"items" nullable:"false"`
	CanRead bool         `json:"can_read" doc:"Whether values are shown to who asks"`
}

func (a *API) getConfig(ctx context.Context, who caller, in *AppInput) (*revised[Config], error) {
	config, err := a.deps.Apps.Config(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	items := make([]ConfigItem, len(config.Items))
	for i, item := range config.Items {
		items[i] = ConfigItem{Key: item.Key, Value: item.Value}
	}
	return &revised[Config]{etag(config.Revision), Config{Items: items, CanRead: config.CanRead}}, nil
}

// UpdateConfig is the body of update-config.
type UpdateConfig struct {
	Set   map[string]string `json:"set,omitempty"`
	Unset []string          `json:"unset,omitempty" nullable:"false" maxItems:"1000"`
}

// ConfigChange is what a change of config did.
type ConfigChange struct {
	Names      []string    `json:"names" nullable:"false" doc:"The config vars there are now"`
	Deployment *Deployment `json:"deployment,omitempty" doc:"Absent when nothing is deployed yet or nothing changed"`
}

func (a *API) updateConfig(ctx context.Context, who caller, in *struct {
	AppInput
	Precondition
	Body UpdateConfig
},
) (*body[ConfigChange], error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	names, d, err := a.deps.Apps.SetConfig(ctx, who.Actor, in.App, revision, in.Body.Set, in.Body.Unset)
	if err != nil {
		return nil, err
	}
	return answer(ConfigChange{Names: list(names), Deployment: wireDeploymentOf(d, in.App)}), nil
}

func wireDomain(d apps.Domain) Domain {
	return Domain{ID: d.ID, Host: d.Host, Automatic: d.Automatic, CreatedAt: d.CreatedAt}
}

func (a *API) listDomains(ctx context.Context, who caller, in *AppInput) (*body[Page[Domain]], error) {
	domains, err := a.deps.Apps.Domains(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	items := make([]Domain, len(domains))
	for i, d := range domains {
		items[i] = wireDomain(d)
	}
	return page(items, ""), nil
}

// AddDomain is the body of add-domain.
type AddDomain struct {
	Host string `json:"host" example:"www.example.com"`
}

func (a *API) addDomain(ctx context.Context, who caller, in *struct {
	AppInput
	Body AddDomain
},
) (*body[Domain], error) {
	domain, err := a.deps.Apps.AddDomain(ctx, who.Actor, in.App, in.Body.Host)
	if err != nil {
		return nil, err
	}
	return answer(wireDomain(domain)), nil
}

func (a *API) removeDomain(ctx context.Context, who caller, in *struct {
	AppInput
	Host string `path:"host"`
},
) (*nothing, error) {
	return nil, a.deps.Apps.RemoveDomain(ctx, who.Actor, in.App, in.Host)
}

// Scale is how many instances of each process are wanted.
type Scale map[string]int

// ScaleChange is the scale after a change.
type ScaleChange struct {
	Scale      Scale       `json:"scale"`
	Deployment *Deployment `json:"deployment,omitempty"`
}

func (a *API) getScale(ctx context.Context, who caller, in *AppInput) (*revised[Scale], error) {
	view, err := a.deps.Apps.Get(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return &revised[Scale]{etag(view.App.Revision), wireScale(&view.App)}, nil
}

func (a *API) scaleApp(ctx context.Context, who caller, in *struct {
	AppInput
	Precondition
	Body Scale
},
) (*revised[ScaleChange], error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	app, err := a.deps.Apps.Scale(ctx, who.Actor, in.App, revision, in.Body)
	if err != nil {
		return nil, err
	}
	return &revised[ScaleChange]{etag(app.Revision), ScaleChange{Scale: wireScale(app)}}, nil
}

func (a *API) listInstances(ctx context.Context, who caller, in *AppInput) (*body[Page[Instance]], error) {
	instances, err := a.deps.Apps.Instances(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	items := make([]Instance, len(instances))
	for i, inst := range instances {
		items[i] = Instance{
			Name: inst.Name, Process: inst.Workload.Process, Release: inst.Workload.Release, Index: inst.Index,
			State: string(inst.State), Address: inst.Address, Restarts: inst.Restarts, ExitCode: inst.ExitCode,
			OOMKilled: inst.OOMKilled, Node: inst.Node,
		}
		if !inst.StartedAt.IsZero() {
			items[i].StartedAt = &instances[i].StartedAt
		}
	}
	return page(items, ""), nil
}
