// Package api is the REST and websocket door: it knows HTTP and nothing else.
// Every operation is a thin handler over a service of server/apps,
// server/accounts or server/pipeline, which also decide who may do what. It is
// the only user of Gin, huma and gorilla/websocket.
package api

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/accounts"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/metrics"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/secrets"
	"github.com/slipway-paas/slipway/server/space"
)

// apiBase is where version 1 of the API lives.
const apiBase = "/api/v1"

// Deps are what the API works with. All of them are needed.
type Deps struct {
	Store    *store.Store
	Accounts *accounts.Service
	Apps     *apps.Service
	Pipeline *pipeline.Pipeline
	Logs     *logs.Store
	Metrics  *metrics.Store
	Space    *space.Service
	Clusters *clusters.Service
	Hub      *live.Hub
	Box      *secrets.Box
	Proxies  *accounts.Proxies
	Logger   *slog.Logger

	Engine  func(context.Context) (version string, err error) // asks the container engine
	Routers func() []Router                                   // the routers that are known

	Git      http.Handler // /<app>.git/…
	Routing  http.Handler // /internal/router/v1/…
	Webhooks http.Handler // /webhooks/github/<app>
	Registry http.Handler // /v2/…; nil for none
	UI       fs.FS        // the built dashboard, with index.html at its root

	URL        string // how people reach the server, without a slash at the end
	Listen     string
	AppDomain  string
	RouterHTTP string
	Version    string
}

// Router is one router as the server knows it.
type Router struct {
	ID             string
	Connected      bool
	VersionApplied uint64
}

// API is the HTTP handler of everything the server answers.
type API struct {
	deps    Deps
	engine  *gin.Engine
	huma    huma.API
	ui      *dashboard
	handler http.Handler
	beat    time.Duration // between a websocket's pings

	patience  time.Duration // with a websocket's client that takes nothing
	maxBehind int64         // lines a follower may be behind
	behind    chan struct{} // holds as many as may catch up with a log at a time

	closing context.Context // ends when the API is closed, and the websockets with it
	close   context.CancelFunc
}

// New makes the API. Close it after the HTTP server's Shutdown.
func New(deps Deps) (*API, error) {
	a := &API{deps: deps, engine: newEngine(), beat: heartbeat, patience: sendTimeout, maxBehind: maxBehind, behind: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	a.closing, a.close = context.WithCancel(context.Background())
	a.describe(a.engine)
	a.routes()
	a.streamRoutes()
	a.healthRoutes()
	if err := a.documentRoutes(); err != nil {
		return nil, err
	}
	a.engine.NoRoute(func(c *gin.Context) { a.fail(c.Writer, c.Request, errNoRoute(c.Request)) })
	a.engine.NoMethod(func(c *gin.Context) {
		a.fail(c.Writer, c.Request, httpError(http.StatusMethodNotAllowed, "%s cannot be used on %s", c.Request.Method, c.Request.URL.Path))
	})
	var err error
	if a.ui, err = newDashboard(deps.UI); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	if a.handler, err = a.guard(http.HandlerFunc(a.dispatch)); err != nil {
		return nil, err
	}
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Close ends all websockets; their clients connect again elsewhere or later.
// http.Server's Shutdown does not know of them.
func (a *API) Close() { a.close() }

// newEngine makes a Gin engine that trusts nobody and decides nothing itself.
func newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	_ = engine.SetTrustedProxies(nil) // cannot fail; accounts.Proxies says who is believed
	return engine
}
