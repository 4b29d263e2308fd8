package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/pipeline"
)

const tagPlans = "Plans"

func (a *API) planRoutes() {
	register(a, route{
		id: "plan-app", method: http.MethodPost, path: "/apps/{app}/plan", tag: tagPlans, summary: "Show what a change would do on the cluster",
		description: "Nothing is changed. Give one change, or none for what would be done with the app as it is. " +
			"It is what is then done, unless something else comes first or an instance does not come up. To plan config vars takes the write scope.",
		scope: models.ScopeRead,
	}, a.planApp)
	register(a, route{
		id: "apply-plan", method: http.MethodPost, path: "/apps/{app}/plan/apply", tag: tagPlans, summary: "Make a change if it still does what the plan said",
		description: "409 when it would no longer do that, or cannot be done now: plan it again.",
		status:      http.StatusAccepted, scope: models.ScopeDeploy, creates: true,
	}, a.applyPlan)
}

// PlanChange is one change that is planned.
type PlanChange struct {
	Scale       map[string]int    `json:"scale,omitempty" doc:"Instances by process"`
	SetConfig   map[string]string `json:"set_config,omitempty" doc:"Config vars to set; their values are not shown in the answer"`
	UnsetConfig []string          `json:"unset_config,omitempty" maxItems:"1000"`
	Settings    *UpdateApp        `json:"settings,omitempty"`
	MoveTo      string            `json:"move_to,omitempty" doc:"The name of another cluster" maxLength:"100"`
	Rollback    *int              `json:"rollback,omitempty" doc:"The release to go back to; 0 for the one before" minimum:"0" maximum:"2147483647"`
	Restart     bool              `json:"restart,omitempty"`
}

func (c *PlanChange) change() apps.Change {
	change := apps.Change{Scale: c.Scale, Set: c.SetConfig, Unset: c.UnsetConfig, MoveTo: c.MoveTo, Rollback: c.Rollback, Restart: c.Restart}
	if c.Settings != nil {
		settings := c.Settings.changes()
		change.Settings = &settings
	}
	return change
}

// ApplyPlan is the body of apply-plan.
type ApplyPlan struct {
	Fingerprint string `json:"fingerprint" doc:"That of the plan" maxLength:"100"`
	PlanChange
}

// Plan is what a change would do.
type Plan struct {
	Release     int           `json:"release" doc:"The release that would be live then; 0 for none"`
	NewRelease  bool          `json:"new_release" doc:"Whether that is another than now"`
	Changes     int           `json:"changes" doc:"How many steps change something"`
	Holds       bool          `json:"holds" doc:"Whether requests wait in the routers meanwhile"`
	Possible    bool          `json:"possible" doc:"Whether nothing stands against it"`
	Steps       []PlanStep    `json:"steps" nullable:"false" doc:"In the order in which they are taken; what is kept comes last"`
	Warnings    []PlanWarning `json:"warnings" nullable:"false"`
	Fingerprint string        `json:"fingerprint" doc:"Stays the same as long as the same would be done; empty where that cannot be told"`
}

// PlanStep is one step of a plan.
type PlanStep struct {
	Action    string            `json:"action" enum:"publish_image,make_network,make_volume,hold,retire,drain,create,start,replace,remove,switch,remove_network,remove_volume,keep"`
	Cluster   string            `json:"cluster" doc:"The name of the cluster"`
	Process   string            `json:"process" doc:"Empty for what is not about one process"`
	Release   int               `json:"release" doc:"Whose instances; 0 for what is not about one release"`
	Indexes   []int             `json:"indexes" nullable:"false" doc:"Of the instances"`
	Count     int               `json:"count" doc:"Of instances"`
	Why       string            `json:"why" enum:",new_release,replaced,stop_first,scaled,missing,stopped,paused,cut_off,altered,warm,warm_over,left_over"`
	Placement map[string]string `json:"placement" nullable:"false" doc:"Labels that the nodes of new instances must have"`
	Volume    string            `json:"volume,omitempty"`
	Text      string            `json:"text" doc:"The step in words"`
}

// PlanWarning is what is to be known before.
type PlanWarning struct {
	Kind     string `json:"kind" enum:"open,refused,away,placement,capacity,quota"`
	Blocking bool   `json:"blocking" doc:"Whether it cannot be done as it is"`
	Message  string `json:"message"`
}

// PlanApplied is what came of it.
type PlanApplied struct {
	Deployment *Deployment `json:"deployment,omitempty" doc:"Absent where none is needed"`
}

func (a *API) planApp(ctx context.Context, who caller, in *struct {
	AppInput
	Body *PlanChange
},
) (*body[Plan], error) {
	change := PlanChange{}
	if in.Body != nil {
		change = *in.Body
	}
	forecast, err := a.deps.Apps.Plan(ctx, who.Actor, in.App, change.change())
	if err != nil {
		return nil, err
	}
	return answer(wirePlan(forecast)), nil
}

func (a *API) applyPlan(ctx context.Context, who caller, in *struct {
	AppInput
	Body ApplyPlan
},
) (*body[PlanApplied], error) {
	d, err := a.deps.Apps.ApplyPlan(ctx, who.Actor, in.App, in.Body.change(), in.Body.Fingerprint)
	if err != nil {
		return nil, err
	}
	return answer(PlanApplied{Deployment: wireDeploymentOf(d, in.App)}), nil
}

func wirePlan(f *pipeline.Forecast) Plan {
	plan := Plan{
		Release: f.Release, NewRelease: f.Release != f.Now.LiveRelease, Holds: f.Holds, Possible: f.Blocked() == nil,
		Steps: []PlanStep{}, Warnings: []PlanWarning{}, Fingerprint: f.Fingerprint,
	}
	for _, s := range f.Steps {
		if s.Changes() {
			plan.Changes++
		}
		step := PlanStep{
			Action: string(s.Action), Cluster: s.Cluster, Process: s.Workload.Process, Release: s.Workload.Release, Indexes: list(s.Indexes),
			Count: len(s.Indexes), Why: string(s.Why), Placement: s.Placement, Volume: s.Volume, Text: s.String(),
		}
		if step.Placement == nil {
			step.Placement = map[string]string{}
		}
		plan.Steps = append(plan.Steps, step)
	}
	for _, w := range f.Warnings {
		plan.Warnings = append(plan.Warnings, PlanWarning{Kind: string(w.Kind), Blocking: w.Blocking, Message: w.Message})
	}
	return plan
}
