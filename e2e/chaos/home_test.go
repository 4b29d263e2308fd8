package chaos

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	docker "github.com/docker/docker/client"
	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/server/postgres"
)

// home is one installation: a Postgres and an engine that the suite can break,
// a router, and one server or several.
type home struct {
	name      string
	dir       string
	router    string // host:port
	db        *postgres.Instance
	database  string // its URL
	engine    *docker.Client
	env       []string
	token     string // admin
	servers   []*server
	ownRouter bool // the router is no container
	decoys    *decoys
	ledger    ledger
}

var homes atomic.Int32

// options say what is special about a home.
type options struct {
	engineHost string            // of an engine of one's own; "" for the default one
	data       string            // the first server's data folder; "" for one in the home's own
	postgres   map[string]string // settings of postgresql.conf
	settings   []string          // NAME=value for the servers
}

// settle makes a home, starts its server and makes its owner. All of it is gone
// when the test ends.
func settle(t *testing.T, o options) *home {
	t.Helper()
	h := found(t, o)
	h.add(t, o.data).start(t)
	h.claim(t)
	h.decoys = h.plantDecoys(t)
	return h
}

// found makes a home without a server.
func found(t *testing.T, o options) *home {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres is another user
		t.Fatal(err)
	}
	n := homes.Add(1)
	h := &home{name: fmt.Sprintf("slw-chaos-%d-%d", os.Getpid(), n), dir: dir, router: "127.0.0.1:" + freePort(t)}
	t.Cleanup(func() { h.clear(t) })
	h.startPostgres(t, o.postgres)
	choose := []docker.Opt{docker.FromEnv, docker.WithAPIVersionNegotiation()}
	if o.engineHost != "" {
		choose = append(choose, docker.WithHost(o.engineHost))
	}
	if h.engine, err = docker.NewClientWithOpts(choose...); err != nil {
		t.Fatal(err)
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SLIPWAY_") && !strings.HasPrefix(variable, "DATABASE_URL=") {
			h.env = append(h.env, variable)
		}
	}
	h.env = append(h.env,
		"DATABASE_URL="+h.database, "SLIPWAY_INSTALLATION="+h.name, "SLIPWAY_SECRET_KEY="+strings.Repeat("5a", 32),
		"SLIPWAY_ROUTER_HTTP="+h.router, "SLIPWAY_ROUTER_HTTPS=off",
		fmt.Sprintf("SLIPWAY_NETWORK_POOL=10.%d.0.0/16", 180+(os.Getpid()+int(n))%20),
		"SLIPWAY_ALLOW_FILE_SOURCES=true", "SLIPWAY_LOG_LEVEL=debug",
		"SLIPWAY_HEALTH_TIMEOUT=30s", fmt.Sprint("SLIPWAY_DRAIN_TIMEOUT=", drainTime), "SLIPWAY_STOP_GRACE=2s")
	if o.engineHost != "" {
		h.env = append(h.env, "DOCKER_HOST="+o.engineHost)
	}
	h.env = append(h.env, o.settings...)
	return h
}

// startPostgres brings the home's Postgres up, the first time or again.
func (h *home) startPostgres(t *testing.T, settings map[string]string) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	all := map[string]string{"fsync": "off"} // the machine itself never loses power here
	for key, value := range settings {
		all[key] = value
	}
	db, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(h.dir, "pg"), Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	h.db, h.database = db, db.URL()
}

// stopPostgres ends it in order, and keeps its data.
func (h *home) stopPostgres(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := h.db.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// sql connects to Postgres, past Slipway.
func (h *home) sql(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, h.database)
}

// rows runs a query and gives what it finds, one T a row, by the columns' names.
func rows[T any](h *home, query string, args ...any) ([]T, error) {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	conn, err := h.sql(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	found, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowToStructByNameLax[T])
}

// clear ends everything that belongs to the home.
func (h *home) clear(t *testing.T) {
	if t.Failed() {
		for _, s := range h.servers {
			t.Log(s.tail())
		}
	}
	for _, s := range h.servers {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.keepLog()
	}
	if h.decoys != nil {
		h.decoys.remove(t)
	}
	if len(h.servers) > 0 {
		if out, err := h.servers[0].command("server", "down", "--purge").CombinedOutput(); err != nil {
			t.Errorf("server down: %v\n%s", err, out)
		}
	}
	if h.engine != nil {
		_ = h.engine.Close()
	}
	if h.db != nil {
		if err := h.db.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
	_ = os.RemoveAll(h.dir)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
