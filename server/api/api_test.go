package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/accounts"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/metrics"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

const (
	ownerEmail = "owner@example.com"
	password   = "a long enough passphrase"
)

// house is a whole API on a real Postgres, served over HTTP.
type house struct {
	api      *API
	url      string
	store    *store.Store
	accounts *accounts.Service
	logs     *logs.Store
	metrics  *metrics.Store
	hub      *live.Hub
	engine   atomic.Pointer[error] // what asking the engine gives
	log      *bytes.Buffer
	far      *memory.Engine // the cluster that tests may add
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{log: &bytes.Buffer{}}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if h.store, err = store.Open(t.Context(), pgtest.New(t, migrations.Apply), 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.store.Close)
	h.hub = live.NewHub(64)
	h.accounts = accounts.New(h.store, h.hub, logger)
	if h.logs, err = logs.Open(t.TempDir(), logs.Options{}, logger); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.logs.Close() })
	if h.metrics, err = metrics.Open(t.TempDir(), logger); err != nil {
		t.Fatal(err)
	}
	box, err := secrets.New(strings.Repeat("0f", 32))
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := accounts.NewProxies(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	deps := Deps{
		Store: h.store, Accounts: h.accounts, Logs: h.logs, Metrics: h.metrics, Hub: h.hub, Box: box, Proxies: proxies, Logger: logger,
		Engine: func(context.Context) (string, error) {
			if err := h.engine.Load(); err != nil {
				return "", *err
			}
			return "29.0", nil
		},
		Routers:  func() []Router { return []Router{{ID: "r1", Connected: true, VersionApplied: 7}} },
		Git:      echo("git"),
		Routing:  echo("routing"),
		Webhooks: echo("webhooks"),
		UI: fstest.MapFS{
			"index.html":         {Data: []byte("<!doctype html><title>Slipway</title>")},
			"favicon.svg":        {Data: []byte("<svg/>")},
			"assets/app-1.js":    {Data: []byte("console.log(1)")},
			"assets/app-1.js.br": {Data: []byte("brotli")},
			"assets/app-1.js.gz": {Data: []byte("gzip")},
		},
		Listen: "127.0.0.1:8000", AppDomain: "localhost", RouterHTTP: ":8080", Version: "test",
	}
	h.furnish(t, &deps)
	server := httptest.NewUnstartedServer(nil)
	deps.URL = "http://" + server.Listener.Addr().String()
	if h.api, err = New(deps); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = h.api
	server.Start()
	h.url = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(h.api.Close)
	return h
}

func echo(door string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, door+" "+r.URL.Path)
	})
}

// client is somebody who sends requests.
type client struct {
	t       *testing.T
	h       *house
	headers http.Header
}

func (h *house) nobody(t *testing.T) *client { return &client{t: t, h: h, headers: http.Header{}} }

// with gives a copy that sends one header more.
func (c *client) with(name, value string) *client {
	headers := c.headers.Clone()
	headers.Set(name, value)
	return &client{t: c.t, h: c.h, headers: headers}
}

// owner makes the owner and gives it, in a browser session.
func (h *house) owner(t *testing.T) *client {
	t.Helper()
	link, err := h.accounts.BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := h.nobody(t).post("/api/v1/setup", map[string]any{"token": link, "email": ownerEmail, "name": "Owner", "password": password})
	r.want(http.StatusCreated)
	return h.nobody(t).with("Cookie", r.cookie())
}

// token gives a client that uses a new API token of c's user.
func (c *client) token(scopes ...string) *client {
	c.t.Helper()
	r := c.post("/api/v1/tokens", map[string]any{"name": "test", "scopes": scopes})
	r.want(http.StatusCreated)
	return c.h.nobody(c.t).with("Authorization", "Bearer "+r.text("token"))
}

// member makes a member and gives it, in a browser session.
func (h *house) member(t *testing.T, email string) *client {
	t.Helper()
	_, err := h.accounts.CreateUser(t.Context(), models.SystemActor(), accounts.NewUser{Email: email, Password: password, Role: models.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	r := h.nobody(t).post("/api/v1/session", map[string]any{"email": email, "password": password})
	r.want(http.StatusOK)
	return h.nobody(t).with("Cookie", r.cookie())
}

func (c *client) get(path string) *reply             { return c.do(http.MethodGet, path, nil) }
func (c *client) post(path string, body any) *reply  { return c.do(http.MethodPost, path, body) }
func (c *client) patch(path string, body any) *reply { return c.do(http.MethodPatch, path, body) }
func (c *client) put(path string, body any) *reply   { return c.do(http.MethodPut, path, body) }
func (c *client) delete(path string) *reply          { return c.do(http.MethodDelete, path, nil) }

// do sends a request. The body is JSON, or itself when it is a string.
func (c *client) do(method, path string, body any) *reply {
	c.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.h.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.headers {
		req.Header[name] = values
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	r := &reply{t: c.t, what: method + " " + path, status: res.StatusCode, header: res.Header, cookies: res.Cookies()}
	if r.body, err = io.ReadAll(res.Body); err != nil {
		c.t.Fatal(err)
	}
	return r
}

// reply is an answer.
type reply struct {
	t       *testing.T
	what    string
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    []byte
}

func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: %d, want %d: %s", r.what, r.status, status, r.body)
	}
	return r
}

// problem wants an error answer, and a whole one.
func (r *reply) problem(status int, kind models.Kind) Problem {
	r.t.Helper()
	r.want(status)
	var p Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
	if ct := r.header.Get("Content-Type"); ct != "application/problem+json" {
		r.t.Errorf("%s: the problem is %s", r.what, ct)
	}
	if p.Kind != string(kind) || p.Status != status || p.Detail == "" || p.Title == "" || p.RequestID == "" || p.RequestID != r.header.Get("X-Request-Id") {
		r.t.Errorf("%s: %+v, want kind %s", r.what, p, kind)
	}
	return p
}

// value gives what is at a path of the JSON: value("user", "email").
func (r *reply) value(path ...string) any {
	r.t.Helper()
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
	for _, key := range path {
		object, ok := v.(map[string]any)
		if !ok {
			r.t.Fatalf("%s: no %v in %s", r.what, path, r.body)
		}
		v = object[key]
	}
	return v
}

func (r *reply) text(path ...string) string {
	r.t.Helper()
	s, ok := r.value(path...).(string)
	if !ok {
		r.t.Fatalf("%s: no text at %v in %s", r.what, path, r.body)
	}
	return s
}

func (r *reply) items() []any {
	r.t.Helper()
	items, ok := r.value("items").([]any)
	if !ok {
		r.t.Fatalf("%s: items is not a list: %s", r.what, r.body)
	}
	return items
}

func (r *reply) cookie() string {
	r.t.Helper()
	for _, c := range r.cookies {
		if c.Name == accounts.CookieName {
			return c.Name + "=" + c.Value
		}
	}
	r.t.Fatalf("%s: no session's cookie", r.what)
	return ""
}

var errAway = errors.New("dial unix /run/secret/docker.sock: connection refused")
