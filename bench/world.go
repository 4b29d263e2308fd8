package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/secrets"
)

// world is a pipeline within this program, over a database of its own with apps
// that are live, and a cluster. Nobody works off its queue.
type world struct {
	*pipeline.Pipeline
	shape
	woken chan string // app IDs
}

// shape is how much there is in a world.
type shape struct {
	apps      int
	instances int // of each app
	port      int // of each instance
}

func appID(n int) string { return fmt.Sprintf("%026d", n) }

// world makes a world. The cluster holds nothing yet.
func (b *bench) world(ctx context.Context, dsn, name string, of shape, cluster deployer.Cluster) (*world, error) {
	if err := migrations.Apply(dsn); err != nil {
		return nil, err
	}
	rows, err := store.Open(ctx, dsn, 16)
	if err != nil {
		return nil, err
	}
	b.cleanup(func() error { rows.Close(); return nil })
	dir, logger := filepath.Join(b.dir, name), slog.New(slog.DiscardHandler)
	streams, err := logs.Open(filepath.Join(dir, "logs"), logs.Options{}, logger)
	if err != nil {
		return nil, err
	}
	b.cleanup(streams.Close)
	box, err := secrets.Open(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	w := &world{shape: of, woken: make(chan string, 16*of.apps)}
	w.Pipeline = pipeline.New(pipeline.Deps{
		Store: rows, Queue: w, Cluster: cluster, Routing: unrouted{}, Logs: streams, Hub: live.NewHub(0), Box: box, Logger: logger,
		Settings: pipeline.Settings{
			DataDir: dir, Installation: name, BuildConcurrency: 1, BuildTimeout: time.Minute, HealthTimeout: time.Minute,
			DrainTimeout: time.Second, StopGrace: time.Second, MaxSourceBytes: 1 << 20, AppMemoryMB: 64, AppCPUMilli: 100,
		},
	})
	return w, w.populate(ctx, rows, box)
}

// Wake notes the wake-up instead of working it off.
func (w *world) Wake(_ context.Context, _ *store.Store, appID string) error {
	w.woken <- appID
	return nil
}

// unrouted is a data plane without routers.
type unrouted struct{}

func (unrouted) Switch(context.Context, string, deployer.Targets) error { return nil }
func (unrouted) Drained(context.Context, deployer.WorkloadID) error     { return nil }
func (unrouted) Changed(string)                                         {}

// populate writes the rows of apps that are live.
func (w *world) populate(ctx context.Context, rows *store.Store, box *secrets.Box) error {
	now := time.Now().UTC()
	if _, err := rows.Pool().Exec(ctx, "INSERT INTO users (id, email, password_hash, role, created_at, updated_at) VALUES ('u', 'ada@example.com', '', 'owner', $1, $1)", now); err != nil {
		return err
	}
	_, err := rows.Pool().CopyFrom(ctx, pgx.Identifier{"apps"},
		[]string{"id", "name", "owner_id", "scale", "live_release", "release_seq", "deployment_seq", "created_at", "updated_at"},
		pgx.CopyFromSlice(w.apps, func(i int) ([]any, error) {
			return []any{appID(i), "app-" + strconv.Itoa(i), "u", map[string]int{"web": w.instances}, 1, 1, 1, now, now}, nil
		}))
	if err != nil {
		return err
	}
	processes := []map[string]any{{"name": "web", "port": w.port}}
	_, err = rows.Pool().CopyFrom(ctx, pgx.Identifier{"releases"},
		[]string{"id", "app_id", "version", "deployment_id", "image", "digest", "config", "processes", "created_by", "created_at"},
		pgx.CopyFromSlice(w.apps, func(i int) ([]any, error) {
			config := box.Seal("release/"+appID(i), []byte("{}"))
			return []any{"r" + appID(i), appID(i), 1, "d" + appID(i), "bench", "sha256:bench", config, processes, "ada@example.com", now}, nil
		}))
	if err != nil {
		return err
	}
	_, err = rows.Pool().Exec(ctx, "ANALYZE")
	return err
}

// inMemory makes a world whose apps all run, on an engine of the in-memory
// driver that has their image.
func (b *bench) inMemory(ctx context.Context, dsn string, of shape, engine *memory.Engine) (*world, error) {
	name := fmt.Sprint("memory-", of.apps)
	w, err := b.world(ctx, dsn, name, of, memory.New(engine, name))
	if err != nil {
		return nil, err
	}
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range of.apps {
		group.Go(func() error { return w.Advance(all, appID(i)) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return w, w.settled(ctx)
}

// settled compares everything, and fails if anything is not as it should be.
func (w *world) settled(ctx context.Context) error {
	differ, err := w.Reconcile(ctx)
	if err == nil && differ > 0 {
		err = fmt.Errorf("of %d apps %d are not what they should be", w.apps, differ)
	}
	return err
}
