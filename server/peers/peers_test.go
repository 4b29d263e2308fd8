package peers_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/peers"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/routing"
)

const (
	token    = "the-router-token"
	patience = 30 * time.Second
)

// hall is a database and an engine with servers on them.
type hall struct {
	t       *testing.T
	dsn     string
	cluster *memory.Cluster
	rows    *rows
}

// rows is one app.
type rows struct {
	mu    sync.Mutex
	route routing.Route
}

func (r *rows) Routes(ctx context.Context) ([]routing.Route, error) {
	route, err := r.Route(ctx, r.route.AppID)
	return []routing.Route{route}, err
}

func (r *rows) Route(context.Context, string) (routing.Route, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.route, nil
}

func (r *rows) setLive(release int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.route.LiveRelease = release
}

func open(t *testing.T) *hall {
	engine := memory.NewEngine()
	engine.AddImage("web", func(ctx context.Context, p *memory.Process) int {
		listener, err := p.Listen()
		if err != nil {
			return 1
		}
		srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, p.Getenv("RELEASE"))
		})}
		go func() { _ = srv.Serve(listener) }()
		<-ctx.Done()
		_ = srv.Close()
		return 0
	})
	return &hall{
		t: t, dsn: pgtest.New(t, migrations.Apply), cluster: memory.New(engine, "test"),
		rows: &rows{route: routing.Route{AppID: "shop", Name: "shop", Hosts: []string{"shop.test"}, LiveRelease: 1, WantedInstances: 1}},
	}
}

func (h *hall) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// logger's lines are shown with a failure.
func (h *hall) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(h.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (h *hall) until(what string, holds func() bool) {
	h.t.Helper()
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			h.t.Fatalf("this never came true: %s", what)
		}
		time.Sleep(5 * time.Millisecond) // the pace of polling
	}
}

// server is what of a server the others see.
type server struct {
	*peers.Peers
	routing *routing.Service
	hub     *live.Hub
	logs    *logs.Store
	url     string
	leave   func()
}

func (h *hall) start() *server {
	h.t.Helper()
	logger := h.logger()
	opened, err := store.Open(h.t.Context(), h.dsn, 10)
	h.must(err)
	kept, err := logs.Open(filepath.Join(h.t.TempDir(), "logs"), logs.Options{}, logger)
	h.must(err)
	s := &server{hub: live.NewHub(0), logs: kept}
	s.Peers = peers.New(peers.Deps{Store: opened, Logs: kept, Hub: s.hub, Logger: logger, ServerID: models.NewID()})
	s.routing = routing.New(h.cluster, h.rows, routing.Options{
		TokenHash: sha256.Sum256([]byte(token)), Kept: true, Elsewhere: s.Present, Grace: 100 * time.Millisecond,
	}, logger)
	s.Routing = s.routing
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.must(s.routing.Run(ctx)) })
	mux := http.NewServeMux()
	mux.Handle("GET /internal/router/v1/table", s.routing.TableHandler())
	mux.Handle("POST /internal/router/v1/reports", s.routing.ReportHandler())
	front := httptest.NewServer(mux)
	s.url = front.URL
	presence, err := s.Appear(h.t.Context())
	h.must(err)
	staying, end := context.WithCancel(ctx)
	running.Go(func() { s.Stay(staying, presence) })
	s.leave = end
	h.t.Cleanup(func() {
		stop()
		front.CloseClientConnections()
		front.Close()
		running.Wait()
		opened.Close()
		h.must(kept.Close())
	})
	return s
}

// router connects a real router to a server and gives its address.
func (h *hall) router(s *server) (url string) {
	h.t.Helper()
	listening := make(chan string, 1)
	cfg := router.Config{
		HTTP: "127.0.0.1:0", Server: s.url, Token: token, Data: h.t.TempDir(), ID: models.NewID(), Drain: time.Second,
		Listening: func(at, _ string) { listening <- at },
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = router.Run(ctx, cfg, h.logger()) })
	h.t.Cleanup(func() { stop(); running.Wait() })
	h.until("a router is connected", func() bool { return len(s.routing.Routers()) > 0 })
	return "http://" + <-listening
}

// ensure makes a release be up and healthy.
func (h *hall) ensure(release int, name string) deployer.WorkloadID {
	h.t.Helper()
	w := deployer.Workload{
		ID: deployer.WorkloadID{App: "shop", Process: "web", Release: release}, AppName: "shop", Image: "web",
		Env: map[string]string{"RELEASE": name, "PORT": "8080"}, Port: 8080, Instances: 1,
	}
	h.must(h.cluster.Ensure(h.t.Context(), w))
	h.must(h.cluster.WaitHealthy(h.t.Context(), w.ID))
	return w.ID
}

func (h *hall) get(url string) string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, url, nil)
	h.must(err)
	req.Host = "shop.test"
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	h.must(err)
	return string(body)
}

// untilAnswers waits until a release answers at a router.
func (h *hall) untilAnswers(url, release string) {
	h.t.Helper()
	last := ""
	defer func() {
		if h.t.Failed() {
			instances, err := h.cluster.Instances(context.Background(), "")
			h.t.Logf("the last answer: %s\nthe instances: %+v, %v", last, instances, err)
		}
	}()
	h.until("the release "+release+" answers", func() bool {
		last = h.get(url)
		return last == release
	})
}

func TestOneSwitchIsAllServersRouters(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.start(), h.start()
	h.until("they see each other", func() bool { return first.Present() && second.Present() })
	h.ensure(1, "one")
	url := h.router(first)
	h.untilAnswers(url, "one")

	// The second server has no router of its own; the first one's obeys it.
	h.ensure(2, "two")
	at := peers.Router{Peers: second.Peers}
	h.must(at.Switch(t.Context(), "shop", deployer.Targets{Release: 2, Process: "web"}))
	if got := h.get(url); got != "two" {
		t.Fatalf("after the switch %q answers", got)
	}
	h.must(at.Drained(t.Context(), deployer.WorkloadID{App: "shop", Process: "web", Release: 1}))
	h.rows.setLive(2)
	at.Changed("shop")

	// A server that is gone is waited for no longer.
	other := h.router(second)
	h.untilAnswers(other, "two")
	first.leave()
	h.must(at.Switch(t.Context(), "shop", deployer.Targets{Release: 2, Process: "web"}))
}

func TestWithoutAnyRouterNothingIsSwitched(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.start(), h.start()
	h.until("they see each other", func() bool { return first.Present() && second.Present() })
	h.ensure(1, "one")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := (peers.Router{Peers: first.Peers}).Switch(ctx, "shop", deployer.Targets{Release: 1, Process: "web"}); err == nil {
		t.Error("it was switched")
	}
}

func TestDashboardsAreToldByAllServers(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.start(), h.start()
	h.until("they see each other", func() bool { return first.Present() && second.Present() })
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	after := second.hub.Cursor()
	for i := range 100 {
		first.hub.Publish(live.Event{Topic: live.TopicApp, App: "shop", AppID: "id", UserID: "ann", ID: strings.Repeat("x", i), Action: live.ActionChanged})
	}
	seen := 0
	for notice, err := range second.hub.Subscribe(ctx, after) {
		h.must(err)
		for _, e := range notice.Events {
			if e.AppID != "id" || e.UserID != "ann" || len(e.ID) != seen || !e.Far {
				t.Fatalf("event %d: %+v", seen, e)
			}
			seen++
		}
		if seen == 100 {
			break
		}
	}
	if got := first.hub.Cursor().Seq; got != 100 {
		t.Errorf("the first has %d events: they come back", got)
	}
}

func TestLogsAreAtAllServers(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.start(), h.start()
	h.until("they see each other", func() bool { return first.Present() && second.Present() })
	for range 3 {
		first.ShareLines("d1", []logs.Line{{Source: logs.SourceBuild, Text: "one"}, {Source: logs.SourceBuild, Text: "two"}})
	}
	h.must(first.FlushLines(t.Context()))
	second.CatchUp(t.Context())
	last, err := second.logs.Last(logs.DeploymentStream("d1"))
	h.must(err)
	if last != 6 {
		t.Errorf("it has %d lines", last)
	}
}

func TestWhoLeavesIsMissedAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.start(), h.start()
	h.until("they see each other", func() bool { return first.Present() && second.Present() })
	second.leave()
	h.until("the other is alone", func() bool { return !first.Present() })
}

func TestACopiedFolderIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.start()
	copied := peers.New(peers.Deps{Store: first.Store, Routing: first.routing, Logs: first.logs, Hub: first.hub, Logger: first.Logger, ServerID: first.ServerID})
	if _, err := copied.Appear(t.Context()); !errors.Is(err, store.ErrPresent) || models.KindOf(err) != models.KindConflict {
		t.Fatalf("two servers of one ID: %v", err)
	}
	first.leave()
	presence, err := copied.Appear(t.Context())
	h.must(err)
	presence.Leave(t.Context())
}
