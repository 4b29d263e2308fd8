package routing_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/routing"
)

const token = "the-router-token"

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("this never came true: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // the pace of polling
	}
}

// rows is the store: what the database says.
type rows struct {
	mu     sync.Mutex
	routes map[string]routing.Route
	away   bool
}

func (r *rows) Routes(context.Context) ([]routing.Route, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return nil, models.Errorf(models.KindUnavailable, "the database is away")
	}
	var all []routing.Route
	for _, route := range r.routes {
		all = append(all, route)
	}
	return all, nil
}

func (r *rows) Route(_ context.Context, appID string) (routing.Route, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return routing.Route{}, models.Errorf(models.KindUnavailable, "the database is away")
	}
	route, ok := r.routes[appID]
	if !ok {
		return routing.Route{}, models.NotFound("app", appID)
	}
	return route, nil
}

func (r *rows) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *rows) change(appID string, change func(*routing.Route)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	route := r.routes[appID]
	route.AppID, route.Name = appID, appID
	change(&route)
	r.routes[appID] = route
}

// world is an installation: an engine, rows, a server and routers.
type world struct {
	t       testing.TB
	engine  *memory.Engine
	cluster *memory.Cluster
	rows    *rows
	url     string
	options routing.Options

	current atomic.Pointer[routing.Service]
	stop    context.CancelFunc
	stopped chan struct{}

	mu     sync.Mutex
	access []router.Access
	gates  map[string]chan struct{} // by release: requests to /hold wait for it
	held   atomic.Int64
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, engine: memory.NewEngine(), rows: &rows{routes: map[string]routing.Route{}}, gates: map[string]chan struct{}{}}
	w.engine.AddImage("web", w.web)
	w.engine.AddImage("late", memory.Slow(300*time.Millisecond, w.web))
	w.cluster = memory.New(w.engine, "test")
	w.options = routing.Options{
		TokenHash: sha256.Sum256([]byte(token)), AckTimeout: 5 * time.Second, Grace: 100 * time.Millisecond, Lease: 100 * time.Millisecond,
		Access: func(lines []router.Access, _ int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.access = append(w.access, lines...)
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/router/v1/table", func(rw http.ResponseWriter, r *http.Request) {
		w.service().TableHandler().ServeHTTP(rw, r)
	})
	mux.HandleFunc("POST /internal/router/v1/reports", func(rw http.ResponseWriter, r *http.Request) {
		w.service().ReportHandler().ServeHTTP(rw, r)
	})
	front := httptest.NewServer(mux)
	w.url = front.URL
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		w.endServer()
	})
	w.startServer()
	return w
}

func (w *world) service() *routing.Service { return w.current.Load() }

// startServer starts the server's part, anew if there was one.
func (w *world) startServer() {
	service := routing.New(w.cluster, w.rows, w.options, slog.New(slog.DiscardHandler))
	w.current.Store(service)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	w.stop, w.stopped = cancel, stopped
	go func() {
		defer close(stopped)
		_ = service.Run(ctx)
	}()
}

func (w *world) endServer() {
	w.stop()
	<-w.stopped
}

// web answers with its release. It stops like a process that does not care
// about its connections.
func (w *world) web(ctx context.Context, p *memory.Process) int {
	listener, err := p.Listen()
	if err != nil {
		return 1
	}
	release := p.Getenv("RELEASE")
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hold":
			w.held.Add(1)
			<-w.gate(release)
		case "/crash":
			go func() { _ = listener.Close() }()
		}
		_, _ = io.WriteString(rw, "v"+release)
	})}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	defer func() { _ = srv.Close() }()
	select {
	case <-ctx.Done():
		return 0
	case <-p.Killed:
		return 137
	case <-ended:
		return 1
	}
}

func (w *world) gate(release string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gates[release] == nil {
		w.gates[release] = make(chan struct{})
	}
	return w.gates[release]
}

func (w *world) workload(app string, release, instances int) deployer.Workload {
	return deployer.Workload{
		ID:      deployer.WorkloadID{App: app, Process: "web", Release: release},
		AppName: app, Image: "web", Port: 8080, Instances: instances,
		Env: map[string]string{"PORT": "8080", "RELEASE": strconv.Itoa(release)},
	}
}

func (w *world) rollout() *deployer.Rollout {
	return &deployer.Rollout{Cluster: w.cluster, Router: w.service(), DrainTimeout: 10 * time.Second, Grace: time.Second}
}

// deploy rolls a release out and writes it down, as the pipeline does.
func (w *world) deploy(app string, release, instances int) error {
	w.rows.mu.Lock()
	live := w.rows.routes[app].LiveRelease
	w.rows.mu.Unlock()
	plan := deployer.Plan{App: app, Release: release, Live: live, Workloads: []deployer.Workload{w.workload(app, release, instances)}}
	if err := w.rollout().Run(context.Background(), plan, func(string, ...any) {}); err != nil {
		return err
	}
	w.rows.change(app, func(r *routing.Route) { r.LiveRelease, r.WantedInstances = release, instances })
	w.service().Changed(app)
	return nil
}

// edge is a real router in front of the world.
type edge struct {
	client *http.Client
	end    func()
}

func (w *world) startRouter(name string) *edge {
	w.t.Helper()
	return w.startRouterVia(name, w.url)
}

// startRouterVia starts a router that reaches the server under a URL.
func (w *world) startRouterVia(name, url string) *edge {
	w.t.Helper()
	listening := make(chan string, 1)
	cfg := router.Config{
		HTTP: "127.0.0.1:0", Server: url, Token: token, Data: w.t.TempDir(), ID: name, Drain: time.Second,
		Listening: func(at, _ string) { listening <- at },
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- router.Run(ctx, cfg, slog.New(slog.DiscardHandler)) }()
	var at string
	select {
	case at = <-listening:
	case err := <-done:
		w.t.Fatalf("the router did not start: %v", err)
	}
	e := &edge{client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 50,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, at)
		},
	}}}
	e.end = sync.OnceFunc(func() {
		e.client.CloseIdleConnections()
		cancel()
		<-done
	})
	w.t.Cleanup(e.end)
	return e
}

// inFlight gives how many requests the router has.
func (e *edge) inFlight() int64 {
	res, err := e.client.Get("http://localhost/.slipway/stats")
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	var stats router.Stats
	if json.NewDecoder(res.Body).Decode(&stats) != nil {
		return -1
	}
	return stats.InFlight
}

// ask gives "v3" for an answer of release 3, and "503 app_down" for a page.
func (e *edge) ask(url string) string {
	res, err := e.client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Sprint(res.StatusCode, " ", res.Header.Get("X-Slipway-Error"))
	}
	return string(body)
}

func (w *world) connected(n int) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%d routers are connected and current", n), func() bool {
		routers := w.service().Routers()
		for _, r := range routers {
			if !r.Current {
				return false
			}
		}
		return len(routers) == n
	})
}
