package store_test

import (
	"slices"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestReplacing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	replacing := func(appID string, want ...string) {
		t.Helper()
		got, err := w.Replacing(ctx, appID)
		must(t, err)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("replacing %v, want %v", got, want)
		}
	}
	for _, app := range []*models.App{w.annApp, w.bobApp} {
		w.deployment(t, app, models.TriggerPush)
		d, err := w.ClaimDeployment(ctx, app.ID, "worker", lease)
		must(t, err)
		for _, state := range []models.DeploymentState{models.DeploymentReleasing, models.DeploymentDeploying} {
			replacing("")
			d.State = state
			must(t, w.UpdateDeployment(ctx, d))
		}
		replacing("")
	}
	must(t, w.AddVolume(ctx, &models.Volume{AppID: w.annApp.ID, Process: models.WebProcess, Name: "data", Path: "/data"}))
	must(t, w.AddVolume(ctx, &models.Volume{AppID: w.bobApp.ID, Process: "worker", Name: "data", Path: "/data"}))
	replacing("", w.annApp.ID)
	replacing(w.annApp.ID, w.annApp.ID)
	replacing(w.bobApp.ID)
	w.bobApp.StopFirst = true
	must(t, w.SaveApp(ctx, w.bobApp))
	replacing("", w.annApp.ID, w.bobApp.ID)
	replacing(w.bobApp.ID, w.bobApp.ID)
}
