// Package server wires Slipway's control plane together and looks after its
// life: what starts before what, and what ends after what. It does nothing else.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildkit"
	"github.com/slipway-paas/slipway/builder/dockerfile"
	"github.com/slipway-paas/slipway/builder/image"
	"github.com/slipway-paas/slipway/builder/static"
	"github.com/slipway-paas/slipway/config"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/accounts"
	"github.com/slipway-paas/slipway/server/api"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/forge"
	"github.com/slipway-paas/slipway/server/git"
	"github.com/slipway-paas/slipway/server/jobs"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/metrics"
	"github.com/slipway-paas/slipway/server/peers"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/postgres"
	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/routing"
	"github.com/slipway-paas/slipway/server/secrets"
	"github.com/slipway-paas/slipway/server/space"
)

// Programs are the small programs that the server hands to others to run. They
// come from the main program, which carries them packed.
type Programs struct {
	Router     Program // runs in the router's container
	FileServer Program // goes into images of static sites
	Hook       Program // runs as git's pre-receive hook
}

// Program gives a program's bytes, unpacked anew at each call.
type Program func() ([]byte, error)

// Options are what a server is made of.
type Options struct {
	Config   config.Config
	Programs Programs
	UI       fs.FS // the built dashboard
	Version  string
	Logger   *slog.Logger
	Out      io.Writer // gets the few lines that are meant for the person who starts the server
}

// Server is a control plane. Make one, Run it, throw it away.
type Server struct {
	Options
	closers []closer // in the order they were opened

	store    *store.Store
	logs     *logs.Store
	metrics  *metrics.Store
	cluster  *docker.Cluster // the server's own engine
	fleet    *fleet.Fleet    // all clusters
	routing  *routing.Service
	pipeline *pipeline.Pipeline
	space    *space.Service
	clusters *clusters.Service
	registry *registry.Service
	queue    *jobs.Queue
	accounts *accounts.Service
	git      *git.Server
	api      *api.API
	peers    *peers.Peers
	id       string // see serverID
	token    string // the router token

	stopping  context.Context // ends when the server begins to stop
	startStop context.CancelFunc
}

type closer struct {
	what  string
	close func(context.Context) error
}

// New makes a server. Nothing is opened before Run.
func New(o Options) *Server {
	s := &Server{Options: o}
	s.stopping, s.startStop = context.WithCancel(context.Background())
	return s
}

// shutdownTimeout bounds an orderly end.
const shutdownTimeout = 45 * time.Second

// Run brings everything up, serves until ctx ends, and takes everything down
// again in the reverse order. The router and the apps go on running.
func (s *Server) Run(ctx context.Context) (err error) {
	defer func() {
		ending, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer stop()
		err = errors.Join(err, s.close(ending))
	}()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"data folder", s.openData},
		{"database", s.openStore},
		{"cluster", s.openCluster},
		{"services", s.openServices},
		{"doors", s.openDoors},
		{"presence", s.appear},
		{"jobs", s.startWork},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return s.serve(ctx)
}

func (s *Server) onClose(what string, close func(context.Context) error) {
	s.closers = append(s.closers, closer{what, close})
}

func (s *Server) close(ctx context.Context) error {
	var failures []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		if err := s.closers[i].close(ctx); err != nil {
			failures = append(failures, fmt.Errorf("closing %s: %w", s.closers[i].what, err))
		}
	}
	return errors.Join(failures...)
}

// openData makes the data folder and keeps other servers out of it: its logs
// and repositories have one writer.
func (s *Server) openData(context.Context) error {
	dir := s.Config.DataDir
	// The folder itself may be passed through: Postgres runs as another user
	// below it. What is secret in it has modes of its own.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return fmt.Errorf("another Slipway server is using %s", dir)
	}
	s.onClose("data folder", func(context.Context) error { return lock.Close() })
	s.id, err = serverID(dir)
	return err
}

// serverID gives the ID that a data folder's servers have, one after the other.
// By it a server knows what it held itself before it died.
func serverID(dir string) (string, error) {
	path := filepath.Join(dir, "server-id")
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if id := strings.TrimSpace(string(kept)); models.IsID(id) {
		return id, nil
	}
	// A new one does no harm: leases of the old one run out.
	id := models.NewID()
	return id, replaceFile(path, []byte(id+"\n"), 0o600)
}

// openStore connects to Postgres, starting the embedded one if none is
// configured, and brings its schema up to date.
func (s *Server) openStore(ctx context.Context) error {
	url := s.Config.DatabaseURL
	if url == "" {
		instance, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(s.Config.DataDir, "postgres"), Logger: s.Logger})
		if err != nil {
			return err
		}
		s.onClose("Postgres", instance.Stop)
		url = instance.URL()
	}
	opened, err := s.connect(ctx, url)
	if err != nil {
		return err
	}
	s.store = opened
	s.onClose("database", func(context.Context) error { opened.Close(); return nil })
	return migrations.Up(ctx, opened.Pool())
}

// connect waits for a Postgres that is not up yet: in a composition both start
// at once.
func (s *Server) connect(ctx context.Context, url string) (*store.Store, error) {
	for told := false; ; told = true {
		opened, err := store.Open(ctx, url, databaseConnections)
		if err == nil || !store.Away(err) {
			return opened, err
		}
		if !told {
			s.Logger.Warn("waiting for Postgres", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

const databaseConnections = 20

// openCluster makes the container engine's driver. The engine itself may be
// away; it is waited for where it is needed.
func (s *Server) openCluster(context.Context) error {
	box, err := s.openBox()
	if err != nil {
		return err
	}
	s.cluster, err = docker.New(docker.Options{
		Host: s.Config.DockerHost, Installation: s.Config.Installation, NetworkPool: s.Config.NetworkPool,
		// Two releases of an app at its largest fit into a network of 126.
		NetworkBits: 25, StopGrace: s.Config.StopGrace, Logger: s.Logger,
		LabelKey: box.Key("labels of instances"),
	})
	return err
}

func (s *Server) openServices(ctx context.Context) error {
	cfg, dir := s.Config, s.Config.DataDir
	box, err := s.openBox()
	if err != nil {
		return err
	}
	if s.token, err = s.routerToken(); err != nil {
		return err
	}
	if s.logs, err = logs.Open(filepath.Join(dir, "logs"), logs.Options{MaxStreamBytes: int64(cfg.LogStreamMB) << 20}, s.Logger); err != nil {
		return err
	}
	s.onClose("logs", func(context.Context) error { return s.logs.Close() })

	if s.metrics, err = metrics.Open(filepath.Join(dir, "metrics"), s.Logger); err != nil {
		return err
	}

	hub := live.NewHub(0)
	if err := s.openRegistry(box); err != nil {
		return err
	}
	s.clusters = clusters.New(clusters.Deps{Store: s.store, Home: s.cluster, Drivers: s.drivers(box), Gauge: s.metrics, Hub: hub, Box: box, Logger: s.Logger})
	if err := s.clusters.Reload(ctx); err != nil {
		return err
	}
	s.background("clusters", func(ctx context.Context) error { s.clusters.Run(ctx); return nil })
	s.fleet = s.clusters.Fleet()
	collector := logs.NewCollector(s.logs, s.fleet, s.Logger)
	s.peers = peers.New(peers.Deps{Store: s.store, Logs: s.logs, Hub: hub, Logger: s.Logger, ServerID: s.id})
	s.routing = routing.New(s.fleet, routes{s.store, cfg.AppDomain}, s.routingOptions(), s.Logger)
	s.peers.Routing = s.routing
	router := peers.Router{Peers: s.peers}
	if s.queue, err = jobs.New(s.store, s.Logger); err != nil {
		return err
	}
	solver := buildkit.New(s.cluster.API, s.Logger)
	s.pipeline = pipeline.New(pipeline.Deps{
		Store: s.store, Queue: s.queue, Cluster: s.fleet, Routing: router, Peers: s.peers,
		Builders: []builder.Builder{image.New(s.cluster.API), dockerfile.New(solver), static.New(solver, s.Programs.FileServer)},
		Logs:     s.logs, Hub: hub, Box: box, Logger: s.Logger, Figures: s.metrics, Publish: s.registry.Publish,
		Room: func(ctx context.Context) error { return s.space.Room(ctx) },
		Settings: pipeline.Settings{
			DataDir: dir, ServerID: s.id, Installation: cfg.Installation, BuildConcurrency: cfg.BuildConcurrency,
			BuildTimeout: cfg.BuildTimeout, HealthTimeout: cfg.HealthTimeout, DrainTimeout: cfg.DrainTimeout,
			StopGrace: cfg.StopGrace, MaxSourceBytes: int64(cfg.MaxSourceMB) << 20,
			AppMemoryMB: cfg.AppMemoryMB, AppCPUMilli: cfg.AppCPUMilli, AllowFileSources: cfg.AllowFileSources, KeepReleases: cfg.KeepReleases, KeepDays: cfg.KeepDays,
		},
	})
	s.peers.Sources = s.pipeline.Sources()
	s.accounts = accounts.New(s.store, hub, s.Logger)
	left := remains{git.Repositories{DataDir: dir}, collector, s.metrics, s.registry, s.fleet}
	s.space = space.New(space.Deps{
		Store: s.store, Cluster: s.fleet, Cache: solver, Logs: s.logs, Sources: s.pipeline, Remains: left, Hub: hub, Logger: s.Logger,
		Settings: space.Settings{
			DataDir: dir, Installation: cfg.Installation, Watermark: cfg.DiskWatermark, KeepDays: cfg.KeepDays,
			CacheBytes: int64(cfg.BuildCacheGB) << 30, Reserve: int64(cfg.DiskReserveMB) << 20,
		},
	})
	appService := apps.NewService(apps.Deps{
		Store: s.store, Pipeline: s.pipeline, Routing: router, Hub: hub, Box: box,
		Addresses: apps.Addresses{Domain: cfg.AppDomain, URL: cfg.AppURL},
		Remains:   left,
		Logger:    s.Logger, AllowFileSources: cfg.AllowFileSources,
		Seen: s.routing.Seen,
	})
	s.background("routing", s.routing.Run)
	s.background("log collector", func(ctx context.Context) error { collector.Run(ctx); return nil })
	s.background("figures", func(ctx context.Context) error { s.metrics.Run(ctx); return nil })
	s.background("measuring", func(ctx context.Context) error { s.metrics.Collect(ctx, s.fleet); return nil })
	s.background("instance events", func(ctx context.Context) error { return s.announceInstances(ctx, hub) })
	return s.openAPI(appService, hub, box)
}

func (s *Server) openBox() (*secrets.Box, error) {
	if s.Config.SecretKey != "" {
		return secrets.New(s.Config.SecretKey)
	}
	return secrets.Open(filepath.Join(s.Config.DataDir, "secret-key"))
}

// background runs something until the server ends.
func (s *Server) background(what string, run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error(what+" ended", "error", err)
		}
	}()
	s.onClose(what, func(ending context.Context) error {
		stop()
		select {
		case <-done:
			return nil
		case <-ending.Done():
			return ending.Err()
		}
	})
}

func (s *Server) openAPI(appService *apps.Service, hub *live.Hub, box *secrets.Box) error {
	cfg := s.Config
	proxies, err := accounts.NewProxies(cfg.TrustProxy, s.token)
	if err != nil {
		return err
	}
	hook, err := s.Programs.Hook()
	if err != nil {
		return err
	}
	s.git, err = git.New(git.Options{
		DataDir: cfg.DataDir, HookBinary: hook, MaxPushMB: cfg.MaxSourceMB,
		Auth: s.accounts, Apps: appService, Sources: s.pipeline.Sources(), Deployments: s.pipeline,
		Logs: s.logs, URL: cfg.URL, AppURL: appService.URL, RemoteIP: proxies.ClientIP, Logger: s.Logger,
	})
	if err != nil {
		return err
	}
	s.background("git hooks", func(ctx context.Context) error {
		ctx, stop := s.untilStopping(ctx)
		defer stop()
		return s.git.Serve(ctx)
	})
	routers := http.NewServeMux()
	routers.Handle("GET /internal/router/v1/table", s.endless(s.routing.TableHandler()))
	routers.Handle("POST /internal/router/v1/reports", s.routing.ReportHandler())
	s.api, err = api.New(api.Deps{
		Store: s.store, Accounts: s.accounts, Apps: appService, Pipeline: s.pipeline, Logs: s.logs, Metrics: s.metrics, Space: s.space, Clusters: s.clusters, Hub: hub, Box: box,
		Proxies: proxies, Logger: s.Logger, Engine: s.engineVersion, Routers: s.routers,
		Git: s.git, Routing: routers, Registry: s.registry, UI: s.UI,
		Webhooks: &forge.Handler{Apps: hooks{s.store, appService, s.pipeline}, URL: cfg.URL, Logger: s.Logger},
		URL:      cfg.URL, Listen: cfg.Listen, AppDomain: cfg.AppDomain, RouterHTTP: cfg.RouterHTTP, Version: s.Version,
	})
	return err
}

// engineVersion asks the engine, which may take a connection and then say
// nothing: whoever wants to know waits for an answer.
func (s *Server) engineVersion(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 4*time.Second)
	defer stop()
	version, err := s.cluster.API.ServerVersion(ctx)
	return version.Version, err
}

func (s *Server) routers() []api.Router {
	var out []api.Router
	for _, r := range s.routing.Routers() {
		out = append(out, api.Router{ID: r.ID, Connected: true, VersionApplied: r.Applied})
	}
	return out
}

// announceInstances tells dashboards when instances come and go.
func (s *Server) announceInstances(ctx context.Context, hub *live.Hub) error {
	for event, err := range s.fleet.Watch(ctx) {
		if err != nil {
			return err
		}
		if event.Type == deployer.EventResync {
			continue
		}
		w := event.Instance.Workload
		hub.Publish(live.Event{Topic: live.TopicInstance, App: event.Instance.AppName, AppID: w.App, ID: event.Instance.Name, Action: live.ActionChanged})
	}
	return nil
}

// appear tells the other servers on the database that this one is there.
func (s *Server) appear(ctx context.Context) error {
	presence, err := s.peers.Appear(ctx)
	if err == nil {
		s.background("presence", func(ctx context.Context) error { s.peers.Stay(ctx, presence); return nil })
	}
	return err
}

// startWork begins what the server does of its own accord.
func (s *Server) startWork(ctx context.Context) error {
	if err := s.queue.Start(ctx, s.pipeline); err != nil {
		return err
	}
	s.onClose("jobs", s.queue.Stop)
	s.background("pruning", s.prune)
	s.background("registry", s.collectRegistry)
	s.background("space", func(ctx context.Context) error { s.space.Run(ctx); return nil })
	if s.Config.Router == "container" || s.Config.Router == "process" {
		s.background("router", s.keepRouter)
	} else {
		leaveChild(s.routerDir(), s.Logger)
	}
	return nil
}

// prune removes expired sessions, tokens and links now and then.
func (s *Server) prune(ctx context.Context) error {
	for {
		if err := s.accounts.Prune(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Warn("expired sessions are left", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}
