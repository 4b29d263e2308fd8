package docker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// TestVolumeKeepsWhatIsWritten writes in one release and reads in the next.
func TestVolumeKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	c := newCluster(t, options(installation()))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	said := func(release int) string {
		t.Helper()
		w := deployer.Workload{
			ID: deployer.WorkloadID{App: "01app", Process: "worker", Release: release}, AppName: "hello", Image: testImage, Instances: 1,
			Env: map[string]string{"TEST_NOTE": "/data/notes"}, Volumes: []deployer.Volume{{Name: "data", Path: "/data"}},
			Health: deployer.Health{Settle: 10 * time.Millisecond},
		}
		if err := c.Ensure(ctx, w); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitHealthy(ctx, w.ID); err != nil {
			t.Fatal(err)
		}
		instances, err := c.Instances(ctx, "01app")
		if err != nil || len(instances) != 1 {
			t.Fatal(instances, err)
		}
		var text strings.Builder
		for line, err := range c.Logs(ctx, deployer.LogQuery{InstanceID: instances[0].ID}) {
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString(line.Text + "\n")
		}
		if err := c.Remove(ctx, w.ID, time.Second); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	if got := said(1); !strings.Contains(got, "notes before: 0") {
		t.Errorf("v1 says %q", got)
	}
	if got := said(2); !strings.Contains(got, "notes before: 1") {
		t.Errorf("v2 says %q", got)
	}
	// One of another installation is not touched, whatever it is called.
	other, err := docker.New(options("other-" + installation()))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.RemoveVolume(ctx, "01app", "data"); err != nil {
		t.Fatal(err)
	}
	if names, err := c.Volumes(ctx, "01app"); err != nil || len(names) != 1 {
		t.Errorf("volumes: %v, %v", names, err)
	}
	if err := c.RemoveVolume(ctx, "01app", "data"); err != nil {
		t.Fatal(err)
	}
	if got := said(3); !strings.Contains(got, "notes before: 0") {
		t.Errorf("v3, after the volume was removed, says %q", got)
	}
}
