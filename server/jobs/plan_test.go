package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// spot is where an instance is among an app's.
type spot struct {
	workload deployer.WorkloadID
	index    int
}

// spots lists what there is of an app on all clusters, by its place.
func (w *works) spots(app *models.App) map[spot]string {
	w.t.Helper()
	list, err := w.cluster.Instances(w.t.Context(), app.ID)
	w.must(err)
	there := map[spot]string{}
	for _, in := range list {
		there[spot{in.Workload, in.Index}] = in.ID
	}
	return there
}

// overhear notes what starts and goes of an app, in its order, until the test ends.
func (w *works) overhear(app *models.App) (heard func() []deployer.Event) {
	var mu sync.Mutex
	var events []deployer.Event
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	began := make(chan struct{})
	go func() {
		defer close(ended)
		once := sync.OnceFunc(func() { close(began) })
		for e, err := range w.cluster.Watch(ctx) {
			once()
			if err == nil && e.Instance.Workload.App == app.ID {
				mu.Lock()
				events = append(events, e)
				mu.Unlock()
			}
		}
	}()
	<-began
	w.t.Cleanup(func() { stop(); <-ended })
	return func() []deployer.Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(events)
	}
}

// expected gives where instances are after the steps, and which of them must be
// the same as before.
func expected(steps []pipeline.ForeseenStep, before map[spot]string) (after map[spot]bool, kept []spot) {
	after = map[spot]bool{}
	for at := range before {
		after[at] = true
	}
	for _, s := range steps {
		for _, index := range s.Indexes {
			at := spot{s.Workload, index}
			switch s.Action {
			case deployer.ActionCreate:
				after[at] = true
			case deployer.ActionRemove:
				delete(after, at)
			case deployer.ActionKeep, deployer.ActionStart:
				kept = append(kept, at)
			}
		}
	}
	return after, kept
}

// inOrder says what of the events does not come in the order of the steps. What
// one step after the other makes, or removes, is made and removed side by side.
func inOrder(steps []pipeline.ForeseenStep, events []deployer.Event) string {
	when := map[string]int{}
	group, last := 0, deployer.Action("")
	for _, s := range steps {
		if s.Action != deployer.ActionCreate && s.Action != deployer.ActionRemove && s.Action != deployer.ActionStart {
			continue
		}
		if s.Action != last {
			group, last = group+1, s.Action
		}
		for _, index := range s.Indexes {
			when[fmt.Sprint(s.Action == deployer.ActionRemove, s.Workload, index)] = group
		}
	}
	at := 0
	for _, e := range events {
		if e.Type != deployer.EventStarted && e.Type != deployer.EventRemoved {
			continue
		}
		key := fmt.Sprint(e.Type == deployer.EventRemoved, e.Instance.Workload, e.Instance.Index)
		now, known := when[key]
		switch {
		case !known:
			return fmt.Sprintf("%s of %s was not in the plan", e.Type, e.Instance.Name)
		case now < at:
			return fmt.Sprintf("%s of %s came too late", e.Type, e.Instance.Name)
		}
		at = now
	}
	return ""
}

func actionsOf(steps []pipeline.ForeseenStep) string {
	var words []string
	for _, s := range steps {
		words = append(words, fmt.Sprintf("%s %s v%d×%d", s.Action, s.Workload.Process, s.Workload.Release, len(s.Indexes)))
	}
	return strings.Join(words, ", ")
}

// TestPlansAreWhatIsDone makes one change after the other, each planned before,
// and holds what came of it to the plan.
func TestPlansAreWhatIsDone(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.spread()
	s := w.start()
	app := s.create("hello")
	s.deploy(app, "WORKER=yes")
	w.leftAlone(app)

	yes, ten, zero, one, memory := true, 10, 0, 1, 48
	for _, step := range []struct {
		what   string
		change apps.Change
		want   string // the actions, as far as they say something
	}{
		{"more", apps.Change{Scale: map[string]int{"web": 3, "worker": 2}}, "create web v1×2, switch web v1×3, create worker v1×2, keep web v1×1"},
		{"nothing", apps.Change{}, "keep web v1×3, keep worker v1×2"},
		{"config", apps.Change{Set: map[string]string{"KEY": "s3cret-value"}}, "create web v2×3, create worker v2×2, switch web v2×3, drain web v1×3, remove web v1×3, remove worker v1×2"},
		{"fewer", apps.Change{Scale: map[string]int{"web": 1, "worker": 0}}, "retire web v2×2, drain web v2×2, remove web v2×2, remove worker v2×2, keep web v2×1"},
		{"a limit", apps.Change{Settings: &apps.Changes{MemoryMB: &memory}}, "create web v3×1, switch web v3×1, drain web v2×1, remove web v2×1"},
		{"to stop first", apps.Change{Settings: &apps.Changes{StopFirst: &yes}}, "keep web v3×1"},
		{"one that stops first", apps.Change{Restart: true}, "hold web v4×0, drain web v3×1, remove web v3×1, remove_network  v3×0, make_network  v4×0, create web v4×1, switch web v4×1"},
		{"to be kept warm", apps.Change{Settings: &apps.Changes{StopFirst: new(bool), WarmMinutes: &ten}}, "keep web v4×1"},
		{"back", apps.Change{Rollback: &one}, "create web v1×1, switch web v1×1, keep web v4×1"},
		{"back to what is warm", apps.Change{Rollback: &zero}, "switch web v4×1, keep web v1×1"},
		{"another cluster", apps.Change{MoveTo: "far"}, "publish_image  v5×0, make_network  v5×0, create web v5×1, switch web v5×1, remove web v1×1, keep web v4×1"},
		{"none", apps.Change{Scale: map[string]int{"web": 0}}, "retire web v5×1, drain web v5×1, remove web v5×1, keep web v4×1"},
	} {
		before := w.spots(app)
		plan, err := s.apps.Plan(t.Context(), w.ann, "hello", step.change)
		w.must(err)
		if got := actionsOf(plan.Steps); !strings.HasPrefix(got, step.want) || plan.Blocked() != nil {
			t.Fatalf("%s: the plan is\n%s\ninstead of\n%s\n%v", step.what, got, step.want, plan.Warnings)
		}
		if again, err := s.apps.Plan(t.Context(), w.ann, "hello", step.change); err != nil || again.Fingerprint != plan.Fingerprint {
			t.Errorf("%s: planned again it is another: %v", step.what, err)
		}
		heard := w.overhear(app)
		d, err := s.apps.ApplyPlan(t.Context(), w.ann, "hello", step.change, plan.Fingerprint)
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if d != nil {
			s.end(d, models.DeploymentSucceeded)
		}
		after, kept := expected(plan.Steps, before)
		now := w.become(app, step.what+": "+actionsOf(plan.Steps), after)
		w.leftAlone(app)
		for _, at := range kept {
			if before[at] != now[at] {
				t.Errorf("%s: %v is not the one that was to be kept", step.what, at)
			}
		}
		if wrong := inOrder(plan.Steps, heard()); wrong != "" {
			t.Errorf("%s: %s, which is %s", step.what, wrong, actionsOf(plan.Steps))
		}
		if plan.Release != w.app(app.ID).LiveRelease || strings.Contains(fmt.Sprintf("%+v", plan), "s3cret-value") {
			t.Errorf("%s: %+v", step.what, plan)
		}
	}
}

// become waits until exactly these instances are there.
func (w *works) become(app *models.App, what string, wanted map[spot]bool) (now map[spot]string) {
	w.t.Helper()
	w.until(what, func() bool {
		now = w.spots(app)
		for at := range wanted {
			if _, ok := now[at]; !ok {
				return false
			}
		}
		return len(now) == len(wanted)
	})
	return now
}

// TestAPlanOfDrift: what somebody did to instances is in the plan of what would be
// done now.
func TestAPlanOfDrift(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app, "WORKER=yes")
	_, err := s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 3, "worker": 2})
	w.must(err)
	w.settled(app, map[string]int{"web.v1": 3, "worker.v1": 2})
	w.leftAlone(app)
	s.stop()
	before := w.spots(app)
	worker := deployer.WorkloadID{App: app.ID, Process: "worker", Release: 1}
	w.engine.RemoveByHand(before[spot{deployer.WorkloadID{App: app.ID, Process: "web", Release: 1}, 2}])
	w.engine.StopByHand(before[spot{worker, 1}])
	desk := w.desk()
	var plan *pipeline.Forecast
	w.until("the engine to have stopped it", func() bool {
		plan, err = desk.apps.Plan(t.Context(), w.ann, "hello", apps.Change{})
		w.must(err)
		return len(plan.Steps) == 5
	})
	if got := actionsOf(plan.Steps); got != "create web v1×1, switch web v1×3, start worker v1×1, keep web v1×2, keep worker v1×1" ||
		plan.Steps[0].Why != pipeline.WhyMissing || plan.Steps[2].Why != pipeline.WhyStopped {
		t.Errorf("%s: %+v", got, plan)
	}
	_, err = desk.apps.ApplyPlan(t.Context(), w.ann, "hello", apps.Change{}, plan.Fingerprint)
	w.must(err)
	w.start()
	after, kept := expected(plan.Steps, before)
	now := w.become(app, "drift to be repaired", after)
	for _, at := range kept {
		if before[at] != now[at] {
			t.Errorf("%v is not the one that was to be kept", at)
		}
	}
}

// TestAPlanThatIsOutOfDate is not carried out, nor one that cannot be.
func TestAPlanThatIsOutOfDate(t *testing.T) {
	t.Parallel()
	w := open(t)
	far := w.spread()
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.leftAlone(app)
	three := apps.Change{Scale: map[string]int{"web": 3}}
	plan, err := s.apps.Plan(t.Context(), w.ann, "hello", three)
	w.must(err)
	_, err = s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 2})
	w.must(err)
	w.settled(app, map[string]int{"web.v1": 2})
	w.leftAlone(app)
	_, err = s.apps.ApplyPlan(t.Context(), w.ann, "hello", three, plan.Fingerprint)
	wantKind(t, err, models.KindConflict)
	if w.app(app.ID).Scale["web"] != 2 {
		t.Error("it was done all the same")
	}
	// A value that nobody is shown counts.
	one, err := s.apps.Plan(t.Context(), w.ann, "hello", apps.Change{Set: map[string]string{"KEY": "one"}})
	w.must(err)
	_, err = s.apps.ApplyPlan(t.Context(), w.ann, "hello", apps.Change{Set: map[string]string{"KEY": "two"}}, one.Fingerprint)
	wantKind(t, err, models.KindConflict)

	// Without the right to change them, nobody finds values out by planning.
	_, err = s.apps.Plan(t.Context(), models.Actor{UserID: w.ann.UserID, Role: w.ann.Role, Scopes: []models.Scope{models.ScopeRead}}, "hello", apps.Change{Set: map[string]string{"KEY": "one"}})
	wantKind(t, err, models.KindForbidden)
	_, err = s.apps.Plan(t.Context(), w.bob, "hello", apps.Change{})
	wantKind(t, err, models.KindNotFound)
	_, err = s.apps.Plan(t.Context(), w.ann, "hello", apps.Change{Restart: true, MoveTo: "far"})
	wantKind(t, err, models.KindInvalid)

	// What comes first is waited for.
	held := s.push(app, "HOLD=once")
	w.inState(held, models.DeploymentBuilding)
	open, err := s.apps.Plan(t.Context(), w.ann, "hello", three)
	w.must(err)
	if len(open.Steps) != 0 || len(open.Warnings) != 1 || open.Warnings[0].Kind != pipeline.WarningOpen {
		t.Errorf("%+v", open)
	}
	w.shop.open()
	s.end(held, models.DeploymentSucceeded)
	w.leftAlone(app)

	// A cluster that is away, and a volume that cannot move.
	blocked := func(kind pipeline.WarningKind) {
		t.Helper()
		plan, err := s.apps.Plan(t.Context(), w.ann, "hello", apps.Change{MoveTo: "far"})
		w.must(err)
		if len(plan.Warnings) != 1 || plan.Warnings[0].Kind != kind || plan.Blocked() == nil {
			t.Errorf("%+v", plan.Warnings)
		}
		if _, err := s.apps.ApplyPlan(t.Context(), w.ann, "hello", apps.Change{MoveTo: "far"}, "x"+plan.Fingerprint); err == nil {
			t.Error("it is done all the same")
		}
	}
	far.SetAway(true)
	blocked(pipeline.WarningAway)
	far.SetAway(false)
	_, d, err := s.apps.AddVolume(t.Context(), w.ann, "hello", models.Volume{Process: "web", Name: "data", Path: "/data"})
	if models.KindOf(err) == models.KindInvalid || models.KindOf(err) == models.KindConflict {
		_, err = s.apps.Scale(t.Context(), w.ann, "hello", 0, map[string]int{"web": 1})
		w.must(err)
		_, d, err = s.apps.AddVolume(t.Context(), w.ann, "hello", models.Volume{Process: "web", Name: "data", Path: "/data"})
	}
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	w.leftAlone(app)
	blocked(pipeline.WarningRefused)
}
