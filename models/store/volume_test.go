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
