package store_test

import (
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestVolumes(t *testing.T) {
	ctx := t.Context()
	w := open(t)
	must(t, w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: "web", Name: "uploads", Path: "/data/uploads"}))
	wantKind(t, w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: "web", Name: "uploads", Path: "/elsewhere"}), models.KindConflict)
	wantKind(t, w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: "web", Name: "other", Path: "/data/uploads"}), models.KindConflict)
	must(t, w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: "worker", Name: "cache", Path: "/data/uploads"}))

	volumes, err := w.Volumes(ctx, w.annApp.ID)
	must(t, err)
	if len(volumes) != 2 || volumes[0].Name != "cache" || volumes[1].Path != "/data/uploads" {
		t.Fatalf("volumes: %+v", volumes)
	}
	wantKind(t, w.DeleteVolume(ctx, w.annApp.ID, "nothing"), models.KindNotFound)
	must(t, w.DeleteVolume(ctx, w.annApp.ID, "uploads"))
	volumes, err = w.Volumes(ctx, w.annApp.ID)
	must(t, err)
	if len(volumes) != 1 {
		t.Fatalf("volumes: %+v", volumes)
	}
}

func TestVolumeGivenUp(t *testing.T) {
	ctx := t.Context()
	w := open(t)
	add := func(name, path string) error {
		return w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: "web", Name: name, Path: path})
	}
	must(t, add("uploads", "/data"))
	wantKind(t, w.GiveUpVolume(ctx, w.annApp.ID, "nothing"), models.KindNotFound)
	must(t, w.GiveUpVolume(ctx, w.annApp.ID, "uploads"))
	wantKind(t, w.GiveUpVolume(ctx, w.annApp.ID, "uploads"), models.KindNotFound)
	if volumes, err := w.Volumes(ctx, w.annApp.ID); err != nil || len(volumes) != 0 {
		t.Errorf("volumes: %+v, %v", volumes, err)
	}
	if names, err := w.VolumesGivenUp(ctx, w.annApp.ID); err != nil || len(names) != 1 || names[0] != "uploads" {
		t.Errorf("given up: %v, %v", names, err)
	}
	// Its place is free at once, its name when it is gone.
	must(t, add("other", "/data"))
	wantKind(t, add("uploads", "/uploads"), models.KindConflict)
	must(t, w.DeleteVolume(ctx, w.annApp.ID, "uploads"))
	must(t, add("uploads", "/uploads"))
}
