package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

// listed is a cluster that counts its listings, and has nothing else that a
// reconcile may use.
type listed struct {
	deployer.Cluster // nil: every other call panics
	inner            *memory.Cluster

	mu    sync.Mutex
	calls []string
}

func (l *listed) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	l.mu.Lock()
	l.calls = append(l.calls, app)
	l.mu.Unlock()
	return l.inner.Census(ctx, app)
}

func (l *listed) Spec(w deployer.Workload) string { return l.inner.Spec(w) }

// noted is a queue that notes who was woken.
type noted struct {
	mu    sync.Mutex
	woken []string
}

func (n *noted) Wake(_ context.Context, _ *store.Store, appID string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.woken = append(n.woken, appID)
	return nil
}

// town is an installation of so many apps, each with one instance that idles.
type town struct {
	*Pipeline
	cluster *listed
	engine  *memory.Engine
	queue   *noted
	apps    []string
}

func newTown(t testing.TB, apps int) *town {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, err := store.Open(t.Context(), pgtest.New(t, migrations.Apply), 4)
	must(err)
	t.Cleanup(rows.Close)
	box, err := secrets.New(strings.Repeat("5a", 32))
	must(err)
	c := &town{engine: memory.NewEngine(), queue: &noted{}}
	c.cluster = &listed{inner: memory.New(c.engine, "test")}
	c.engine.AddImage("img", memory.Idle)
	c.Pipeline = New(Deps{
		Store: rows, Queue: c.queue, Cluster: c.cluster, Box: box, Hub: live.NewHub(0), Logger: slog.New(slog.DiscardHandler),
		Settings: Settings{DataDir: t.TempDir(), Installation: "test", BuildConcurrency: 1, HealthTimeout: time.Minute, AppMemoryMB: 64, AppCPUMilli: 100},
	})
	user := &models.User{Email: "ann@example.com", PasswordHash: "x", Role: models.RoleOwner}
	must(rows.CreateUser(t.Context(), user))
	must(rows.Transact(t.Context(), func(tx *store.Store) error {
		for i := range apps {
			app := &models.App{Name: fmt.Sprintf("app%d", i), OwnerID: user.ID}
			if err := tx.CreateApp(t.Context(), app); err != nil {
				return err
			}
			sealed, names, err := c.sealRelease(app.ID, map[string]string{"GREETING": "hello"})
			if err != nil {
				return err
			}
			release := &models.Release{
				AppID: app.ID, DeploymentID: models.NewID(), Image: "img", Digest: "sha256:0", Config: sealed, ConfigNames: names,
				Processes: []models.Process{{Name: "web"}}, CreatedBy: "ann@example.com",
			}
			if err := tx.AddRelease(t.Context(), release); err != nil {
				return err
			}
			if err := c.goLive(tx, app.ID, release.Version); err != nil {
				return err
			}
			app.LiveRelease = release.Version
			plan, err := c.planWith(app, release, nil)
			if err != nil {
				return err
			}
			if err := c.cluster.inner.Ensure(t.Context(), plan.Workloads[0]); err != nil {
				return err
			}
			c.apps = append(c.apps, app.ID)
		}
		return nil
	}))
	t.Cleanup(func() {
		for _, id := range c.apps {
			for _, in := range c.seen(t, id) {
				c.engine.RemoveByHand(in.ID)
			}
		}
	})
	return c
}

func (c *town) goLive(tx *store.Store, appID string, version int) error {
	_, err := tx.Tx().Exec(context.Background(), `UPDATE apps SET live_release = $1 WHERE id = $2`, version, appID)
	return err
}

func (c *town) seen(t testing.TB, appID string) []deployer.Seen {
	t.Helper()
	seen, err := c.cluster.inner.Census(context.Background(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestReconcileTakesOneListing: whatever the number of apps, one listing says
// which of them differ, and only those are looked at and woken.
func TestReconcileTakesOneListing(t *testing.T) {
	c := newTown(t, 50)
	if n, err := c.Reconcile(t.Context()); err != nil || n != 0 {
		t.Fatalf("%d differ, %v", n, err)
	}
	c.engine.RemoveByHand(c.seen(t, c.apps[7])[0].ID)
	c.engine.StopByHand(c.seen(t, c.apps[30])[0].ID)
	for deadline := time.Now().Add(10 * time.Second); c.seen(t, c.apps[30])[0].Condition != deployer.ConditionStopped; {
		if time.Now().After(deadline) {
			t.Fatal("it does not stop")
		}
		time.Sleep(time.Millisecond) // between two looks
	}
	n, err := c.Reconcile(t.Context())
	if err != nil || n != 2 {
		t.Fatalf("%d differ, %v", n, err)
	}
	if !slices.Equal(c.cluster.calls, []string{"", ""}) {
		t.Errorf("two reconciles listed %q", c.cluster.calls)
	}
	for range n {
		id, ok := c.looks.take(t.Context())
		if !ok {
			t.Fatal("nothing to look at")
		}
		c.lookAt(t.Context(), id)
		c.looks.done(id)
	}
	slices.Sort(c.queue.woken)
	if want := []string{c.apps[7], c.apps[30]}; !slices.Equal(c.queue.woken, want) {
		t.Errorf("woken %v, want %v", c.queue.woken, want)
	}
}

// BenchmarkReconcile compares all apps with all instances, as at a start: the
// first time, when no release is known yet, and again.
func BenchmarkReconcile(b *testing.B) {
	for _, apps := range []int{1000, 10_000} {
		c := newTown(b, apps)
		b.Run(fmt.Sprintf("%d/listing", apps), func(b *testing.B) {
			for b.Loop() {
				c.seen(b, "")
			}
		})
		b.Run(fmt.Sprintf("%d/first", apps), func(b *testing.B) {
			for b.Loop() {
				clear(c.blueprints)
				if n, err := c.Reconcile(b.Context()); err != nil || n != 0 {
					b.Fatal(n, err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d/again", apps), func(b *testing.B) {
			for b.Loop() {
				if n, err := c.Reconcile(b.Context()); err != nil || n != 0 {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkReconcileChange is what one event costs: the same however many apps
// there are, and between events nothing is done.
func BenchmarkReconcileChange(b *testing.B) {
	for _, apps := range []int{10, 1000, 10_000} {
		c := newTown(b, apps)
		b.Run(fmt.Sprint(apps), func(b *testing.B) {
			for b.Loop() {
				c.lookAt(b.Context(), c.apps[apps/2])
			}
		})
	}
}
