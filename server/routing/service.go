// Package routing is the server's side of the data plane: it makes the routing
// table from what the store says of the apps and what the cluster says of
// their instances, streams it to the routers, and knows what each of them has
// in force and in flight. It implements deployer.Router for rollouts.
package routing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// Route is what the store says of an app's way to the outside.
type Route struct {
	AppID           string
	Name            string
	Hosts           []string // exact names, or *.example.com
	LiveRelease     int      // 0 before the first
	WantedInstances int      // of the web process
	Replacing       bool     // its old instances stop before the new ones start, and that is under way: requests wait meanwhile
}

// Source is the store as the routing table sees it. Its methods are safe for
// concurrent use.
type Source interface {
	// Routes gives all apps.
	Routes(ctx context.Context) ([]Route, error)
	// Route gives one, or an error of models.KindNotFound when there is none.
	Route(ctx context.Context, appID string) (Route, error)
}

// AccessSink takes access lines of apps that are in the table, in the order in
// which one router served them, and the number of lines that were lost since
// the last call. It may be called from several goroutines and must not block
// for long.
type AccessSink func(lines []router.Access, dropped int)

// TrafficSink takes what a router counted for apps that are in the table. The
// same window may come again. It may be called from several goroutines and must
// not block for long.
type TrafficSink func(routerID string, windows []router.Window)

// Options are what a Service can be told beside what it works with.
type Options struct {
	TokenHash  [32]byte         // SHA-256 of the router token
	Platform   *router.Platform // where the dashboard and the API are served, nil for nowhere
	Access     AccessSink       // nil to drop access lines
	Traffic    TrafficSink      // nil to drop what routers counted
	Kept       bool             // a router is kept running beside the server: without one, nothing is switched
	Elsewhere  func() bool      // says whether other servers are there, whose routers may be all there are; nil for never
	AckTimeout time.Duration    // how long Switch waits for a connected router; 0 for 10 s
	Grace      time.Duration    // how long Switch still waits for a router that has just gone; 0 for 8 s
	Lease      time.Duration    // how long such a router is taken to send requests where it did before; 0 for 45 s
}

const (
	pingEvery   = 10 * time.Second
	resyncEvery = 2 * time.Minute // in case an event was lost without anybody noticing
	workers     = 8
)

// Service keeps the table. It is safe for concurrent use. Run must be running
// for it to follow the cluster.
type Service struct {
	cluster deployer.Cluster
	source  Source
	opts    Options
	log     *slog.Logger
	work    *worklist

	mu       sync.Mutex
	version  uint64
	ready    bool // the whole table was made once; before that no router gets one
	asked    uint64
	apps     map[string]*appState
	sessions map[string]*session // by router ID
	counters map[string]*Counters
	news     chan struct{} // closed and replaced when a router reported, came or went

	over chan struct{} // closed when Run ends, and the routers' streams with it
}

var _ deployer.Router = (*Service)(nil)

// New makes a Service with an empty table. Versions begin at the microseconds
// since 1970, so that they are above those of an earlier server.
func New(cluster deployer.Cluster, source Source, opts Options, log *slog.Logger) *Service {
	if opts.AckTimeout == 0 {
		opts.AckTimeout = 10 * time.Second
	}
	if opts.Grace == 0 {
		// Longer than a router on a busy machine takes to connect again:
		// while it has not, it sends requests where they went before.
		opts.Grace = 8 * time.Second
	}
	if opts.Lease == 0 {
		// Longer than a router that was cut off takes to notice, and then to
		// connect again: until it has, what it uses should stay.
		opts.Lease = 45 * time.Second
	}
	opts.Lease = max(opts.Lease, opts.Grace)
	return &Service{
		cluster: cluster, source: source, opts: opts, log: log,
		work:     newWorklist(),
		version:  uint64(time.Now().UnixMicro()),
		apps:     map[string]*appState{},
		sessions: map[string]*session{},
		counters: map[string]*Counters{},
		news:     make(chan struct{}),
		over:     make(chan struct{}),
	}
}

// Run follows the cluster until ctx ends, then ends the routers' streams, and
// returns nil. It may be called once. While the engine or the store is away
// the table stays as it is.
func (s *Service) Run(ctx context.Context) error {
	defer close(s.over)
	var group sync.WaitGroup
	s.work.add(task{all: true})
	group.Go(func() { s.watch(ctx) })
	group.Go(func() { s.resync(ctx) })
	for range workers {
		group.Go(func() { s.toil(ctx) })
	}
	group.Wait()
	return nil
}

// Changed says that an app's hosts, wanted instances or live release changed,
// or that it was destroyed. It returns at once.
func (s *Service) Changed(appID string) { s.work.add(task{app: appID, route: true}) }

func (s *Service) watch(ctx context.Context) {
	for event, err := range s.cluster.Watch(ctx) {
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Warn("the cluster's events cannot be followed just now", "err", err)
		case event.Type == deployer.EventResync:
			s.work.add(task{all: true})
		default:
			s.work.add(task{app: event.Instance.Workload.App})
		}
	}
}

func (s *Service) resync(ctx context.Context) {
	tick := time.NewTicker(resyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.work.add(task{all: true})
		}
	}
}

// toil works off what has changed. What fails is tried again later.
func (s *Service) toil(ctx context.Context) {
	for {
		t, ok := s.work.take(ctx)
		if !ok {
			return
		}
		var err error
		if t.all {
			err = s.makeAll(ctx)
		} else {
			err = s.makeOne(ctx, t)
		}
		if err != nil && ctx.Err() == nil {
			pause := s.work.failed(t)
			s.log.Warn("routes could not be made anew", "app", t.app, "err", err, "again_in", pause)
		}
		s.work.done(t, err == nil)
	}
}

// ask gives a number that orders looks at the cluster by when they began: what
// a later look saw wins over what an earlier one saw, whichever ends first.
func (s *Service) ask() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.asked
}

func (s *Service) makeAll(ctx context.Context) error {
	asked := s.ask()
	routes, err := s.source.Routes(ctx)
	if err != nil {
		if s.isReady() {
			s.log.Warn("the store is away; following the cluster with the routes known", "err", err)
			routes = s.knownRoutes()
		} else {
			return err
		}
	}
	instances, err := s.cluster.Instances(ctx, "")
	if err != nil {
		return err
	}
	byApp := map[string][]deployer.Instance{}
	for _, in := range instances {
		byApp[in.Workload.App] = append(byApp[in.Workload.App], in)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := make(map[string]bool, len(routes))
	for _, route := range routes {
		there[route.AppID] = true
		s.see(asked, route, byApp[route.AppID])
	}
	for id, st := range s.apps {
		if !there[id] && st.asked <= asked {
			s.forget(id)
		}
	}
	if !s.ready {
		s.ready = true
		s.log.Info("routing table made", "apps", len(s.apps), "version", s.version)
		for _, session := range s.sessions {
			session.wakeUp()
		}
	}
	return nil
}

// makeOne makes one app's routes anew. It asks the store only when something
// changed there, so that the cluster is followed while Postgres is away.
func (s *Service) makeOne(ctx context.Context, t task) error {
	asked := s.ask()
	route, known := s.knownRoute(t.app)
	if t.route || !known {
		var err error
		route, err = s.source.Route(ctx, t.app)
		if models.KindOf(err) == models.KindNotFound && err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.forget(t.app)
			return nil
		}
		if err != nil {
			return err
		}
	}
	instances, err := s.cluster.Instances(ctx, t.app)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.see(asked, route, instances)
	return nil
}

func (s *Service) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

func (s *Service) knownRoute(appID string) (Route, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.apps[appID]
	if st == nil {
		return Route{}, false
	}
	return st.route, true
}

func (s *Service) knownRoutes() []Route {
	s.mu.Lock()
	defer s.mu.Unlock()
	routes := make([]Route, 0, len(s.apps))
	for _, st := range s.apps {
		routes = append(routes, st.route)
	}
	return routes
}
