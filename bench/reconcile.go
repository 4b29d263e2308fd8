package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	client "github.com/docker/docker/client"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/server/postgres"
)

const reconciledApps = 1_000

// databases starts a Postgres, and tells of its log lines.
func (b *bench) databases(ctx context.Context, logger *slog.Logger, names ...string) (map[string]string, error) {
	instance, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(b.dir, "pg"), Logger: logger})
	if err != nil {
		return nil, err
	}
	b.cleanup(func() error { return instance.Stop(context.Background()) })
	conn, err := pgx.Connect(ctx, instance.URL())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	all := map[string]string{}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
			return nil, err
		}
		at, err := url.Parse(instance.URL())
		if err != nil {
			return nil, err
		}
		at.Path = "/" + name
		all[name] = at.String()
	}
	return all, nil
}

// measureReconcile compares all of 1,000 apps with the engine, beside one
// listing of their containers. Both go through a door that counts the calls.
func measureReconcile(ctx context.Context, b *bench) error {
	queries := &statements{}
	at, err := b.databases(ctx, slog.New(queries), "docker")
	if err != nil {
		return err
	}
	door, err := b.countedEngine()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("slw-bench-%d", os.Getpid())
	cluster, err := docker.New(docker.Options{Host: door.host, Installation: name, NetworkPool: "10.219.0.0/16", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	w, err := b.world(ctx, at["docker"], name, shape{apps: reconciledApps, instances: 1, port: 8080}, cluster)
	if err != nil {
		return err
	}
	e, err := b.engine()
	if err != nil {
		return err
	}
	if err := e.fill(ctx, b, name, reconciledApps); err != nil {
		return err
	}
	ours := filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+name), filters.Arg("label", docker.LabelKind+"=instance"))
	figures, err := b.interleave(ctx, "ms", side{"ours", func(ctx context.Context) (float64, error) {
		return each(listings, func() error {
			_, err := w.Reconcile(ctx)
			return err
		})
	}}, side{"one listing", func(ctx context.Context) (float64, error) {
		return each(listings, func() error {
			list, err := cluster.API.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
			if err == nil && len(list) != reconciledApps {
				err = fmt.Errorf("%d containers", len(list))
			}
			return err
		})
	}})
	if err != nil {
		return err
	}
	calls := door.calls.Load()
	if _, err := w.Reconcile(ctx); err != nil {
		return err
	}
	calls = door.calls.Load() - calls
	asked, err := queries.of(ctx, at["docker"], w)
	if err != nil {
		return err
	}
	b.record("reconcile_1k", compared("ms", figures["ours"], figures["one listing"], "one listing").atMost(ofRatio, 1.5).
		goal("1 engine call", calls == 1).goal("at most 5 queries", asked <= 5).
		other("engine calls", float64(calls)).other("queries", float64(asked)))
	return nil
}

// listings are how many times each side of a round lists.
const listings = 5

// each gives the median of how many milliseconds something takes.
func each(times int, do func() error) (float64, error) {
	var took []float64
	for range times {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	return median(took), nil
}

// fill makes containers as Slipway would name them, and starts none.
func (e *engine) fill(ctx context.Context, b *bench, installation string, apps int) error {
	s, err := b.newSource(ctx, "reconcile", "")
	if err != nil {
		return err
	}
	f, err := b.floor(ctx)
	if err != nil {
		return err
	}
	app, err := f.app(ctx, b, "reconcile", s)
	if err != nil {
		return err
	}
	// Removed together, before their image.
	b.cleanup(func() error { return e.clearSideBySide(context.Background()) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i := range apps {
		group.Go(func() error {
			labels := e.labels()
			for key, value := range map[string]string{
				docker.LabelInstallation: installation, docker.LabelKind: "instance", docker.LabelApp: appID(i), docker.LabelAppName: "app-" + strconv.Itoa(i),
				docker.LabelProcess: "web", docker.LabelRelease: "1", docker.LabelIndex: "1",
				"slipway.port": "8080", "slipway.health.path": "", "slipway.health.timeout": "1m0s", "slipway.health.settle": "3s", "slipway.spec": "another",
			} {
				labels[key] = value
			}
			_, err := e.ContainerCreate(ctx, &container.Config{Image: app.image, Labels: labels}, &container.HostConfig{NetworkMode: "none"}, nil, nil, "")
			return err
		})
	}
	return group.Wait()
}

// clearSideBySide removes the containers that have the label, some at a time.
func (e *engine) clearSideBySide(ctx context.Context) error {
	all, err := e.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", e.label))})
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(4)
	for _, one := range all {
		group.Go(func() error { return e.ContainerRemove(ctx, one.ID, container.RemoveOptions{Force: true}) })
	}
	return group.Wait()
}

// door is the engine's socket with somebody at it who counts.
type door struct {
	host  string
	calls atomic.Int64
}

func (b *bench) countedEngine() (*door, error) {
	socket := client.DefaultDockerHost
	if set := os.Getenv("DOCKER_HOST"); set != "" {
		socket = set
	}
	kind, address, _ := strings.Cut(socket, "://")
	path := filepath.Join(b.dir, "engine.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	d := &door{host: "unix://" + path}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, kind, address)
		}},
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			d.calls.Add(1)
		}
		pass.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	b.cleanup(server.Close)
	return d, nil
}

// statements counts what PostgreSQL writes of statements into its log.
type statements struct {
	slog.Handler
	count atomic.Int64
	ended atomic.Bool
}

const endOfStatements = "the end of what is counted"

// of counts the queries of one reconcile.
func (s *statements) of(ctx context.Context, dsn string, w *world) (int64, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "ALTER DATABASE docker SET log_statement = 'all'"); err != nil {
		return 0, err
	}
	w.Store.Pool().Reset() // a connection takes settings when it is made
	if _, err := w.Reconcile(ctx); err != nil {
		return 0, err
	}
	s.count.Store(0)
	if _, err := w.Reconcile(ctx); err != nil {
		return 0, err
	}
	other, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = other.Close(ctx) }()
	if _, err := other.Exec(ctx, "SELECT '"+endOfStatements+"'"); err != nil {
		return 0, err
	}
	err = until(ctx, time.Minute, "the log has the last statement", func() error {
		if !s.ended.Load() {
			return errors.New("it has not")
		}
		return nil
	})
	return s.count.Load(), err
}

// Enabled says yes to all levels.
func (s *statements) Enabled(context.Context, slog.Level) bool { return true }

// Handle looks at one line of the log.
func (s *statements) Handle(_ context.Context, r slog.Record) error {
	switch {
	case s.ended.Load():
	case strings.Contains(r.Message, endOfStatements):
		s.ended.Store(true)
	case strings.Contains(r.Message, "execute ") || strings.Contains(r.Message, "statement: "):
		s.count.Add(1)
	}
	return nil
}

// WithAttrs gives the same handler.
func (s *statements) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup gives the same handler.
func (s *statements) WithGroup(string) slog.Handler { return s }

// measureReconcileMany takes the time from the loss of an instance to its app's
// being woken, with 10,000 apps and with 1,000, and what it costs when nothing
// happens.
func measureReconcileMany(ctx context.Context, b *bench) error {
	at, err := b.databases(ctx, slog.New(slog.DiscardHandler), "few", "many")
	if err != nil {
		return err
	}
	var sides []side
	var rest []float64
	keeping, stop := context.WithCancel(ctx)
	var kept errgroup.Group
	defer func() { stop(); _ = kept.Wait() }()
	for _, one := range []struct {
		name string
		apps int
	}{{"many", 10_000}, {"few", 1_000}} {
		engine := memory.NewEngine()
		engine.AddImage("bench", memory.Serve)
		w, err := b.inMemory(ctx, at[one.name], shape{apps: one.apps, instances: 1, port: 8080}, engine)
		if err != nil {
			return err
		}
		kept.Go(func() error { w.KeepReconciled(keeping); return nil })
		next := 0
		sides = append(sides, side{one.name, func(ctx context.Context) (float64, error) {
			var took []float64
			for range 20 {
				next++
				one, err := w.lose(ctx, engine, next)
				if err != nil {
					return 0, err
				}
				took = append(took, one)
			}
			return median(took), nil
		}})
	}
	figures, err := b.interleave(ctx, "ms", sides...)
	if err != nil {
		return err
	}
	for range b.repeat {
		used, err := busy(ctx, 2*time.Second, os.Getpid())
		if err != nil {
			return err
		}
		rest = append(rest, 100*used)
	}
	b.record("reconcile_10k", compared("ms", figures["many"], figures["few"], "itself with 1,000 apps").atMost(ofRatio, 1.5).
		other("at rest % of a core", median(rest)))
	return nil
}

// lose takes away an app's instance and waits until the app is woken for it,
// then lets it be put right.
func (w *world) lose(ctx context.Context, engine *memory.Engine, n int) (float64, error) {
	id := appID(n)
	instances, err := w.Cluster.Instances(ctx, id)
	if err != nil || len(instances) != 1 {
		return 0, fmt.Errorf("app %d has %d instances: %w", n, len(instances), err)
	}
	for len(w.woken) > 0 {
		<-w.woken
	}
	began := time.Now()
	engine.RemoveByHand(instances[0].ID)
	over := time.After(time.Minute)
	for {
		select {
		case woken := <-w.woken:
			if woken != id {
				continue
			}
			return time.Since(began).Seconds() * 1000, w.Advance(ctx, id)
		case <-over:
			return 0, fmt.Errorf("app %d is not woken", n)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
