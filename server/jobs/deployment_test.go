package jobs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

func wantKind(t *testing.T, err error, kind models.Kind) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Errorf("got %v, of kind %s, instead of one of kind %s", err, models.KindOf(err), kind)
	}
}

func TestPushToLive(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	d := s.push(app)
	if d.Number != 1 || d.State != models.DeploymentQueued || d.CreatedBy != w.ann.Email {
		t.Errorf("submitted: %+v", d)
	}
	d = s.end(d, models.DeploymentSucceeded)
	if d.Release != 1 || d.Reason != "" || d.LeaseUntil != nil || d.CommitMessage != "Change it" {
		t.Errorf("ended: %+v", d)
	}
	for _, at := range []*time.Time{d.StartedAt, d.BuiltAt, d.ReleasedAt, d.FinishedAt} {
		if at == nil || at.Before(d.CreatedAt) {
			t.Errorf("its times: %v", at)
		}
	}
	if !slices.IsSortedFunc([]time.Time{d.CreatedAt, *d.StartedAt, *d.BuiltAt, *d.ReleasedAt, *d.FinishedAt}, time.Time.Compare) {
		t.Errorf("its times are not in order: %+v", d)
	}
	text, states := w.log(d)
	if want := []string{"building", "deploying", "succeeded"}; !slices.Equal(states, want) {
		t.Errorf("the log names %v instead of %v:\n%s", states, want, text)
	}
	release, err := s.Release(t.Context(), w.ann, "hello", 1)
	w.must(err)
	builds, err := s.Builds(t.Context(), []models.Deployment{*d})
	w.must(err)
	build := builds[d.ID]
	if release.Image != build.Image || *release.BuildID != build.ID || release.Description != "push ccccccc: Change it" ||
		len(release.Processes) != 1 || release.Processes[0].Port != 8080 || build.State != models.BuildSucceeded || build.Builder != "workshop" {
		t.Errorf("%+v\n%+v", release, build)
	}
	if now := w.app(app.ID); now.LiveRelease != 1 || w.routers.target(app.ID) != 1 {
		t.Errorf("live is v%d, requests go to v%d", now.LiveRelease, w.routers.target(app.ID))
	}
	w.settled(app, map[string]int{"web.v1": 1})

	second := s.deploy(app)
	w.settled(app, map[string]int{"web.v2": 1})
	if second.Release != 2 || w.routers.target(app.ID) != 2 || len(w.routers.complaints()) > 0 {
		t.Errorf("%+v, %v", second, w.routers.complaints())
	}
	events, _, err := s.apps.Events(t.Context(), w.ann, "hello", store.Page{})
	w.must(err)
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action+" "+e.Target)
	}
	if !slices.Equal(actions, []string{"deployment.create #2", "deployment.create #1", "app.create hello"}) {
		t.Errorf("events: %v", actions)
	}
}

func TestFailingBuild(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	d := s.end(s.push(app, "FAIL=step 2 exited with 1\x00\xff"), models.DeploymentFailed)
	if d.Release != 0 || !strings.HasPrefix(d.Reason, "step 2 exited with 1") || d.BuiltAt != nil || d.FinishedAt == nil {
		t.Errorf("%+v", d)
	}
	text, states := w.log(d)
	if !slices.Equal(states, []string{"building", "failed"}) || !strings.Contains(text, "failed: step 2 exited with 1") {
		t.Errorf("%v\n%s", states, text)
	}
	builds, err := s.Builds(t.Context(), []models.Deployment{*d})
	w.must(err)
	if build := builds[d.ID]; build.State != models.BuildFailed || build.Error != d.Reason || build.FinishedAt == nil {
		t.Errorf("%+v", build)
	}
	view, err := s.apps.Get(t.Context(), w.ann, "hello")
	w.must(err)
	if view.Status != "failed" || view.Live != nil || len(w.running(app.ID)) != 0 {
		t.Errorf("%+v", view)
	}
	// It is nothing that the next one suffers from.
	s.deploy(app)
}

func TestUnhealthyReleaseKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	d := s.end(s.push(app, "CRASH=panic: no database"), models.DeploymentFailed)
	if !strings.Contains(d.Reason, "hello.web.v2.1") || !strings.Contains(d.Reason, "exited with code 3") || d.Release != 2 {
		t.Errorf("%+v", d)
	}
	text, states := w.log(d)
	if !slices.Equal(states, []string{"building", "deploying", "failed"}) ||
		!strings.Contains(text, "panic: no database") || strings.Index(text, "panic: no database") > strings.Index(text, "failed: ") {
		t.Errorf("%v\n%s", states, text)
	}
	if got := w.running(app.ID); !equal(got, map[string]int{"web.v1": 1}) {
		t.Errorf("when it had failed there ran %v", got)
	}
	if w.app(app.ID).LiveRelease != 1 || w.routers.target(app.ID) != 1 {
		t.Errorf("requests go to v%d", w.routers.target(app.ID))
	}
	// A first release that fails leaves nothing.
	other := s.create("other")
	s.end(s.push(other, "CRASH=no"), models.DeploymentFailed)
	w.settled(other, map[string]int{})
}

func TestBuildTimeout(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.BuildTimeout = 200 * time.Millisecond
	s := w.start()
	app := s.create("hello")
	d := s.end(s.push(app, "HOLD="), models.DeploymentFailed)
	if !strings.Contains(d.Reason, "did not end within 200ms") || w.shop.building(app.ID) != 0 {
		t.Errorf("%+v", d)
	}
}

// Who follows a log until the row is terminal has seen the end in it, also that
// of a deployment which was cancelled before it began.
func TestCancelledWhileItWaitsIsInItsLogFirst(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	w.inState(s.push(app, "HOLD="), models.DeploymentBuilding)
	waits := s.push(app)
	// Commits that make a deployment terminal wait for a lock, which is the test's.
	w.exec(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'`)
	w.exec(`CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON deployments DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (NEW.state = 'cancelled') EXECUTE FUNCTION wait()`)
	lock, err := w.store.Pool().Begin(t.Context())
	w.must(err)
	_, err = lock.Exec(t.Context(), "SELECT pg_advisory_xact_lock(1)")
	w.must(err)
	done := make(chan error)
	go func() {
		_, err := s.Cancel(t.Context(), w.ann, "hello", waits.Number)
		done <- err
	}()
	w.until("the end to be in the log", func() bool {
		_, states := w.log(waits)
		return slices.Equal(states, []string{"cancelled"})
	})
	if d := w.deployment(waits.ID); d.State != models.DeploymentQueued {
		t.Errorf("the row was first: %+v", d)
	}
	w.must(lock.Rollback(t.Context()))
	w.must(<-done)
	s.end(waits, models.DeploymentCancelled)
	if text, states := w.log(waits); !slices.Equal(states, []string{"cancelled"}) || !strings.Contains(text, "cancelled by ann@example.com") {
		t.Errorf("the log says %v: %s", states, text)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.HealthTimeout = patience
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	held := s.push(app, "HOLD=")
	w.inState(held, models.DeploymentBuilding)
	waits := s.push(app)

	// Queued: cancelled at once.
	got, err := s.Cancel(t.Context(), w.ann, "hello", waits.Number)
	w.must(err)
	if got.State != models.DeploymentCancelled || got.Reason != "cancelled by ann@example.com" || got.FinishedAt == nil {
		t.Errorf("queued: %+v", got)
	}
	// Building: when the build has stopped.
	w.until("the build to begin", func() bool { return w.shop.building(app.ID) == 1 })
	got, err = s.Cancel(t.Context(), w.ann, "hello", held.Number)
	w.must(err)
	if got.State != models.DeploymentBuilding || got.CancelledAt == nil {
		t.Errorf("building: %+v", got)
	}
	for d := w.deployment(held.ID); !d.State.Terminal(); d = w.deployment(held.ID) {
		if d.State != models.DeploymentBuilding {
			t.Errorf("it went on to %s", d.State)
		}
	}
	if w.shop.building(app.ID) != 0 {
		t.Error("it is cancelled, and the build runs")
	}
	d := s.end(held, models.DeploymentCancelled)
	builds, err := s.Builds(t.Context(), []models.Deployment{*d})
	w.must(err)
	if d.Reason != "cancelled by ann@example.com" || builds[d.ID].State != models.BuildCancelled {
		t.Errorf("%+v\n%+v", d, builds[d.ID])
	}
	// Deploying: when the new release is gone.
	never := s.push(app, "NEVER=")
	w.inState(never, models.DeploymentDeploying)
	w.until("the new release to start", func() bool { return w.running(app.ID)["web.v2"] == 1 })
	_, err = s.Cancel(t.Context(), w.owner, "hello", never.Number)
	w.must(err)
	d = s.end(never, models.DeploymentCancelled)
	if got := w.running(app.ID); !equal(got, map[string]int{"web.v1": 1}) || d.Reason != "cancelled by owner@example.com" || w.routers.target(app.ID) != 1 {
		t.Errorf("it is cancelled, and there run %v; %s", got, d.Reason)
	}
	// Ended: no more.
	_, err = s.Cancel(t.Context(), w.ann, "hello", never.Number)
	wantKind(t, err, models.KindConflict)
	_, err = s.Cancel(t.Context(), w.ann, "hello", 99)
	wantKind(t, err, models.KindNotFound)
	if d := s.end(never, models.DeploymentCancelled); d.Reason != "cancelled by owner@example.com" {
		t.Errorf("the end was changed: %+v", d)
	}
	_, states := w.log(never)
	if states[len(states)-1] != "cancelled" {
		t.Errorf("%v", states)
	}
}

// Cancelled and superseded mean that the work has stopped.
func TestCancelOfABuildThatDoesNotStop(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.update("hello", "supersede", 1)
	d := s.push(app, "STUCK=")
	w.until("the build to begin", func() bool { return w.shop.building(app.ID) == 1 })
	_, err := s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	if d = s.end(d, models.DeploymentFailed); !strings.Contains(d.Reason, "has not stopped its build") {
		t.Error(d.Reason)
	}
	d = s.push(app, "STUCK=")
	w.until("the build to begin", func() bool { return w.shop.building(app.ID) == 1 })
	next := s.push(app)
	if d = s.end(d, models.DeploymentFailed); !strings.Contains(d.Reason, "has not stopped its build") || d.Release != 0 {
		t.Errorf("%+v", d)
	}
	s.end(next, models.DeploymentSucceeded)
}

// Builds beyond the number that may run wait for their turn, can be cancelled
// there, and are not timed out for waiting.
func TestBuildSlots(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.settings.BuildConcurrency = 1
	s := w.start()
	first, second, third := s.create("first"), s.create("second"), s.create("third")
	held := s.push(first, "HOLD=")
	w.until("the build to begin", func() bool { return w.shop.building(first.ID) == 1 })
	waiting, unwanted := s.push(second), s.push(third)
	for _, d := range []*models.Deployment{waiting, unwanted} {
		w.until("it to wait", func() bool { text, _ := w.log(d); return strings.Contains(text, "Waiting for a free build slot") })
	}
	_, err := s.Cancel(t.Context(), w.ann, "third", 1)
	w.must(err)
	s.end(unwanted, models.DeploymentCancelled)
	if w.shop.building(second.ID)+w.shop.building(third.ID) != 0 {
		t.Error("more builds run than may")
	}
	w.shop.open()
	s.end(held, models.DeploymentSucceeded)
	s.end(waiting, models.DeploymentSucceeded)
}

func TestManySubmitsOfOneApp(t *testing.T) {
	t.Parallel()
	w := open(t)
	servers := []*server{w.start(), w.start()}
	app := servers[0].create("hello")
	source := servers[0].source()
	const all = 20
	var submits sync.WaitGroup
	submitted := make([]*models.Deployment, all)
	for i := range all {
		submits.Go(func() {
			s := pipeline.Submission{Trigger: models.TriggerUpload, SourceID: source}
			if i%4 == 3 {
				s = pipeline.Submission{Trigger: models.TriggerImage, ImageRef: "image"}
			}
			var err error
			if submitted[i], err = servers[i%2].Submit(context.Background(), w.ann, app, s); err != nil {
				t.Error(err)
			}
		})
	}
	submits.Wait()
	rows := make([]*models.Deployment, all+1)
	for i, d := range submitted {
		ended, err := servers[(i+1)%2].Done(t.Context(), w.owner, d.ID)
		w.must(err)
		if rows[ended.Number] != nil {
			t.Errorf("two have the number %d", ended.Number)
		}
		rows[ended.Number] = ended
	}
	release := 0
	var before *models.Deployment
	for _, d := range rows[1:] {
		switch {
		case d.State == models.DeploymentSuperseded:
			if d.StartedAt != nil || d.Release != 0 || d.SupersededBy <= d.Number || d.FinishedAt == nil || d.Number == all {
				t.Errorf("superseded: %+v", d)
			}
			continue
		case d.State == models.DeploymentSucceeded && d.Trigger == models.TriggerUpload:
			if release++; d.Release != release {
				t.Errorf("#%d made v%d instead of v%d", d.Number, d.Release, release)
			}
		case d.State == models.DeploymentFailed && d.Trigger == models.TriggerImage: // a workshop builds no images by reference
		default:
			t.Errorf("#%d, %s, is %s: %s", d.Number, d.Trigger, d.State, d.Reason)
		}
		if before != nil && d.StartedAt.Before(*before.FinishedAt) {
			t.Errorf("#%d was begun before #%d had ended", d.Number, before.Number)
		}
		before = d
	}
	if w.shop.atOnce != 1 {
		t.Errorf("%d builds of one app ran at once", w.shop.atOnce)
	}
	if live := w.app(app.ID).LiveRelease; live != release || w.routers.target(app.ID) != release {
		t.Errorf("live is v%d, requests go to v%d, the last is v%d", live, w.routers.target(app.ID), release)
	}
	w.until("one release to be left", func() bool {
		instances, err := servers[0].Instances(t.Context(), app.ID)
		return err == nil && len(instances) == 1 && instances[0].Workload.Release == release
	})
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// Deployment, event and wake-up are there together, or none of them.
func TestRowAndJobTogether(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	count := func(table string) (n int) {
		t.Helper()
		w.must(w.store.Pool().QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		return n
	}
	jobsBefore := count("river_job")
	source := s.source("HOLD=")
	failure := errors.New("no")
	for range 5 {
		err := s.store.Transact(t.Context(), func(tx *store.Store) error {
			if _, err := s.SubmitIn(t.Context(), tx, w.ann, app, pipeline.Submission{Trigger: models.TriggerPush, SourceID: source}); err != nil {
				return err
			}
			var inside int
			if err := tx.Tx().QueryRow(t.Context(), "SELECT count(*) FROM river_job").Scan(&inside); err != nil || inside <= jobsBefore {
				t.Errorf("the wake-up is not in the transaction: %d, %v", inside, err)
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Errorf("got %v", err)
		}
	}
	if n := count("deployments"); n != 0 || count("events") != 1 || count("river_job") != jobsBefore || w.app(app.ID).DeploymentSeq != 0 {
		t.Errorf("%d deployments, %d events, %d jobs are left", n, count("events"), count("river_job")-jobsBefore)
	}
	d := s.push(app)
	if count("river_job") <= jobsBefore || count("events") != 2 {
		t.Error("a deployment without a wake-up, or without an event")
	}
	s.end(d, models.DeploymentSucceeded)
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	reader := w.ann
	reader.Scopes = []models.Scope{models.ScopeRead}
	good := pipeline.Submission{Trigger: models.TriggerUpload, SourceID: s.source()}
	for _, c := range []struct {
		name string
		as   models.Actor
		what pipeline.Submission
		kind models.Kind
	}{
		{"nobody", models.Actor{}, good, models.KindUnauthenticated},
		{"reader", reader, good, models.KindForbidden},
		{"stranger", w.bob, good, models.KindNotFound},
		{"no source", w.ann, pipeline.Submission{Trigger: models.TriggerPush}, models.KindInvalid},
		{"no such source", w.ann, pipeline.Submission{Trigger: models.TriggerUpload, SourceID: models.NewID()}, models.KindInvalid},
		{"a path", w.ann, pipeline.Submission{Trigger: models.TriggerUpload, SourceID: "../../etc/passwd"}, models.KindInvalid},
		{"no URL", w.ann, pipeline.Submission{Trigger: models.TriggerGit}, models.KindConflict},
		{"no image", w.ann, pipeline.Submission{Trigger: models.TriggerImage}, models.KindInvalid},
		{"odd image", w.ann, pipeline.Submission{Trigger: models.TriggerImage, ImageRef: "a\x00"}, models.KindInvalid},
		{"no release", w.ann, pipeline.Submission{Trigger: models.TriggerRollback}, models.KindInvalid},
		{"no trigger", w.ann, pipeline.Submission{}, models.KindInternal},
	} {
		_, err := s.Submit(t.Context(), c.as, app, c.what)
		t.Log(c.name)
		wantKind(t, err, c.kind)
	}
	// What people write in commits is not always UTF-8.
	odd := good
	odd.CommitMessage, odd.SourceRef = "caf\xe9 \x00 "+strings.Repeat("é", 300), "r\xe9f"
	d, err := s.Submit(t.Context(), w.ann, app, odd)
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	rows, _, err := s.Deployments(t.Context(), w.ann, "hello", store.Page{})
	w.must(err)
	if len(rows) != 1 {
		t.Errorf("refused ones left %d rows", len(rows)-1)
	}
	for what, err := range map[string]error{
		"rollback of nothing": second(s.Rollback(t.Context(), w.ann, "hello", 0)),
		"rollback to live":    second(s.Rollback(t.Context(), w.ann, "hello", 1)),
	} {
		t.Log(what)
		wantKind(t, err, models.KindConflict)
	}
	for _, version := range []int{2, -1, 1 << 40} {
		_, err := s.Rollback(t.Context(), w.ann, "hello", version)
		wantKind(t, err, models.KindNotFound)
	}
	s.create("empty")
	for what, err := range map[string]error{
		"rollback": second(s.Rollback(t.Context(), w.ann, "empty", 0)),
		"restart":  second(s.Restart(t.Context(), w.ann, "empty")),
	} {
		t.Log(what)
		wantKind(t, err, models.KindConflict)
	}
	_, err = s.Retry(t.Context(), w.ann, "empty", 1)
	wantKind(t, err, models.KindNotFound)
}

func second[T any](_ T, err error) error { return err }

func TestNobodySeesAnothersApps(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	d := s.deploy(app)
	ctx := t.Context()
	for name, err := range map[string]error{
		"Deployment":  second(s.Deployment(ctx, w.bob, "hello", 1)),
		"Deployments": third(s.Deployments(ctx, w.bob, "hello", store.Page{})),
		"Releases":    third(s.Releases(ctx, w.bob, "hello", store.Page{})),
		"Release":     second(s.Release(ctx, w.bob, "hello", 1)),
		"Cancel":      second(s.Cancel(ctx, w.bob, "hello", 1)),
		"Retry":       second(s.Retry(ctx, w.bob, "hello", 1)),
		"Rollback":    second(s.Rollback(ctx, w.bob, "hello", 1)),
		"Restart":     second(s.Restart(ctx, w.bob, "hello")),
		"Done":        second(s.Done(ctx, w.bob, d.ID)),
	} {
		if models.KindOf(err) != models.KindNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows, _, err := s.Deployments(ctx, w.bob, "", store.Page{})
	if err != nil || len(rows) != 0 {
		t.Errorf("he sees %v, %v", rows, err)
	}
	if rows, _, err = s.Deployments(ctx, w.owner, "", store.Page{}); err != nil || len(rows) != 1 {
		t.Errorf("the owner sees %v, %v", rows, err)
	}
}

func third[T, U any](_ T, _ U, err error) error { return err }

func TestWebhookDuplicates(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	repository := gitRepository(t)
	from := "file://" + repository
	app.SourceURL = from
	w.exec("UPDATE apps SET source_url = $1", from)
	var mu sync.Mutex
	made, duplicates := map[string]int{}, 0
	var deliveries sync.WaitGroup
	for range 100 {
		deliveries.Go(func() {
			d, duplicate, err := s.SubmitWebhook(context.Background(), app, "delivery-1", pipeline.Submission{Trigger: models.TriggerWebhook, SourceRef: "main"})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			made[d.ID]++
			if duplicate {
				duplicates++
			}
		})
	}
	deliveries.Wait()
	if len(made) != 1 || duplicates != 99 {
		t.Errorf("100 deliveries of one ID made %d deployments, %d were told that they are duplicates", len(made), duplicates)
	}
	if rows, _, err := s.Deployments(t.Context(), w.ann, "hello", store.Page{}); err != nil || len(rows) != 1 {
		t.Errorf("%d deployments, %v", len(rows), err)
	}
	other, duplicate, err := s.SubmitWebhook(t.Context(), app, "delivery-2", pipeline.Submission{Trigger: models.TriggerWebhook, SourceRef: "main", Commit: strings.Repeat("0", 40)})
	if err != nil || duplicate || other.Number != 2 {
		t.Errorf("%+v, %v, %v", other, duplicate, err)
	}
	// The commit is the branch's own by then, whatever the webhook said.
	d := s.end(other, models.DeploymentSucceeded)
	if d.Commit == strings.Repeat("0", 40) || len(d.Commit) != 40 || d.CommitMessage != "First" || d.SourceID == "" {
		t.Errorf("%+v", d)
	}
	missing, _, err := s.SubmitWebhook(t.Context(), app, "delivery-3", pipeline.Submission{Trigger: models.TriggerWebhook, SourceRef: "gone"})
	w.must(err)
	if d := s.end(missing, models.DeploymentFailed); !strings.Contains(d.Reason, "gone") {
		t.Errorf("%s", d.Reason)
	}
}
