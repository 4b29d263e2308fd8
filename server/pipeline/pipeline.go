// Package pipeline takes a source to a live release: it writes deployments
// down, builds, makes releases, rolls them out and keeps what is live running.
// All front doors (git, REST, webhook) come through Submit. It translates
// between models and the libraries builder and deployer, which know nothing of
// the database.
package pipeline

import (
	"cmp"
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/secrets"
)

// Queue wakes a worker for an app. The wake-up is committed with the rows of
// the transaction or not at all. It is only that: what to do is in the rows.
type Queue interface {
	Wake(ctx context.Context, tx *store.Store, appID string) error
}

// Routing is what the pipeline wants of the routers.
type Routing interface {
	deployer.Router
	// Changed says that an app's hosts, scale or live release changed in the
	// store, so its routes must be made anew.
	Changed(appID string)
}

// Peers are the other servers on the database, which have logs of their own.
type Peers interface {
	// ShareLines shows them what was written to a deployment's log. It returns
	// at once.
	ShareLines(deploymentID string, lines []logs.Line)
	// FlushLines returns when they can have all of it.
	FlushLines(ctx context.Context) error
	// CatchUp returns when this server's logs have what the others wrote.
	CatchUp(ctx context.Context)
}

// Settings are the pipeline's limits.
type Settings struct {
	DataDir          string
	ServerID         string // stays the same when the server is started again; "" for a new one
	Installation     string // label and name prefix of images
	BuildConcurrency int
	BuildTimeout     time.Duration
	HealthTimeout    time.Duration
	RolloutSlack     time.Duration // what a rollout may take beside waiting for health: an engine that hangs, or is away, must not hold a deployment for ever; 0 for 2 min
	DrainTimeout     time.Duration
	StopGrace        time.Duration
	MaxSourceBytes   int64
	AppMemoryMB      int // default limit per instance
	AppCPUMilli      int
	AllowFileSources bool // file:// git URLs
	KeepReleases     int  // whose images are kept, beside the live one's; 0 for 10
	KeepDays         int  // releases and sources that are older go, but for what runs or ran last; 0 for no such limit
}

// Room says why nothing may be built or taken in at present, in words for
// people: the disk is full. nil when there is room. It may take a while to make
// some first.
type Room func(ctx context.Context) error

// Deps are what a Pipeline works with.
type Deps struct {
	Store    *store.Store
	Queue    Queue
	Cluster  deployer.Cluster
	Routing  Routing
	Builders []builder.Builder
	Logs     *logs.Store
	Peers    Peers // nil for none
	Hub      *live.Hub
	Box      *secrets.Box
	Logger   *slog.Logger
	Figures  Figures // nil to watch nothing
	Publish  Publish // nil without a registry
	Room     Room    // nil where there is always room
	Settings Settings
}

// Pipeline is safe for concurrent use.
type Pipeline struct {
	Deps
	holder  string // this process among those on the same database: its server's ID and one of its own
	sources *Sources
	slots   slots
	bustle  bustle

	watchTurn sync.Mutex          // who has it watches
	watching  map[string]*watched // by deployment ID

	mu        sync.Mutex
	cancels   map[string]context.CancelCauseFunc // by deployment ID, of this process's work
	turns     map[string]*turn                   // by app ID
	unsettled map[string]time.Time               // by app ID: when to look at its instances again
	waiters   map[string]*waiter                 // by deployment ID
	health    map[string]*health                 // by app ID
	unknown   int                                // apps that have instances and no row
	looks     *looks

	// What instances of live releases are made from, by app ID.
	blueprints map[string]blueprint
}

// New makes a Pipeline. It starts nothing: jobs call Advance.
func New(deps Deps) *Pipeline {
	if deps.Settings.KeepReleases <= 0 {
		deps.Settings.KeepReleases = 10
	}
	deps.Settings.RolloutSlack = cmp.Or(deps.Settings.RolloutSlack, 2*time.Minute)
	deps.Settings.BuildConcurrency = max(deps.Settings.BuildConcurrency, 1)
	if deps.Settings.ServerID == "" {
		deps.Settings.ServerID = models.NewID()
	}
	p := &Pipeline{
		Deps:    deps,
		holder:  holders(deps.Settings.ServerID) + models.NewID(),
		sources: &Sources{dir: filepath.Join(deps.Settings.DataDir, "sources"), maxBytes: deps.Settings.MaxSourceBytes, room: deps.Room},
		cancels: map[string]context.CancelCauseFunc{}, turns: map[string]*turn{},
		unsettled: map[string]time.Time{}, waiters: map[string]*waiter{},
		health: map[string]*health{}, looks: newLooks(), blueprints: map[string]blueprint{},
	}
	if deps.Store != nil {
		p.sources.others = deps.Store
	}
	return p
}

// holders is what the names begin with by which a server's processes, one after
// the other, hold leases.
func holders(serverID string) string { return serverID + "/" }

// Sources are the stored source snapshots.
func (p *Pipeline) Sources() *Sources { return p.sources }

// logger gives a logger with the keys that find everything about a deployment.
func (p *Pipeline) logger(d *models.Deployment) *slog.Logger {
	return p.Logger.With("app", d.AppID, "deployment", d.ID)
}

// Announce tells dashboards and waiters that a deployment changed, or was made
// by SubmitIn.
func (p *Pipeline) Announce(app *models.App, d *models.Deployment) {
	p.publish(app, live.TopicDeployment, d.ID, live.ActionChanged)
	p.publish(app, live.TopicApp, app.ID, live.ActionChanged)
	if d.State.Terminal() {
		p.ended(d.ID)
	}
}

func (p *Pipeline) publish(app *models.App, topic, id, action string) {
	p.Hub.Publish(live.Event{Topic: topic, App: app.Name, AppID: app.ID, ID: id, Action: action})
}
