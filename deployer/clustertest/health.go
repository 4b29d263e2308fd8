package clustertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// unhealthy brings up a workload that cannot become healthy.
func (f *fixture) unhealthy(w deployer.Workload) *deployer.Unhealthy {
	f.Helper()
	f.ok(f.cluster.Ensure(f.ctx, w))
	err := f.cluster.WaitHealthy(f.ctx, w.ID)
	var report *deployer.Unhealthy
	if !errors.As(err, &report) {
		f.Fatalf("it gave %v, want an *Unhealthy", err)
	}
	if report.Instance.Workload != w.ID || !strings.Contains(err.Error(), report.Instance.Name) {
		f.Errorf("%v is about %+v", err, report.Instance)
	}
	return report
}

// said looks for a line.
func (f *fixture) said(lines []deployer.LogLine, text string, stderr bool) bool {
	for _, line := range lines {
		if line.Text == text && line.Stderr == (stderr && !f.Forced.OneStream) && !line.Time.IsZero() {
			return true
		}
	}
	return false
}

func unhealthyExit(t *testing.T, f *fixture) {
	began := time.Now()
	w := f.web(1, 2, "TEST_EXIT=3", "TEST_OUT=reading config", "TEST_ERR=no config!")
	report := f.unhealthy(w)
	if !report.Exited || report.Instance.ExitCode != 3 || report.Reason != "exited with code 3" || report.Instance.State != deployer.StateExited {
		t.Errorf("reported %+v", report)
	}
	if !f.said(report.LastLogs, "reading config", false) || !f.said(report.LastLogs, "no config!", true) {
		t.Errorf("its last lines are %+v", report.LastLogs)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v: that is waiting for the timeout", took)
	}
	// They exited for good: nothing starts them again, or not to any avail.
	f.eventually("both have exited", func() bool {
		list := f.instances(w.ID)
		return list[0].State == deployer.StateExited && list[1].State == deployer.StateExited
	})
	for _, in := range f.instances(w.ID) {
		if in.Restarts != 0 && !f.Forced.StartsUnproven || in.ExitCode != 3 && in.State == deployer.StateExited {
			t.Errorf("it is %+v", in)
		}
	}
}

func unhealthyPort(t *testing.T, f *fixture) {
	w := f.web(1, 1, "TEST_LISTEN=no", "TEST_OUT=up")
	w.Health.Timeout = 400 * time.Millisecond
	report := f.unhealthy(w)
	if report.Exited || report.Reason != "nothing accepted connections on port 8080 within 0.4 s" {
		t.Errorf("reported %+v", report)
	}
	if !f.said(report.LastLogs, "up", false) {
		t.Errorf("its last lines are %+v", report.LastLogs)
	}
	if in := f.instances(w.ID)[0]; in.State != deployer.StateStarting {
		t.Errorf("it is %+v", in)
	}
}

func unhealthyPath(t *testing.T, f *fixture) {
	w := f.web(1, 1, "TEST_HEALTH=503")
	w.Health.Path, w.Health.Timeout = "/health", 2*time.Second
	report := f.unhealthy(w)
	if report.Exited || !strings.Contains(report.Reason, "GET /health on port 8080 answered 503 Service Unavailable") {
		t.Errorf("reported %+v", report)
	}
	w.Health.Timeout = 30 * time.Second
	for _, status := range []string{"200", "302"} {
		w.Env["TEST_HEALTH"] = status
		f.up(w)
	}
}

func healthySlow(t *testing.T, f *fixture) {
	began := time.Now()
	list := f.up(f.web(1, 1, "TEST_DELAY=300ms"))
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("healthy after %v, before it listened", took)
	}
	if list[0].State != deployer.StateHealthy {
		t.Errorf("it is %+v", list[0])
	}
}

func unhealthyMemory(t *testing.T, f *fixture) {
	w := f.web(1, 1, "TEST_ALLOC=256")
	w.Limits.MemoryBytes = 32 << 20
	report := f.unhealthy(w)
	if !report.Exited || report.Instance.OOMKilled == f.Forced.NoOOM || !strings.Contains(report.Reason, "more than its 32 MiB of memory") {
		t.Errorf("reported %+v", report)
	}
	if likely := strings.Contains(report.Reason, "most likely"); likely != f.Forced.NoOOM {
		t.Errorf("it says %q", report.Reason)
	}
	in := f.instances(w.ID)[0]
	again := f.Forced.StartsUnproven && in.Restarts > 0 // it may run again by now
	if !again && (in.OOMKilled == f.Forced.NoOOM || in.ExitCode != 137) {
		t.Errorf("it is %+v", in)
	}
}

func workerSettles(t *testing.T, f *fixture) {
	w := f.worker(1, 2)
	w.Health.Settle = 300 * time.Millisecond
	list := f.up(w)
	for _, in := range list {
		if age := time.Since(in.StartedAt); age < w.Health.Settle {
			t.Errorf("healthy at the age of %v", age)
		}
		if in.State != deployer.StateHealthy || in.Address != "" {
			t.Errorf("it is %+v", in)
		}
	}
}

func workerEnds(t *testing.T, f *fixture) {
	w := f.worker(1, 1, "TEST_EXIT=0")
	w.Health.Settle = 20 * time.Second
	report := f.unhealthy(w)
	if !report.Exited || report.Reason != "exited with code 0" {
		t.Errorf("reported %+v", report)
	}
}

func waitEnds(t *testing.T, f *fixture) {
	w := f.web(1, 1, "TEST_LISTEN=no")
	f.ok(f.cluster.Ensure(f.ctx, w))
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error, 1)
	go func() { done <- f.cluster.WaitHealthy(ctx, w.ID) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("it gave %v", err)
	}
}
