package jobs_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
)

// update changes one of an app's settings.
func (s *server) update(name, setting string, value int) {
	s.works.t.Helper()
	on := value != 0
	var c apps.Changes
	switch setting {
	case "warm":
		c.WarmMinutes = &value
	case "stop first":
		c.StopFirst = &on
	case "supersede":
		c.SupersedeBuilding = &on
	}
	_, _, err := s.apps.Update(s.works.t.Context(), s.works.ann, name, 0, c)
	s.works.must(err)
}

func TestStopFirst(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	s.update("hello", "stop first", 1)
	s.deploy(app)
	d := s.deploy(app)
	if text, _ := w.log(d); !strings.Contains(text, "requests wait") {
		t.Errorf("%s", text)
	}
	w.settled(app, map[string]int{"web.v2": 1})
	if now := w.app(app.ID); now.WarmRelease != 0 {
		t.Errorf("v%d is warm", now.WarmRelease)
	}
	// One that fails, and one that is cancelled, leave the old one running.
	s.end(s.push(app, "CRASH=no"), models.DeploymentFailed)
	if got := w.running(app.ID); !equal(got, map[string]int{"web.v2": 1}) || w.routers.target(app.ID) != 2 || w.routers.held(app.ID) {
		t.Errorf("there run %v, requests go to v%d, held: %v", got, w.routers.target(app.ID), w.routers.held(app.ID))
	}
	never := s.push(app, "NEVER=")
	w.until("the new one to start", func() bool { return w.running(app.ID)["web.v4"] == 1 })
	if !w.routers.held(app.ID) || w.running(app.ID)["web.v2"] != 0 {
		t.Errorf("there run %v, held: %v", w.running(app.ID), w.routers.held(app.ID))
	}
	_, err := s.Cancel(t.Context(), w.ann, "hello", never.Number)
	w.must(err)
	s.end(never, models.DeploymentCancelled)
	if got := w.running(app.ID); !equal(got, map[string]int{"web.v2": 1}) || w.routers.target(app.ID) != 2 || w.routers.held(app.ID) {
		t.Errorf("there run %v, requests go to v%d, held: %v", got, w.routers.target(app.ID), w.routers.held(app.ID))
	}
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// lags serves at once, and when it is started again only once a gate opens.
func lags(gate <-chan struct{}) memory.Program {
	var lives atomic.Int32
	return func(ctx context.Context, p *memory.Process) int {
		if lives.Add(1) > 1 {
			select {
			case <-gate:
			case <-ctx.Done():
				return 0
			}
		}
		return memory.Serve(ctx, p)
	}
}

// A cancel does not wait for what had stopped first to serve again; the requests
// do.
func TestCancelOfOneThatStopsFirst(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	app := s.createWarm("hello")
	s.update("hello", "stop first", 1)
	s.deploy(app, "LAGS=")
	d := s.push(app, "NEVER=")
	w.until("the new one to start", func() bool { return w.running(app.ID)["web.v2"] == 1 })
	_, err := s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	began := time.Now()
	s.end(d, models.DeploymentCancelled)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it was cancelled after %s", took)
	}
	if got := w.running(app.ID); !equal(got, map[string]int{"web.v1": 1}) || !w.routers.held(app.ID) {
		t.Errorf("there run %v, held: %v", got, w.routers.held(app.ID))
	}
	w.shop.open()
	w.until("requests to go on", func() bool { return !w.routers.held(app.ID) && w.routers.target(app.ID) == 1 })
	w.settled(app, map[string]int{"web.v1": 1})
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.createWarm("hello")
	ctx := t.Context()
	// Before the first deployment it needs none; that takes the volume with it.
	_, d, err := s.apps.AddVolume(ctx, w.ann, "hello", models.Volume{Process: "web", Name: "data", Path: "/data"})
	w.must(err)
	if d != nil {
		t.Errorf("made %+v", d)
	}
	s.deploy(app, "WORKER=")
	engine := w.engine
	volumes := func() string { return strings.Join(engine.VolumesOf("test", app.ID), " ") }
	if volumes() != "data" {
		t.Errorf("volumes: %s", volumes())
	}
	d = s.deploy(app, "WORKER=")
	if text, _ := w.log(d); !strings.Contains(text, "requests wait") {
		t.Errorf("an app with a volume did not stop first: %s", text)
	}
	w.settled(app, map[string]int{"web.v2": 1})

	_, err = s.apps.Scale(ctx, w.ann, "hello", 0, map[string]int{"web": 2})
	wantKind(t, err, models.KindConflict)
	_, err = s.apps.Scale(ctx, w.ann, "hello", 0, map[string]int{"worker": 2})
	w.must(err)
	_, _, err = s.apps.AddVolume(ctx, w.ann, "hello", models.Volume{Process: "worker", Name: "spool", Path: "/spool"})
	wantKind(t, err, models.KindConflict)
	_, _, err = s.apps.AddVolume(ctx, w.ann, "hello", models.Volume{Process: "nobody", Name: "spool", Path: "/spool"})
	wantKind(t, err, models.KindInvalid)
	_, _, err = s.apps.AddVolume(ctx, w.ann, "hello", models.Volume{Process: "web", Name: "data", Path: "/more"})
	wantKind(t, err, models.KindConflict)
	_, _, err = s.apps.AddVolume(ctx, w.bob, "hello", models.Volume{Process: "web", Name: "more", Path: "/more"})
	wantKind(t, err, models.KindNotFound)

	_, d, err = s.apps.AddVolume(ctx, w.ann, "hello", models.Volume{Process: "web", Name: "more", Path: "/more"})
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	if volumes() != "data more" {
		t.Errorf("volumes: %s", volumes())
	}
	// A rollback finds the volumes of now.
	back, err := s.Rollback(ctx, w.ann, "hello", 1)
	w.must(err)
	s.end(back, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v1": 1, "worker.v1": 2})

	_, err = s.apps.RemoveVolume(ctx, w.ann, "hello", "nothing")
	wantKind(t, err, models.KindNotFound)
	d, err = s.apps.RemoveVolume(ctx, w.ann, "hello", "more")
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	w.until("the volume to go", func() bool { return volumes() == "data" })
	w.until("its row to go", func() bool {
		given, err := w.store.VolumesGivenUp(ctx, app.ID)
		w.must(err)
		return len(given) == 0
	})

	// It goes with the app, if somebody says so.
	wantKind(t, s.apps.Destroy(ctx, w.ann, "hello", 0), models.KindInvalid)
	wantKind(t, s.apps.Destroy(ctx, w.ann, "hello", 0, "other"), models.KindInvalid)
	if volumes() != "data" || w.app(app.ID).LiveRelease == 0 {
		t.Errorf("volumes: %s", volumes())
	}
	w.must(s.apps.Destroy(ctx, w.ann, "hello", 0, "data"))
	if volumes() != "" {
		t.Errorf("volumes: %s", volumes())
	}
}
