package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func (w *world) supersede(t *testing.T, by *models.Deployment) []models.Deployment {
	t.Helper()
	var rows []models.Deployment
	must(t, w.Transact(t.Context(), func(tx *store.Store) error {
		if _, err := tx.LockApp(t.Context(), w.system, by.AppID); err != nil {
			return err
		}
		var err error
		rows, err = tx.Supersede(t.Context(), by, "a newer one came")
		return err
	}))
	return rows
}

func TestSupersede(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	building := w.deployment(t, w.annApp, models.TriggerPush)
	held := w.claim(t, w.annApp, lease)
	waits := w.deployment(t, w.annApp, models.TriggerWebhook)
	config := w.deployment(t, w.annApp, models.TriggerConfig)
	other := w.deployment(t, w.bobApp, models.TriggerPush)
	by := w.deployment(t, w.annApp, models.TriggerImage)

	rows := w.supersede(t, by)
	if len(rows) != 1 || rows[0].ID != waits.ID || rows[0].State != models.DeploymentSuperseded || rows[0].SupersededBy != by.Number ||
		rows[0].Reason != "a newer one came" || rows[0].FinishedAt == nil {
		t.Errorf("superseded: %+v", rows)
	}
	for id, state := range map[string]models.DeploymentState{
		building.ID: models.DeploymentBuilding, config.ID: models.DeploymentQueued, other.ID: models.DeploymentQueued, by.ID: models.DeploymentQueued,
	} {
		d, err := w.DeploymentByID(ctx, w.system, id)
		must(t, err)
		if d.State != state || d.SupersededBy != 0 {
			t.Errorf("#%d, %s: %+v", d.Number, d.Trigger, d)
		}
	}

	// If the app asks for it, the one that builds is told, and goes no further.
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		app, err := tx.LockApp(ctx, w.ann, w.annApp.ID)
		if err != nil {
			return err
		}
		app.SupersedeBuilding = true
		return tx.SaveApp(ctx, app)
	}))
	rows = w.supersede(t, by)
	if len(rows) != 1 || rows[0].ID != building.ID || rows[0].State != models.DeploymentBuilding || rows[0].SupersededBy != by.Number {
		t.Errorf("superseded: %+v", rows)
	}
	if rows = w.supersede(t, by); len(rows) != 0 {
		t.Errorf("once more: %+v", rows)
	}
	if asked, err := w.RenewLease(ctx, held, lease); err != nil || !asked.Supersede || asked.Cancel {
		t.Errorf("%+v, %v", asked, err)
	}
	must(t, w.UpdateDeployment(ctx, held)) // where it is it may say what it knows
	held.State = models.DeploymentReleasing
	if err := w.UpdateDeployment(ctx, held); !errors.Is(err, store.ErrSuperseded) {
		t.Errorf("it goes on: %v", err)
	}
	held.State = models.DeploymentSuperseded
	must(t, w.UpdateDeployment(ctx, held))

	// One that is past its build is let be.
	held = w.claim(t, w.annApp, lease)
	if held.ID != config.ID {
		t.Fatalf("claimed %+v", held)
	}
	held.State = models.DeploymentSucceeded
	must(t, w.UpdateDeployment(ctx, held))
	held = w.claim(t, w.annApp, lease)
	held.State = models.DeploymentReleasing
	must(t, w.UpdateDeployment(ctx, held))
	if rows = w.supersede(t, w.deployment(t, w.annApp, models.TriggerPush)); len(rows) != 0 {
		t.Errorf("superseded: %+v", rows)
	}
}

// Builds are begun in the order in which they were asked for, up to the limit,
// whoever holds them; what a dead server held does not count.
func TestBuildLimit(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	apps := []*models.App{w.annApp, w.bobApp}
	for _, name := range []string{"third", "fourth"} {
		app := &models.App{Name: name, OwnerID: w.ann.UserID}
		must(t, w.CreateApp(ctx, app))
		apps = append(apps, app)
	}
	ask := func(d *models.Deployment) int {
		t.Helper()
		var first int
		must(t, w.Transact(ctx, func(tx *store.Store) error {
			var err error
			first, err = tx.StartBuild(ctx, d, &models.Build{AppID: d.AppID, DeploymentID: d.ID}, 2)
			return err
		}))
		return first
	}
	var held []*models.Deployment
	for i, app := range apps {
		w.deployment(t, app, models.TriggerPush)
		length := lease
		if i == 0 {
			length = -time.Second // of a server that died
		}
		held = append(held, w.claim(t, app, length))
	}
	for i, want := range []int{0, 0, 0, 1} {
		if got := ask(held[i]); got != want {
			t.Errorf("the %d. waits for %d instead of %d", i+1, got, want)
		}
	}
	position := func(d *models.Deployment) int {
		t.Helper()
		n, err := w.BuildPosition(ctx, d)
		must(t, err)
		return n
	}
	if position(held[1]) != 0 || position(held[3]) != 1 {
		t.Errorf("places %d and %d", position(held[1]), position(held[3]))
	}
	// The dead one's heir has to wait too, and comes first: it asked first.
	heir := w.claim(t, apps[0], lease)
	if got := ask(heir); got != 1 {
		t.Errorf("the heir waits for %d", got)
	}
	if position(heir) != 1 || position(held[3]) != 2 || ask(held[3]) != 2 {
		t.Errorf("places %d and %d", position(heir), position(held[3]))
	}
	build, err := w.BuildOf(ctx, held[1].ID)
	must(t, err)
	build.State = models.BuildSucceeded
	must(t, w.FinishBuild(ctx, held[1], build))
	if ask(held[3]) != 1 || ask(heir) != 0 {
		t.Error("the one that came later was first")
	}
}
