package clustertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
)

func removeGraceful(t *testing.T, f *fixture) {
	w := f.web(1, 2)
	f.up(w)
	events := f.watch()
	f.ok(f.cluster.Remove(f.ctx, w.ID, 30*time.Second))
	if left := f.instances(w.ID); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
	for range w.Instances {
		if died := events.next(deployer.EventDied); died.Instance.ExitCode != 0 {
			t.Errorf("it was not let end by itself: %+v", died)
		}
	}
}

func removeKills(t *testing.T, f *fixture) {
	w := f.web(1, 4, "TEST_TERM=ignore")
	f.up(w)
	events := f.watch()
	began := time.Now()
	f.ok(f.cluster.Remove(f.ctx, w.ID, 3*time.Second))
	grace := f.grace(3 * time.Second)
	if took := time.Since(began); took < grace || took > 3*grace+2*time.Second { // one after the other takes four
		t.Errorf("it took %v, want one grace of %v for all", took, grace)
	}
	if died := events.next(deployer.EventDied); died.Instance.ExitCode != 137 {
		t.Errorf("it ended with %+v, want SIGKILL", died)
	}
	if left := f.instances(w.ID); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
}

// grace is what Remove gives instances that was asked for another.
func (f *fixture) grace(asked time.Duration) time.Duration {
	if f.Forced.FixedGrace > 0 {
		return f.Forced.FixedGrace
	}
	return asked
}

func removeAbsent(t *testing.T, f *fixture) {
	w := f.web(1, 1)
	f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
	other := f.up(f.web(2, 1))
	f.up(w)
	f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
	f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
	if left := f.instances(other[0].Workload); len(left) != 1 || left[0] != other[0] {
		t.Errorf("another release is now %+v, was %+v", left, other)
	}
	if err := f.cluster.Remove(f.ctx, deployer.WorkloadID{App: app}, 0); err == nil {
		t.Error("an ID without process and release was taken")
	}
}

func removeAlone(t *testing.T, f *fixture) {
	stubborn := f.web(1, 1, "TEST_TERM=ignore")
	f.up(stubborn)
	other := f.web(1, 1)
	other.ID.App, other.AppName = "02app", "other"
	ctx, cancel := context.WithCancel(f.ctx)
	removed := make(chan error, 1)
	go func() { removed <- f.cluster.Remove(ctx, stubborn.ID, time.Minute) }()
	f.up(other)
	f.up(f.web(2, 1)) // of the same app
	select {
	case err := <-removed:
		t.Errorf("the removal was over first (%v), so this shows nothing", err)
	default:
	}
	f.ok(f.cluster.Remove(f.ctx, other.ID, time.Second))
	cancel()
	if err := <-removed; !errors.Is(err, context.Canceled) {
		t.Errorf("the removal gave %v", err)
	}
	f.ok(f.cluster.Remove(f.ctx, stubborn.ID, 0))
	if left := f.instances(stubborn.ID); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
}

func secondDriver(t *testing.T, f *fixture) {
	f.up(f.web(1, 2))
	f.up(f.worker(1, 1))
	mine, err := f.cluster.Instances(f.ctx, app)
	f.ok(err)
	second := f.New(t)
	theirs, err := second.Instances(f.ctx, app)
	f.ok(err)
	if diff := cmp.Diff(mine, theirs); diff != "" {
		t.Error(diff)
	}
	f.ok(second.Ensure(f.ctx, f.web(1, 2)))
	f.ok(second.WaitHealthy(f.ctx, mine[0].Workload))
	for _, in := range theirs {
		f.ok(second.Remove(f.ctx, in.Workload, time.Second))
	}
	if left, err := f.cluster.Instances(f.ctx, app); err != nil || len(left) != 0 {
		t.Errorf("left %+v, %v", left, err)
	}
}

func instancesOfApp(t *testing.T, f *fixture) {
	f.up(f.web(10, 1))
	f.up(f.web(2, 2))
	f.up(f.worker(2, 1))
	other := f.worker(1, 1)
	other.ID.App, other.AppName = "00app", "other"
	f.up(other)

	names := func(app string) (names []string) {
		list, err := f.cluster.Instances(f.ctx, app)
		f.ok(err)
		for _, in := range list {
			names = append(names, in.Name)
		}
		return names
	}
	hello := []string{"hello.web.v2.1", "hello.web.v2.2", "hello.web.v10.1", "hello.worker.v2.1"}
	if diff := cmp.Diff(hello, names(app)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(append([]string{"other.worker.v1.1"}, hello...), names("")); diff != "" {
		t.Error(diff)
	}
	if got := names("03app"); len(got) != 0 {
		t.Errorf("an app that is not there has %v", got)
	}
}
