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
