package jobs_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// environment makes the image of an app's release tell its environment when it
// starts, and gives it.
func (w *works) environment(app *models.App, release int) map[string]string {
	w.t.Helper()
	cluster := memory.New(w.engine, "test")
	instances, err := cluster.Instances(w.t.Context(), app.ID)
	w.must(err)
	for _, in := range instances {
		if in.Workload.Release != release {
			continue
		}
		env := map[string]string{}
		for line, err := range cluster.Logs(w.t.Context(), deployer.LogQuery{InstanceID: in.ID}) {
			w.must(err)
			if key, value, ok := strings.Cut(line.Text, "="); ok {
				env[key] = value
			}
		}
		return env
	}
	w.t.Fatalf("v%d does not run", release)
	return nil
}

// tell is a program that writes its environment and then serves.
func tell(ctx context.Context, p *memory.Process) int {
	for key, value := range p.Env {
		if _, err := p.Stdout.Write([]byte(key + "=" + value + "\n")); err != nil {
			return 1
		}
	}
	return memory.Serve(ctx, p)
}

func TestRollback(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	for range 3 {
		s.deploy(app)
	}
	built := len(w.shop.order)
	back, err := s.Rollback(t.Context(), w.ann, "hello", 1)
	w.must(err)
	if back = s.end(back, models.DeploymentSucceeded); back.Release != 1 || back.FromRelease != 1 || back.Trigger != models.TriggerRollback {
		t.Errorf("%+v", back)
	}
	w.settled(app, map[string]int{"web.v1": 1})
	if _, states := w.log(back); !slices.Equal(states, []string{"deploying", "succeeded"}) {
		t.Errorf("%v", states)
	}
	// Without a version: the one that was live before.
	again, err := s.Rollback(t.Context(), w.ann, "hello", 0)
	w.must(err)
	if again = s.end(again, models.DeploymentSucceeded); again.Release != 3 {
		t.Errorf("%+v", again)
	}
	w.settled(app, map[string]int{"web.v3": 1})
	releases, _, err := s.Releases(t.Context(), w.ann, "hello", store.Page{})
	w.must(err)
	if len(releases) != 3 || len(w.shop.order) != built || w.app(app.ID).LiveRelease != 3 || w.routers.target(app.ID) != 3 {
		t.Errorf("%d releases, %d builds", len(releases), len(w.shop.order)-built)
	}
}

func TestConfigChangeDuringAPush(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	names, d, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"A": "1", "B": "2"}, nil)
	w.must(err)
	if d != nil || !slices.Equal(names, []string{"A", "B"}) {
		t.Errorf("before the first release: %+v, %v", d, names)
	}
	s.deploy(app)
	push := s.push(app, "HOLD=")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	_, change, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"A": "new"}, []string{"B"})
	w.must(err)
	if change == nil || change.Number != 3 || change.CommitMessage != "set A; unset B" {
		t.Fatalf("%+v", change)
	}
	w.shop.open()
	push = s.end(push, models.DeploymentSucceeded)
	w.engine.AddImage("test/hello:"+push.ID, tell)
	change = s.end(change, models.DeploymentSucceeded)
	pushed, err := s.Release(t.Context(), w.ann, "hello", push.Release)
	w.must(err)
	changed, err := s.Release(t.Context(), w.ann, "hello", change.Release)
	w.must(err)
	if changed.Image != pushed.Image || changed.Digest != pushed.Digest || changed.Commit != pushed.Commit || *changed.BuildID != *pushed.BuildID {
		t.Errorf("the change took the push back: %+v after %+v", changed, pushed)
	}
	w.settled(app, map[string]int{"web.v3": 1})
	_, none, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"A": "new"}, nil)
	if err != nil || none != nil {
		t.Errorf("nothing changed, and it makes %+v, %v", none, err)
	}
	restart, err := s.Restart(t.Context(), w.ann, "hello")
	w.must(err)
	restart = s.end(restart, models.DeploymentSucceeded)
	if restart.Release != 4 {
		t.Errorf("%+v", restart)
	}
	w.settled(app, map[string]int{"web.v4": 1})
	env := w.environment(app, 4)
	if env["A"] != "new" || env["B"] != "" || env["PORT"] != "8080" || env["SLIPWAY_APP"] != "hello" || env["SLIPWAY_RELEASE"] != "v4" || env["SLIPWAY_PROCESS"] != "web" {
		t.Errorf("it runs with %v", env)
	}
}

// Config that is set while the first release is on its way out the door is in
// the next one, which follows by itself.
func TestConfigChangeDuringTheFirstRollout(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	d := s.push(app, "NEVER=")
	w.inState(d, models.DeploymentDeploying)
	_, change, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"A": "1"}, nil)
	w.must(err)
	if change == nil {
		t.Fatal("the change waits for the next deployment")
	}
	_, err = s.Cancel(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	s.end(d, models.DeploymentCancelled)
	if change = s.end(change, models.DeploymentFailed); !strings.Contains(change.Reason, "no live release") {
		t.Errorf("%+v", change)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	port, memoryMB, path, branch := 9000, 128, "/health", "trunk"
	_, d, err := s.apps.Update(t.Context(), w.ann, "hello", 0, apps.Changes{Port: &port})
	if err != nil || d != nil {
		t.Errorf("before the first release: %+v, %v", d, err)
	}
	s.deploy(app)
	view, d, err := s.apps.Update(t.Context(), w.ann, "hello", 0, apps.Changes{MemoryMB: &memoryMB, HealthPath: &path})
	w.must(err)
	if d == nil || view.App.DeploymentSeq != d.Number || w.app(app.ID).DeploymentSeq != d.Number {
		t.Fatalf("%+v", view.App)
	}
	s.end(d, models.DeploymentSucceeded)
	release, err := s.Release(t.Context(), w.ann, "hello", 2)
	w.must(err)
	if release.Processes[0].Port != 9000 || release.Processes[0].HealthPath != "/health" || release.MemoryMB != 128 || release.Description != "settings" {
		t.Errorf("%+v", release)
	}
	// Taken back, the image's own port is used again.
	zero, none := 0, ""
	_, d, err = s.apps.Update(t.Context(), w.ann, "hello", 0, apps.Changes{Port: &zero, HealthPath: &none})
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	if release, err = s.Release(t.Context(), w.ann, "hello", 3); err != nil || release.Processes[0].Port != 8080 || release.Processes[0].HealthPath != "" {
		t.Errorf("%+v, %v", release, err)
	}
	_, d, err = s.apps.Update(t.Context(), w.ann, "hello", 0, apps.Changes{Branch: &branch})
	if err != nil || d != nil {
		t.Errorf("what does not concern how it is served makes %+v, %v", d, err)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app, "WORKER=")
	w.settled(app, map[string]int{"web.v1": 1})
	scale := func(wanted map[string]int) {
		t.Helper()
		_, err := s.apps.Scale(t.Context(), w.ann, "hello", 0, wanted)
		w.must(err)
	}
	status := func(want string) {
		t.Helper()
		w.until("the app to be "+want, func() bool {
			view, err := s.apps.Get(t.Context(), w.ann, "hello")
			return err == nil && view.Status == want && (view.Running == view.Wanted || want == "deploying")
		})
	}
	scale(map[string]int{"web": 3, "worker": 2})
	w.settled(app, map[string]int{"web.v1": 3, "worker.v1": 2})
	status("live")
	scale(map[string]int{"web": 1})
	w.settled(app, map[string]int{"web.v1": 1, "worker.v1": 2})
	scale(map[string]int{"web": 0, "worker": 0})
	w.settled(app, map[string]int{})
	status("stopped")
	w.until("the traffic to have no target", func() bool { return w.app(app.ID).Scale["web"] == 0 })
	// A deployment keeps it so.
	s.deploy(app, "WORKER=")
	w.settled(app, map[string]int{})
	scale(map[string]int{"web": 2})
	w.settled(app, map[string]int{"web.v2": 2})
	w.until("the traffic", func() bool { return w.routers.target(app.ID) == 2 })
	status("live")
	// During a deployment: what is right at its end counts.
	held := s.push(app, "HOLD=")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	scale(map[string]int{"web": 4})
	status("deploying")
	w.shop.open()
	s.end(held, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v3": 4})
	if wrong := w.routers.complaints(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	held := s.push(app, "HOLD=once")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	_, err := s.Retry(t.Context(), w.ann, "hello", held.Number)
	wantKind(t, err, models.KindConflict)
	_, err = s.Cancel(t.Context(), w.ann, "hello", held.Number)
	w.must(err)
	held = s.end(held, models.DeploymentCancelled)
	w.shop.open()
	again, err := s.Retry(t.Context(), w.ann, "hello", held.Number)
	w.must(err)
	if again = s.end(again, models.DeploymentSucceeded); again.Number != 2 || again.SourceID != held.SourceID || again.Commit != held.Commit || again.Trigger != held.Trigger {
		t.Errorf("%+v", again)
	}
	if got := w.deployment(held.ID); got.State != models.DeploymentCancelled {
		t.Errorf("the first one was changed: %+v", got)
	}
}

func TestDestroyWhileDeploying(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	live := s.deploy(app)
	held := s.push(app, "HOLD=")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	queued := s.push(app)
	// Others go on as if nothing were.
	var others sync.WaitGroup
	stop := make(chan struct{})
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, _ = s.Submit(context.Background(), w.ann, app, pipeline.Submission{Trigger: models.TriggerRestart}) // refused once it is gone
		}
	})
	err := s.apps.Destroy(t.Context(), w.ann, "hello", 0)
	close(stop)
	others.Wait()
	w.must(err)
	if w.shop.building(app.ID) != 0 {
		t.Error("it is destroyed, and its build runs")
	}
	_, err = s.apps.Get(t.Context(), w.ann, "hello")
	wantKind(t, err, models.KindNotFound)
	if got := w.running(app.ID); len(got) != 0 {
		t.Errorf("it is destroyed, and there run %v", got)
	}
	for _, d := range []*models.Deployment{live, held, queued} {
		if s.Sources().Has(t.Context(), d.SourceID) {
			t.Errorf("the source of #%d is left", d.Number)
		}
		if lines, _, err := w.logs.Read(t.Context(), logs.DeploymentStream(d.ID), 0, 10); err != nil || len(lines) != 0 {
			t.Errorf("%d lines of the log of #%d are left, %v", len(lines), d.Number, err)
		}
	}
	events, _, err := s.apps.Events(t.Context(), w.ann, "", store.Page{})
	w.must(err)
	if events[0].Action != "app.destroy" {
		t.Errorf("%+v", events[0])
	}
	// The name is free, and nothing of the one before comes back.
	next := s.create("hello")
	s.deploy(next)
	w.settled(next, map[string]int{"web.v1": 1})
	w.settled(app, map[string]int{})
}

func TestSourcesAreKeptForAWhile(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	var all []*models.Deployment
	for range 7 {
		all = append(all, s.deploy(app))
	}
	w.until("old sources to go", func() bool {
		return !s.Sources().Has(t.Context(), all[0].SourceID) && !s.Sources().Has(t.Context(), all[1].SourceID)
	})
	for _, d := range all[2:] {
		if !s.Sources().Has(t.Context(), d.SourceID) {
			t.Errorf("the source of #%d is gone", d.Number)
		}
	}
	_, err := s.Retry(t.Context(), w.ann, "hello", 1)
	wantKind(t, err, models.KindConflict)
	w.until("the folder of builds to be empty", func() bool {
		left, err := os.ReadDir(filepath.Join(w.dir, "work"))
		return err == nil && len(left) == 0
	})
}

// A secret value is nowhere but in its store, sealed, and in the process it is
// for: not when a build or an app writes it, not in a row, a log or a file.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	canaries := []string{"canary-one-7f3a", "canary-two\nline-two-9c1e\nshort", "canary\x01three \u00e9\"'<>&"}
	_, d, err := s.apps.SetConfig(t.Context(), w.ann, "hello", 0, map[string]string{"ONE": canaries[0], "TWO": canaries[1], "THREE": canaries[2]}, nil)
	w.must(err)
	s.end(d, models.DeploymentSucceeded)
	for _, source := range []string{"LEAK=", "FAIL=it failed with "} {
		d := s.end(s.push(app, source), models.DeploymentFailed)
		text, _ := w.log(d)
		if source == "LEAK=" && (!strings.Contains(text, "the secrets are") || !strings.Contains(text, "environment: ONE=")) {
			t.Errorf("nothing was leaked:\n%s", text)
		}
		if source != "LEAK=" && !strings.Contains(d.Reason, "it failed with") {
			t.Errorf("%s", d.Reason)
		}
	}
	seek := []string{canaries[0], "canary-two", "line-two-9c1e", "canary\x01three"}
	for _, table := range w.tables() {
		var rows string
		w.must(w.store.Pool().QueryRow(t.Context(), "SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM "+table+" t").Scan(&rows))
		for _, secret := range seek {
			if strings.Contains(rows, secret) || strings.Contains(rows, strings.ToLower(hexOf(secret))) {
				t.Errorf("%q stands in the table %s", secret, table)
			}
		}
	}
	w.must(w.logs.Sync())
	w.must(filepath.WalkDir(w.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, secret := range seek {
			if strings.Contains(string(content), secret) {
				t.Errorf("%q stands in the file %s", secret, path)
			}
		}
		return err
	}))
	// Those who may not read secrets are told the names only.
	reader := w.ann
	reader.Scopes = []models.Scope{models.ScopeWrite}
	config, err := s.apps.Config(t.Context(), reader, "hello")
	w.must(err)
	for _, item := range config.Items {
		if item.Value != nil || config.CanRead {
			t.Errorf("%s is shown", item.Key)
		}
	}
	config, err = s.apps.Config(t.Context(), w.ann, "hello")
	w.must(err)
	if len(config.Items) != 3 || *config.Items[0].Value != canaries[0] || *config.Items[1].Value != canaries[2] || *config.Items[2].Value != canaries[1] {
		t.Errorf("%v", config.Items)
	}
}

func (w *works) tables() []string {
	w.t.Helper()
	rows, err := w.store.Pool().Query(w.t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
	w.must(err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		w.must(rows.Scan(&name))
		names = append(names, name)
	}
	w.must(rows.Err())
	if len(names) < 14 {
		w.t.Errorf("only the tables %v", names)
	}
	return names
}

// hexOf writes text the way Postgres shows bytes.
func hexOf(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		const digits = "0123456789abcdef"
		out.WriteByte(digits[b>>4])
		out.WriteByte(digits[b&15])
	}
	return out.String()
}
