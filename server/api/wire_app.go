package api

import (
	"cmp"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
)

// App is an app as the API shows it.
type App struct {
	ID                string            `json:"id"`
	Name              string            `json:"name" example:"hello"`
	URL               string            `json:"url" doc:"Where the app answers" example:"http://hello.localhost:8080"`
	URLs              []string          `json:"urls" nullable:"false" doc:"All its addresses, its own name first"`
	GitURL            string            `json:"git_url" doc:"Push here to deploy"`
	Status            string            `json:"status" enum:"new,deploying,live,down,stopped,failed"`
	Cluster           string            `json:"cluster" doc:"The name of the cluster that its next release runs on" example:"local"`
	Branch            string            `json:"branch" doc:"The tracked branch; empty until the first push decides"`
	Builder           string            `json:"builder" doc:"dockerfile, static, image, or empty to choose by what the source holds"`
	Dockerfile        string            `json:"dockerfile" doc:"Path of the Dockerfile in the source; empty for Dockerfile"`
	HealthPath        string            `json:"health_path" doc:"Path that must answer 2xx or 3xx; empty to probe the port only"`
	Port              int               `json:"port" doc:"Port the web process listens on; 0 to follow the image"`
	MemoryMB          int               `json:"memory_mb" doc:"Memory limit per instance in MiB; 0 for the installation's default"`
	CPUMilli          int               `json:"cpu_milli" doc:"CPU limit per instance in thousandths of a core; 0 for the default"`
	Placement         map[string]string `json:"placement" nullable:"false" doc:"Labels that a node must have to run its instances; empty for any node"`
	ReserveMemoryMB   int               `json:"reserve_memory_mb" doc:"MiB that a node must have free for each instance; 0 for nothing"`
	ReserveCPUMilli   int               `json:"reserve_cpu_milli" doc:"Thousandths of a core that a node must have free for each instance; 0 for nothing"`
	SupersedeBuilding bool              `json:"supersede_building" doc:"Whether a newer deployment also stops one that is building"`
	StopFirst         bool              `json:"stop_first" doc:"Whether the old instances stop before the new ones start. A process with a volume always does"`
	WarmMinutes       int               `json:"warm_minutes" doc:"How long the release before is kept running for a rollback; 0 for not at all"`
	WatchMinutes      int               `json:"watch_minutes" doc:"How long a deployment is watched once it is live; 0 for not at all"`
	WarmRelease       *WarmRelease      `json:"warm_release,omitempty" doc:"The release before, while it is kept running: going back to it takes a moment"`
	Source            *AppSource        `json:"source,omitempty" doc:"The git URL it deploys from, if it has one"`
	LiveRelease       *LiveRelease      `json:"live_release,omitempty" doc:"Absent before the first release went live"`
	LastDeployment    *Deployment       `json:"last_deployment,omitempty" doc:"Absent before the first deployment"`
	Scale             map[string]int    `json:"scale" doc:"Wanted instances by process"`
	Instances         InstanceCount     `json:"instances"`
	WebhookURL        string            `json:"webhook_url" doc:"Give this to the forge"`
	CreatedAt         time.Time         `json:"created_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
	Revision          int64             `json:"revision" doc:"Goes up with every edit; the ETag"`
}

// AppSource is the git URL an app deploys from.
type AppSource struct {
	URL           string `json:"url"`
	HasCredential bool   `json:"has_credential" doc:"A deploy key or token is kept for it"`
}

// LiveRelease names the release that gets the traffic.
type LiveRelease struct {
	Version     int       `json:"version"`
	Commit      string    `json:"commit"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
}

// WarmRelease names the release that is kept running without traffic.
type WarmRelease struct {
	Version int       `json:"version"`
	Until   time.Time `json:"until" doc:"When it is let go"`
}

// InstanceCount says how many instances run and should run.
type InstanceCount struct {
	Running int `json:"running"`
	Wanted  int `json:"wanted"`
}

// Deployment is one attempt to make a release the live one.
type Deployment struct {
	ID              string     `json:"id"`
	App             string     `json:"app" doc:"The app's name"`
	Number          int        `json:"number"`
	Trigger         string     `json:"trigger" enum:"push,upload,git,webhook,image,config,rollback,settings,restart,return,move"`
	State           string     `json:"state" enum:"queued,building,releasing,deploying,succeeded,failed,cancelled,superseded"`
	Reason          string     `json:"reason" doc:"Why it did not succeed, in words"`
	Cause           string     `json:"cause" doc:"Why Slipway made it by itself, in words; empty when somebody asked for it"`
	SupersededBy    int        `json:"superseded_by" doc:"The number of the newer deployment that made it needless; 0 for none"`
	FromRelease     int        `json:"from_release" doc:"The release that a rollback or return goes back to; 0 for all others"`
	Commit          string     `json:"commit"`
	CommitMessage   string     `json:"commit_message"`
	SourceRef       string     `json:"source_ref" doc:"Branch or tag it came from"`
	Image           string     `json:"image" doc:"The image reference that was asked for, if one was"`
	Release         int        `json:"release" doc:"The release it made or names; 0 until then"`
	CreatedBy       string     `json:"created_by"`
	CancelRequested bool       `json:"cancel_requested"`
	QueuePosition   int        `json:"queue_position" doc:"How many deployments of the app go first; 0 when none"`
	BuildPosition   int        `json:"build_position" doc:"While it waits for a build slot, its place among all that do, 1 for the next; 0 when it does not"`
	CreatedAt       time.Time  `json:"created_at"`
	StartedAt       *time.Time `json:"started_at,omitempty" doc:"When it left the queue"`
	BuiltAt         *time.Time `json:"built_at,omitempty"`
	ReleasedAt      *time.Time `json:"released_at,omitempty"`
	FinishedAt      *time.Time `json:"finished_at,omitempty"`
	PhaseDeadline   *time.Time `json:"phase_deadline,omitempty" doc:"When the time-out of the phase it is in strikes; absent where none runs"`
	Watch           *Watch     `json:"watch,omitempty" doc:"What came of watching it once it was live; absent when it was not watched"`
	Build           *Build     `json:"build,omitempty" doc:"Absent when nothing was built, and in an app's last_deployment"`
}

// Watch is how a deployment that went live is compared with the release before.
type Watch struct {
	Until   time.Time `json:"until"`
	Verdict string    `json:"verdict" enum:"open,kept,returned,unknown" doc:"open while it is watched; returned when Slipway went back"`
	Note    string    `json:"note" doc:"What the verdict rests on, in words"`
}

// Build is the build of one deployment.
type Build struct {
	Builder    string     `json:"builder" doc:"The chosen builder; empty until chosen"`
	State      string     `json:"state" enum:"pending,running,succeeded,failed,cancelled"`
	Digest     string     `json:"digest"`
	Error      string     `json:"error"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Release is an immutable image with its config and processes.
type Release struct {
	Version          int       `json:"version"`
	Image            string    `json:"image"`
	Digest           string    `json:"digest"`
	ImageSizeBytes   int64     `json:"image_size_bytes" doc:"0 when it is not known"`
	Commit           string    `json:"commit"`
	Description      string    `json:"description"`
	ConfigNames      []string  `json:"config_names" nullable:"false"`
	Processes        []Process `json:"processes" nullable:"false"`
	CreatedBy        string    `json:"created_by"`
	CreatedAt        time.Time `json:"created_at"`
	Live             bool      `json:"live"`
	Warm             bool      `json:"warm" doc:"It is kept running without traffic: going back to it takes a moment"`
	DeploymentNumber int       `json:"deployment_number" doc:"The deployment that made it"`
}

// Process is one kind of instance that a release runs.
type Process struct {
	Name       string   `json:"name"`
	Command    []string `json:"command" nullable:"false" doc:"Argument vector; empty for the image's own"`
	Port       int      `json:"port" doc:"0 when it takes no requests"`
	HealthPath string   `json:"health_path"`
}

// Instance is one running container of a process.
type Instance struct {
	Name      string     `json:"name" example:"hello.web.v3.1"`
	Process   string     `json:"process"`
	Release   int        `json:"release"`
	Index     int        `json:"index"`
	State     string     `json:"state" enum:"starting,healthy,unhealthy,exited"`
	Address   string     `json:"address"`
	StartedAt *time.Time `json:"started_at,omitempty"`
	Restarts  int        `json:"restarts"`
	ExitCode  int        `json:"exit_code" doc:"Meaningful when exited"`
	OOMKilled bool       `json:"oom_killed" doc:"It went over its memory limit"`
	Node      string     `json:"node"`
}

// ConfigItem is one config var.
type ConfigItem struct {
	Key   string  `json:"key"`
	Value *string `json:"value,omitempty" doc:"Left out without the secrets scope"`
}

// Domain is a host name that leads to an app.
type Domain struct {
	ID        string    `json:"id"`
	Host      string    `json:"host"`
	Automatic bool      `json:"automatic" doc:"The app's own name under the installation's app domain; it cannot be removed"`
	CreatedAt time.Time `json:"created_at"`
}

// Event is one line of the audit trail.
type Event struct {
	ID        string            `json:"id"`
	App       string            `json:"app"`
	Actor     string            `json:"actor"`
	Action    string            `json:"action" example:"config.set"`
	Target    string            `json:"target"`
	Detail    map[string]string `json:"detail"`
	IP        string            `json:"ip"`
	CreatedAt time.Time         `json:"created_at"`
}

func (a *API) wireApp(v *apps.View) App {
	app := v.App
	wire := App{
		ID: app.ID, Name: app.Name, URLs: list(v.URLs), GitURL: a.deps.URL + "/" + app.Name + ".git",
		Status: v.Status, Cluster: a.deps.Clusters.Name(app.ClusterID), Branch: app.Branch, Builder: app.Builder, Dockerfile: app.Dockerfile,
		HealthPath: app.HealthPath, Port: app.Port, MemoryMB: app.MemoryMB, CPUMilli: app.CPUMilli,
		Scale: wireScale(&app), Instances: InstanceCount{Running: v.Running, Wanted: v.Wanted},
		WebhookURL: a.webhookURL(app.Name), CreatedAt: app.CreatedAt, UpdatedAt: app.UpdatedAt, Revision: app.Revision,
		Placement: app.Placement, ReserveMemoryMB: app.ReserveMemoryMB, ReserveCPUMilli: app.ReserveCPUMilli,
		SupersedeBuilding: app.SupersedeBuilding, StopFirst: app.StopFirst, WarmMinutes: app.WarmMinutes, WatchMinutes: app.WatchMinutes,
	}
	if wire.Placement == nil {
		wire.Placement = map[string]string{}
	}
	if warm := warmRelease(&app); warm > 0 {
		wire.WarmRelease = &WarmRelease{Version: warm, Until: *app.WarmUntil}
	}
	if len(v.URLs) > 0 {
		wire.URL = v.URLs[0]
	}
	if app.SourceURL != "" {
		wire.Source = &AppSource{URL: app.SourceURL, HasCredential: len(app.SourceCredential) > 0}
	}
	if v.Live != nil {
		wire.LiveRelease = &LiveRelease{Version: v.Live.Version, Commit: v.Live.Commit, Description: v.Live.Description, CreatedAt: v.Live.CreatedAt}
	}
	if v.Last != nil {
		d := wireDeployment(v.Last, app.Name)
		wire.LastDeployment = &d
	}
	return wire
}

func (a *API) webhookURL(app string) string { return a.deps.URL + "/webhooks/github/" + app }

// wireScale shows the web process's one instance even where nobody set it.
func wireScale(app *models.App) map[string]int {
	scale := map[string]int{models.WebProcess: app.Instances(models.WebProcess)}
	for process, n := range app.Scale {
		scale[process] = n
	}
	return scale
}

// warmRelease gives the release that is kept warm just now, 0 for none.
func warmRelease(app *models.App) int {
	if app.WarmUntil == nil || !time.Now().Before(*app.WarmUntil) {
		return 0
	}
	return app.WarmRelease
}

func wireWatch(d *models.Deployment) *Watch {
	if d.WatchUntil == nil {
		return nil
	}
	return &Watch{Until: *d.WatchUntil, Verdict: cmp.Or(string(d.WatchVerdict), "open"), Note: d.WatchNote}
}

func wireDeployment(d *models.Deployment, app string) Deployment {
	return Deployment{
		ID: d.ID, App: app, Number: d.Number, Trigger: string(d.Trigger), State: string(d.State), Reason: d.Reason,
		Commit: d.Commit, CommitMessage: d.CommitMessage, SourceRef: d.SourceRef, Image: d.ImageRef, Release: d.Release,
		CreatedBy: d.CreatedBy, CancelRequested: d.CancelledAt != nil && !d.State.Terminal(),
		CreatedAt: d.CreatedAt, StartedAt: d.StartedAt, BuiltAt: d.BuiltAt, ReleasedAt: d.ReleasedAt, FinishedAt: d.FinishedAt, PhaseDeadline: d.PhaseDeadline,
		Cause: d.Cause, SupersededBy: d.SupersededBy, FromRelease: d.FromRelease, Watch: wireWatch(d),
	}
}

func wireBuild(b *models.Build) *Build {
	if b == nil {
		return nil
	}
	return &Build{
		Builder: b.Builder, State: string(b.State), Digest: b.Digest, Error: b.Error,
		StartedAt: b.StartedAt, FinishedAt: b.FinishedAt,
	}
}

// list gives an empty slice for a nil one, so that JSON has [] and not null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
