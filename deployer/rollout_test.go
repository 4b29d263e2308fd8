package deployer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
)

// bench is an engine and a router on which rollouts are tried. before is
// called as each of their methods begins and may make it fail.
type bench struct {
	deployer.Cluster
	t      *testing.T
	ctx    context.Context
	engine *memory.Engine

	mu       sync.Mutex
	before   func(method string) error
	switches []deployer.Targets
	drained  []deployer.WorkloadID
	inFlight bool // requests never end
	said     []string
}

func newBench(t *testing.T) *bench {
	engine := memory.NewEngine()
	engine.AddImage("good", memory.Serve)
	engine.AddImage("crash", memory.Exit(3, "cannot go on"))
	engine.AddImage("sick", memory.Sick)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return &bench{Cluster: memory.New(engine, "test"), t: t, ctx: ctx, engine: engine}
}

func (b *bench) at(method string) error {
	b.mu.Lock()
	before := b.before
	b.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(method)
}

func (b *bench) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	if err := b.at("Instances"); err != nil {
		return nil, err
	}
	return b.Cluster.Instances(ctx, app)
}

func (b *bench) Ensure(ctx context.Context, w deployer.Workload) error {
	if err := b.at("Ensure"); err != nil {
		return err
	}
	return b.Cluster.Ensure(ctx, w)
}

func (b *bench) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	if err := b.at("WaitHealthy"); err != nil {
		return err
	}
	return b.Cluster.WaitHealthy(ctx, id)
}

func (b *bench) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	if err := b.at("Remove"); err != nil {
		return err
	}
	return b.Cluster.Remove(ctx, id, grace)
}

func (b *bench) Switch(ctx context.Context, _ string, to deployer.Targets) error {
	b.mu.Lock()
	b.switches = append(b.switches, to)
	b.mu.Unlock()
	if err := b.at("Switch"); err != nil {
		return err
	}
	return ctx.Err()
}

func (b *bench) Drained(ctx context.Context, id deployer.WorkloadID) error {
	b.mu.Lock()
	b.drained = append(b.drained, id)
	b.mu.Unlock()
	if err := b.at("Drained"); err != nil {
		return err
	}
	if b.inFlight {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (b *bench) say(format string, args ...any) {
	b.said = append(b.said, fmt.Sprintf(format, args...))
}

func (b *bench) rollout() *deployer.Rollout {
	return &deployer.Rollout{Cluster: b, Router: b, DrainTimeout: 20 * time.Second, Grace: 5 * time.Second}
}

func (b *bench) run(ctx context.Context, p deployer.Plan) error {
	return b.rollout().Run(ctx, p, b.say)
}

// workload is a process of app "a".
func workload(process string, release, instances int) deployer.Workload {
	w := deployer.Workload{
		ID:        deployer.WorkloadID{App: "a", Process: process, Release: release},
		AppName:   "hello",
		Image:     "good",
		Instances: instances,
		Health:    deployer.Health{Timeout: 20 * time.Second, Settle: time.Millisecond},
	}
	if process == "web" {
		w.Port = 8080
	}
	return w
}

func plan(live, release int) deployer.Plan {
	return deployer.Plan{App: "a", Release: release, Live: live, Workloads: []deployer.Workload{
		workload("web", release, 2), workload("worker", release, 1),
	}}
}

// live brings a release up without a rollout.
func (b *bench) live(release int) []deployer.Instance {
	b.t.Helper()
	for _, w := range plan(0, release).Workloads {
		b.ok(b.Cluster.Ensure(b.ctx, w))
		b.ok(b.Cluster.WaitHealthy(b.ctx, w.ID))
	}
	return b.now()
}

func (b *bench) now() []deployer.Instance {
	b.t.Helper()
	list, err := b.Cluster.Instances(b.ctx, "")
	b.ok(err)
	return list
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) sameAs(want []deployer.Instance) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.now()); diff != "" {
		b.t.Error(diff)
	}
}

// onlyHealthy checks that exactly one release runs, whole and healthy.
func (b *bench) onlyHealthy(release int) {
	b.t.Helper()
	var names []string
	for _, in := range b.now() {
		names = append(names, in.Name)
		if in.State != deployer.StateHealthy {
			b.t.Errorf("%s is %s", in.Name, in.State)
		}
	}
	want := []string{
		fmt.Sprintf("hello.web.v%d.1", release), fmt.Sprintf("hello.web.v%d.2", release), fmt.Sprintf("hello.worker.v%d.1", release),
	}
	if diff := cmp.Diff(want, names); diff != "" {
		b.t.Error(diff)
	}
}

func TestRollout(t *testing.T) {
	b := newBench(t)
	old := b.live(1)
	b.before = func(method string) error {
		switch method {
		case "Switch":
			if n := len(b.now()); n != 6 {
				t.Errorf("at the switch there are %d instances, want the old 3 and the new 3", n)
			}
			for _, in := range b.now() {
				if in.State != deployer.StateHealthy {
					t.Errorf("at the switch %s is %s", in.Name, in.State)
				}
			}
		case "Drained":
			for _, in := range old {
				if !slices.Contains(b.now(), in) {
					t.Errorf("%s was gone before it was drained", in.Name)
				}
			}
		}
		return nil
	}
	b.ok(b.run(b.ctx, plan(1, 2)))
	b.onlyHealthy(2)
	if diff := cmp.Diff([]deployer.Targets{{Release: 2, Process: "web"}}, b.switches); diff != "" {
		t.Error(diff)
	}
	said := strings.Join(b.said, "\n")
	for _, want := range []string{
		"starting 2 instances of web", "starting 1 instance of worker", "web is healthy after ", "traffic switched to v2", "v1 drained", "v1 removed",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}

	b.before = nil
	b.ok(b.run(b.ctx, plan(2, 1))) // and back
	b.onlyHealthy(1)
}

func TestRolloutOfTheFirstRelease(t *testing.T) {
	b := newBench(t)
	b.ok(b.run(b.ctx, plan(0, 1)))
	b.onlyHealthy(1)

	failing := newBench(t)
	p := plan(0, 1)
	p.Workloads[0].Image = "crash"
	if err := failing.run(failing.ctx, p); err == nil {
		t.Error("it gave no error")
	}
	failing.sameAs([]deployer.Instance{})
}

func TestRolloutOfWorkersOnly(t *testing.T) {
	b := newBench(t)
	b.live(1)
	p := plan(1, 2)
	p.Workloads = []deployer.Workload{workload("worker", 2, 2)}
	b.ok(b.run(b.ctx, p))
	for _, in := range b.now() {
		if in.Workload != p.Workloads[0].ID || in.State != deployer.StateHealthy {
			t.Errorf("there is %+v", in)
		}
	}
	if len(b.now()) != 2 || len(b.switches) != 1 {
		t.Errorf("%d instances, switches %v", len(b.now()), b.switches)
	}
}

func TestRolloutRemovesWhatOthersLeft(t *testing.T) {
	b := newBench(t)
	b.live(3)
	b.live(1)
	p := plan(3, 4)
	p.Previous = []deployer.WorkloadID{{App: "a", Process: "web", Release: 2}, {App: "a", Process: "web", Release: 4}}
	b.ok(b.run(b.ctx, p))
	b.onlyHealthy(4)
}

// TestRolloutFails lets it fail at each step before the switch is done.
func TestRolloutFails(t *testing.T) {
	boom := errors.New("boom")
	for _, step := range []string{"Instances", "Ensure", "WaitHealthy", "Switch"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			old := b.live(1)
			once := true
			b.before = func(method string) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				if method == step && once {
					once = false
					return boom
				}
				return nil
			}
			err := b.run(b.ctx, plan(1, 2))
			if !errors.Is(err, boom) || errors.Is(err, deployer.ErrLive) {
				t.Errorf("it gave %v", err)
			}
			b.sameAs(old)
			want := []deployer.Targets(nil)
			if step == "Switch" {
				want = []deployer.Targets{{Release: 2, Process: "web"}, {Release: 1, Process: "web"}}
			}
			if diff := cmp.Diff(want, b.switches); diff != "" {
				t.Error(diff)
			}
			b.before = nil
			b.ok(b.run(b.ctx, plan(1, 2)))
			b.onlyHealthy(2)
		})
	}
}

func TestRolloutOfWhatIsUnhealthy(t *testing.T) {
	for image, reason := range map[string]string{
		"crash": "exited with code 3",
		"sick":  "answered 503",
	} {
		b := newBench(t)
		old := b.live(1)
		p := plan(1, 2)
		p.Workloads[0].Image = image
		p.Workloads[0].Health = deployer.Health{Path: "/", Timeout: 200 * time.Millisecond}
		err := b.run(b.ctx, p)
		var unhealthy *deployer.Unhealthy
		if !errors.As(err, &unhealthy) || !strings.Contains(unhealthy.Reason, reason) {
			t.Errorf("%s: it gave %v", image, err)
		}
		b.sameAs(old)
		if len(b.switches) != 0 {
			t.Errorf("%s: the routers heard of it: %v", image, b.switches)
		}
	}
}

func TestRolloutCannotSwitchBack(t *testing.T) {
	b := newBench(t)
	old := b.live(1)
	b.before = func(method string) error {
		if method == "Switch" {
			return errors.New("router r1 did not answer")
		}
		return nil
	}
	if err := b.run(b.ctx, plan(1, 2)); err == nil || errors.Is(err, deployer.ErrLive) {
		t.Errorf("it gave %v", err)
	}
	// Some router may send requests to either: both must be there.
	if n := len(b.now()); n != 6 {
		t.Errorf("%d instances are left, want both releases", n)
	}
	for _, in := range old {
		if !slices.Contains(b.now(), in) {
			t.Errorf("%s is gone", in.Name)
		}
	}
}

// TestRolloutCancelled cancels as each step begins. A switch that has begun is
// seen through.
func TestRolloutCancelled(t *testing.T) {
	for _, step := range []string{"Instances", "Ensure", "WaitHealthy", "Switch", "Drained"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			old := b.live(1)
			ctx, cancel := context.WithCancel(b.ctx)
			b.before = func(method string) error {
				if method == step {
					cancel()
				}
				return nil
			}
			err := b.run(ctx, plan(1, 2))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("it gave %v", err)
			}
			live := step == "Switch" || step == "Drained"
			if errors.Is(err, deployer.ErrLive) != live {
				t.Errorf("it gave %v, but live is %v", err, live)
			}
			if !live {
				b.sameAs(old)
			}
			b.before = nil
			b.ok(b.run(b.ctx, plan(1, 2)))
			b.onlyHealthy(2)
		})
	}
}

// TestRolloutSeesRemovalsThrough: what was told to stop will stop, so a rollout
// that ends before it has would leave it for the next one to trip over.
func TestRolloutSeesRemovalsThrough(t *testing.T) {
	b := newBench(t)
	b.live(1)
	ctx, cancel := context.WithCancel(b.ctx)
	b.before = func(method string) error {
		if method == "Remove" {
			cancel()
		}
		return nil
	}
	b.ok(b.run(ctx, plan(1, 2)))
	b.onlyHealthy(2)
}

// TestRolloutAfterACrash cuts the engine and the routers off as each step
// begins, so that nothing can be taken back, and runs the rollout again.
func TestRolloutAfterACrash(t *testing.T) {
	dead := errors.New("dead")
	for _, step := range []string{"Instances", "Ensure", "WaitHealthy", "Switch", "Drained", "Remove"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			b.live(1)
			crashed := false
			b.before = func(method string) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				if crashed = crashed || method == step; crashed {
					return dead
				}
				return nil
			}
			if err := b.run(b.ctx, plan(1, 2)); !errors.Is(err, dead) && step != "Drained" {
				t.Errorf("it gave %v", err)
			}
			b.before = nil
			b.ok(b.run(b.ctx, plan(1, 2)))
			b.onlyHealthy(2)
			b.ok(b.run(b.ctx, plan(1, 2))) // it may even have been done already
			b.onlyHealthy(2)
		})
	}
}

// TestRolloutKeepsTheOnlyRelease: when the old release is gone, removing the
// new one would leave nothing.
func TestRolloutKeepsTheOnlyRelease(t *testing.T) {
	b := newBench(t)
	b.live(2)
	b.before = func(method string) error {
		if method == "WaitHealthy" {
			return errors.New("boom")
		}
		return nil
	}
	for _, live := range []int{1, 2} {
		if err := b.run(b.ctx, plan(live, 2)); err == nil {
			t.Error("it gave no error")
		}
		b.onlyHealthy(2)
	}
}

func TestRolloutBoundsTheDrain(t *testing.T) {
	b := newBench(t)
	b.live(1)
	b.inFlight = true
	r := b.rollout()
	r.DrainTimeout = 100 * time.Millisecond
	b.ok(r.Run(b.ctx, plan(1, 2), b.say))
	b.onlyHealthy(2)
	if !slices.Contains(b.said, "v1 still has requests in flight after 0.1 s; stopping it") {
		t.Errorf("said %q", b.said)
	}
}

func TestRolloutRefuses(t *testing.T) {
	b := newBench(t)
	old := b.live(1)
	for what, spoil := range map[string]func(*deployer.Plan){
		"no app":         func(p *deployer.Plan) { p.App = "" },
		"no release":     func(p *deployer.Plan) { p.Release = 0 },
		"other release":  func(p *deployer.Plan) { p.Workloads[1].ID.Release = 7 },
		"other app":      func(p *deployer.Plan) { p.Workloads[1].ID.App = "b" },
		"bad workload":   func(p *deployer.Plan) { p.Workloads[1].Image = "" },
		"no such image!": func(p *deployer.Plan) { p.Workloads[1].Image = "missing" },
	} {
		p := plan(1, 2)
		spoil(&p)
		if err := b.run(b.ctx, p); err == nil {
			t.Errorf("%s: it gave no error", what)
		}
		b.sameAs(old)
	}
}
