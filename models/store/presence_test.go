package store_test

import (
	"bytes"
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
	beat := func(p *store.Presence, want int) {
		t.Helper()
		others, err := p.Beat(ctx, time.Minute)
		must(t, err)
		if others != want {
			t.Fatalf("%d others, not %d", others, want)
		}
	}
	beat(one, 0)
	beat(two, 1)
	beat(one, 1)
	two.Leave(ctx)
	beat(one, 0)
	one.Leave(ctx)
	again, err := w.Appear(ctx, "one")
	must(t, err)
	beat(again, 0)
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
