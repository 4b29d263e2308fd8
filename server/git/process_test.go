package git_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

// Who leaves while a deployment runs neither stops it nor leaves a process.
func TestPusherLeaves(t *testing.T) {
	d := newDoor(t)
	work := folder(t, "HOLD", "")
	cmd := gitCommand(t, work, "push", d.remote("hello"), "main")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	patient, cancel := patience()
	defer cancel()
	building := func(want string) func() (bool, error) {
		return func() (bool, error) {
			lines, err := d.deployments(patient, "hello")
			if err != nil && models.KindOf(err) == models.KindNotFound {
				return false, nil
			}
			return strings.Join(lines, "\n") == want, err
		}
	}
	if err := eventually(patient, building("#1 main building Say hello")); err != nil {
		t.Fatal(err)
	}
	// What Ctrl-C does: git and the helper that holds the connection end.
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the push succeeded")
	}
	if err := eventually(patient, func() (bool, error) { return !runs(t, d.dataDir), nil }); err != nil {
		t.Fatal("git goes on without its pusher")
	}
	d.yard.let()
	if err := eventually(patient, building("#1 main succeeded Say hello")); err != nil {
		t.Fatal(err)
	}
	var left []string
	if err := eventually(patient, func() (bool, error) {
		var err error
		left, err = d.leftovers()
		return len(left) == 0, err
	}); err != nil {
		t.Errorf("left over: %v", left)
	}
	// The branch did not move, so the same push can be made again.
	if out := run(t, work, "push", d.remote("hello"), "main"); !strings.Contains(out, "Live at http://hello.test (v2") {
		t.Error(out)
	}
}

// runs says whether a git runs on a data folder.
func runs(t *testing.T, dataDir string) bool {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		// Processes end while one looks at them.
		if env, err := os.ReadFile(path); err == nil && bytes.Contains(env, []byte("GIT_CONFIG_GLOBAL="+dataDir)) {
			return true
		}
	}
	return false
}

// No secret of the server's reaches git or a hook.
func TestEnvironmentIsClean(t *testing.T) {
	t.Setenv("SLIPWAY_SECRET_KEY", "not for git")
	t.Setenv("DATABASE_URL", "postgres://not.for.git")
	t.Setenv("GIT_DIR", "/nowhere")
	d := newDoor(t)
	work := folderIn(t, "HOLD", "")
	cmd := gitCommand(t, work, "push", d.remote("hello"), "main")
	cmd.Env = append(cmd.Env, "GIT_DIR="+filepath.Join(work, ".git"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	patient, cancel := patience()
	defer cancel()
	seen := ""
	if err := eventually(patient, func() (bool, error) {
		found, err := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range found {
			env, _ := os.ReadFile(path) // processes end while one looks at them
			if bytes.Contains(env, []byte("SLIPWAY_HOOK_SOCKET="+d.dataDir)) && bytes.Contains(env, []byte("GIT_QUARANTINE_PATH=")) {
				seen = string(env)
			}
		}
		return seen != "", err
	}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(seen, "not for git") || strings.Contains(seen, "not.for.git") {
		t.Error("the hook sees the server's secrets")
	}
	d.yard.let()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// folderIn is folder with GIT_DIR set to something else.
func folderIn(t *testing.T, files ...string) string {
	t.Helper()
	elsewhere := os.Getenv("GIT_DIR")
	if err := os.Unsetenv("GIT_DIR"); err != nil {
		t.Fatal(err)
	}
	defer t.Setenv("GIT_DIR", elsewhere)
	return folder(t, files...)
}
