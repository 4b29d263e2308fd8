// Package space knows what uses the disk and collects what can be done without:
// images, build cache, logs, repositories, sources and figures. What a release
// that is kept needs never goes, nor does anything that is not the
// installation's own.
package space

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
)

// Kind is one kind of thing that takes disk.
type Kind string

// The kinds.
const (
	KindImages       Kind = "images"
	KindBuildCache   Kind = "build_cache"  // of this installation's builds
	KindOtherCache   Kind = "other_cache"  // of builds by others on the same engine: never collected
	KindLogs         Kind = "logs"         // of apps and deployments
	KindRepositories Kind = "repositories" // what was pushed
	KindSources      Kind = "sources"      // snapshots that deployments were made of
	KindMetrics      Kind = "metrics"
	KindVolumes      Kind = "volumes" // apps' own data: never collected
	KindWork         Kind = "work"    // what builds unpack
	KindDatabase     Kind = "database"
)

// Kinds are all kinds, in the order in which they are shown.
func Kinds() []Kind {
	return []Kind{KindImages, KindBuildCache, KindOtherCache, KindLogs, KindSources, KindRepositories, KindMetrics, KindVolumes, KindWork, KindDatabase}
}

// Logs is what the service wants of a logs.Store.
type Logs interface {
	// Uses lists what each stream takes.
	Uses() ([]logs.Use, error)
	// Expire deletes what was written to a stream before a time, in whole
	// files, and gives the bytes freed.
	Expire(stream string, before time.Time) (freed int64, err error)
	// Remove deletes a stream.
	Remove(stream string) error
}

// Sources is what the service wants of the pipeline.
type Sources interface {
	// Keeping says what is kept of what can be done without.
	Keeping() store.Keeping
	// DropSources forgets source snapshots.
	DropSources(ids []string)
}

// Remains forgets what an app left outside the database, once its row is gone.
type Remains interface {
	Forget(ctx context.Context, appID string) error
}

// Settings are the policy, beside what Sources says.
type Settings struct {
	DataDir      string
	Installation string // names the images that it built
	Watermark    int    // percent of a disk in use above which more is collected; 0 for 85
	CacheBytes   int64  // of build cache that are kept; 0 for 10 GiB
	Reserve      int64  // bytes that builds leave free; 0 for 2 % of the disk, 64 MiB to 2 GiB
	KeepDays     int    // log lines that are older go; 0 for no such limit
}

// Deps are what a Service works with.
type Deps struct {
	Store    *store.Store
	Cluster  deployer.Cluster // a deployer.Stocked and deployer.Images, or it keeps nothing
	Cache    builder.Cache    // nil where there is none
	Logs     Logs
	Sources  Sources
	Remains  Remains
	Hub      *live.Hub
	Logger   *slog.Logger
	Settings Settings
}

// Service is safe for concurrent use. Run must be running for it to collect by
// itself.
type Service struct {
	Deps
	cache *ownCache
	now   func() time.Time
	disk  func(path string) (Disk, error)
	wake  chan struct{} // holds a token when Run is to look at once

	collecting sync.Mutex // one collection at a time

	mu         sync.Mutex
	engineRoot string // the engine's folder, when it is on this machine
	asked      bool   // engineRoot is known
	last       *Collection
	relieved   time.Time // when Room collected last
}

// New makes a Service.
func New(deps Deps) *Service {
	if deps.Settings.Watermark <= 0 {
		deps.Settings.Watermark = DefaultWatermark
	}
	if deps.Settings.CacheBytes <= 0 {
		deps.Settings.CacheBytes = DefaultCacheBytes
	}
	return &Service{
		Deps: deps, cache: newOwnCache(deps.Settings.DataDir), now: time.Now, disk: diskOf, wake: make(chan struct{}, 1),
	}
}

// What holds when nothing is set.
const (
	DefaultWatermark  = 85
	DefaultCacheBytes = 10 << 30
)
