package deployer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// stopFirst is a plan whose web stops before it starts.
func stopFirst(live, release int) deployer.Plan {
	p := plan(live, release)
	p.StopFirst = []string{"web"}
	for _, w := range plan(live, live).Workloads {
		if w.ID.Process == "web" {
			p.Before = append(p.Before, w)
		}
	}
	return p
}

// atOnce notes the releases of which web instances are there when others are
// started.
func (b *bench) atOnce(t *testing.T) {
	b.before = func(method string) error {
		if method != "Ensure" {
			return nil
		}
		instances, err := b.Cluster.Instances(b.ctx, "a")
		if err != nil {
			return err
		}
		var releases []int
		for _, in := range instances {
			if in.Workload.Process == "web" && !slices.Contains(releases, in.Workload.Release) {
				releases = append(releases, in.Workload.Release)
			}
		}
		if len(releases) > 1 {
			t.Errorf("web of %v runs at once", releases)
		}
		return nil
	}
}

func (b *bench) last() deployer.Targets {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.switches[len(b.switches)-1]
}

func TestStopFirst(t *testing.T) {
	b := newBench(t)
	b.live(1)
	b.atOnce(t)
	b.ok(b.run(b.ctx, stopFirst(1, 2)))
	b.before = nil
	b.onlyHealthy(2)
	want := []deployer.Targets{{Release: 2, Process: "web", Hold: true}, {Release: 2, Process: "web"}}
	if !slices.Equal(b.switches, want) {
		t.Errorf("switched to %v instead of %v", b.switches, want)
	}
	if len(b.drained) == 0 || b.drained[0] != (deployer.WorkloadID{App: "a", Process: "web", Release: 1}) {
		t.Errorf("drained %v", b.drained)
	}
	// A worker alone that stops first costs no hold.
	b.switches = nil
	p := plan(2, 3)
	p.StopFirst = []string{"worker"}
	b.ok(b.run(b.ctx, p))
	b.onlyHealthy(3)
	if want := []deployer.Targets{{Release: 3, Process: "web"}}; !slices.Equal(b.switches, want) {
		t.Errorf("switched to %v instead of %v", b.switches, want)
	}
}

// TestStopFirstGoesBack fails or cancels at each step: what had stopped runs
// again, and no request is held any more.
func TestStopFirstGoesBack(t *testing.T) {
	for _, step := range []string{"Ensure", "WaitHealthy", "cancel at Ensure", "cancel at Drained"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t)
			b.live(1)
			ctx, cancel := context.WithCancel(b.ctx)
			defer cancel()
			once := true
			b.before = func(method string) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				switch {
				case !once:
				case "cancel at "+method == step:
					once = false
					cancel()
				case method == step:
					once = false
					return errors.New("boom")
				}
				return nil
			}
			if err := b.run(ctx, stopFirst(1, 2)); err == nil {
				t.Fatal("it gave no error")
			}
			if got := b.last(); got != (deployer.Targets{Release: 1, Process: "web"}) {
				t.Errorf("at last requests go to %+v", got)
			}
			b.onlyHealthy(1)
			b.before = nil
			b.ok(b.run(b.ctx, stopFirst(1, 2)))
			b.onlyHealthy(2)
		})
	}
}

// TestStopFirstUnhealthy: the new release does not come up.
func TestStopFirstUnhealthy(t *testing.T) {
	b := newBench(t)
	b.live(1)
	p := stopFirst(1, 2)
	for i := range p.Workloads {
		p.Workloads[i].Image = "crash"
	}
	var unhealthy *deployer.Unhealthy
	if err := b.run(b.ctx, p); !errors.As(err, &unhealthy) {
		t.Errorf("it gave %v", err)
	}
	b.onlyHealthy(1)
	if got := b.last(); got != (deployer.Targets{Release: 1, Process: "web"}) {
		t.Errorf("at last requests go to %+v", got)
	}
}

// TestStopFirstAfterACrash goes through it again when the old release has been
// stopped already.
func TestStopFirstAfterACrash(t *testing.T) {
	b := newBench(t)
	b.live(1)
	for _, w := range plan(1, 1).Workloads {
		b.ok(b.Cluster.Remove(b.ctx, w.ID, time.Second))
	}
	p := stopFirst(1, 2)
	b.ok(b.Cluster.Ensure(b.ctx, p.Workloads[0])) // what the crash left of it
	p.Workloads[0].Image = "crash"
	if err := b.run(b.ctx, p); err == nil {
		t.Error("it gave no error")
	}
	instances, err := b.Cluster.Instances(b.ctx, "a")
	b.ok(err)
	for _, in := range instances {
		if in.Workload.Process == "web" && (in.Workload.Release != 1 || in.State != deployer.StateHealthy) {
			t.Errorf("%s is there, %s", in.Name, in.State)
		}
	}
	b.ok(b.run(b.ctx, stopFirst(1, 2)))
	b.onlyHealthy(2)
}

func TestMakeWay(t *testing.T) {
	b := newBench(t)
	b.live(1)
	p := stopFirst(2, 2)
	b.ok(b.rollout().MakeWay(b.ctx, p, b.say))
	instances, err := b.Cluster.Instances(b.ctx, "a")
	b.ok(err)
	for _, in := range instances {
		if in.Workload.Process == "web" {
			t.Errorf("%s is in the way", in.Name)
		}
	}
	if !b.last().Hold {
		t.Error("requests do not wait")
	}
	b.switches = nil
	b.ok(b.rollout().MakeWay(b.ctx, p, b.say))
	if len(b.switches) != 0 {
		t.Errorf("with nothing in the way it switched to %v", b.switches)
	}
}

// TestWarm: a release that still runs gets the traffic without being started,
// and one that is kept is not cleared away.
func TestWarm(t *testing.T) {
	b := newBench(t)
	b.live(1)
	web := deployer.WorkloadID{App: "a", Process: "web", Release: 1}
	p := plan(1, 2)
	p.Keep = []deployer.WorkloadID{web}
	b.ok(b.run(b.ctx, p))
	count := map[deployer.WorkloadID]int{}
	for _, in := range b.now() {
		count[in.Workload]++
	}
	if count[web] == 0 || count[deployer.WorkloadID{App: "a", Process: "worker", Release: 1}] != 0 {
		t.Errorf("there run %v", count)
	}

	back := plan(2, 1)
	back.Warm = true
	b.before = func(method string) error {
		if method == "Ensure" || method == "WaitHealthy" || method == "Remove" {
			return errors.New(method + " was called")
		}
		return nil
	}
	b.ok(b.rollout().BringUp(b.ctx, back, b.say))
	if b.last().Release != 1 {
		t.Errorf("requests go to %+v", b.last())
	}

	// A switch that fails leaves it running.
	fails := true
	b.before = func(method string) error {
		if method == "Switch" && fails {
			fails = false
			return errors.New("boom")
		}
		return nil
	}
	if err := b.rollout().BringUp(b.ctx, back, b.say); err == nil {
		t.Error("it gave no error")
	}
	if b.last().Release != 2 {
		t.Errorf("requests go to %+v", b.last())
	}

	// With an instance missing it is an ordinary rollout.
	b.before = nil
	for i := range back.Workloads {
		if back.Workloads[i].ID == web {
			back.Workloads[i].Instances++
		}
	}
	b.ok(b.rollout().BringUp(b.ctx, back, b.say))
	for _, in := range b.now() {
		count[in.Workload]++
	}
	if b.last().Release != 1 {
		t.Errorf("requests go to %+v", b.last())
	}
}
