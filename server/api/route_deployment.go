package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

const tagDeployments = "Deployments"

func (a *API) deploymentRoutes() {
	register(a, get("list-all-deployments", "/deployments", tagDeployments, "List the deployments of all apps, newest first"), a.listAllDeployments)
	register(a, get("list-deployments", "/apps/{app}/deployments", tagDeployments, "List an app's deployments, newest first"), a.listDeployments)
	register(a, route{
		id: "create-deployment", method: http.MethodPost, path: "/apps/{app}/deployments", tag: tagDeployments, summary: "Deploy an app",
		description: "Give exactly one of image, source_id, git and example. The answer comes at once; follow the deployment's log to see how it goes.",
		status:      http.StatusAccepted, scope: models.ScopeDeploy, creates: true,
	}, a.createDeployment)
	register(a, route{
		id: "upload-source", method: http.MethodPost, path: "/apps/{app}/sources", tag: tagDeployments, summary: "Upload a source to deploy",
		description: "The body is a tar, plain or gzipped, with a file in it. It is checked and kept; deploy it with source_id.",
		status:      http.StatusCreated, scope: models.ScopeDeploy, creates: true, upload: []string{"application/gzip", "application/x-tar"},
	}, a.uploadSource)
	register(a, get("get-deployment", "/apps/{app}/deployments/{number}", tagDeployments, "Show a deployment"), a.getDeployment)
	register(a, route{
		id: "cancel-deployment", method: http.MethodPost, path: "/apps/{app}/deployments/{number}/cancel", tag: tagDeployments, summary: "Cancel a deployment",
		description: "It is cancelled when its state says so: then the work has really stopped.",
		status:      http.StatusAccepted, scope: models.ScopeDeploy,
	}, a.cancelDeployment)
	register(a, route{
		id: "retry-deployment", method: http.MethodPost, path: "/apps/{app}/deployments/{number}/retry", tag: tagDeployments, summary: "Deploy again what an ended deployment deployed",
		status: http.StatusAccepted, scope: models.ScopeDeploy, creates: true,
	}, a.retryDeployment)
	register(a, route{
		id: "restart-app", method: http.MethodPost, path: "/apps/{app}/restart", tag: tagDeployments, summary: "Replace the live release's instances by new ones",
		status: http.StatusAccepted, scope: models.ScopeDeploy, creates: true,
	}, a.restartApp)
}

func wireDeploymentOf(d *models.Deployment, app string) *Deployment {
	if d == nil {
		return nil
	}
	wire := wireDeployment(d, app)
	return &wire
}

// present shows a deployment with its place in the queue.
func (a *API) present(ctx context.Context, d *models.Deployment, app string) (*body[Deployment], error) {
	wire := wireDeployment(d, app)
	var err error
	if wire.QueuePosition, err = a.deps.Pipeline.QueuePosition(ctx, d); err != nil {
		return nil, err
	}
	if wire.BuildPosition, err = a.deps.Pipeline.BuildPosition(ctx, d); err != nil {
		return nil, err
	}
	return answer(wire), nil
}

// FilterInput narrows a list of deployments.
type FilterInput struct {
	State   []string  `query:"state" enum:"queued,building,releasing,deploying,succeeded,failed,cancelled,superseded" doc:"Only those in one of these states; several are separated by commas"`
	Trigger string    `query:"trigger" enum:"push,upload,git,webhook,image,config,rollback,settings,restart,return,move" doc:"Only those that this started"`
	By      string    `query:"by" maxLength:"320" doc:"Only those that the person with this e-mail asked for"`
	Before  time.Time `query:"before" doc:"Only those asked for before this time"`
}

func (f FilterInput) filter() store.DeploymentFilter {
	only := store.DeploymentFilter{Trigger: models.Trigger(f.Trigger), By: f.By, Before: f.Before}
	for _, state := range f.State {
		only.States = append(only.States, models.DeploymentState(state))
	}
	return only
}

func (a *API) listAllDeployments(ctx context.Context, who caller, in *struct {
	PageInput
	FilterInput
},
) (*body[Page[Deployment]], error) {
	rows, next, err := a.deps.Pipeline.Deployments(ctx, who.Actor, "", store.Page{Limit: in.Limit, Cursor: in.Cursor}, in.filter())
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].AppID
	}
	names, err := a.deps.Store.AppNames(ctx, who.Actor, ids)
	if err != nil {
		return nil, err
	}
	return a.presentAll(ctx, rows, next, func(d *models.Deployment) string { return names[d.AppID] })
}

// presentAll shows a page of deployments with their builds and their places in
// the queue. Those whose app has no name any more are left out.
func (a *API) presentAll(ctx context.Context, rows []models.Deployment, next string, name func(*models.Deployment) string) (*body[Page[Deployment]], error) {
	builds, err := a.deps.Pipeline.Builds(ctx, rows)
	if err != nil {
		return nil, err
	}
	items := make([]Deployment, 0, len(rows))
	for i := range rows {
		app := name(&rows[i])
		if app == "" {
			continue // destroyed since the list was read
		}
		wire := wireDeployment(&rows[i], app)
		if wire.QueuePosition, err = a.deps.Pipeline.QueuePosition(ctx, &rows[i]); err != nil {
			return nil, err
		}
		if wire.BuildPosition, err = a.deps.Pipeline.BuildPosition(ctx, &rows[i]); err != nil {
			return nil, err
		}
		if build, ok := builds[rows[i].ID]; ok {
			wire.Build = wireBuild(&build)
		}
		items = append(items, wire)
	}
	return page(items, next), nil
}

func (a *API) listDeployments(ctx context.Context, who caller, in *struct {
	AppInput
	PageInput
	FilterInput
},
) (*body[Page[Deployment]], error) {
	rows, next, err := a.deps.Pipeline.Deployments(ctx, who.Actor, in.App, store.Page{Limit: in.Limit, Cursor: in.Cursor}, in.filter())
	if err != nil {
		return nil, err
	}
	return a.presentAll(ctx, rows, next, func(*models.Deployment) string { return in.App })
}

// CreateDeployment is the body of create-deployment.
type CreateDeployment struct {
	Image       string     `json:"image,omitempty" doc:"Image reference to deploy" maxLength:"500"`
	SourceID    string     `json:"source_id,omitempty" doc:"From upload-source" maxLength:"100"`
	Description string     `json:"description,omitempty" doc:"Stands where a commit's message would" maxLength:"500"`
	Git         *DeployGit `json:"git,omitempty" doc:"Deploy from the app's git URL"`
	Example     string     `json:"example,omitempty" doc:"Name of an example that the server carries, from list-examples" maxLength:"100"`
}

// DeployGit asks for a deployment from the app's git URL.
type DeployGit struct {
	Ref string `json:"ref,omitempty" doc:"Branch, tag or commit; empty for the tracked branch" maxLength:"250"`
}

func (c *CreateDeployment) submission() (pipeline.Submission, error) {
	given := 0
	for _, is := range []bool{c.Image != "", c.SourceID != "", c.Git != nil, c.Example != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return pipeline.Submission{}, models.Errorf(models.KindInvalid, "give exactly one of image, source_id, git and example")
	}
	switch {
	case c.Image != "":
		return pipeline.Submission{Trigger: models.TriggerImage, ImageRef: c.Image, CommitMessage: c.Description}, checkImage(c.Image)
	case c.SourceID != "":
		return pipeline.Submission{Trigger: models.TriggerUpload, SourceID: c.SourceID, CommitMessage: c.Description}, nil
	case c.Example != "":
		return pipeline.Submission{}, nil // made once the app is known
	default:
		return pipeline.Submission{Trigger: models.TriggerGit, SourceRef: c.Git.Ref, CommitMessage: c.Description}, nil
	}
}

func (a *API) createDeployment(ctx context.Context, who caller, in *struct {
	AppInput
	Body CreateDeployment
},
) (*body[Deployment], error) {
	submission, err := in.Body.submission()
	if err != nil {
		return nil, err
	}
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	if submission.SourceID != "" && !a.deps.Pipeline.Sources().Has(ctx, submission.SourceID) {
		return nil, models.Invalid("source_id", "no such source: upload it first")
	}
	if in.Body.Example != "" {
		if submission, err = a.exampleSubmission(ctx, in.Body.Example, in.Body.Description); err != nil {
			return nil, err
		}
	}
	if in.Body.Git != nil {
		if app.SourceURL == "" {
			return nil, models.Errorf(models.KindConflict, "%s has no git URL to deploy from; set its source first", app.Name)
		}
		if submission.SourceRef == "" {
			submission.SourceRef = app.Branch
		}
	}
	d, err := a.deps.Pipeline.Submit(ctx, who.Actor, app, submission)
	if err != nil {
		return nil, err
	}
	return a.present(ctx, d, app.Name)
}

// Source is an uploaded source.
type Source struct {
	SourceID  string `json:"source_id"`
	SizeBytes int64  `json:"size_bytes" doc:"Of the archive as it was sent"`
	Files     int    `json:"files" doc:"Regular files in it"`
}

type uploadInput struct {
	AppInput
	stream io.Reader
}

// Resolve takes the body as a stream: a source may be large.
func (u *uploadInput) Resolve(ctx huma.Context) []error {
	u.stream = ctx.BodyReader()
	return nil
}

func (a *API) uploadSource(ctx context.Context, who caller, in *uploadInput) (*body[Source], error) {
	// Look before the upload is read: who may not see the app may not fill the
	// disk either.
	if _, err := a.deps.Store.AppByName(ctx, who.Actor, in.App); err != nil {
		return nil, err
	}
	up, err := a.deps.Pipeline.Sources().Save(ctx, in.stream)
	if err != nil {
		return nil, err
	}
	return answer(Source{SourceID: up.ID, SizeBytes: up.Bytes, Files: up.Files}), nil
}

// DeploymentInput names a deployment.
type DeploymentInput struct {
	AppInput
	Number int `path:"number" minimum:"1" maximum:"2147483647" example:"1"`
}

func (a *API) getDeployment(ctx context.Context, who caller, in *DeploymentInput) (*body[Deployment], error) {
	d, err := a.deps.Pipeline.Deployment(ctx, who.Actor, in.App, in.Number)
	if err != nil {
		return nil, err
	}
	builds, err := a.deps.Pipeline.Builds(ctx, []models.Deployment{*d})
	if err != nil {
		return nil, err
	}
	out, err := a.present(ctx, d, in.App)
	if err != nil {
		return nil, err
	}
	if build, ok := builds[d.ID]; ok {
		out.Body.Build = wireBuild(&build)
	}
	return out, nil
}

func (a *API) cancelDeployment(ctx context.Context, who caller, in *DeploymentInput) (*body[Deployment], error) {
	d, err := a.deps.Pipeline.Cancel(ctx, who.Actor, in.App, in.Number)
	if err != nil {
		return nil, err
	}
	return a.present(ctx, d, in.App)
}

func (a *API) retryDeployment(ctx context.Context, who caller, in *DeploymentInput) (*body[Deployment], error) {
	d, err := a.deps.Pipeline.Retry(ctx, who.Actor, in.App, in.Number)
	if err != nil {
		return nil, err
	}
	return a.present(ctx, d, in.App)
}

func (a *API) restartApp(ctx context.Context, who caller, in *AppInput) (*body[Deployment], error) {
	d, err := a.deps.Pipeline.Restart(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	return a.present(ctx, d, in.App)
}
