package jobs_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/metrics"
)

// gauge tells of 1000 good requests in each window up to the present, and of
// others from the time on at which a test made it bad.
type gauge struct {
	mu   sync.Mutex
	bad  time.Time // zero for never
	none bool      // no router tells anything
}

func (g *gauge) Windows(_ string, from, to time.Time) ([]metrics.Window, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.none {
		return nil, nil
	}
	// Each span asked for is 20 windows long, so that no test has to wait for one.
	var out []metrics.Window
	for i := range 20 {
		w := metrics.Window{Start: from.Add(time.Duration(i) * metrics.WindowLength), Requests: 1000, Latency: make([]int64, router.LatencyBuckets)}
		w.Latency[3] = w.Requests
		if !g.bad.IsZero() && !from.Before(g.bad) {
			w.Errors = 400
		}
		out = append(out, w)
	}
	return out, nil
}

func (g *gauge) breaks() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bad = time.Now()
}

// watchedWorks is an installation that watches what goes live, with two servers
// and an app that has one release.
func watchedWorks(t *testing.T) (*works, *gauge, []*server, *models.App) {
	w := open(t)
	g := &gauge{}
	w.figures = g
	servers := []*server{w.start(), w.start()}
	app := servers[0].createWarm("hello")
	w.exec(`UPDATE apps SET watch_minutes = 5 WHERE id = $1`, app.ID)
	if d := servers[0].deploy(app); d.WatchUntil != nil {
		t.Errorf("the first is watched until %v", d.WatchUntil)
	}
	return w, g, servers, app
}

func (w *works) verdict(d *models.Deployment) *models.Deployment {
	w.t.Helper()
	w.until("a verdict", func() bool { return w.deployment(d.ID).WatchVerdict != "" })
	return w.deployment(d.ID)
}

func TestReturn(t *testing.T) {
	t.Parallel()
	w, g, s, app := watchedWorks(t)
	g.breaks()
	d := s[1].deploy(app)
	if d.WatchUntil == nil || d.WatchUntil.Before(time.Now().Add(4*time.Minute)) {
		t.Errorf("watched until %v", d.WatchUntil)
	}
	d = w.verdict(d)
	if d.WatchVerdict != models.WatchReturned || !strings.Contains(d.WatchNote, "8000 of 20000 requests failed") {
		t.Errorf("%s: %s", d.WatchVerdict, d.WatchNote)
	}
	back, err := w.store.Deployment(t.Context(), app, 3)
	w.must(err)
	back = s[0].end(back, models.DeploymentSucceeded)
	if back.Trigger != models.TriggerReturn || back.Release != 1 || back.FromRelease != 1 || back.CreatedBy != "" || back.WatchUntil != nil ||
		!strings.HasPrefix(back.Cause, "v2 did worse than v1: 8000 of 20000") {
		t.Errorf("%+v", back)
	}
	// What was bad is not kept warm.
	w.settled(app, map[string]int{"web.v1": 1})
	if text, _ := w.log(d); !strings.Contains(text, "Going back to v1 by deployment #3") {
		t.Errorf("its log: %s", text)
	}
	if text, states := w.log(back); !strings.Contains(text, "Slipway goes back by itself") || !slices.Equal(states, []string{"deploying", "succeeded"}) {
		t.Errorf("the return's log, %v: %s", states, text)
	}
	events, _, err := s[0].apps.Events(t.Context(), w.ann, "hello", store.Page{}, store.EventFilter{Action: "deployment.return"})
	w.must(err)
	if len(events) != 1 || events[0].Target != "#3" || events[0].Actor != "slipway" || events[0].Detail["release"] != "v1" {
		t.Errorf("events: %+v", events)
	}
	// Once, and not back from there.
	w.must(s[0].Recover(t.Context()))
	if seq := w.app(app.ID).DeploymentSeq; seq != 3 {
		t.Errorf("there are %d deployments", seq)
	}
}

func TestWatchKept(t *testing.T) {
	t.Parallel()
	w, _, s, app := watchedWorks(t)
	d := s[0].deploy(app)
	w.exec(`UPDATE deployments SET watch_until = now() - interval '1 minute' WHERE id = $1`, d.ID)
	if d = w.verdict(d); d.WatchVerdict != models.WatchKept || !strings.Contains(d.WatchNote, "20000 requests, 0.0 % failed") {
		t.Errorf("%s: %s", d.WatchVerdict, d.WatchNote)
	}
	// Those that are not watched.
	for _, ask := range []func() (*models.Deployment, error){
		func() (*models.Deployment, error) { return s[0].Rollback(t.Context(), w.ann, "hello", 1) },
		func() (*models.Deployment, error) { return s[0].Restart(t.Context(), w.ann, "hello") },
	} {
		d, err := ask()
		w.must(err)
		if d = s[0].end(d, models.DeploymentSucceeded); d.WatchUntil != nil {
			t.Errorf("a %s is watched", d.Trigger)
		}
	}
	w.exec(`UPDATE apps SET watch_minutes = 0`)
	if d := s[0].deploy(app); d.WatchUntil != nil {
		t.Errorf("it is watched until %v", d.WatchUntil)
	}
}

func TestWatchUnknown(t *testing.T) {
	t.Parallel()
	w, g, s, app := watchedWorks(t)
	d := s[0].deploy(app)
	newer := s[1].deploy(app)
	if d = w.verdict(d); d.WatchVerdict != models.WatchUnknown || d.WatchNote != "a newer deployment, #3, came" {
		t.Errorf("%s: %s", d.WatchVerdict, d.WatchNote)
	}
	g.mu.Lock()
	g.none = true
	g.mu.Unlock()
	w.exec(`UPDATE deployments SET watch_until = now() - interval '1 hour' WHERE id = $1`, newer.ID)
	if d = w.verdict(newer); d.WatchVerdict != models.WatchUnknown || d.WatchNote != "no router told of its requests" {
		t.Errorf("%s: %s", d.WatchVerdict, d.WatchNote)
	}
}

// An app that was stopped by its owner answers nobody, and that is no reason.
func TestWatchOfAStoppedApp(t *testing.T) {
	t.Parallel()
	w, g, s, app := watchedWorks(t)
	_, err := s[0].apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 0})
	w.must(err)
	g.breaks()
	d := s[0].deploy(app)
	w.exec(`UPDATE deployments SET watch_until = now() - interval '1 minute' WHERE id = $1`, d.ID)
	if d = w.verdict(d); d.WatchVerdict == models.WatchReturned {
		t.Errorf("%s", d.WatchNote)
	}
}

// Instances that come up and crash again and again, without any request.
func TestReturnFromACrashLoop(t *testing.T) {
	t.Parallel()
	w, g, s, app := watchedWorks(t)
	g.none = true
	d := s[0].deploy(app, "LATER=")
	w.until("a verdict", func() bool { return w.deployment(d.ID).WatchVerdict != "" })
	if d = w.deployment(d.ID); d.WatchVerdict != models.WatchReturned || !strings.Contains(d.WatchNote, "crash again and again") {
		t.Errorf("%s: %s", d.WatchVerdict, d.WatchNote)
	}
	back, err := w.store.Deployment(t.Context(), app, 3)
	w.must(err)
	s[0].end(back, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v1": 1})
}
