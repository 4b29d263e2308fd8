package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/slipway-paas/slipway/models"
)

const tagVolumes = "Volumes"

func (a *API) volumeRoutes() {
	register(a, get("list-volumes", "/apps/{app}/volumes", tagVolumes, "List an app's volumes"), a.listVolumes)
	register(a, route{
		id: "add-volume", method: http.MethodPost, path: "/apps/{app}/volumes", tag: tagVolumes, summary: "Give a process a volume",
		description: "What an instance writes there outlives it. The process runs as one instance from then on, and its old instance stops before the new one starts. If anything is deployed yet, a deployment brings it about.",
		status:      http.StatusCreated, scope: models.ScopeWrite, creates: true,
	}, a.addVolume)
	register(a, route{
		id: "remove-volume", method: http.MethodDelete, path: "/apps/{app}/volumes/{volume}", tag: tagVolumes, summary: "Take a volume away and delete what is in it",
		description: "It is deleted as soon as no instance uses it. There is no way back.",
		status:      http.StatusOK, scope: models.ScopeWrite,
	}, a.removeVolume)
}

// Volume is storage of an app that outlives its instances and releases.
type Volume struct {
	Name      string    `json:"name" example:"uploads"`
	Process   string    `json:"process" example:"web"`
	Path      string    `json:"path" doc:"Where the instance sees it" example:"/data"`
	CreatedAt time.Time `json:"created_at"`
}

// AddVolume is the body of add-volume.
type AddVolume struct {
	Name    string `json:"name" doc:"Up to 30 lower-case letters, digits and single hyphens, starting with a letter" example:"uploads" maxLength:"100"`
	Path    string `json:"path" doc:"Absolute path in the instance" example:"/data" maxLength:"500"`
	Process string `json:"process,omitempty" doc:"web when left out" maxLength:"100"`
}

// VolumeChange is what a change of volumes did.
type VolumeChange struct {
	Volume     *Volume     `json:"volume,omitempty" doc:"Absent once it is taken away"`
	Deployment *Deployment `json:"deployment,omitempty" doc:"Absent when nothing is deployed yet"`
}

func wireVolume(v *models.Volume) Volume {
	return Volume{Name: v.Name, Process: v.Process, Path: v.Path, CreatedAt: v.CreatedAt}
}

func (a *API) listVolumes(ctx context.Context, who caller, in *AppInput) (*body[Page[Volume]], error) {
	volumes, err := a.deps.Apps.Volumes(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	items := make([]Volume, len(volumes))
	for i := range volumes {
		items[i] = wireVolume(&volumes[i])
	}
	return page(items, ""), nil
}

func (a *API) addVolume(ctx context.Context, who caller, in *struct {
	AppInput
	Body AddVolume
},
) (*body[VolumeChange], error) {
	v, d, err := a.deps.Apps.AddVolume(ctx, who.Actor, in.App, models.Volume{
		Process: cmp.Or(in.Body.Process, models.WebProcess), Name: in.Body.Name, Path: in.Body.Path,
	})
	if err != nil {
		return nil, err
	}
	wire := wireVolume(v)
	return answer(VolumeChange{Volume: &wire, Deployment: wireDeploymentOf(d, in.App)}), nil
}

func (a *API) removeVolume(ctx context.Context, who caller, in *struct {
	AppInput
	Volume  string `path:"volume" maxLength:"100" example:"uploads"`
	Confirm string `query:"confirm" required:"true" doc:"The volume's name once more"`
},
) (*body[VolumeChange], error) {
	if in.Confirm != in.Volume {
		return nil, models.Invalid("confirm", "to delete the volume %s and what is in it, send its name as confirm=%s", in.Volume, in.Volume)
	}
	d, err := a.deps.Apps.RemoveVolume(ctx, who.Actor, in.App, in.Volume)
	if err != nil {
		return nil, err
	}
	return answer(VolumeChange{Deployment: wireDeploymentOf(d, in.App)}), nil
}
