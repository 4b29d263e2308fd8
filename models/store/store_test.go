package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

// world is a store with two members, each with an app, and an owner.
type world struct {
	*store.Store
	owner, ann, bob  models.Actor
	annApp, bobApp   *models.App
	system           models.Actor
	connectionString string
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{system: models.SystemActor(), connectionString: pgtest.New(t, migrations.Apply)}
	var err error
	if w.Store, err = store.Open(t.Context(), w.connectionString, 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, who := range []struct {
		actor *models.Actor
		name  string
		role  models.Role
	}{{&w.owner, "owner", models.RoleOwner}, {&w.ann, "ann", models.RoleMember}, {&w.bob, "bob", models.RoleMember}} {
		user := &models.User{Email: who.name + "@example.com", Name: who.name, PasswordHash: "x", Role: who.role}
		must(t, w.CreateUser(t.Context(), user))
		*who.actor = models.Actor{UserID: user.ID, Email: user.Email, Role: who.role}
	}
	w.annApp, w.bobApp = w.app(t, "ann-app", w.ann), w.app(t, "bob-app", w.bob)
	return w
}

func (w *world) app(t *testing.T, name string, owner models.Actor) *models.App {
	t.Helper()
	app := &models.App{Name: name, OwnerID: owner.UserID}
	must(t, w.CreateApp(t.Context(), app))
	return app
}

// deployment writes a queued deployment.
func (w *world) deployment(t *testing.T, app *models.App, trigger models.Trigger) *models.Deployment {
	t.Helper()
	d := &models.Deployment{AppID: app.ID, Trigger: trigger, CreatedBy: "test"}
	must(t, w.Transact(t.Context(), func(tx *store.Store) error { return tx.AddDeployment(t.Context(), w.system, d) }))
	return d
}

// claim claims the app's next deployment, which must be there.
func (w *world) claim(t *testing.T, app *models.App, lease time.Duration) *models.Deployment {
	t.Helper()
	d, err := w.ClaimDeployment(t.Context(), app.ID, "worker", lease)
	must(t, err)
	if d == nil {
		t.Fatal("there is nothing to claim")
	}
	return d
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := w.Pool().Exec(t.Context(), sql, args...)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kind models.Kind) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Errorf("got %v, of kind %s, instead of one of kind %s", err, models.KindOf(err), kind)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(time.Millisecond) // between two looks
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, dsn := range []string{
		"postgres://ann:hunter2@db.example.com:notaport/x", "postgres://ann:hunter2@%zz/x", "host=x password=hunter2 port=y",
		"postgres://ann:hunter2@127.0.0.1:1/x", "postgres://ann:hunter2@no-such-host.invalid/x",
	} {
		s, err := store.Open(t.Context(), dsn, 1)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", dsn)
			continue
		}
		if strings.Contains(models.SafeMessage(err)+err.Error(), "hunter2") {
			t.Errorf("%v shows the password", err)
		}
		if strings.Contains(err.Error(), "%!") {
			t.Errorf("%q is not well put", err)
		}
	}
	_, err := store.Open(t.Context(), "postgres://ann:hunter2@127.0.0.1:1/x", 1)
	if !store.Away(err) {
		t.Errorf("a Postgres that does not answer is not away: %v", err)
	}
	if _, err := store.Open(t.Context(), "postgres://x:y", 1); store.Away(err) {
		t.Errorf("a URL that is wrong is away: %v", err)
	}
}

func TestTransact(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	failure := errors.New("no")
	add := func(tx *store.Store, name string) error {
		return tx.CreateApp(ctx, &models.App{Name: name, OwnerID: w.ann.UserID})
	}
	exists := func(name string) bool {
		_, err := w.AppByName(ctx, w.system, name)
		return err == nil
	}

	must(t, w.Transact(ctx, func(tx *store.Store) error {
		if tx.Tx() == nil || w.Tx() != nil {
			t.Error("the transaction cannot be told from the outside")
		}
		if err := add(tx, "kept"); err != nil {
			return err
		}
		if exists("kept") {
			t.Error("a row was seen before its transaction ended")
		}
		// A connection of the transaction's own sees it.
		if _, err := tx.AppByName(ctx, w.system, "kept"); err != nil {
			t.Error(err)
		}
		var there bool
		if err := tx.Tx().QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM apps WHERE name = 'kept')").Scan(&there); err != nil || !there {
			t.Errorf("GORM and pgx are not in the same transaction: %v", err)
		}
		return nil
	}))
	if !exists("kept") {
		t.Error("what was committed is not there")
	}

	if err := w.Transact(ctx, func(tx *store.Store) error { must(t, add(tx, "dropped")); return failure }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() != "panic" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = w.Transact(ctx, func(tx *store.Store) error { must(t, add(tx, "dropped")); panic("panic") })
	}()
	dead, cancel := context.WithCancel(ctx)
	err := w.Transact(dead, func(tx *store.Store) error { must(t, add(tx, "dropped")); cancel(); return nil })
	if err == nil {
		t.Error("it was committed for somebody who had gone")
	}
	// A statement that fails spoils all of its transaction.
	err = w.Transact(ctx, func(tx *store.Store) error {
		must(t, add(tx, "dropped"))
		wantKind(t, add(tx, "kept"), models.KindConflict)
		return nil
	})
	if err == nil {
		t.Error("half a transaction was committed")
	}
	if err := w.Transact(ctx, func(tx *store.Store) error {
		return tx.Transact(ctx, func(*store.Store) error { return nil })
	}); err == nil {
		t.Error("transactions were nested")
	}
	if exists("dropped") {
		t.Error("what was rolled back is there")
	}
	// All connections came back, none of them inside a transaction.
	until(t, "the connections", func() bool { return w.Pool().Stat().AcquiredConns() == 0 })
	for range 20 {
		must(t, w.Transact(ctx, func(tx *store.Store) error { return add(tx, "app-"+strings.ToLower(models.NewID())) }))
	}
}

// Many transactions at once, more than there are connections, neither lose
// anything nor wait for each other forever.
func TestTransactAtOnce(t *testing.T) {
	w := open(t)
	const all = 100
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() {
			d := &models.Deployment{AppID: w.annApp.ID, Trigger: models.TriggerPush, CreatedBy: "test"}
			err := w.Transact(context.Background(), func(tx *store.Store) error {
				if err := tx.AddDeployment(context.Background(), w.system, d); err != nil {
					return err
				}
				if i%2 == 0 {
					return errors.New("no")
				}
				return nil
			})
			if (err == nil) != (i%2 == 1) {
				t.Error(err)
			}
		})
	}
	done.Wait()
	rows, err := w.OpenDeployments(t.Context(), w.annApp.ID)
	must(t, err)
	for i, d := range rows {
		if d.Number != i+1 {
			t.Fatalf("deployment %d has the number %d", i+1, d.Number)
		}
	}
	if len(rows) != all/2 {
		t.Errorf("%d deployments instead of %d", len(rows), all/2)
	}
}

// Who goes away between two statements of a transaction has its connection
// closed. Nothing else may be using that at the same moment.
func TestTransactIsGivenUp(t *testing.T) {
	w := open(t)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for range 100 {
				ctx, cancel := context.WithCancel(context.Background())
				err := w.Transact(ctx, func(tx *store.Store) error {
					if _, err := tx.LockApp(ctx, w.system, w.annApp.ID); err != nil {
						return err
					}
					cancel()
					return second(tx.Release(ctx, w.annApp.ID, 1)) // a statement that this connection has not prepared yet
				})
				if models.KindOf(err) != models.KindCancelled {
					t.Errorf("got %v, of kind %s", err, models.KindOf(err))
				}
				cancel()
			}
		})
	}
	done.Wait()
	until(t, "the connections", func() bool { return w.Pool().Stat().AcquiredConns() == 0 })
	must(t, w.Transact(t.Context(), func(tx *store.Store) error { return second(tx.LockApp(t.Context(), w.system, w.annApp.ID)) }))
}

func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other, err := store.Open(ctx, w.connectionString, 2)
	must(t, err)
	defer other.Close()
	kill := func() {
		t.Helper()
		_, err := other.Pool().Exec(ctx, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		must(t, err)
	}
	must(t, w.Ping(ctx))

	// In the middle of a transaction: it is away, and nothing is written.
	err = w.Transact(ctx, func(tx *store.Store) error {
		must(t, tx.CreateApp(ctx, &models.App{Name: "half", OwnerID: w.ann.UserID}))
		kill()
		return tx.CreateApp(ctx, &models.App{Name: "other-half", OwnerID: w.ann.UserID})
	})
	wantKind(t, err, models.KindUnavailable)
	if !errors.Is(err, store.ErrAway) {
		t.Errorf("%v does not say that Postgres is away", err)
	}
	for _, name := range []string{"half", "other-half"} {
		until(t, "the database", func() bool { return w.Ping(ctx) == nil })
		_, err := w.AppByName(ctx, w.system, name)
		wantKind(t, err, models.KindNotFound)
	}

	// Between two calls: whatever the next one says, it is no defect, and it
	// soon works again.
	kill()
	until(t, "the database", func() bool {
		_, err := w.AppByName(ctx, w.system, "ann-app")
		if err != nil {
			wantKind(t, err, models.KindUnavailable)
		}
		return err == nil
	})

	w.Close()
	_, err = w.AppByName(ctx, w.system, "ann-app")
	wantKind(t, err, models.KindUnavailable)
	wantKind(t, w.Transact(ctx, func(*store.Store) error { return nil }), models.KindUnavailable)
	wantKind(t, w.Ping(ctx), models.KindUnavailable)
}

// Whoever goes away in the middle is told so, and not that Postgres is at fault.
func TestCancelledContext(t *testing.T) {
	w := open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.AppByName(gone, w.system, "ann-app")
	wantKind(t, err, models.KindCancelled)
	wantKind(t, w.Transact(gone, func(*store.Store) error { return nil }), models.KindCancelled)
}

// What people type must not come back as a defect, whatever it is.
func TestWhatCannotBeStored(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, odd := range []string{"a\x00b", "\xff\xfe", strings.Repeat("x", 1<<20), "'; DROP TABLE apps; --", "%", "é"} {
		for what, err := range map[string]error{
			"app by name": second(w.AppByName(ctx, w.ann, odd)),
			"app by ID":   second(w.AppByID(ctx, w.ann, odd)),
			"deployment":  second(w.DeploymentByID(ctx, w.ann, odd)),
			"apps":        third(w.Apps(ctx, w.ann, store.Page{Cursor: odd})),
			"deployments": third(w.Deployments(ctx, w.ann, nil, store.Page{Cursor: odd})),
			"releases":    third(w.Releases(ctx, w.annApp, store.Page{Cursor: odd})),
			"events":      third(w.Events(ctx, w.ann, w.annApp, store.Page{Cursor: odd})),
			"domain":      w.RemoveDomain(ctx, w.annApp, odd),
			"config":      w.UnsetConfigVar(ctx, w.annApp.ID, odd),
			"delivery":    second(w.Delivery(ctx, w.annApp.ID, odd)),
			"user":        second(w.UserByEmail(ctx, odd)),
		} {
			if kind := models.KindOf(err); err != nil && kind != models.KindNotFound && kind != models.KindInvalid {
				t.Errorf("%s %.20q: %v, of kind %s", what, odd, err, kind)
			}
		}
	}
	for _, number := range []int{0, -1, 1<<31 - 1, 1 << 31, -1 << 31, 1 << 40, -1 << 40, 1<<63 - 1, -1 << 63} {
		_, err := w.Deployment(ctx, w.annApp, number)
		wantKind(t, err, models.KindNotFound)
		_, err = w.Release(ctx, w.annApp.ID, number)
		wantKind(t, err, models.KindNotFound)
		if _, _, err = w.Releases(ctx, w.annApp, store.Page{Cursor: fmt.Sprint(number)}); err != nil {
			wantKind(t, err, models.KindInvalid)
		}
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }
func ids[T any](rows []T, id func(T) string) string {
	var all bytes.Buffer
	for _, row := range rows {
		fmt.Fprintf(&all, "%s ", id(row))
	}
	return strings.TrimSpace(all.String())
}
