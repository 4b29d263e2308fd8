package router_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

const token = "router-token-for-tests"

// eventually polls until the condition holds, and fails the test otherwise.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("this never came true: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // the pace of polling
	}
}

// control is a control plane: it streams updates and takes reports.
type control struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	table   router.Table
	streams map[chan router.Update]bool
	reports []router.Report
	ids     map[string]bool
	opened  int
	refuse  bool // answer 503 to everything
	mute    bool // take reports and answer 503
}

func newControl(t testing.TB) *control {
	c := &control{t: t, streams: map[chan router.Update]bool{}, ids: map[string]bool{}}
	c.table.Version = 1
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/router/v1/table", c.stream)
	mux.HandleFunc("POST /internal/router/v1/reports", c.report)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.stop)
	return c
}

func (c *control) stop() {
	c.cut()
	c.CloseClientConnections()
	c.Close()
}

// cut ends all streams.
func (c *control) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.streams {
		delete(c.streams, ch)
		close(ch)
	}
}

func (c *control) admit(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("X-Router-Id") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	if c.refuse {
		w.WriteHeader(http.StatusServiceUnavailable)
		return false
	}
	c.ids[r.Header.Get("X-Router-Id")] = true
	return true
}

func (c *control) stream(w http.ResponseWriter, r *http.Request) {
	if !c.admit(w, r) {
		return
	}
	ch := make(chan router.Update, 1000)
	c.mu.Lock()
	table := c.table
	c.streams[ch] = true
	c.opened++
	c.mu.Unlock()
	lines := json.NewEncoder(w)
	_ = lines.Encode(router.Update{Version: table.Version, Table: &table})
	for {
		w.(http.Flusher).Flush()
		select {
		case u, ok := <-ch:
			if !ok {
				return
			}
			_ = lines.Encode(u)
		case <-r.Context().Done():
			return
		}
	}
}

func (c *control) report(w http.ResponseWriter, r *http.Request) {
	if !c.admit(w, r) {
		return
	}
	var report router.Report
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		c.t.Errorf("a report that cannot be read: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mute {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.reports = append(c.reports, report)
}

// put adds or replaces an app and gives the version it is in force with.
func (c *control) put(app router.App) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.table.Version++
	apps := []router.App{app}
	for _, other := range c.table.Apps {
		if other.ID != app.ID {
			apps = append(apps, other)
		}
	}
	c.table.Apps = apps
	for ch := range c.streams {
		ch <- router.Update{Version: c.table.Version, App: &app}
	}
	return c.table.Version
}

func (c *control) remove(id string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.table.Version++
	var apps []router.App
	for _, other := range c.table.Apps {
		if other.ID != id {
			apps = append(apps, other)
		}
	}
	c.table.Apps = apps
	for ch := range c.streams {
		ch <- router.Update{Version: c.table.Version, RemoveApp: id}
	}
	return c.table.Version
}

// acked waits until a router has the version in force.
func (c *control) acked(version uint64) {
	c.t.Helper()
	eventually(c.t, "version "+strconv.FormatUint(version, 10)+" is acknowledged", func() bool {
		return c.last().Applied >= version
	})
}

func (c *control) last() router.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.reports) == 0 {
		return router.Report{}
	}
	return c.reports[len(c.reports)-1]
}

func (c *control) lines() []router.Access {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []router.Access
	for _, report := range c.reports {
		all = append(all, report.Access...)
	}
	return all
}

// running is a router under test.
type running struct {
	t           testing.TB
	http, https string
	stop        context.CancelFunc
	done        chan struct{}
	err         error
	client      *http.Client
}

func start(t testing.TB, c *control, change func(*router.Config)) *running {
	t.Helper()
	cfg := router.Config{
		HTTP: "127.0.0.1:0", Server: c.URL, Token: token, Data: t.TempDir(), Drain: 10 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	r := &running{t: t, done: make(chan struct{})}
	listening := make(chan struct{})
	cfg.Listening = func(http, https string) {
		r.http, r.https = http, https
		close(listening)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	level := slog.LevelWarn
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: level}))
	go func() {
		defer close(r.done)
		r.err = router.Run(ctx, cfg, log)
	}()
	select {
	case <-listening:
	case <-r.done:
		t.Fatalf("the router did not start: %v", r.err)
	}
	t.Cleanup(r.end)
	r.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, r.http)
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 100,
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

// stats gives the router's own counters.
func (r *running) stats() router.Stats {
	r.t.Helper()
	var stats router.Stats
	if _, body := r.get("http://localhost/.slipway/stats"); json.Unmarshal([]byte(body), &stats) != nil {
		r.t.Fatalf("stats: %s", body)
	}
	return stats
}

func (r *running) end() {
	r.stop()
	<-r.done
}

// get asks the router for http://host/path.
func (r *running) get(url string, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("GET %s: %v", url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("GET %s: %v", url, err)
	}
	return res, string(body)
}

// raw sends bytes as they are and gives the connection with its reader.
func (r *running) raw(text string) (net.Conn, *bufio.Reader) {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.http)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// backend is an app's instance: an HTTP server of its own.
func backend(t testing.TB, handler http.HandlerFunc) (*httptest.Server, router.Backend) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	at := srv.Listener.Addr().String()
	return srv, router.Backend{ID: at, Name: "app.web.v1." + at, Address: at, Workload: "app/web/1"}
}

func live(id, host string, backends ...router.Backend) router.App {
	return router.App{ID: id, Name: id, Hosts: []string{host}, Status: router.AppLive, Release: 1, Backends: backends}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

type testWriter struct{ t testing.TB }

// Write shows the router's log only when the test fails or is verbose. A line
// that comes after the test's end has nowhere to go.
func (w testWriter) Write(p []byte) (int, error) {
	defer func() { _ = recover() }()
	w.t.Log(string(bytes.TrimSpace(p)))
	return len(p), nil
}
