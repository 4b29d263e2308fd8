package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// processes lists the processes of this machine, those in containers included,
// whose command line begins with some text.
func processes(t *testing.T, command string) []string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var matching []string
	for _, path := range found {
		if line, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(line), command) {
			matching = append(matching, path)
		}
	}
	return matching
}

// Cancelled means that the work has stopped: the build's process is gone when
// the deployment says so, and the pusher hears who did it.
func TestCancelBuild(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	asleep := "/app\x00sleep\x00cancelled\x00" + nonce
	repo := newRepository(t, testApp(t, step("sleep", "cancelled")))
	push := repo.pushing(in, "sleeper")
	api.says("sleeper", 1, "fast asleep")
	if len(processes(t, asleep)) != 1 {
		t.Fatalf("the build step is not seen: %v", processes(t, asleep))
	}
	if d := api.deployment("sleeper", 1); d.State != "building" || d.Build.State != "running" {
		t.Errorf("the deployment is %+v", d)
	}

	began := time.Now()
	api.post("/api/v1/apps/sleeper/deployments/1/cancel", nil).want(202)
	d := api.ended("sleeper", 1)
	if left := processes(t, asleep); len(left) > 0 {
		t.Errorf("it says %s, and %v runs", d.State, left)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if d.State != "cancelled" || d.Build.State != "cancelled" || !strings.Contains(d.Reason, "ada@example.com") {
		t.Errorf("the deployment is %+v", d)
	}
	<-push.done
	if push.err == nil {
		t.Errorf("the push of a cancelled deployment is accepted:\n%s", push.out)
	}
	says(t, push.out, "cancelled by ada@example.com")
	if h := in.appHolds(t, "sleeper"); !h.empty() {
		t.Errorf("a cancelled build leaves %v", h)
	}
	api.post("/api/v1/apps/sleeper/deployments/1/cancel", nil).refused(409)
}

// What is cancelled while its instances start is as gone, and the release
// before it has all the traffic. What still waits is cancelled at once.
func TestCancelRollout(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=kept"))
	repo.deploy(in, "waverer")
	repo.commit("Hang", files{"Dockerfile": dockerfile("ENV VERSION=hanging LISTEN=no")})
	push := repo.pushing(in, "waverer")
	eventually(t, 60*time.Second, "the new release is on its way", func() error {
		if r := api.get("/api/v1/apps/waverer/deployments/2"); r.status != 200 || !strings.Contains(string(r.body), `"state":"deploying"`) {
			return fmt.Errorf("%s", r.body)
		}
		return nil
	})
	if at := api.deployment("waverer", 2).PhaseDeadline; at == nil || time.Until(*at) <= 0 || time.Until(*at) > 10*time.Minute {
		t.Errorf("the rollout is said to be given up at %v", at)
	}
	var waiting deployment
	api.post("/api/v1/apps/waverer/restart", nil).want(202).into(&waiting)
	if waiting.State != "queued" {
		t.Errorf("a second deployment does not wait: %+v", waiting)
	}
	var cancelled deployment
	api.post(fmt.Sprintf("/api/v1/apps/waverer/deployments/%d/cancel", waiting.Number), nil).want(202).into(&cancelled)
	if cancelled.State != "cancelled" {
		t.Errorf("a waiting deployment is not cancelled at once: %+v", cancelled)
	}
	api.post("/api/v1/apps/waverer/deployments/2/cancel", nil).want(202)
	if d := api.ended("waverer", 2); d.State != "cancelled" {
		t.Errorf("the deployment is %+v", d)
	}
	<-push.done
	if push.err == nil {
		t.Errorf("the push of a cancelled deployment is accepted:\n%s", push.out)
	}
	in.settles(t, "waverer", "web v1")
	in.shows(t, "waverer", "/", "version kept release v1")
}

// A build that never ends is ended.
func TestBuildThatNeverEnds(t *testing.T) {
	in := install(t, "SLIPWAY_BUILD_TIMEOUT=4s", "SLIPWAY_ROUTER=off")
	repo := newRepository(t, testApp(t, step("sleep", "endless")))
	out, err := repo.push(in, "endless")
	if err == nil {
		t.Fatalf("the push is accepted:\n%s", out)
	}
	says(t, out, "4s")
	if d := in.api(t).deployment("endless", 1); d.State != "failed" || d.Build.State != "failed" {
		t.Errorf("the deployment is %+v", d)
	}
	if left := processes(t, "/app\x00sleep\x00endless\x00"+nonce); len(left) > 0 {
		t.Errorf("the build goes on: %v", left)
	}
}
