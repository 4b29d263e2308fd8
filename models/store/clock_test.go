package store_test

import (
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Leases go by Postgres's clock, whatever a server's says, and one that was taken
// before that was set back does not last for ever.
func TestLeasesGoByPostgresClock(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, statement := range []string{
		`CREATE SCHEMA skew`, `CREATE TABLE skew.step (by interval)`, `INSERT INTO skew.step VALUES ('1 hour')`,
		// Found before the real one by those who have the schema before it.
		`CREATE FUNCTION skew.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
			'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM skew.step)'`,
	} {
		if _, err := w.Pool().Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	away, err := store.Open(ctx, w.connectionString+"&search_path=skew,pg_catalog,public", 4)
	must(t, err)
	t.Cleanup(away.Close)
	w.deployment(t, w.annApp, models.TriggerPush)
	d, err := away.ClaimDeployment(ctx, w.annApp.ID, "gone/1", lease)
	must(t, err)
	left := func() (seconds float64) {
		t.Helper()
		must(t, away.Pool().QueryRow(ctx, `SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 FROM deployments WHERE id = $1`, d.ID).Scan(&seconds))
		return seconds
	}
	if got := left(); got <= 0 || got > lease.Seconds() {
		t.Errorf("it is held for %.1f s", got)
	}
	_, err = away.RenewLease(ctx, d, lease)
	must(t, err)
	if got := left(); got <= 0 || got > lease.Seconds() {
		t.Errorf("it is held for %.1f s after it was renewed", got)
	}
	held, err := away.HoldApp(ctx, w.bobApp.ID, "gone/1", lease, false)
	if err != nil || !held {
		t.Fatalf("%v, %v", held, err)
	}
	if err := away.DropLeasesOfGone(ctx, "mine/", lease, time.Second); err != nil {
		t.Fatal(err)
	}
	if work, err := away.AppsWithWork(ctx); err != nil || len(work) != 0 {
		t.Errorf("what was renewed just now is let go: %v, %v", work, err)
	}
	if _, err := w.Pool().Exec(ctx, `UPDATE skew.step SET by = '-1 hour'`); err != nil {
		t.Fatal(err)
	}
	must(t, away.DropLeasesOfGone(ctx, "mine/", lease, time.Second))
	if work, err := away.AppsWithWork(ctx); err != nil || len(work) != 2 {
		t.Errorf("there is work at %v, %v", work, err)
	}
	if heir, err := away.ClaimDeployment(ctx, w.annApp.ID, "mine/1", lease); err != nil || heir == nil || heir.Fence != d.Fence+1 {
		t.Errorf("taken up: %+v, %v", heir, err)
	}
}
