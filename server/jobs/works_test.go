package jobs_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/jobs"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

// patience bounds every wait. A dead server's work stands still for ten
// seconds, and the machine may be busy.
const patience = 60 * time.Second

// works is an installation: a Postgres, an engine in memory, and as many
// servers on them as the test starts.
type works struct {
	t        *testing.T
	dsn      string
	dir      string
	engine   *memory.Engine
	shop     *workshop
	routers  *switchboard
	cluster  deployer.Cluster // what servers are given: the engine, if the test puts nothing before it
	routing  pipeline.Routing // what servers are given: routers, if the test puts nothing before them
	logs     *logs.Store
	box      *secrets.Box
	store    *store.Store // the test's own, of no server
	settings pipeline.Settings
	publish  pipeline.Publish // what servers are given, nil without a registry
	figures  pipeline.Figures // what servers are given, nil to watch nothing

	owner, ann, bob models.Actor
}

func open(t *testing.T) *works {
	t.Helper()
	w := &works{t: t, dsn: pgtest.New(t, migrations.Apply), dir: t.TempDir(), engine: memory.NewEngine()}
	w.shop = &workshop{engine: w.engine, gate: make(chan struct{}), attempts: map[string]int{}, running: map[string]int{}}
	w.routers = &switchboard{cluster: memory.New(w.engine, "test"), to: map[string]deployer.Targets{}}
	w.cluster, w.routing = memory.New(w.engine, "test"), w.routers
	w.settings = pipeline.Settings{
		DataDir: w.dir, Installation: "test", BuildConcurrency: 4, BuildTimeout: time.Minute, HealthTimeout: 20 * time.Second,
		DrainTimeout: time.Second, StopGrace: time.Second, MaxSourceBytes: 1 << 20, AppMemoryMB: 64, AppCPUMilli: 1000, AllowFileSources: true,
	}
	var err error
	w.logs, err = logs.Open(filepath.Join(w.dir, "logs"), logs.Options{}, slog.New(slog.DiscardHandler))
	w.must(err)
	t.Cleanup(func() { w.must(w.logs.Close()) })
	w.box, err = secrets.Open(filepath.Join(w.dir, "key"))
	w.must(err)
	w.store, err = store.Open(t.Context(), w.dsn, 4)
	w.must(err)
	t.Cleanup(w.store.Close)
	for _, who := range []struct {
		actor *models.Actor
		name  string
		role  models.Role
	}{{&w.owner, "owner", models.RoleOwner}, {&w.ann, "ann", models.RoleMember}, {&w.bob, "bob", models.RoleMember}} {
		user := &models.User{Email: who.name + "@example.com", PasswordHash: "x", Role: who.role}
		w.must(w.store.CreateUser(t.Context(), user))
		*who.actor = models.Actor{UserID: user.ID, Email: user.Email, Role: who.role}
	}
	t.Cleanup(w.shop.open) // before the servers are stopped: cleanups run last in, first out
	return w
}

func (w *works) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// server is one Slipway at work.
type server struct {
	*pipeline.Pipeline
	works *works
	apps  *apps.Service
	store *store.Store
	queue *jobs.Queue
	stop  func()
}

// start starts a server, on another connection string than the installation's
// if one is given.
func (w *works) start(dsn ...string) *server {
	w.t.Helper()
	s := w.desk(dsn...)
	w.must(s.queue.Start(w.t.Context(), s.Pipeline))
	closing := s.stop
	s.stop = sync.OnceFunc(func() {
		stopping, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.queue.Stop(stopping); err != nil {
			w.t.Errorf("stopping: %v", err)
		}
		closing()
	})
	w.t.Cleanup(s.stop)
	return s
}

// desk is a server that takes orders, and works nothing off and repairs nothing.
func (w *works) desk(dsn ...string) *server {
	w.t.Helper()
	s := &server{works: w}
	var err error
	s.store, err = store.Open(w.t.Context(), append(dsn, w.dsn)[0], 10)
	w.must(err)
	logger := slog.New(slog.DiscardHandler)
	s.queue, err = jobs.New(s.store, logger)
	w.must(err)
	hub := live.NewHub(0)
	s.Pipeline = pipeline.New(pipeline.Deps{
		Store: s.store, Queue: s.queue, Cluster: w.cluster, Routing: w.routing,
		Builders: []builder.Builder{w.shop}, Logs: w.logs, Hub: hub, Box: w.box, Logger: logger, Settings: w.settings,
		Figures: w.figures, Publish: w.publish,
	})
	s.apps = apps.NewService(apps.Deps{
		Store: s.store, Pipeline: s.Pipeline, Routing: w.routing, Hub: hub, Box: w.box, Remains: w.routers, Logger: logger, AllowFileSources: true,
		Addresses: apps.Addresses{Domain: "test", URL: func(host string) string { return "http://" + host }},
	})
	s.stop = sync.OnceFunc(s.store.Close)
	w.t.Cleanup(s.stop)
	return s
}

func (s *server) create(name string) *models.App {
	s.works.t.Helper()
	app, err := s.apps.Create(s.works.t.Context(), s.works.ann, apps.New{Name: name})
	s.works.must(err)
	// What is kept warm and watched has tests of its own.
	s.works.exec(`UPDATE apps SET warm_minutes = 0, watch_minutes = 0 WHERE id = $1`, app.ID)
	return app
}

// source stores a source whose files are given as "name=content".
func (s *server) source(files ...string) string {
	s.works.t.Helper()
	source, err := s.Sources().Save(s.works.t.Context(), bytes.NewReader(tarOf(s.works.t, files...)))
	s.works.must(err)
	return source.ID
}

func tarOf(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, file := range append(files, "index.html=hello") {
		name, content, _ := strings.Cut(file, "=")
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// push submits a deployment of a source with the given files.
func (s *server) push(app *models.App, files ...string) *models.Deployment {
	s.works.t.Helper()
	d, err := s.Submit(s.works.t.Context(), s.works.ann, app, pipeline.Submission{
		Trigger: models.TriggerPush, SourceID: s.source(files...), SourceRef: "main", Commit: strings.Repeat("c", 40), CommitMessage: "Change it\n\nbody",
	})
	s.works.must(err)
	return d
}

// end waits until a deployment has ended, and says that it must have ended so.
func (s *server) end(d *models.Deployment, state models.DeploymentState) *models.Deployment {
	s.works.t.Helper()
	ctx, cancel := context.WithTimeout(s.works.t.Context(), patience)
	defer cancel()
	ended, err := s.Done(ctx, s.works.owner, d.ID)
	if err != nil {
		s.works.t.Fatalf("#%d has not ended: %v; %+v", d.Number, err, s.works.deployment(d.ID))
	}
	if ended.State != state {
		s.works.t.Fatalf("#%d ended as %s (%s) instead of %s", d.Number, ended.State, ended.Reason, state)
	}
	return ended
}

// deploy pushes to an app and waits until that is live.
func (s *server) deploy(app *models.App, files ...string) *models.Deployment {
	s.works.t.Helper()
	return s.end(s.push(app, files...), models.DeploymentSucceeded)
}

func (w *works) deployment(id string) *models.Deployment {
	w.t.Helper()
	d, err := w.store.DeploymentByID(context.WithoutCancel(w.t.Context()), w.owner, id)
	w.must(err)
	return d
}

func (w *works) app(id string) *models.App {
	w.t.Helper()
	app, err := w.store.AppByID(w.t.Context(), w.owner, id)
	w.must(err)
	return app
}

func (w *works) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.store.Pool().Exec(w.t.Context(), sql, args...)
	w.must(err)
}

// until waits for a condition.
func (w *works) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

// inState waits until a deployment is in a state.
func (w *works) inState(d *models.Deployment, state models.DeploymentState) {
	w.t.Helper()
	w.until("#"+d.ID+" to be "+string(state), func() bool {
		now := w.deployment(d.ID)
		if now.State.Terminal() && now.State != state {
			w.t.Fatalf("#%d ended as %s: %s", now.Number, now.State, now.Reason)
		}
		return now.State == state
	})
}

// running gives how many instances of an app run, by "process.vN".
func (w *works) running(appID string) map[string]int {
	w.t.Helper()
	instances, err := memory.New(w.engine, "test").Instances(context.Background(), appID)
	w.must(err)
	out := map[string]int{}
	for _, i := range instances {
		out[i.Workload.Process+".v"+string(rune('0'+i.Workload.Release))]++
	}
	return out
}

// settled waits until exactly the given instances run.
func (w *works) settled(app *models.App, want map[string]int) {
	w.t.Helper()
	var got map[string]int
	for deadline := time.Now().Add(patience); ; {
		if got = w.running(app.ID); equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("there run %v instead of %v", got, want)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

func equal(a, b map[string]int) bool {
	if len(a) != len(b) {
		return false
	}
	for key, n := range a {
		if b[key] != n {
			return false
		}
	}
	return true
}

// log gives a deployment's log: all of its text, and the states it names.
func (w *works) log(d *models.Deployment) (text string, states []string) {
	w.t.Helper()
	lines, _, err := w.logs.Read(w.t.Context(), logs.DeploymentStream(d.ID), 0, 10_000)
	w.must(err)
	var all strings.Builder
	for _, line := range lines {
		all.WriteString(line.Text + "\n")
		if line.State != "" {
			states = append(states, line.State)
		}
	}
	return all.String(), states
}

// workshop is a builder whose images run on the engine in memory. What becomes
// of a source is in its files: FAIL does not build, with that as the reason;
// CRASH makes an image that exits at once with that as its last words; NEVER one
// that never answers; STUCK builds until it is cancelled, and does not stop then; LATER one that serves for a moment and then exits; AGAIN one that serves when it is started a second time; LAGS one that serves at once, but when it is started a second time only once the gate opens; ONCE one whose web process serves and comes up no second time, TIRED one whose other process does not; WORKER one with a second process; FAILAWAY one whose first build fails while the engine goes away; AWAY one during whose build the engine goes away, the first time or "always"; LEAK writes the build's
// secrets into the build's output, and its environment when it runs; HOLD builds
// until the gate opens, or, with "once" in it, does so the first time only.
// Every other one serves.
type workshop struct {
	engine *memory.Engine

	mu       sync.Mutex
	gate     chan struct{}
	attempts map[string]int // by tag
	running  map[string]int // builds by app, until they have really ended
	atOnce   int            // the most that ran at once for one app
	order    []string       // tags in the order they were begun
}

// open lets builds go on that hold, now and from now on.
func (s *workshop) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.gate:
	default:
		close(s.gate)
	}
}

// building says how many builds of an app have not ended.
func (s *workshop) building(appID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[appID]
}

func (s *workshop) Name() string { return "workshop" }

func (s *workshop) Detect(context.Context, builder.Source, builder.Options) (builder.Detection, error) {
	return builder.Detection{OK: true, Reason: "it builds everything"}, nil
}

func (s *workshop) begin(req builder.Request) (attempt int, end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[req.Tag]++
	s.running[req.CacheKey]++
	s.atOnce = max(s.atOnce, s.running[req.CacheKey])
	s.order = append(s.order, req.Tag)
	return s.attempts[req.Tag], func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running[req.CacheKey]--
	}
}

func (s *workshop) Build(ctx context.Context, req builder.Request, progress builder.Progress) (builder.Image, error) {
	attempt, end := s.begin(req)
	defer end()
	files := readAll(req.Source.Dir)
	began := time.Now()
	progress.Step(builder.Step{ID: "1", Name: "COPY . .", Started: began})
	if hold, ok := files["HOLD"]; ok && (hold != "once" || attempt == 1) {
		progress.Output("1", "holding", false)
		select {
		case <-s.gate:
		case <-ctx.Done():
			time.Sleep(300 * time.Millisecond) // a build process takes its time to stop
			return builder.Image{}, ctx.Err()
		}
	}
	if why, ok := files["FAILAWAY"]; ok && attempt == 1 {
		s.engine.SetAway(true)
		return builder.Image{}, &builder.Failure{Message: why, StepID: "1"}
	}
	if away := files["AWAY"]; away == "always" || away == "once" && attempt == 1 {
		s.engine.SetAway(true)
		return builder.Image{}, fmt.Errorf("the stream broke: %w", builder.ErrUnavailable)
	}
	if _, ok := files["STUCK"]; ok {
		<-ctx.Done()
		return builder.Image{}, errors.Join(ctx.Err(), builder.ErrNotStopped)
	}
	processes := []builder.Process{{Name: "web"}}
	program := memory.Serve
	for name, content := range files {
		switch name {
		case "FAIL":
			return builder.Image{}, &builder.Failure{Message: content + strings.Join(values(req.Secrets), " ")}
		case "CRASH":
			program = memory.Exit(3, content)
		case "NEVER":
			program = memory.Idle
		case "LATER":
			program = func(ctx context.Context, p *memory.Process) int {
				serving, stop := context.WithTimeout(ctx, 300*time.Millisecond)
				defer stop()
				memory.Serve(serving, p)
				return 5
			}
		case "AGAIN":
			var lives atomic.Int32
			program = func(ctx context.Context, p *memory.Process) int {
				if lives.Add(1) == 1 {
					return memory.Idle(ctx, p)
				}
				return memory.Serve(ctx, p)
			}
		case "LAGS":
			program = lags(s.gate)
		case "ONCE", "TIRED":
			program = tired(name == "TIRED", content)
		case "WORKER":
			processes = append(processes, builder.Process{Name: "worker", Command: []string{"work"}})
		case "LEAK":
			progress.Say("leaking %s", values(req.Secrets))
			progress.Output("1", "the secrets are "+strings.Join(values(req.Secrets), ", "), true)
			progress.Step(builder.Step{ID: "2", Name: "RUN echo " + strings.Join(values(req.Secrets), " "), Started: began, Error: strings.Join(values(req.Secrets), " ")})
			program = func(_ context.Context, p *memory.Process) int {
				for key, value := range p.Env {
					_, _ = p.Stdout.Write([]byte("environment: " + key + "=" + value + "\n")) // kept in memory
				}
				return 4
			}
		}
	}
	progress.Step(builder.Step{ID: "1", Name: "COPY . .", Started: began, Ended: time.Now()})
	s.engine.AddImage(req.Tag, program)
	return builder.Image{Reference: req.Tag, Digest: "sha256:" + strings.Repeat("0", 64), Processes: processes, Ports: []int{8080}, SizeBytes: 1}, nil
}

// tired is a program of which the worker, or all but the worker, runs once and
// exits at once, with some last words, when it is started a second time.
func tired(worker bool, words string) memory.Program {
	var lives atomic.Int32
	return func(ctx context.Context, p *memory.Process) int {
		if worker == (p.Args != nil) && lives.Add(1) > 1 {
			_, _ = p.Stdout.Write([]byte(words + "\n")) // kept in memory
			return 5
		}
		if p.Args != nil {
			return memory.Idle(ctx, p)
		}
		return memory.Serve(ctx, p)
	}
}

func values(secrets map[string][]byte) []string {
	var out []string
	for _, value := range secrets {
		out = append(out, string(value))
	}
	slices.Sort(out)
	return out
}

// switchboard is a data plane without routers, that notes where it was told to
// send requests, and whether that was to instances that serve.
type switchboard struct {
	cluster deployer.Cluster

	mu    sync.Mutex
	to    map[string]deployer.Targets
	wrong []string
}

func (s *switchboard) Switch(ctx context.Context, app string, to deployer.Targets) error {
	instances, err := s.cluster.Instances(ctx, app)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to[app] = to
	if err != nil {
		return nil // the engine is away; routers do not ask it
	}
	for _, i := range instances {
		if !to.Hold && i.Workload.Process == to.Process && i.Workload.Release == to.Release && i.State != deployer.StateHealthy && (to.Upto == 0 || i.Index <= to.Upto) {
			s.wrong = append(s.wrong, i.Name+" got traffic while it was "+string(i.State))
		}
	}
	return nil
}

// target gives the release that an app's requests go to.
func (s *switchboard) target(app string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to[app].Release
}

// held says whether an app's requests wait.
func (s *switchboard) held(app string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to[app].Hold
}

func (s *switchboard) complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrong)
}

func (*switchboard) Drained(context.Context, deployer.WorkloadID) error { return nil }
func (*switchboard) Changed(string)                                     {}
func (*switchboard) Forget(context.Context, string) error               { return nil }
