package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// run runs a verb of the command line client and gives its exit code and what it
// says, to standard output and to standard error.
func (in *installation) run(t *testing.T, args ...string) (code int, out, complaint string) {
	t.Helper()
	cmd := in.command(args...)
	cmd.Env = append(cmd.Env, "SLIPWAY_URL="+in.url, "SLIPWAY_TOKEN="+in.token)
	var said, wrong strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &wrong
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String(), wrong.String()
}

// Scaling from the command line is over when the instances run, and says so when
// they do not.
func TestScaleFromTheCommandLine(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	scale := func(args ...string) (int, string, string) {
		return in.run(t, append([]string{"ps", "scale", "-a", "stretchy"}, args...)...)
	}
	// The third takes its time, and there is nobody yet to wait for.
	repo := newRepository(t, testApp(t, "ENV VERSION=1 DELAY=3s"))
	api.post("/api/v1/apps", map[string]string{"name": "stretchy"}).want(201)
	if code, out, complaint := scale("web=2"); code != 0 || !strings.Contains(out, "web       2") || complaint != "" {
		t.Errorf("before the first release: %d %s%s", code, out, complaint)
	}
	repo.deploy(in, "stretchy")
	in.settles(t, "stretchy", "web v1", "web v1")

	code, out, complaint := scale("web=3", "--timeout", "1s")
	if code != 1 || out != "" || !strings.Contains(complaint, "stretchy is scaled, but not within 1s: web has 2 of 3 instances") || !strings.Contains(complaint, "goes on") {
		t.Errorf("one that does not come true in time: %d %s%s", code, out, complaint)
	}
	healthy := func() (n int) {
		var page struct{ Items []struct{ State string } }
		api.get("/api/v1/apps/stretchy/instances").want(200).into(&page)
		for _, instance := range page.Items {
			if instance.State == "healthy" {
				n++
			}
		}
		return n
	}
	if code, out, complaint = scale("web=4"); code != 0 || !strings.Contains(out, "web       4") || !strings.Contains(complaint, "of 4 instances") || healthy() != 4 {
		t.Errorf("%d are healthy: %d %s%s", healthy(), code, out, complaint)
	}
	if code, out, complaint = scale("web=1"); code != 0 || healthy() != 1 {
		t.Errorf("%d are healthy: %d %s%s", healthy(), code, out, complaint)
	}
	if code, out, complaint = scale("web=2", "--no-wait"); code != 0 || complaint != "" || healthy() == 2 {
		t.Errorf("without waiting %d are healthy: %d %s%s", healthy(), code, out, complaint)
	}
	if code, _, complaint = scale("worker=1"); code != 1 || !strings.Contains(complaint, `no process "worker"`) {
		t.Errorf("a process that is not there: %d %s", code, complaint)
	}
	api.delete("/api/v1/apps/stretchy?confirm=stretchy").want(202, 204)
}
