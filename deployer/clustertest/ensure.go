package clustertest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

func ensureMakes(t *testing.T, f *fixture) {
	began := time.Now()
	list := f.up(f.web(3, 2))
	if len(list) != 2 {
		t.Fatalf("%d instances, want 2: %+v", len(list), list)
	}
	for i, in := range list {
		if in.Index != i+1 || in.AppName != "hello" || in.Name != deployer.InstanceName("hello", in.Workload, i+1) {
			t.Errorf("instance %d is %+v", i+1, in)
		}
		if in.State != deployer.StateHealthy || in.Node == "" || in.ID == "" || in.Restarts != 0 {
			t.Errorf("instance %d is %+v", i+1, in)
		}
		if in.StartedAt.Before(began.Add(-time.Second)) || in.StartedAt.After(time.Now().Add(time.Second)) {
			t.Errorf("started at %v, want about now", in.StartedAt)
		}
		if got := f.get(in, "/"); got != "hello from release 3\n" {
			t.Errorf("it answers %q", got)
		}
	}
	if list[0].Address == list[1].Address {
		t.Errorf("both are at %s", list[0].Address)
	}
}

func ensureIsIdempotent(t *testing.T, f *fixture) {
	w := f.web(1, 2)
	before := f.up(w)
	f.ok(f.cluster.Ensure(f.ctx, w))
	f.ok(f.cluster.WaitHealthy(f.ctx, w.ID))
	after := f.instances(w.ID)
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("was %+v\n is %+v", before[i], after[i])
		}
	}
}

func ensureShrinks(t *testing.T, f *fixture) {
	before := f.up(f.web(1, 3))
	f.ok(f.cluster.Ensure(f.ctx, f.web(1, 1)))
	after := f.instances(before[0].Workload)
	if len(after) != 1 || after[0] != before[0] {
		t.Errorf("left: %+v, want only %+v", after, before[0])
	}
}

func ensureStartsStopped(t *testing.T, f *fixture) {
	w := f.web(1, 1)
	f.ok(f.cluster.Ensure(f.ctx, w))
	first := f.listening(w.ID)
	f.get(first, "/exit?code=3")
	if f.Forced.StartsUnproven {
		f.exitsUnproven(w, first)
		return
	}
	f.eventually("it has exited", func() bool { return f.instances(w.ID)[0].State == deployer.StateExited })
	exited := f.instances(w.ID)[0]
	if exited.ExitCode != 3 || exited.Address != "" || exited.OOMKilled {
		t.Errorf("it is %+v, want exit code 3 and no address", exited)
	}
	again := f.up(w)
	if len(again) != 1 || again[0].State != deployer.StateHealthy || again[0].ID != first.ID {
		t.Errorf("is %+v, want %s again", again, first.ID)
	}
}

// exitsUnproven: whether the engine was first or Ensure, there is one instance
// again and the exit is forgotten.
func (f *fixture) exitsUnproven(w deployer.Workload, first deployer.Instance) {
	f.Helper()
	f.eventually("its exit is seen", func() bool {
		list := f.instances(w.ID)
		return len(list) == 1 && (list[0].State == deployer.StateExited && list[0].ExitCode == 3 && list[0].Address == "" ||
			list[0].ID == first.ID && list[0].Restarts > 0 || list[0].ID != first.ID)
	})
	again := f.up(w)
	if len(again) != 1 || again[0].State != deployer.StateHealthy || again[0].ID == first.ID && again[0].Restarts == 0 {
		f.Errorf("is %+v, was %+v", again, first)
	}
}

func ensureReplaces(t *testing.T, f *fixture) {
	before := f.up(f.web(1, 1))
	w := f.web(1, 1, "TEST_RELEASE=other")
	after := f.up(w)
	if len(after) != 1 || after[0].ID == before[0].ID {
		t.Fatalf("is %+v, want another than %s", after, before[0].ID)
	}
	if got := f.get(after[0], "/"); got != "hello from release other\n" {
		t.Errorf("it answers %q", got)
	}
	w.Port = 9090
	after = f.up(w)
	if len(after) != 1 || !f.Forced.OtherPorts && !strings.HasSuffix(after[0].Address, ":9090") {
		t.Fatalf("is %+v, want it on port 9090", after)
	}
	if got := f.get(after[0], "/"); got != "hello from release other\n" {
		t.Errorf("on another port it answers %q", got)
	}
}

func ensureConcurrently(t *testing.T, f *fixture) {
	w := f.web(1, 2)
	drivers := []deployer.Cluster{f.cluster, f.New(t)}
	errs := make([]error, 6)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = drivers[i%2].Ensure(f.ctx, w) })
	}
	group.Wait()
	f.ok(errors.Join(errs...))
	f.ok(f.cluster.WaitHealthy(f.ctx, w.ID))
	list := f.instances(w.ID)
	if len(list) != 2 || list[0].Index != 1 || list[1].Index != 2 {
		t.Errorf("made %+v, want 1 and 2", list)
	}
}

func ensureNone(t *testing.T, f *fixture) {
	w := f.web(1, 0)
	if list := f.up(w); len(list) != 0 {
		t.Errorf("made %+v", list)
	}
	f.up(f.web(1, 1))
	if list := f.up(w); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

func ensureNoImage(t *testing.T, f *fixture) {
	for _, image := range []string{
		"sha256:" + strings.Repeat("0", 64),
		"slipway-no-such-image:v1",
	} {
		w := f.web(1, 1)
		w.Image = image
		err := f.cluster.Ensure(f.ctx, w)
		if f.Forced.LateImages && err == nil {
			err = f.cluster.WaitHealthy(f.ctx, w.ID)
			f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
		}
		if !errors.Is(err, deployer.ErrNoImage) {
			t.Errorf("%s: %v, want ErrNoImage", image, err)
		}
		if list := f.instances(w.ID); len(list) != 0 {
			t.Errorf("left %+v behind", list)
		}
	}
}

func ensureRefuses(t *testing.T, f *fixture) {
	const secret = "hunter2"
	for what, spoil := range map[string]func(*deployer.Workload){
		"no app":          func(w *deployer.Workload) { w.ID.App = "" },
		"no process":      func(w *deployer.Workload) { w.ID.Process = "" },
		"no release":      func(w *deployer.Workload) { w.ID.Release = 0 },
		"slash":           func(w *deployer.Workload) { w.ID.Process = "a/b" },
		"no image":        func(w *deployer.Workload) { w.Image = "" },
		"no name":         func(w *deployer.Workload) { w.AppName = "" },
		"negative":        func(w *deployer.Workload) { w.Instances = -1 },
		"port":            func(w *deployer.Workload) { w.Port = 65536 },
		"health path":     func(w *deployer.Workload) { w.Health.Path = "health" },
		"negative limit":  func(w *deployer.Workload) { w.Limits.PIDs = -1 },
		"variable name":   func(w *deployer.Workload) { w.Env["A=B"] = secret },
		"variable value":  func(w *deployer.Workload) { w.Env["A"] = secret + "\x00" },
		"no variable key": func(w *deployer.Workload) { w.Env[""] = secret },
	} {
		w := f.web(1, 1)
		spoil(&w)
		err := f.cluster.Ensure(f.ctx, w)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", what, err)
		}
	}
	all, err := f.cluster.Instances(f.ctx, "")
	f.ok(err)
	if len(all) != 0 {
		t.Errorf("left %+v behind", all)
	}
}
