package jobs_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

func TestSupersedeWaiting(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	live := s.deploy(app)
	held := s.push(app, "HOLD=")
	w.inState(held, models.DeploymentBuilding)
	waits := s.push(app)
	_, config, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"A": "1"}, nil)
	w.must(err)
	rollback, err := s.Rollback(t.Context(), w.ann, "hello", live.Release)
	wantKind(t, err, models.KindConflict)
	if rollback != nil {
		t.Errorf("made %+v", rollback)
	}
	newer := s.push(app)

	// Who follows it is told at once.
	waits = s.end(waits, models.DeploymentSuperseded)
	want := fmt.Sprintf("a newer deployment, #%d, came", newer.Number)
	if waits.SupersededBy != newer.Number || waits.Reason != want || waits.StartedAt != nil || waits.Release != 0 {
		t.Errorf("%+v", waits)
	}
	if text, states := w.log(waits); !slices.Equal(states, []string{"superseded"}) || !strings.Contains(text, want) {
		t.Errorf("%v: %s", states, text)
	}
	_, err = s.Cancel(t.Context(), w.ann, "hello", waits.Number)
	wantKind(t, err, models.KindConflict)
	events, _, err := s.apps.Events(t.Context(), w.ann, "hello", store.Page{Limit: 1})
	w.must(err)
	if events[0].Detail["superseded"] != fmt.Sprintf("#%d", waits.Number) {
		t.Errorf("the event says %v", events[0].Detail)
	}
	// What builds, and what builds nothing, goes on.
	w.shop.open()
	s.end(held, models.DeploymentSucceeded)
	s.end(config, models.DeploymentSucceeded)
	s.end(newer, models.DeploymentSucceeded)
}

func TestSupersedeBuilding(t *testing.T) {
	t.Parallel()
	w := open(t)
	servers := []*server{w.start(), w.start()}
	app := servers[0].create("hello")
	servers[0].update("hello", "supersede", 1)
	for i := range 4 {
		held := servers[0].push(app, "HOLD=")
		w.until("the build to begin", func() bool { return w.shop.building(app.ID) == 1 })
		newer := servers[i%2].push(app, fmt.Sprintf("n=%d", i)) // by the server that builds, and by another
		for d := w.deployment(held.ID); !d.State.Terminal(); d = w.deployment(held.ID) {
			if d.State != models.DeploymentBuilding {
				t.Errorf("it went on to %s", d.State)
			}
		}
		held = servers[1].end(held, models.DeploymentSuperseded)
		if held.SupersededBy != newer.Number || held.Release != 0 || held.CancelledAt != nil {
			t.Errorf("%+v", held)
		}
		servers[1].end(newer, models.DeploymentSucceeded)
		builds, err := servers[0].Builds(t.Context(), []models.Deployment{*held})
		w.must(err)
		if builds[held.ID].State != models.BuildCancelled {
			t.Errorf("its build is %s", builds[held.ID].State)
		}
	}
	if w.shop.atOnce != 1 {
		t.Errorf("%d builds of one app ran at once: one was called superseded before it had stopped", w.shop.atOnce)
	}
	// Past its build it is let be.
	never := servers[0].push(app, "NEVER=")
	w.inState(never, models.DeploymentDeploying)
	next := servers[0].push(app)
	if d := w.deployment(never.ID); d.SupersededBy != 0 {
		t.Errorf("%+v", d)
	}
	_, err := servers[0].Cancel(t.Context(), w.ann, "hello", never.Number)
	w.must(err)
	servers[0].end(never, models.DeploymentCancelled)
	servers[0].end(next, models.DeploymentSucceeded)
}

// What was superseded while its server was dead ends so, and is never built.
func TestSupersedeAfterACrash(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.update("hello", "supersede", 1)
	held := s.push(app, "HOLD=")
	w.until("the build to begin", func() bool { return w.shop.building(app.ID) == 1 })
	s.stop()
	// As a server leaves it that went down before its worker had been told.
	w.exec(`UPDATE deployments SET superseded_by = 2 WHERE id = $1`, held.ID)
	s = w.start()
	held = s.end(held, models.DeploymentSuperseded)
	if held.Reason != "a newer deployment, #2, came" || w.shop.building(app.ID) != 0 {
		t.Errorf("%+v", held)
	}
	s.deploy(app)
}

// A storm of webhooks makes one build after the one that runs, and no more.
func TestWebhookStorm(t *testing.T) {
	t.Parallel()
	w := open(t)
	servers := []*server{w.start(), w.start()}
	app := servers[0].create("hello")
	held := servers[0].push(app, "HOLD=")
	w.inState(held, models.DeploymentBuilding)
	w.exec(`UPDATE apps SET source_url = 'file:///nowhere' WHERE id = $1`, app.ID)
	app = w.app(app.ID)
	const all = 300
	began := time.Now()
	var storm sync.WaitGroup
	for worker := range 8 {
		storm.Go(func() {
			for i := worker; i < all; i += 8 {
				// Half of them come twice.
				_, _, err := servers[i%2].SubmitWebhook(t.Context(), app, fmt.Sprint(i/2), pipeline.Submission{Trigger: models.TriggerWebhook, Commit: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	storm.Wait()
	t.Logf("%d deliveries in %s", all, time.Since(began))
	open, err := w.store.OpenDeployments(t.Context(), app.ID)
	w.must(err)
	if len(open) != 2 || open[0].ID != held.ID || open[1].Number != 1+all/2 {
		t.Errorf("%d are open: %+v", len(open), open)
	}
	if now := w.app(app.ID); now.DeploymentSeq != 1+all/2 {
		t.Errorf("there are %d deployments", now.DeploymentSeq)
	}
}
