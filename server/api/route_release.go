package api

import (
	"context"
	"net/http"

	"github.com/distribution/reference"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const tagReleases = "Releases"

func (a *API) releaseRoutes() {
	register(a, get("list-releases", "/apps/{app}/releases", tagReleases, "List an app's releases, newest first"), a.listReleases)
	register(a, get("get-release", "/apps/{app}/releases/{version}", tagReleases, "Show a release"), a.getRelease)
	register(a, route{
		id: "rollback-app", method: http.MethodPost, path: "/apps/{app}/rollback", tag: tagReleases, summary: "Make an earlier release live again",
		description: "Nothing is built. Without a version it is the release that was live before this one.",
		status:      http.StatusAccepted, scope: models.ScopeDeploy, creates: true,
	}, a.rollbackApp)
}

func (a *API) wireReleases(ctx context.Context, app *models.App, releases []models.Release) ([]Release, error) {
	items := make([]Release, len(releases))
	for i, r := range releases {
		processes := make([]Process, len(r.Processes))
		for j, p := range r.Processes {
			processes[j] = Process{Name: p.Name, Command: list(p.Command), Port: p.Port, HealthPath: p.HealthPath}
		}
		items[i] = Release{
			Version: r.Version, Image: r.Image, Digest: r.Digest, ImageSizeBytes: r.ImageSize, Commit: r.Commit, Description: r.Description,
			ConfigNames: list(r.ConfigNames), Processes: processes, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt,
			Live: r.Version == app.LiveRelease, Warm: r.Version == warmRelease(app),
		}
	}
	ids := make([]string, len(releases))
	for i := range releases {
		ids[i] = releases[i].DeploymentID
	}
	numbers, err := a.deps.Store.DeploymentNumbers(ctx, app, ids)
	if err != nil {
		return nil, err
	}
	for i := range items {
		items[i].DeploymentNumber = numbers[ids[i]]
	}
	return items, nil
}

func (a *API) listReleases(ctx context.Context, who caller, in *struct {
	AppInput
	PageInput
},
) (*body[Page[Release]], error) {
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	releases, next, err := a.deps.Pipeline.Releases(ctx, who.Actor, in.App, store.Page{Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	items, err := a.wireReleases(ctx, app, releases)
	if err != nil {
		return nil, err
	}
	return page(items, next), nil
}

func (a *API) getRelease(ctx context.Context, who caller, in *struct {
	AppInput
	Version int `path:"version" minimum:"1" maximum:"2147483647" example:"3"`
},
) (*body[Release], error) {
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	release, err := a.deps.Pipeline.Release(ctx, who.Actor, in.App, in.Version)
	if err != nil {
		return nil, err
	}
	items, err := a.wireReleases(ctx, app, []models.Release{*release})
	if err != nil {
		return nil, err
	}
	return answer(items[0]), nil
}

// Rollback is the body of rollback-app.
type Rollback struct {
	Version int `json:"version,omitempty" minimum:"0" maximum:"2147483647" doc:"The release to make live; 0 or absent for the one before"`
}

func (a *API) rollbackApp(ctx context.Context, who caller, in *struct {
	AppInput
	Body *Rollback
},
) (*body[Deployment], error) {
	version := 0
	if in.Body != nil {
		version = in.Body.Version
	}
	d, err := a.deps.Pipeline.Rollback(ctx, who.Actor, in.App, version)
	if err != nil {
		return nil, err
	}
	return a.present(ctx, d, in.App)
}

// checkImage refuses what is not an image reference.
func checkImage(ref string) error {
	if _, err := reference.ParseNormalizedNamed(ref); err != nil {
		return models.Invalid("image", "%.100q is not an image reference, such as nginx:1.27 or registry.example.com/team/app@sha256:…", ref)
	}
	return nil
}
