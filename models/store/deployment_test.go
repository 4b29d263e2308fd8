package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const lease = time.Minute

func deploymentNumber(d models.Deployment) string { return fmt.Sprint(d.Number) }

func TestDeploymentsAreSeenByTheirOwn(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	mine, his := w.deployment(t, w.annApp, models.TriggerPush), w.deployment(t, w.bobApp, models.TriggerPush)
	for _, c := range []struct {
		who  models.Actor
		sees []string
	}{
		{w.ann, []string{mine.ID}}, {w.bob, []string{his.ID}}, {w.owner, []string{mine.ID, his.ID}}, {w.system, []string{mine.ID, his.ID}}, {models.Actor{}, nil},
	} {
		rows, _, err := w.Deployments(ctx, c.who, nil, store.Page{})
		must(t, err)
		if len(rows) != len(c.sees) {
			t.Errorf("%s sees %v", c.who.Email, rows)
		}
		for _, id := range []string{mine.ID, his.ID} {
			d, err := w.DeploymentByID(ctx, c.who, id)
			if slices.Contains(c.sees, id) {
				must(t, err)
				if d.ID != id {
					t.Errorf("got %+v", d)
				}
			} else {
				wantKind(t, err, models.KindNotFound)
			}
		}
	}
	// Nobody writes deployments of another's app.
	err := w.Transact(ctx, func(tx *store.Store) error {
		return tx.AddDeployment(ctx, w.bob, &models.Deployment{AppID: w.annApp.ID, Trigger: models.TriggerPush, CreatedBy: "bob"})
	})
	wantKind(t, err, models.KindNotFound)
}

func TestDeploymentsByPage(t *testing.T) {
	w := open(t)
	for range 9 {
		w.deployment(t, w.annApp, models.TriggerPush)
		w.deployment(t, w.bobApp, models.TriggerPush)
	}
	for _, limit := range []int{1, 4, 9, 0} {
		var got []models.Deployment
		for cursor := ""; ; {
			rows, next, err := w.Deployments(t.Context(), w.ann, w.annApp, store.Page{Limit: limit, Cursor: cursor})
			must(t, err)
			got = append(got, rows...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if ids(got, deploymentNumber) != "9 8 7 6 5 4 3 2 1" {
			t.Errorf("by %d: %s", limit, ids(got, deploymentNumber))
		}
	}
	last, err := w.LastDeployments(t.Context(), []models.App{*w.annApp, *w.bobApp, {ID: "none"}})
	must(t, err)
	if len(last) != 2 || last[w.annApp.ID].Number != 9 || last[w.bobApp.ID].Number != 9 {
		t.Errorf("%v", last)
	}
	if last, err = w.LastDeployments(t.Context(), nil); err != nil || len(last) != 0 {
		t.Errorf("of none: %v, %v", last, err)
	}
}

func TestDeploymentsNarrowed(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for i, trigger := range []models.Trigger{models.TriggerPush, models.TriggerWebhook, models.TriggerPush, models.TriggerConfig} {
		d := w.deployment(t, w.annApp, trigger)
		if i == 0 {
			_, err := w.CancelDeployment(ctx, w.annApp, d.Number, "test")
			must(t, err)
		}
	}
	all, _, err := w.Deployments(ctx, w.ann, w.annApp, store.Page{})
	must(t, err)
	if all[3].State != models.DeploymentCancelled {
		t.Fatalf("#1 is %s", all[3].State)
	}
	for want, only := range map[string]store.DeploymentFilter{
		"4 3 2 1": {},
		"4 3 2":   {States: []models.DeploymentState{models.DeploymentQueued, models.DeploymentBuilding}},
		"1":       {States: []models.DeploymentState{models.DeploymentCancelled}, Trigger: models.TriggerPush},
		"3 1":     {Trigger: models.TriggerPush},
		"":        {By: "nobody@example.com"},
		"2 1":     {Before: all[1].CreatedAt},
	} {
		got, _, err := w.Deployments(ctx, w.ann, w.annApp, store.Page{}, only)
		must(t, err)
		if ids(got, deploymentNumber) != want {
			t.Errorf("%+v gives %s, want %s", only, ids(got, deploymentNumber), want)
		}
	}
}

func TestClaim(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if d, err := w.ClaimDeployment(ctx, w.annApp.ID, "worker", lease); d != nil || err != nil {
		t.Errorf("claimed %v, %v of an app without work", d, err)
	}
	if d, err := w.ClaimDeployment(ctx, "gone", "worker", lease); d != nil || err != nil {
		t.Errorf("claimed %v, %v of an app that is gone", d, err)
	}
	first, second := w.deployment(t, w.annApp, models.TriggerPush), w.deployment(t, w.annApp, models.TriggerConfig)
	for want, d := range []*models.Deployment{first, second} {
		if got, err := w.QueuePosition(ctx, d); err != nil || got != want {
			t.Errorf("#%d is at %d, %v", d.Number, got, err)
		}
	}

	// Of many at once one gets it.
	var mu sync.Mutex
	var claimed []*models.Deployment
	var done sync.WaitGroup
	for i := range 16 {
		done.Go(func() {
			d, err := w.ClaimDeployment(ctx, w.annApp.ID, fmt.Sprint("worker", i), lease)
			if err != nil {
				t.Error(err)
			}
			if d != nil {
				mu.Lock()
				defer mu.Unlock()
				claimed = append(claimed, d)
			}
		})
	}
	done.Wait()
	if len(claimed) != 1 || claimed[0].ID != first.ID || claimed[0].Fence != 1 || claimed[0].State != models.DeploymentBuilding || claimed[0].StartedAt == nil {
		t.Fatalf("claimed: %+v", claimed)
	}
	held := claimed[0]
	if got, err := w.AppsWithWork(ctx); err != nil || len(got) != 0 {
		t.Errorf("work that is held is offered: %v, %v", got, err)
	}

	// Let go, it is taken up where it stands, not the next one.
	must(t, w.DropLease(ctx, held))
	if got, err := w.AppsWithWork(ctx); err != nil || !slices.Equal(got, []string{w.annApp.ID}) {
		t.Errorf("work that was let go is not offered: %v, %v", got, err)
	}
	again := w.claim(t, w.annApp, lease)
	if again.ID != first.ID || again.Fence != 2 || again.StartedAt.Sub(*held.StartedAt).Abs() > time.Millisecond {
		t.Errorf("claimed again: %+v", again)
	}
	// Who had it changes nothing any more.
	held.State = models.DeploymentReleasing
	if err := w.UpdateDeployment(ctx, held); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	if _, err := w.RenewLease(ctx, held, lease); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	must(t, w.DropLease(ctx, held)) // not an error, and no effect
	if d, err := w.ClaimDeployment(ctx, w.annApp.ID, "worker", lease); d != nil || err != nil {
		t.Errorf("claimed %v, %v while it is held", d, err)
	}

	// Ended, it makes room for the next, which needs no build.
	now := time.Now().UTC()
	again.State, again.FinishedAt, again.Reason = models.DeploymentFailed, &now, "because"
	must(t, w.UpdateDeployment(ctx, again))
	next := w.claim(t, w.annApp, lease)
	if next.ID != second.ID || next.State != models.DeploymentReleasing {
		t.Errorf("next: %+v", next)
	}
}

func TestLeaseRunsOut(t *testing.T) {
	w := open(t)
	w.deployment(t, w.annApp, models.TriggerPush)
	dead := w.claim(t, w.annApp, -time.Second) // as a server leaves it that died a second longer ago than its lease
	if got, err := w.AppsWithWork(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	heir := w.claim(t, w.annApp, lease)
	if heir.ID != dead.ID || heir.Fence != dead.Fence+1 {
		t.Errorf("%+v", heir)
	}
	asked, err := w.RenewLease(t.Context(), heir, lease)
	if err != nil || asked != (store.Asked{}) {
		t.Errorf("%v, %v", asked, err)
	}
	must(t, w.Transact(t.Context(), func(tx *store.Store) error {
		_, err := tx.CancelDeployment(t.Context(), w.annApp, heir.Number, "ann")
		return err
	}))
	if asked, err = w.RenewLease(t.Context(), heir, lease); err != nil || asked != (store.Asked{Cancel: true}) {
		t.Errorf("its worker does not hear of the cancel: %v, %v", asked, err)
	}
}

func TestTerminalStatesNeverChange(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, state := range []models.DeploymentState{models.DeploymentSucceeded, models.DeploymentFailed, models.DeploymentCancelled, models.DeploymentSuperseded} {
		w.deployment(t, w.annApp, models.TriggerPush)
		d := w.claim(t, w.annApp, lease)
		now := time.Now().UTC()
		d.State, d.FinishedAt, d.Reason = state, &now, "first"
		must(t, w.UpdateDeployment(ctx, d))
		for _, other := range []models.DeploymentState{models.DeploymentBuilding, models.DeploymentDeploying, models.DeploymentSucceeded, models.DeploymentCancelled} {
			changed := *d
			changed.State, changed.Reason = other, "second"
			if err := w.UpdateDeployment(ctx, &changed); !errors.Is(err, store.ErrLeaseLost) {
				t.Errorf("%s to %s: %v", state, other, err)
			}
		}
		if _, err := w.RenewLease(ctx, d, lease); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("%s is held: %v", state, err)
		}
		err := w.Transact(ctx, func(tx *store.Store) error { return second(tx.CancelDeployment(ctx, w.annApp, d.Number, "ann")) })
		wantKind(t, err, models.KindConflict)
		if got, err := w.ClaimDeployment(ctx, w.annApp.ID, "worker", lease); got != nil || err != nil {
			t.Errorf("claimed %v, %v", got, err)
		}
		got, err := w.Deployment(ctx, w.annApp, d.Number)
		must(t, err)
		if got.State != state || got.Reason != "first" || got.LeaseUntil != nil || got.CancelledAt != nil {
			t.Errorf("%+v", got)
		}
	}
}

// whileItEnds runs do when a worker has written the end of the app's deployment
// and not committed it yet, commits, and gives what do gave.
func (w *world) whileItEnds(t *testing.T, d *models.Deployment, do func() error) error {
	t.Helper()
	ctx := t.Context()
	result := make(chan error, 1)
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		now := time.Now().UTC()
		d.State, d.FinishedAt, d.Reason = models.DeploymentFailed, &now, "the build failed"
		if err := tx.UpdateDeployment(ctx, d); err != nil {
			return err
		}
		go func() { result <- do() }()
		until(t, "somebody to wait for the row", func() bool {
			var waiting int
			err := w.Pool().QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting)
			return err == nil && waiting > 0
		})
		return nil
	}))
	select {
	case err := <-result:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for something else")
		return nil
	}
}

func TestCancelMeetsTheEnd(t *testing.T) {
	w := open(t)
	w.deployment(t, w.annApp, models.TriggerPush)
	d := w.claim(t, w.annApp, lease)
	err := w.whileItEnds(t, d, func() error {
		return w.Transact(t.Context(), func(tx *store.Store) error {
			return second(tx.CancelDeployment(t.Context(), w.annApp, d.Number, "ann"))
		})
	})
	wantKind(t, err, models.KindConflict)
	got, err := w.Deployment(t.Context(), w.annApp, d.Number)
	must(t, err)
	if got.State != models.DeploymentFailed || got.CancelledBy != "" {
		t.Errorf("a terminal state was changed: %+v", got)
	}
}

func TestClaimMeetsTheEnd(t *testing.T) {
	w := open(t)
	w.deployment(t, w.annApp, models.TriggerPush)
	d := w.claim(t, w.annApp, -time.Second)
	var claimed *models.Deployment
	must(t, w.whileItEnds(t, d, func() (err error) {
		claimed, err = w.ClaimDeployment(t.Context(), w.annApp.ID, "heir", lease)
		return err
	}))
	got, err := w.Deployment(t.Context(), w.annApp, d.Number)
	must(t, err)
	if claimed != nil || got.State != models.DeploymentFailed {
		t.Errorf("claimed %+v; it is %+v", claimed, got)
	}
}

func TestCancelQueued(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.deployment(t, w.annApp, models.TriggerPush)
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		d, err := tx.CancelDeployment(ctx, w.annApp, 1, "ann")
		if err != nil || d.State != models.DeploymentCancelled || d.FinishedAt == nil || d.CancelledBy != "ann" || d.Reason != "cancelled by ann" {
			t.Errorf("%+v, %v", d, err)
		}
		return err
	}))
	err := w.Transact(ctx, func(tx *store.Store) error { return second(tx.CancelDeployment(ctx, w.annApp, 2, "ann")) })
	wantKind(t, err, models.KindNotFound)

	// Of one that is worked on, the first who asks is kept.
	w.deployment(t, w.annApp, models.TriggerPush)
	w.claim(t, w.annApp, lease)
	for _, who := range []string{"ann", "owner"} {
		must(t, w.Transact(ctx, func(tx *store.Store) error {
			d, err := tx.CancelDeployment(ctx, w.annApp, 2, who)
			if err == nil && (d.State != models.DeploymentBuilding || d.CancelledBy != "ann") {
				t.Errorf("%+v", d)
			}
			return err
		}))
	}
}

// The database itself keeps an app from having two deployments at work.
func TestOneActiveDeployment(t *testing.T) {
	w := open(t)
	w.deployment(t, w.annApp, models.TriggerPush)
	w.deployment(t, w.annApp, models.TriggerPush)
	w.claim(t, w.annApp, lease)
	if _, err := w.Pool().Exec(t.Context(), "UPDATE deployments SET state = 'deploying' WHERE number = 2"); err == nil {
		t.Error("two deployments of an app are active")
	}
}

func TestHoldApp(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	hold := func(holder string, want bool) {
		t.Helper()
		if got, err := w.HoldApp(ctx, w.annApp.ID, holder, lease, false); err != nil || got != want {
			t.Errorf("%s holds: %v, %v", holder, got, err)
		}
	}
	hold("a", true)
	hold("a", true)
	hold("b", false)
	d := w.deployment(t, w.annApp, models.TriggerPush)
	hold("a", false) // there is work
	if got, err := w.HoldApp(ctx, w.annApp.ID, "a", lease, true); err != nil || !got {
		t.Errorf("work that merely waits cannot be ignored: %v, %v", got, err)
	}
	if got, err := w.ClaimDeployment(ctx, w.annApp.ID, "b", lease); got != nil || err != nil {
		t.Errorf("claimed %v, %v of an app that another holds", got, err)
	}
	must(t, w.LetAppGo(ctx, w.annApp.ID, "b")) // not its own: no effect
	if got, err := w.ClaimDeployment(ctx, w.annApp.ID, "b", lease); got != nil || err != nil {
		t.Errorf("claimed %v, %v of an app that another holds", got, err)
	}
	got, err := w.ClaimDeployment(ctx, w.annApp.ID, "a", lease)
	if err != nil || got == nil || got.ID != d.ID {
		t.Fatalf("its holder claims %v, %v", got, err)
	}
	if got, err := w.HoldApp(ctx, w.annApp.ID, "a", lease, true); err != nil || got {
		t.Errorf("work that is under way is ignored: %v, %v", got, err)
	}
	now := time.Now().UTC()
	got.State, got.FinishedAt = models.DeploymentFailed, &now
	must(t, w.UpdateDeployment(ctx, got))
	hold("b", false)
	must(t, w.LetAppGo(ctx, w.annApp.ID, "a"))
	hold("b", true)
	// A holder that died is forgotten.
	if held, err := w.HoldApp(ctx, w.annApp.ID, "b", -time.Second, false); err != nil || !held {
		t.Errorf("%v, %v", held, err)
	}
	hold("a", true)
	if held, err := w.HoldApp(ctx, "gone", "a", lease, true); err != nil || held {
		t.Errorf("an app that is gone is held: %v, %v", held, err)
	}
}

// What a server's processes held is let go, and nothing of anybody else's.
func TestDropLeases(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	deployed := map[string]*models.App{"a/1": w.annApp, "ab/1": w.bobApp}
	for holder, app := range deployed {
		w.deployment(t, app, models.TriggerPush)
		if d, err := w.ClaimDeployment(ctx, app.ID, holder, lease); err != nil || d == nil || d.Holder != holder {
			t.Fatalf("%s claims %+v, %v", holder, d, err)
		}
	}
	held := map[string]*models.App{}
	for _, holder := range []string{"a/2", "b/a/"} {
		app := &models.App{Name: "held-by-" + holder[:1], OwnerID: w.ann.UserID}
		must(t, w.CreateApp(ctx, app))
		if ok, err := w.HoldApp(ctx, app.ID, holder, lease, false); err != nil || !ok {
			t.Fatalf("%s holds %v, %v", holder, ok, err)
		}
		held[holder] = app
	}
	must(t, w.DropLeases(ctx, "a/"))
	for holder, app := range deployed {
		d, err := w.ClaimDeployment(ctx, app.ID, "heir", lease)
		if free := holder == "a/1"; err != nil || (d != nil) != free || free && d.Fence != 2 {
			t.Errorf("what %s held is claimed as %+v, %v", holder, d, err)
		}
	}
	for holder, app := range held {
		if ok, err := w.HoldApp(ctx, app.ID, "heir", lease, false); err != nil || ok != (holder == "a/2") {
			t.Errorf("what %s held is held: %v, %v", holder, ok, err)
		}
	}
}

func TestDeliveries(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	d := w.deployment(t, w.annApp, models.TriggerWebhook)
	must(t, w.AddDelivery(ctx, w.annApp.ID, "x", d.ID))
	wantKind(t, w.AddDelivery(ctx, w.annApp.ID, "x", d.ID), models.KindConflict)
	must(t, w.AddDelivery(ctx, w.bobApp.ID, "x", "other"))
	for _, c := range []struct{ app, delivery, want string }{
		{w.annApp.ID, "x", d.ID}, {w.bobApp.ID, "x", "other"}, {w.annApp.ID, "y", ""}, {"gone", "x", ""},
	} {
		if got, err := w.Delivery(ctx, c.app, c.delivery); err != nil || got != c.want {
			t.Errorf("%v: %q, %v", c, got, err)
		}
	}
}

func TestSourcesToDrop(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	add := func(app *models.App, source string, ended bool) {
		t.Helper()
		d := &models.Deployment{AppID: app.ID, Trigger: models.TriggerPush, SourceID: source, CreatedBy: "test"}
		must(t, w.Transact(ctx, func(tx *store.Store) error { return tx.AddDeployment(ctx, w.system, d) }))
		if ended {
			w.exec(t, "UPDATE deployments SET state = 'failed' WHERE id = $1", d.ID)
		}
	}
	add(w.annApp, "open", false)
	add(w.annApp, "old", true)
	add(w.annApp, "retried", true)
	add(w.annApp, "lent", true)
	add(w.annApp, "", true)
	add(w.annApp, "new", true)
	add(w.annApp, "retried", true)
	add(w.bobApp, "his", true)
	add(w.bobApp, "lent", false)
	for _, c := range []struct {
		keep int
		want []string
	}{
		{0, []string{"new", "old", "retried"}}, {1, []string{"new", "old"}}, {2, []string{"old"}}, {100, []string{}},
	} {
		got, err := w.SourcesToDrop(ctx, w.annApp.ID, c.keep)
		must(t, err)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("keeping %d: %v instead of %v", c.keep, got, c.want)
		}
	}
	used, err := w.UsedSources(ctx, []string{"old", "his", "never"})
	must(t, err)
	if slices.Sort(used); !slices.Equal(used, []string{"his", "old"}) {
		t.Errorf("used: %v", used)
	}
	if used, err = w.UsedSources(ctx, nil); err != nil || len(used) != 0 {
		t.Errorf("of none: %v, %v", used, err)
	}
	if all, err := w.DeploymentIDs(ctx, w.annApp.ID); err != nil || len(all) != 7 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestQueuePositionAndOpen(t *testing.T) {
	w := open(t)
	ctx := context.Background()
	for range 3 {
		w.deployment(t, w.annApp, models.TriggerPush)
	}
	first := w.claim(t, w.annApp, lease)
	rows, err := w.OpenDeployments(ctx, w.annApp.ID)
	must(t, err)
	if ids(rows, deploymentNumber) != "1 2 3" {
		t.Errorf("%v", rows)
	}
	for i, d := range rows {
		if got, err := w.QueuePosition(ctx, &d); err != nil || got != i {
			t.Errorf("#%d is at %d, %v", d.Number, got, err)
		}
	}
	now := time.Now().UTC()
	first.State, first.FinishedAt = models.DeploymentFailed, &now
	must(t, w.UpdateDeployment(ctx, first))
	if got, err := w.QueuePosition(ctx, &rows[2]); err != nil || got != 1 {
		t.Errorf("#3 is at %d, %v", got, err)
	}
	numbers, err := w.DeploymentNumbers(ctx, w.annApp, []string{rows[0].ID, rows[2].ID, "none"})
	if err != nil || len(numbers) != 2 || numbers[rows[2].ID] != 3 {
		t.Errorf("%v, %v", numbers, err)
	}
	if numbers, err = w.DeploymentNumbers(ctx, w.bobApp, []string{rows[0].ID}); err != nil || len(numbers) != 0 {
		t.Errorf("another app's: %v, %v", numbers, err)
	}
}
