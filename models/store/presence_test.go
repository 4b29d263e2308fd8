package store_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func TestAServerIsThereOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	one, err := w.Appear(ctx, "one")
	must(t, err)
	if _, err := w.Appear(ctx, "one"); !errors.Is(err, store.ErrPresent) {
		t.Fatalf("a second one of the same ID: %v", err)
	}
	two, err := w.Appear(ctx, "two")
	must(t, err)
	beat := func(p *store.Presence, id string, want ...store.Peer) {
		t.Helper()
		must(t, p.Beat(ctx, len(id)))
		others, err := w.Peers(ctx, id)
		must(t, err)
		if !slices.Equal(others, want) {
			t.Fatalf("%v, not %v", others, want)
		}
	}
	beat(one, "one")
	beat(two, "two", store.Peer{ID: "one", Routers: 3})
	beat(one, "one", store.Peer{ID: "two", Routers: 3})
	must(t, w.Tell(ctx, "hello"))
	said, err := two.Next(ctx)
	must(t, err)
	if said != "hello" {
		t.Errorf("it heard %q", said)
	}
	hurried, stop := context.WithTimeout(ctx, time.Millisecond)
	defer stop()
	if _, err := two.Next(hurried); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing was said, and it heard %v", err)
	}
	two.Leave(ctx)
	beat(one, "one")
	one.Leave(ctx)
	again, err := w.Appear(ctx, "one")
	must(t, err)
	beat(again, "one")
	again.Leave(ctx)
}

// What a server holds that is gone without a word is free before its time, and
// nothing else is.
func TestDropLeasesOfGone(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	const lease, silence = 8 * time.Second, 2 * time.Second
	dead, err := w.Appear(ctx, "dead")
	must(t, err)
	alive, err := w.Appear(ctx, "alive")
	must(t, err)
	defer alive.Leave(ctx)
	drop := func() {
		t.Helper()
		must(t, w.DropLeasesOfGone(ctx, "heir/", lease, silence))
	}
	// claims tells who is let have an app's deployment.
	claims := func(app *models.App, lease time.Duration) *models.Deployment {
		t.Helper()
		d, err := w.ClaimDeployment(ctx, app.ID, "heir/1", lease)
		must(t, err)
		return d
	}
	w.deployment(t, w.annApp, models.TriggerPush)
	held, err := w.ClaimDeployment(ctx, w.annApp.ID, "dead/1", lease-silence-time.Second)
	must(t, err)
	w.deployment(t, w.bobApp, models.TriggerPush)
	kept, err := w.ClaimDeployment(ctx, w.bobApp.ID, "alive/1", lease-silence-time.Second)
	must(t, err)

	drop()
	if d := claims(w.annApp, lease); d != nil {
		t.Fatalf("it is taken from a server that is there: %+v", d)
	}
	dead.Leave(ctx)
	if _, err := w.RenewLease(ctx, held, lease); err != nil {
		t.Fatal(err)
	}
	drop()
	if d := claims(w.annApp, lease); d != nil {
		t.Fatalf("it is taken from a server that was heard of just now: %+v", d)
	}
	if _, err := w.RenewLease(ctx, held, lease-silence-time.Second); err != nil {
		t.Fatal(err)
	}
	drop()
	taken := claims(w.annApp, lease-silence-time.Second)
	if taken == nil || taken.Fence != held.Fence+1 {
		t.Fatalf("it is not taken over: %+v", taken)
	}
	if _, err := w.RenewLease(ctx, held, lease); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("who had it goes on: %v", err)
	}
	drop()
	if asked, err := w.RenewLease(ctx, taken, lease); err != nil {
		t.Errorf("it took its own away: %+v, %v", asked, err)
	}
	if d := claims(w.bobApp, lease); d != nil {
		t.Errorf("it is taken from a server that is there: %+v", d)
	}
	if _, err := w.RenewLease(ctx, kept, lease); err != nil {
		t.Error(err)
	}

	// So are apps, which are to be looked at again.
	taken.State = models.DeploymentFailed
	must(t, w.UpdateDeployment(ctx, taken))
	if held, err := w.HoldApp(ctx, w.annApp.ID, "dead/1", lease-silence-time.Second, false); err != nil || !held {
		t.Fatalf("%v, %v", held, err)
	}
	drop()
	ids, err := w.AppsWithWork(ctx)
	must(t, err)
	if !slices.Contains(ids, w.annApp.ID) {
		t.Errorf("an app that a dead server was at is not to be looked at: %v", ids)
	}
	if held, err := w.HoldApp(ctx, w.annApp.ID, "heir/1", lease, false); err != nil || !held {
		t.Errorf("%v, %v", held, err)
	}
}

func TestSourcesAreShared(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	snapshot := make([]byte, 2<<20+17)
	for i := range snapshot {
		snapshot[i] = byte(rand.Uint32())
	}
	d := w.deployment(t, w.annApp, models.TriggerPush)
	w.exec(t, `UPDATE deployments SET source_id = 'snapshot' WHERE id = $1`, d.ID)
	ids, err := w.SourcesToShare(ctx)
	must(t, err)
	if !slices.Equal(ids, []string{"snapshot"}) {
		t.Fatalf("to share: %v", ids)
	}
	for range 2 { // twice is no mistake
		must(t, w.SaveSource(ctx, "snapshot", bytes.NewReader(snapshot)))
	}
	must(t, w.SaveSource(ctx, "other", bytes.NewReader(nil)))
	ids, err = w.SourcesToShare(ctx)
	must(t, err)
	if len(ids) != 0 {
		t.Fatalf("still to share: %v", ids)
	}
	var copied bytes.Buffer
	found, err := w.CopySource(ctx, "snapshot", &copied)
	must(t, err)
	if !found || !bytes.Equal(copied.Bytes(), snapshot) {
		t.Fatalf("found %v, %d of %d bytes", found, copied.Len(), len(snapshot))
	}
	must(t, w.DropSources(ctx, []string{"snapshot", "nothing"}))
	has, err := w.HasSource(ctx, "snapshot")
	must(t, err)
	if found, _ := w.CopySource(ctx, "snapshot", &copied); found || has {
		t.Fatal("it is still there")
	}
}
