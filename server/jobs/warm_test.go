package jobs_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
)

// createWarm makes an app that keeps the release before running.
func (s *server) createWarm(name string) *models.App {
	s.works.t.Helper()
	app := s.create(name)
	s.works.exec(`UPDATE apps SET warm_minutes = 10 WHERE id = $1`, app.ID)
	return app
}

// instance gives the ID of the one instance of a process of a release.
func (w *works) instance(appID, process string, release int) string {
	w.t.Helper()
	instances, err := memory.New(w.engine, "test").Instances(w.t.Context(), appID)
	w.must(err)
	for _, in := range instances {
		if in.Workload.Process == process && in.Workload.Release == release {
			return in.ID
		}
	}
	return ""
}

func TestWarmRelease(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	s.deploy(app, "WORKER=")
	_, err := s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"worker": 1})
	w.must(err)
	w.settled(app, map[string]int{"web.v1": 1, "worker.v1": 1})
	if now := w.app(app.ID); now.WarmRelease != 0 || now.WarmUntil != nil {
		t.Errorf("with one release v%d is warm until %v", now.WarmRelease, now.WarmUntil)
	}

	// The release before goes on without traffic, and without its workers.
	began := time.Now()
	s.deploy(app, "WORKER=")
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1, "worker.v2": 1})
	now := w.app(app.ID)
	if now.LiveRelease != 2 || now.WarmRelease != 1 || now.WarmUntil == nil || now.WarmUntil.Before(began.Add(9*time.Minute)) {
		t.Errorf("%+v", now)
	}
	if w.routers.target(app.ID) != 2 {
		t.Errorf("requests go to v%d", w.routers.target(app.ID))
	}

	// Going back to it starts no web instance, and keeps the one it leaves.
	first, second := w.instance(app.ID, "web", 1), w.instance(app.ID, "web", 2)
	back, err := s.Rollback(t.Context(), w.ann, "hello", 0)
	w.must(err)
	back = s.end(back, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1, "worker.v1": 1})
	if w.instance(app.ID, "web", 1) != first || w.instance(app.ID, "web", 2) != second {
		t.Error("instances were replaced")
	}
	if now := w.app(app.ID); now.LiveRelease != 1 || now.WarmRelease != 2 || w.routers.target(app.ID) != 1 {
		t.Errorf("%+v; requests go to v%d", now, w.routers.target(app.ID))
	}
	if text, states := w.log(back); !strings.Contains(text, "v1 is still running") || !slices.Equal(states, []string{"deploying", "succeeded"}) {
		t.Errorf("%v: %s", states, text)
	}

	// Only the newest is kept.
	s.deploy(app, "WORKER=")
	w.settled(app, map[string]int{"web.v1": 1, "web.v3": 1, "worker.v3": 1})

	// A restart is asked for to be rid of what runs.
	restart, err := s.Restart(t.Context(), w.ann, "hello")
	w.must(err)
	s.end(restart, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v4": 1, "worker.v4": 1})
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// A warm release goes when its time is over, also when no server was there then.
func TestWarmIsOver(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	s.deploy(app)
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})
	s.stop()
	w.exec(`UPDATE apps SET warm_until = now() - interval '1 minute'`)
	s = w.start()
	w.settled(app, map[string]int{"web.v2": 1})
	w.until("its row to say so", func() bool { return w.app(app.ID).WarmRelease == 0 })

	s.deploy(app)
	w.settled(app, map[string]int{"web.v2": 1, "web.v3": 1})
	w.exec(`UPDATE apps SET warm_until = now() - interval '1 second'`)
	w.settled(app, map[string]int{"web.v3": 1})

	// Settings that keep nothing warm let it go at once.
	s.deploy(app)
	w.settled(app, map[string]int{"web.v3": 1, "web.v4": 1})
	s.update("hello", `warm`, 0)
	w.settled(app, map[string]int{"web.v4": 1})
	s.deploy(app)
	w.settled(app, map[string]int{"web.v5": 1})
}

// A warm instance that is gone is not brought back; going back is a rollout then.
func TestWarmIsGone(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	s.deploy(app)
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})
	w.must(w.cluster.Remove(t.Context(), deployer.WorkloadID{App: app.ID, Process: "web", Release: 1}, time.Second))
	back, err := s.Rollback(t.Context(), w.ann, "hello", 1)
	w.must(err)
	s.end(back, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})

	// More instances than it has are started before it gets the traffic.
	_, err = s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 3})
	w.must(err)
	w.settled(app, map[string]int{"web.v1": 3, "web.v2": 1})
	back, err = s.Rollback(t.Context(), w.ann, "hello", 2)
	w.must(err)
	s.end(back, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v1": 3, "web.v2": 3})
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// Warm releases make room when the machine has none left, that of another app too.
func TestWarmMakesRoom(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app, other := s.createWarm("hello"), s.createWarm("other")
	for range 2 {
		s.deploy(app)
		s.deploy(other)
	}
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})
	w.settled(other, map[string]int{"web.v1": 1, "web.v2": 1})
	w.engine.SetRoom(4)
	d := s.deploy(app)
	if text, _ := w.log(d); !strings.Contains(text, "no room left") {
		t.Errorf("the log says %s", text)
	}
	w.settled(app, map[string]int{"web.v2": 1, "web.v3": 1})
	w.settled(other, map[string]int{"web.v2": 1})
	// With nothing warm there is none to be made.
	w.engine.SetRoom(1)
	d = s.end(s.push(other), models.DeploymentFailed)
	if !strings.Contains(d.Reason, "memory") {
		t.Errorf("%s", d.Reason)
	}
}

// Two servers, and rollbacks from both: one release is live, one warm.
func TestWarmByManyRollbacks(t *testing.T) {
	t.Parallel()
	w := open(t)
	servers := []*server{w.start(), w.start()}
	app := servers[0].createWarm("hello")
	servers[0].deploy(app)
	servers[1].deploy(app)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			d, err := servers[i%2].Rollback(t.Context(), w.ann, "hello", 1+i/2%2)
			if models.KindOf(err) == models.KindConflict && err != nil {
				return // it is live just now
			}
			if err != nil {
				t.Error(err)
				return
			}
			servers[(i+1)%2].end(d, models.DeploymentSucceeded)
		})
	}
	all.Wait()
	now := w.app(app.ID)
	if now.LiveRelease+now.WarmRelease != 3 {
		t.Errorf("v%d is live, v%d warm", now.LiveRelease, now.WarmRelease)
	}
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})
	if w.routers.target(app.ID) != now.LiveRelease {
		t.Errorf("v%d is live, requests go to v%d", now.LiveRelease, w.routers.target(app.ID))
	}
}

// What is kept warm runs: what somebody stopped is started again, and what does
// not come up again is not said to be warm.
func TestWarmIsStopped(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = 2 * time.Second
	s := w.start()
	app := s.createWarm("hello")
	s.deploy(app)
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1})
	w.leftAlone(app)
	state := func(release int) (state deployer.State) {
		for _, in := range w.instances(app.ID) {
			if in.Workload.Release == release {
				state = in.State
			}
		}
		return state
	}
	first := w.instance(app.ID, "web", 1)
	w.engine.StopByHand(first)
	event := w.told(app, 1)
	if event.Target != "web v1 (warm)" || event.Detail["what"] != "the only instance of web v1 (warm) had stopped and was started again" {
		t.Errorf("told as %+v", event)
	}
	if now := w.app(app.ID); w.instance(app.ID, "web", 1) != first || state(1) != deployer.StateHealthy || now.WarmRelease != 1 {
		t.Errorf("v1 is %s, and v%d is warm", state(1), now.WarmRelease)
	}
	if w.routers.target(app.ID) != 2 {
		t.Errorf("requests go to v%d", w.routers.target(app.ID))
	}

	// One that crashes when it is started anew.
	s.deploy(app, "ONCE=")
	s.deploy(app)
	w.settled(app, map[string]int{"web.v3": 1, "web.v4": 1})
	w.leftAlone(app)
	w.engine.StopByHand(w.instance(app.ID, "web", 3))
	w.settled(app, map[string]int{"web.v4": 1})
	event = w.told(app, 2)
	if now := w.app(app.ID); now.WarmRelease != 0 || event.Detail["then"] != "v3 is kept warm no longer" || event.Detail["failed"] == "" {
		t.Errorf("v%d is warm, and it is told as %+v", now.WarmRelease, event)
	}
}

// A rollback to what is warm has succeeded when its workers are begun; that they
// do not come up is in its log.
func TestWarmWithoutItsWorkers(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	_, err := s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"worker": 1})
	w.must(err)
	s.deploy(app, "WORKER=", "TIRED=too tired")
	s.deploy(app, "WORKER=")
	w.settled(app, map[string]int{"web.v1": 1, "web.v2": 1, "worker.v2": 1})
	w.leftAlone(app)
	back, err := s.Rollback(t.Context(), w.ann, "hello", 1)
	w.must(err)
	back = s.end(back, models.DeploymentSucceeded)
	const want = "v1 is live, but not all of it runs: hello.worker.v1.1: exited with code 5"
	var said string
	w.until("the log to say so", func() bool {
		said, _ = w.log(back)
		return strings.Contains(said, "too tired")
	})
	if strings.Count(said, want) != 1 {
		t.Errorf("the log says %s", said)
	}
	if w.routers.target(app.ID) != 1 {
		t.Errorf("requests go to v%d", w.routers.target(app.ID))
	}
}
