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
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// takeover is how long a dead server's work may stand still: the lease, twice
// the time between two looks, and some for a busy machine.
const takeover = 8*time.Second + 2*2*time.Second + 3*time.Second

// A server that is cut off from everybody dies as far as the others can tell.
// Another one takes its work over, in whatever state it was. Later the first
// finds Postgres again, and must change nothing.
func TestAnotherServerTakesOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  models.DeploymentState
		source string
		ends   models.DeploymentState
	}{
		{models.DeploymentBuilding, "HOLD=once", models.DeploymentSucceeded},
		{models.DeploymentDeploying, "NEVER=", models.DeploymentFailed},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			t.Parallel()
			w := open(t)
			w.settings.HealthTimeout = 14 * time.Second // longer than the first server is away
			line := newWire(t, w.dsn)
			first := w.start(line.dsn)
			app := first.create("hello")
			first.deploy(app)
			d := first.push(app, c.source)
			w.inState(d, c.state)
			w.until("the work to be under way", func() bool {
				return w.shop.building(app.ID) == 1 || w.running(app.ID)["web.v2"] == 1
			})
			heir := w.start()
			line.cut()
			cut := time.Now()
			w.until("another server to take it up", func() bool { return w.deployment(d.ID).Fence == 2 })
			if waited := time.Since(cut); waited > takeover {
				t.Errorf("the work stood still for %s", waited)
			}
			if c.state == models.DeploymentDeploying {
				line.mend() // while the other is at work: it must not have its instances taken away
			}
			d = heir.end(d, c.ends)
			line.mend() // the first server hears that it has lost its hold, and ends its build
			w.until("the first server to notice", func() bool { return w.shop.building(app.ID) == 0 && first.store.Ping(t.Context()) == nil })
			after := first.deploy(app) // it is of use again
			got := w.deployment(d.ID)
			if got.State != d.State || got.Reason != d.Reason || got.Release != d.Release || got.Fence != 2 || !got.FinishedAt.Equal(*d.FinishedAt) {
				t.Errorf("its end was changed: %+v, then %+v", d, got)
			}
			releases, _, err := heir.Releases(t.Context(), w.ann, "hello", store.Page{})
			w.must(err)
			if len(releases) != 3 || after.Release != 3 {
				t.Errorf("%d releases, the last is v%d", len(releases), after.Release)
			}
			builds, err := heir.Builds(t.Context(), []models.Deployment{*d})
			w.must(err)
			if build := builds[d.ID]; build.State != models.BuildSucceeded || build.Image == "" || build.Digest == "" {
				t.Errorf("its build was changed: %+v", build)
			}
			w.settled(app, map[string]int{"web.v3": 1})
			if wrong := w.routers.complaints(); len(wrong) > 0 {
				t.Error(wrong)
			}
		})
	}
}

// leave writes the rows as a server leaves them that dies in a state.
func (w *works) leave(s *server, app *models.App, state models.DeploymentState, cancelled bool) *models.Deployment {
	w.t.Helper()
	d := s.deploy(app)
	s.stop()
	w.exec("UPDATE deployments SET state = $1, finished_at = NULL, fence = fence + 1, lease_until = now() - interval '1 second' WHERE id = $2", state, d.ID)
	if cancelled {
		w.exec("UPDATE deployments SET cancelled_at = now(), cancelled_by = 'ann@example.com' WHERE id = $1", d.ID)
	}
	w.exec("UPDATE apps SET live_release = $1 WHERE id = $2", d.Release-1, app.ID)
	switch state {
	case models.DeploymentBuilding, models.DeploymentReleasing:
		w.exec("UPDATE deployments SET release = 0, released_at = NULL WHERE id = $1", d.ID)
		w.exec("DELETE FROM releases WHERE deployment_id = $1", d.ID)
		w.exec("UPDATE apps SET release_seq = release_seq - 1 WHERE id = $1", app.ID)
	}
	if state == models.DeploymentBuilding {
		w.exec("UPDATE builds SET state = 'running', finished_at = NULL, image = '', digest = '' WHERE deployment_id = $1", d.ID)
	}
	return d
}

func TestWhatADeadServerLeft(t *testing.T) {
	t.Parallel()
	for _, state := range []models.DeploymentState{models.DeploymentBuilding, models.DeploymentReleasing, models.DeploymentDeploying} {
		for _, firstRelease := range []bool{true, false} {
			for _, cancelled := range []bool{true, false} {
				name := string(state)
				if cancelled {
					name += ", cancelled"
				}
				if firstRelease {
					name += ", the first"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := open(t)
					s := w.start()
					app := s.create("hello")
					before := 0
					if !firstRelease {
						s.deploy(app)
						before = 1
					}
					d := w.leave(s, app, state, cancelled)
					began := time.Now()
					heir := w.start()
					want, live := models.DeploymentSucceeded, before+1
					if cancelled {
						want, live = models.DeploymentCancelled, before
					}
					// What it had started must be gone by the time that it is said to be cancelled.
					got := heir.end(d, want)
					running := w.running(app.ID)
					if cancelled && state == models.DeploymentDeploying && running["web.v"+string(rune('1'+before))] != 0 {
						t.Errorf("it is cancelled, and there run %v", running)
					}
					if waited := time.Since(began); waited > 10*time.Second {
						t.Errorf("it took %s", waited)
					}
					if cancelled && got.Reason != "cancelled by ann@example.com" {
						t.Errorf("%+v", got)
					}
					if now := w.app(app.ID); now.LiveRelease != live {
						t.Errorf("live is v%d instead of v%d", now.LiveRelease, live)
					}
					instances := map[string]int{}
					if live > 0 {
						instances["web.v"+string(rune('0'+live))] = 1
					}
					w.settled(app, instances)
					if live > 0 {
						w.until("the traffic", func() bool { return w.routers.target(app.ID) == live })
					}
				})
			}
		}
	}
}

// A server that dies and is started again does not wait for leases that it held
// itself: it goes on at once. What another one holds it leaves alone.
func TestServerIsBackBeforeItsLeases(t *testing.T) {
	t.Parallel()
	w := open(t)
	// As they die: everything is held for longer than anybody would wait.
	hold := func(d *models.Deployment, holder string) {
		w.exec("UPDATE deployments SET holder = $1, lease_until = now() + interval '1 hour' WHERE id = $2", holder, d.ID)
	}
	s := w.start()
	other := w.leave(s, s.create("other"), models.DeploymentBuilding, false)
	hold(other, "yours/now")
	w.settings.ServerID = "mine"
	s = w.start()
	app, quiet := s.create("hello"), s.create("quiet")
	s.deploy(quiet)
	d := w.leave(s, app, models.DeploymentDeploying, false)
	hold(d, "mine/before")
	w.exec("INSERT INTO app_leases (app_id, holder, until) VALUES ($1, 'mine/before', now() + interval '1 hour')", quiet.ID)
	w.exec(`UPDATE apps SET scale = '{"web": 2}' WHERE id = $1`, quiet.ID)
	fence := w.deployment(d.ID).Fence

	heir := w.start()
	heir.end(d, models.DeploymentSucceeded)
	if got := w.deployment(d.ID); got.Fence != fence+1 || !strings.HasPrefix(got.Holder, "mine/") || got.Holder == "mine/before" {
		t.Errorf("it was taken up as %+v", got)
	}
	w.settled(quiet, map[string]int{"web.v1": 2})
	if got := w.deployment(other.ID); got.Holder != "yours/now" || got.State != models.DeploymentBuilding {
		t.Errorf("another server's work was taken: %+v", got)
	}
	// Nor does it take its own work twice.
	held := heir.push(app, "HOLD=once")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	w.must(heir.Recover(t.Context()))
	w.must(heir.Advance(t.Context(), app.ID))
	if got := w.deployment(held.ID); got.Fence != 1 || w.shop.building(app.ID) != 1 {
		t.Errorf("it is at its own work twice: %+v", got)
	}
}

// A server that is stopped lets its work go at once, and goes on with it when it
// is back.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	building, deploying, queued := s.create("building"), s.create("deploying"), s.create("queued")
	held, never := s.push(building, "HOLD=once"), s.push(deploying, "NEVER=")
	w.inState(s.push(queued, "HOLD=once"), models.DeploymentBuilding)
	last := s.push(queued)
	w.inState(held, models.DeploymentBuilding)
	w.inState(never, models.DeploymentDeploying)
	w.until("the builds", func() bool { return w.shop.building(building.ID) == 1 && w.shop.building(queued.ID) == 1 })
	w.until("the new release to start", func() bool { return w.running(deploying.ID)["web.v1"] == 1 })
	s.stop()
	if w.shop.building(building.ID) != 0 {
		t.Error("it has stopped, and its build runs")
	}
	for _, d := range []*models.Deployment{held, never, last} {
		if got := w.deployment(d.ID); got.State.Terminal() || got.LeaseUntil != nil {
			t.Errorf("#%d was not let go: %+v", d.Number, got)
		}
	}
	began := time.Now()
	again := w.start()
	again.end(held, models.DeploymentSucceeded)
	again.end(last, models.DeploymentSucceeded)
	if waited := time.Since(began); waited > 10*time.Second {
		t.Errorf("it took %s to go on", waited)
	}
	w.inState(never, models.DeploymentDeploying)
	_, err := again.Cancel(t.Context(), w.ann, "deploying", 1)
	w.must(err)
	again.end(never, models.DeploymentCancelled)
	w.settled(deploying, map[string]int{})
}

// Postgres goes away in the middle of a build, of a rollout and of both their
// ends, for less than the lease, and nobody notices.
func TestPostgresIsAwayForAMoment(t *testing.T) {
	t.Parallel()
	w := open(t)
	line := newWire(t, w.dsn)
	s := w.start(line.dsn)
	app, other := s.create("hello"), s.create("other")
	d, quick := s.push(app, "HOLD="), s.push(other)
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	line.cut()
	w.shop.open() // it ends while Postgres is away
	w.until("the build to end", func() bool { return w.shop.building(app.ID) == 0 })
	_, err := s.Submit(t.Context(), w.ann, app, pipeline.Submission{Trigger: models.TriggerUpload, SourceID: d.SourceID})
	wantKind(t, err, models.KindUnavailable)
	_, err = s.apps.Get(t.Context(), w.ann, "hello")
	wantKind(t, err, models.KindUnavailable)
	line.mend()
	s.end(d, models.DeploymentSucceeded)
	s.end(quick, models.DeploymentSucceeded)
	if got := w.deployment(d.ID); got.Fence != 1 {
		t.Errorf("it was begun %d times", got.Fence)
	}
	w.settled(app, map[string]int{"web.v1": 1})
}

// Connections break again and again while a dozen deployments are under way.
// All of them end, each as it would have without: the last of each app succeeds,
// and of those before it none is lost.
func TestConnectionsBreak(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	var deployments []*models.Deployment
	for _, name := range []string{"app-a", "app-b", "app-c", "app-d"} {
		app := s.create(name)
		for range 3 {
			deployments = append(deployments, s.push(app))
		}
	}
	stop := make(chan struct{})
	var breaking sync.WaitGroup
	breaking.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond): // how often they break
			}
			// All but the one that does it, which is the test's own.
			_, err := w.store.Pool().Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`)
			if err != nil {
				t.Error(err)
			}
		}
	})
	time.Sleep(2 * time.Second) // the time in which they break
	close(stop)
	breaking.Wait()
	for _, d := range deployments {
		ended, err := s.Done(t.Context(), w.owner, d.ID)
		w.must(err)
		if ended.State != models.DeploymentSucceeded && (ended.State != models.DeploymentSuperseded || ended.Number == 3) {
			t.Errorf("#%d is %s: %s", ended.Number, ended.State, ended.Reason)
		}
		_, states := w.log(d)
		if states[len(states)-1] != string(ended.State) || slices.Contains(states, "failed") {
			t.Errorf("#%d, %s: %v", d.Number, ended.State, states)
		}
	}
}

// A deployment whose rollout is about to begin while the engine is away waits for
// it, says so, and can be cancelled at once; scale and what is to be cleared away
// come about once it is back.
func TestEngineIsAway(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1})
	w.engine.SetAway(true)
	d := s.push(app)
	w.waitsForEngine(d, models.DeploymentDeploying)
	_, err := s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	began := time.Now()
	s.end(d, models.DeploymentCancelled)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it was cancelled after %s", took)
	}
	_, err = s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 3})
	w.must(err)
	_, err = s.apps.Instances(t.Context(), w.ann, "hello")
	wantKind(t, err, models.KindUnavailable)
	if view, err := s.apps.Get(t.Context(), w.ann, "hello"); err != nil || view.Live.Version != 1 {
		t.Errorf("the app cannot be seen: %v", err)
	}
	wantKind(t, s.apps.Destroy(t.Context(), w.ann, "hello", 0), models.KindUnavailable)
	w.engine.SetAway(false)
	w.settled(app, map[string]int{"web.v1": 3})

	w.engine.SetAway(true)
	d = s.push(app)
	w.waitsForEngine(d, models.DeploymentDeploying)
	w.engine.SetAway(false)
	if d = s.end(d, models.DeploymentSucceeded); d.Reason != "" {
		t.Errorf("it succeeded, and says %q", d.Reason)
	}
	w.settled(app, map[string]int{"web.v3": 3})
	w.must(s.apps.Destroy(t.Context(), w.ann, "hello", 0))
}

// waitsForEngine waits until a deployment shows that it waits for the engine.
func (w *works) waitsForEngine(d *models.Deployment, state models.DeploymentState) {
	w.t.Helper()
	w.inState(d, state)
	w.until("it to say what it waits for", func() bool {
		return w.deployment(d.ID).Reason == "waiting for the container engine, which is not answering"
	})
}

// An engine that does not come back is waited for only so long.
func TestEngineStaysAway(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout, w.settings.RolloutSlack, w.settings.BuildTimeout = time.Second, time.Second, 2*time.Second
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1})
	w.engine.SetAway(true)
	for _, files := range [][]string{nil, {"AWAY=once"}} {
		if d := s.end(s.push(app, files...), models.DeploymentFailed); !strings.Contains(d.Reason, "the container engine was not back within the 2s") {
			t.Errorf("%s", d.Reason)
		}
	}
	w.engine.SetAway(false)
	w.settled(app, map[string]int{"web.v1": 1})
}

// A build that an engine took with it is begun again once the engine is back, and
// not a second time.
func TestEngineGoesAwayDuringABuild(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	d := s.push(app, "AWAY=once")
	w.waitsForEngine(d, models.DeploymentBuilding)
	w.engine.SetAway(false)
	d = s.end(d, models.DeploymentSucceeded)
	if text, _ := w.log(d); strings.Count(text, "The container engine stopped or was restarted") != 1 {
		t.Errorf("the log says %s", text)
	}
	// What it says of the steps that it ended is not believed.
	d = s.push(app, "FAILAWAY=exit code 1")
	w.waitsForEngine(d, models.DeploymentBuilding)
	w.engine.SetAway(false)
	s.end(d, models.DeploymentSucceeded)
	d = s.push(app, "AWAY=always")
	w.waitsForEngine(d, models.DeploymentBuilding)
	w.engine.SetAway(false) // and the second attempt takes it away again
	d = s.end(d, models.DeploymentFailed)
	w.engine.SetAway(false)
	if !strings.Contains(d.Reason, "and again when that was tried once more") {
		t.Errorf("%s", d.Reason)
	}
	w.settled(app, map[string]int{"web.v3": 1})
	// Who waits can be cancelled at once.
	d = s.push(app, "AWAY=always")
	w.waitsForEngine(d, models.DeploymentBuilding)
	_, err := s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	s.end(d, models.DeploymentCancelled)
	w.engine.SetAway(false)
}

// An engine that is restarted while new instances come up takes them with it,
// which is not their fault: they are started again.
func TestEngineRestartsDuringARollout(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1})
	d := s.push(app, "AGAIN=")
	w.until("the new release to start", func() bool { return w.running(app.ID)["web.v2"] == 1 })
	w.engine.Restart()
	d = s.end(d, models.DeploymentSucceeded)
	if text, _ := w.log(d); strings.Count(text, "The container engine stopped or was restarted") != 1 || strings.Contains(text, "exited with code") {
		t.Errorf("the log says %s", text)
	}
	w.settled(app, map[string]int{"web.v2": 1})

	// Twice is too much.
	d = s.push(app, "NEVER=")
	w.until("the new release to start", func() bool { return w.running(app.ID)["web.v3"] == 1 })
	first := w.instance(app.ID, "web", 3)
	w.engine.Restart()
	w.until("it to be started again", func() bool {
		now := w.instance(app.ID, "web", 3)
		return now != "" && now != first
	})
	w.engine.Restart()
	d = s.end(d, models.DeploymentFailed)
	if !strings.Contains(d.Reason, "the container engine stopped or was restarted") || strings.Contains(d.Reason, "exited") {
		t.Errorf("%s", d.Reason)
	}
	w.settled(app, map[string]int{"web.v2": 1})
}

// What is cancelled while the engine is away cannot be said to have stopped.
func TestCancelWhileTheEngineIsAway(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	d := s.push(app, "NEVER=")
	w.until("the new release to start", func() bool { return w.running(app.ID)["web.v2"] == 1 })
	w.engine.SetAway(true)
	_, err := s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	d = s.end(d, models.DeploymentFailed)
	if !strings.Contains(d.Reason, "cancelled by ann@example.com, but") || !strings.Contains(d.Reason, "engine is not answering") {
		t.Errorf("%s", d.Reason)
	}
	w.engine.SetAway(false)
	w.settled(app, map[string]int{"web.v1": 1})
}

// Two servers look after one app: while one clears the old release away, with
// requests on it that take their time, the other deploys the next. Neither
// takes the other's instances.
func TestTwoServersConverge(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.DrainTimeout = 4 * time.Second
	w.routing = slowDrain{w.routers}
	s := []*server{w.start(), w.start()}
	app := s[0].create("hello")
	for i := range 4 {
		d := s[i%2].deploy(app)
		// Right after it is live, while the one before is being cleared away.
		instances, err := memory.New(w.engine, "test").Instances(t.Context(), app.ID)
		w.must(err)
		if !slices.ContainsFunc(instances, func(in deployer.Instance) bool {
			return in.Workload.Release == d.Release && in.State == deployer.StateHealthy
		}) {
			t.Errorf("v%d is live and has no instances", d.Release)
		}
	}
	w.settled(app, map[string]int{"web.v4": 1})
	if got := w.routers.target(app.ID); got != 4 {
		t.Errorf("requests go to v%d", got)
	}
}
