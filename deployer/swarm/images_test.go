//go:build swarm

package swarm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// TestPrivateRegistry pulls with credentials, on every node, and says why not
// with wrong ones, before anything is made.
func TestPrivateRegistry(t *testing.T) {
	t.Parallel()
	private, err := newRegistry(bed("SLIPWAY_TEST_SWARM_HOST"), "slipway", "letmein")
	ok(t, err)
	defer private.close()
	first := firstEngine()
	defer func() { ok(t, first.RemoveInstallation(context.Background())) }()
	w := workload("web", 1, 3)
	w.Image = push(t.Context(), first, private, docker.Push{Username: "slipway", Password: "letmein"}, "/testapp")
	given := "wrong"
	o := options(installation())
	o.PullAuth = func(_ context.Context, image string) (string, string, error) {
		if image != w.Image {
			return "", "", errors.New("asked for another image")
		}
		return "slipway", given, nil
	}
	c := newCluster(t, o)
	if err := c.Ensure(t.Context(), w); !errors.Is(err, deployer.ErrNoImage) || strings.Contains(err.Error(), given) {
		t.Errorf("with a wrong password: %v", err)
	}
	if left := instances(t, c, w.ID); len(left) != 0 {
		t.Errorf("left %+v behind", left)
	}
	given = "letmein"
	list := up(t, c, w)
	if len(list) != 3 || slices.ContainsFunc(list, func(in deployer.Instance) bool { return in.Restarts > 0 }) {
		t.Errorf("there are %+v", list)
	}
	absent := w
	absent.ID.Release = 2
	absent.Image = private.host + "/testapp@sha256:" + strings.Repeat("0", 64)
	o.PullAuth = nil
	if err := newCluster(t, o).Ensure(t.Context(), absent); !errors.Is(err, deployer.ErrNoImage) {
		t.Errorf("what is not there: %v", err)
	}
}

// TestWhatCannotStart: no program, and no command at all.
func TestWhatCannotStart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 1)
	w.Command = []string{"/no-such-program"}
	w.Health.Timeout = 5 * time.Minute
	ok(t, c.Ensure(t.Context(), w))
	err := c.WaitHealthy(t.Context(), w.ID)
	var report *deployer.Unhealthy
	if !errors.As(err, &report) || !report.Exited || report.Reason != "exited with code 127" ||
		!slices.ContainsFunc(report.LastLogs, func(line deployer.LogLine) bool { return strings.Contains(line.Text, "no-such-program") }) {
		t.Errorf("it gave %v, %+v", err, report)
	}
	plain, err := newRegistry(bed("SLIPWAY_TEST_SWARM_HOST"), "", "")
	ok(t, err)
	defer plain.close()
	first := firstEngine()
	defer func() { ok(t, first.RemoveInstallation(context.Background())) }()
	w = workload("web", 2, 1)
	w.Image = push(t.Context(), first, plain, docker.Push{})
	ok(t, c.Ensure(t.Context(), w))
	if err := c.WaitHealthy(t.Context(), w.ID); !errors.Is(err, deployer.ErrNoCommand) {
		t.Errorf("without a command: %v", err)
	}
}

// TestImageThatNodesCannotPull: the registry knows the image and goes away
// before the nodes ask for it.
func TestImageThatNodesCannotPull(t *testing.T) {
	c := newCluster(t, options(installation()))
	going, err := newRegistry(bed("SLIPWAY_TEST_SWARM_HOST"), "", "")
	ok(t, err)
	defer going.close()
	label(t, c, "node2", "slipway-test", c.Engine().Installation()) // the first has it in its store
	w := workload("web", 1, 1)
	first := firstEngine()
	defer func() { ok(t, first.RemoveInstallation(context.Background())) }()
	w.Image = push(t.Context(), first, going, docker.Push{}, "/testapp")
	w.Placement = map[string]string{"slipway-test": c.Engine().Installation()}
	w.Health.Timeout = 5 * time.Minute
	going.refuseBlobs()
	began := time.Now()
	ok(t, c.Ensure(t.Context(), w))
	err = c.WaitHealthy(t.Context(), w.ID)
	if !errors.Is(err, deployer.ErrNoImage) || !strings.Contains(err.Error(), "node2") {
		t.Errorf("it gave %v", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("that took %v", took)
	}
}
