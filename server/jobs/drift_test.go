package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// instances lists those of an app.
func (w *works) instances(appID string) []deployer.Instance {
	w.t.Helper()
	list, err := memory.New(w.engine, "test").Instances(context.Background(), appID)
	w.must(err)
	return list
}

// drifts gives what the audit trail tells of an app's drift, oldest first.
func (w *works) drifts(app *models.App) []models.Event {
	w.t.Helper()
	events, _, err := w.store.Events(w.t.Context(), w.owner, app, store.Page{Limit: 200}, store.EventFilter{Action: "drift.repair"})
	w.must(err)
	for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
		events[i], events[j] = events[j], events[i]
	}
	return events
}

// told waits until the audit trail tells so many drifts of an app, and gives the
// newest.
func (w *works) told(app *models.App, n int) models.Event {
	w.t.Helper()
	w.until("drift to be told", func() bool { return len(w.drifts(app)) >= n })
	all := w.drifts(app)
	if len(all) != n {
		w.t.Fatalf("it was told %d times: %+v", len(all), all)
	}
	return all[n-1]
}

// leftAlone waits until nobody is at an app or about to be.
func (w *works) leftAlone(app *models.App) {
	w.t.Helper()
	w.until("nobody to be at "+app.Name, func() bool {
		rows, err := w.store.Standings(w.t.Context(), app.ID)
		w.must(err)
		var jobs int
		w.must(w.store.Pool().QueryRow(w.t.Context(),
			`SELECT count(*) FROM river_job WHERE args->>'app_id' = $1 AND state IN ('available', 'running', 'retryable', 'scheduled')`, app.ID).Scan(&jobs))
		return len(rows) == 1 && !rows[0].Busy && jobs == 0
	})
}

func TestDriftIsRepairedAndTold(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app, other := s.create("hello"), s.create("other")
	s.deploy(app, "WORKER=")
	s.deploy(other)
	_, err := s.apps.Scale(t.Context(), w.ann, app.Name, 0, map[string]int{"web": 2, "worker": 1})
	w.must(err)
	w.settled(app, map[string]int{"web.v1": 2, "worker.v1": 1})
	w.leftAlone(app)
	before := w.instances(other.ID)
	decoy := memory.New(w.engine, "other")
	strange := deployer.Workload{ID: deployer.WorkloadID{App: app.ID, Process: "web", Release: 7}, AppName: "x", Image: "decoy", Instances: 1, Port: 8080}
	w.engine.AddImage("decoy", memory.Serve)
	w.must(decoy.Ensure(t.Context(), strange))

	// Removed by hand.
	w.engine.RemoveByHand(w.instances(app.ID)[0].ID)
	event := w.told(app, 1)
	if event.Actor != "slipway" || event.Target != "web" || event.Detail["what"] != "1 of 2 instances of web was gone and was started again" {
		t.Errorf("told as %+v", event)
	}
	w.settled(app, map[string]int{"web.v1": 2, "worker.v1": 1})
	w.leftAlone(app)

	// Stopped by hand, all of them.
	for _, in := range w.instances(app.ID) {
		w.engine.StopByHand(in.ID)
	}
	w.until("all to serve again", func() bool {
		for _, in := range w.instances(app.ID) {
			if in.State != deployer.StateHealthy {
				return false
			}
		}
		return len(w.instances(app.ID)) == 3
	})
	w.leftAlone(app)
	w.until("it to be told", func() bool {
		all := ""
		for _, event := range w.drifts(app)[1:] {
			all += event.Detail["what"] + "; "
		}
		return strings.Contains(all, "of web had stopped and") && strings.Contains(all, "the only instance of worker had stopped and was started again")
	})

	// A decoy of another installation, and another app, are as they were.
	if after := w.instances(other.ID); len(after) != 1 || after[0].ID != before[0].ID || after[0].StartedAt != before[0].StartedAt {
		t.Errorf("another app's instances were touched: %+v, then %+v", before, after)
	}
	if left, err := decoy.Instances(t.Context(), app.ID); err != nil || len(left) != 1 || left[0].State == deployer.StateExited {
		t.Errorf("another installation's instance: %+v, %v", left, err)
	}
	if n := len(w.drifts(other)); n != 0 {
		t.Errorf("%d drifts are told of an app that had none", n)
	}
}

// What people ask for is no drift.
func TestChangesAreNoDrift(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	for _, n := range []int{3, 1, 0, 2} {
		_, err := s.apps.Scale(t.Context(), w.ann, app.Name, 0, map[string]int{"web": n})
		w.must(err)
		want := map[string]int{"web.v1": n}
		if n == 0 {
			want = map[string]int{}
		}
		w.settled(app, want)
	}
	s.deploy(app)
	w.settled(app, map[string]int{"web.v2": 2})
	_, err := s.Restart(t.Context(), w.ann, app.Name)
	w.must(err)
	w.settled(app, map[string]int{"web.v3": 2})
	w.leftAlone(app)
	if told := w.drifts(app); len(told) != 0 {
		t.Errorf("told as drift: %+v", told)
	}
}

// Somebody who removes an instance again and again gets it back each time, and
// does not fill the audit trail.
func TestDriftIsToldInBounds(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.leftAlone(app)
	for range 10 {
		gone := w.instances(app.ID)[0].ID
		w.engine.RemoveByHand(gone)
		w.until("it to be back", func() bool {
			now := w.instances(app.ID)
			return len(now) == 1 && now[0].ID != gone && now[0].State == deployer.StateHealthy
		})
		w.leftAlone(app)
	}
	told := w.drifts(app)
	if len(told) < 2 || len(told) > 6 {
		t.Fatalf("told %d times", len(told))
	}
	if last := told[len(told)-1]; len(told) == 6 && last.Detail["note"] == "" {
		t.Errorf("the last does not say that it is the last: %+v", last)
	}
}

// An instance that cannot come up again is not started again and again.
func TestWhatDoesNotComeUpIsLeftInPeace(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	d := s.deploy(app)
	w.leftAlone(app)
	release, err := w.store.Release(t.Context(), app.ID, d.Release)
	w.must(err)
	starts := make(chan struct{}, 1000)
	w.engine.AddImage(release.Image, func(ctx context.Context, p *memory.Process) int {
		starts <- struct{}{}
		return memory.Exit(3, "no database")(ctx, p)
	})
	w.engine.RemoveByHand(w.instances(app.ID)[0].ID)
	event := w.told(app, 1)
	if !strings.Contains(event.Detail["failed"], "exited with code 3") || event.Detail["what"] != "the only instance of web was gone" {
		t.Errorf("told as %+v", event)
	}
	w.leftAlone(app)
	// It would be started anew within milliseconds: a hundred other deployments'
	// worth of events later it has not been.
	other := s.create("other")
	for range 3 {
		s.deploy(other)
	}
	if n := len(starts); n > 2 {
		t.Errorf("it was started %d times", n)
	}
}

// When the image is gone too, the source that it was built from is built again.
func TestImageGone(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	first := s.deploy(app)
	w.leftAlone(app)
	release, err := w.store.Release(t.Context(), app.ID, first.Release)
	w.must(err)
	w.engine.RemoveImage(release.Image)
	w.engine.RemoveByHand(w.instances(app.ID)[0].ID)
	w.settled(app, map[string]int{"web.v2": 1})
	event := w.told(app, 1)
	if !strings.Contains(event.Detail["image"], "the image of v1 is gone") || !strings.Contains(event.Detail["then"], "built again as #2") {
		t.Errorf("told as %+v", event)
	}
	d, err := w.store.Deployment(t.Context(), app, 2)
	w.must(err)
	if d.SourceID != first.SourceID || d.Commit != first.Commit || !strings.Contains(d.Cause, "the image of v1 is gone") || d.CreatedBy == w.ann.Email {
		t.Errorf("it was deployed as %+v", d)
	}

	// With its source gone as well, somebody has to deploy it: that is said once.
	w.leftAlone(app)
	again, err := w.store.Release(t.Context(), app.ID, 2)
	w.must(err)
	s.DropSources([]string{d.SourceID})
	w.engine.RemoveImage(again.Image)
	w.engine.RemoveByHand(w.instances(app.ID)[0].ID)
	w.until("it to be said", func() bool {
		for _, event := range w.drifts(app) {
			if strings.Contains(event.Detail["failed"], "the source of v2 is no longer kept") {
				return true
			}
		}
		return false
	})
	w.leftAlone(app)
	if now := w.app(app.ID); now.DeploymentSeq != 2 {
		t.Errorf("there are %d deployments", now.DeploymentSeq)
	}
}

// A server that starts looks at all apps by one listing, and writes no job for
// one that is as it should be. What happened while it was away is repaired.
func TestStartLooksOnce(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	apps := []*models.App{s.create("one"), s.create("two"), s.create("three"), s.create("four")}
	for _, app := range apps {
		s.deploy(app)
		w.leftAlone(app)
	}
	s.stop()
	w.exec(`DELETE FROM river_job`)
	gone := w.instances(apps[2].ID)[0].ID
	w.engine.RemoveByHand(gone)
	w.start()
	event := w.told(apps[2], 1)
	if event.Detail["what"] != "the only instance of web was gone and was started again" {
		t.Errorf("told as %+v", event)
	}
	for _, app := range apps {
		w.settled(app, map[string]int{"web.v1": 1})
		w.leftAlone(app)
	}
	var jobs int
	w.must(w.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'advance_app' AND args->>'app_id' <> $1`, apps[2].ID).Scan(&jobs))
	if jobs != 0 {
		t.Errorf("%d jobs were written for apps that are as they should be", jobs)
	}
}

// A server that was killed while it put an app right goes on when it is back,
// and does not take what it left half done for somebody's doing.
func TestInterruptedConvergingIsNoDrift(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.ServerID = models.NewID()
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.leftAlone(app)
	s.stop()
	w.exec(`UPDATE apps SET scale = '{"web": 3}' WHERE id = $1`, app.ID)
	w.exec(`INSERT INTO app_leases (app_id, holder, until) VALUES ($1, $2, $3)`, app.ID, w.settings.ServerID+"/killed", time.Now().Add(time.Hour))
	w.start()
	w.settled(app, map[string]int{"web.v1": 3})
	w.leftAlone(app)
	if told := w.drifts(app); len(told) != 0 {
		t.Errorf("told as drift: %+v", told)
	}
}
