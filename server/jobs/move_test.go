package jobs_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/live"
)

// spread puts a second cluster beside the engine, called far.
func (w *works) spread() (far *memory.Engine) {
	w.t.Helper()
	far = memory.NewEngine()
	service := clusters.New(clusters.Deps{
		Store: w.store, Home: memory.New(w.engine, "test"), Hub: live.NewHub(0), Box: w.box, Logger: slog.New(slog.DiscardHandler),
		Drivers: map[models.ClusterKind]clusters.Driver{
			models.ClusterSwarm: func(*models.Cluster, models.ClusterCredentials) (deployer.Cluster, error) {
				return memory.New(far, "test"), nil
			},
		},
	})
	_, err := service.Add(w.t.Context(), w.owner, clusters.Wanted{Name: "far", Kind: models.ClusterSwarm})
	w.must(err)
	w.cluster, w.routers.cluster = service.Fleet(), service.Fleet()
	w.publish = func(_ context.Context, _, image string, say func(string)) (string, error) {
		say("pushed a layer")
		far.AddImage("registry/"+image, memory.Serve)
		return "registry/" + image, nil
	}
	return far
}

// at gives how many instances of an app run on an engine, by "process.vN".
func (w *works) at(engine *memory.Engine, appID string) map[string]int {
	here := w.engine
	w.engine = engine
	defer func() { w.engine = here }()
	return w.running(appID)
}

// placed waits until exactly the given instances run here and there.
func (w *works) placed(app *models.App, far *memory.Engine, here, there map[string]int) {
	w.t.Helper()
	w.until("the instances to be where they should", func() bool {
		return equal(w.at(w.engine, app.ID), here) && equal(w.at(far, app.ID), there)
	})
}

func TestMoveToAnotherCluster(t *testing.T) {
	t.Parallel()
	w := open(t)
	far := w.spread()
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.placed(app, far, map[string]int{"web.v1": 1}, nil)

	d, err := s.Move(t.Context(), w.ann, "hello", "far")
	w.must(err)
	d = s.end(d, models.DeploymentSucceeded)
	w.placed(app, far, nil, map[string]int{"web.v2": 1})
	now := w.app(app.ID)
	release, err := w.store.Release(t.Context(), app.ID, 2)
	w.must(err)
	if now.ClusterID == models.LocalCluster || release.ClusterID != now.ClusterID || !strings.HasPrefix(release.Image, "registry/") || release.Description != "move" {
		t.Errorf("%+v, %+v", now, release)
	}
	if text, _ := w.log(d); !strings.Contains(text, "pushed a layer") {
		t.Errorf("its log does not tell of the registry:\n%s", text)
	}

	// What comes next runs there too, and is built here.
	s.deploy(app)
	_, err = s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 2})
	w.must(err)
	w.placed(app, far, nil, map[string]int{"web.v3": 2})

	// Rolling back to what ran here brings the app back.
	d, err = s.Rollback(t.Context(), w.ann, "hello", 1)
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	w.placed(app, far, map[string]int{"web.v1": 2}, nil)
	if now := w.app(app.ID); now.ClusterID != models.LocalCluster {
		t.Errorf("it is on %s", now.ClusterID)
	}
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}

	// One that is destroyed leaves nothing there.
	d, err = s.Move(t.Context(), w.ann, "hello", "far")
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	w.must(s.apps.Destroy(t.Context(), w.ann, "hello", 0))
	w.placed(app, far, nil, nil)
}

// TestAMoveThatFails: the app stays where it was, and says why.
func TestAMoveThatFails(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout, w.settings.RolloutSlack = 5*time.Second, time.Second
	far := w.spread()
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	fails := func(because string) {
		t.Helper()
		d, err := s.Move(t.Context(), w.ann, "hello", "far")
		w.must(err)
		if d = s.end(d, models.DeploymentFailed); !strings.Contains(d.Reason, because) {
			t.Errorf("it failed because %q, not %q", d.Reason, because)
		}
		w.placed(app, far, map[string]int{"web.v1": 1}, nil)
		if now := w.app(app.ID); now.ClusterID != models.LocalCluster || now.LiveRelease != 1 {
			t.Errorf("%+v", now)
		}
	}
	publish := w.publish
	s.Publish = func(context.Context, string, string, func(string)) (string, error) {
		return "", models.Errorf(models.KindConflict, "the registry has no address")
	}
	fails("the registry has no address")
	s.Publish = func(context.Context, string, string, func(string)) (string, error) { return "registry/nothing", nil }
	fails("on the cluster far: ")
	s.Publish = publish
	far.SetRoom(1)
	occupied := deployer.Workload{ID: deployer.WorkloadID{App: "other", Process: "web", Release: 1}, AppName: "other", Image: "other", Port: 8080, Instances: 1}
	far.AddImage("other", memory.Serve)
	w.must(memory.New(far, "another").Ensure(t.Context(), occupied))
	fails("the container engine has no room left")
	far.SetRoom(0)
	far.SetAway(true)
	d, err := s.Move(t.Context(), w.ann, "hello", "far")
	w.must(err)
	if d = s.end(d, models.DeploymentFailed); !strings.HasPrefix(d.Reason, "on the cluster far: the container engine was not back within ") {
		t.Error(d.Reason)
	}
	far.SetAway(false)

	_, d, err = s.apps.AddVolume(t.Context(), w.ann, "hello", models.Volume{Process: "web", Name: "data", Path: "/data"})
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	wantKind(t, second(s.Move(t.Context(), w.ann, "hello", "far")), models.KindConflict)
}
