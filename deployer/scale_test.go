package deployer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
)

func TestScale(t *testing.T) {
	b := newBench(t)
	before := b.live(1)
	b.ok(b.rollout().Scale(b.ctx, workload("web", 1, 4), b.say))
	if n := len(b.now()); n != 5 {
		t.Errorf("%d instances, want 4 web and 1 worker", n)
	}
	if diff := cmp.Diff([]deployer.Targets{{Release: 1, Process: "web"}}, b.switches); diff != "" {
		t.Error(diff)
	}

	// Going down, the routers hear of it while everything still runs.
	b.switches = nil
	b.before = func(method string) error {
		if method == "Switch" && len(b.switches) == 1 {
			if n := len(b.now()); n != 5 {
				t.Errorf("%d instances when the routers are told, want all 5", n)
			}
		}
		return nil
	}
	b.ok(b.rollout().Scale(b.ctx, workload("web", 1, 2), b.say))
	b.sameAs(before)
	want := []deployer.Targets{{Release: 1, Process: "web", Upto: 2}, {Release: 1, Process: "web"}}
	if diff := cmp.Diff(want, b.switches); diff != "" {
		t.Error(diff)
	}

	b.before, b.switches = nil, nil
	b.ok(b.rollout().Scale(b.ctx, workload("worker", 1, 0), nil))
	if len(b.now()) != 2 || len(b.switches) != 0 {
		t.Errorf("%d instances, switches %v", len(b.now()), b.switches)
	}
	b.ok(b.rollout().Scale(b.ctx, workload("web", 1, 0), nil))
	if len(b.now()) != 0 || b.switches[0].Release != 0 {
		t.Errorf("%d instances, switches %v", len(b.now()), b.switches)
	}
}

func TestScaleOfWhatIsUnhealthy(t *testing.T) {
	b := newBench(t)
	b.live(1)
	b.before = func(method string) error {
		if method == "WaitHealthy" {
			return &deployer.Unhealthy{Reason: "exited with code 1"}
		}
		return nil
	}
	err := b.rollout().Scale(b.ctx, workload("web", 1, 3), b.say)
	var unhealthy *deployer.Unhealthy
	if !errors.As(err, &unhealthy) {
		t.Errorf("it gave %v", err)
	}
	if len(b.switches) != 0 {
		t.Errorf("the routers heard of it: %v", b.switches)
	}
}

// drainingBench is a router that can tell about single instances.
type drainingBench struct {
	*bench
	above []int
	never bool
}

func (b *drainingBench) DrainedAbove(ctx context.Context, _ deployer.WorkloadID, last int) error {
	b.above = append(b.above, last)
	if n := len(b.now()); n != 3 {
		b.t.Errorf("%d instances while draining, want all 3", n)
	}
	if b.never {
		<-ctx.Done()
	}
	return ctx.Err()
}

func TestScaleDrains(t *testing.T) {
	for _, never := range []bool{false, true} {
		b := &drainingBench{bench: newBench(t), never: never}
		b.live(1)
		r := &deployer.Rollout{Cluster: b, Router: b, DrainTimeout: 100 * time.Millisecond}
		b.ok(r.Scale(b.ctx, workload("web", 1, 1), b.say))
		if len(b.now()) != 2 || !cmp.Equal(b.above, []int{1}) {
			t.Errorf("%d instances, drained above %v", len(b.now()), b.above)
		}
	}
}
