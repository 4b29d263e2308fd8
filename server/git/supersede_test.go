package git_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway-paas/slipway/server/apps"
)

// pushing is a push that runs.
type pushing struct {
	cmd    *exec.Cmd
	said   bytes.Buffer
	ended  chan struct{}
	err    error
	commit string
}

// push begins to push what a folder's branch main is at.
func (d *door) push(t *testing.T, work string, args ...string) *pushing {
	t.Helper()
	p := &pushing{ended: make(chan struct{}), commit: strings.TrimSpace(run(t, work, "rev-parse", "HEAD"))}
	p.cmd = gitCommand(t, work, append(append([]string{"push"}, args...), d.remote("hello"), p.commit+":refs/heads/main")...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p
}

// leaves ends the pusher as Ctrl-C does.
func (p *pushing) leaves(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

func (p *pushing) isLive(t *testing.T) {
	t.Helper()
	if <-p.ended; p.err != nil || !strings.Contains(p.said.String(), "Live at") {
		t.Errorf("%v: %s", p.err, p.said.String())
	}
}

func (p *pushing) isSuperseded(t *testing.T, number, by int) {
	t.Helper()
	<-p.ended
	want := fmt.Sprintf("Deployment #%d of hello was superseded: a newer deployment, #%d, came", number, by)
	if p.err == nil || !strings.Contains(p.said.String(), want) {
		t.Errorf("%v, and not %q: %s", p.err, want, p.said.String())
	}
}

// waits waits until there is a deployment that begins so.
func (d *door) waits(t *testing.T, beginning string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	awaitDeployment(ctx, t, d, beginning)
}

// are fails the test unless these are the app's deployments.
func (d *door) are(t *testing.T, want ...string) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	var lines []string
	if err := eventually(ctx, func() (bool, error) {
		var err error
		lines, err = d.deployments(ctx, "hello")
		return strings.Join(lines, "\n") == strings.Join(want, "\n"), err
	}); err != nil {
		t.Errorf("the deployments are %q", lines)
	}
}

// branch gives where main is.
func (d *door) branch(t *testing.T) string {
	t.Helper()
	at, _, _ := strings.Cut(run(t, t.TempDir(), "ls-remote", d.remote("hello"), "refs/heads/main"), "\t")
	return at
}

func (d *door) supersedesBuilding(t *testing.T) {
	t.Helper()
	yes := true
	if _, _, err := d.apps.Update(t.Context(), d.ann, "hello", 0, apps.Changes{SupersedeBuilding: &yes}); err != nil {
		t.Fatal(err)
	}
}

// commit adds a commit, of which files are made or changed.
func commit(t *testing.T, work, message string, args ...string) {
	t.Helper()
	run(t, work, append([]string{"commit", "-q", "--allow-empty", "-m", message}, args...)...)
}

// began gives a door whose app was deployed once and builds from now on until it
// is let.
func began(t *testing.T) (d *door, work string) {
	t.Helper()
	d = newDoor(t)
	work = folder(t, "index.html", "Hello")
	run(t, work, "push", "-q", d.remote("hello"), "main")
	if err := os.WriteFile(filepath.Join(work, "HOLD"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, work, "add", ".")
	commit(t, work, "one")
	return d, work
}

// What waits for a worker loses its place to the next push.
func TestPushSupersedesPushThatWaits(t *testing.T) {
	d, work := began(t)
	blocks := d.push(t, work)
	d.waits(t, "#2 main building")
	blocks.leaves(t)
	commit(t, work, "two")
	older := d.push(t, work)
	d.waits(t, "#3 main queued")
	commit(t, work, "three")
	newer := d.push(t, work)
	older.isSuperseded(t, 3, 4)
	d.waits(t, "#4 main queued")
	d.yard.let()
	newer.isLive(t)
	d.are(t, "#1 main succeeded Say hello", "#2 main succeeded one", "#3 main superseded two", "#4 main succeeded three")
	if at := d.branch(t); at != newer.commit {
		t.Errorf("main is at %s", at)
	}
}

// Of three, one forced, each takes the place of the one before while that builds.
func TestPushSupersedesPushThatBuilds(t *testing.T) {
	d, work := began(t)
	d.supersedesBuilding(t)
	first := d.push(t, work)
	d.waits(t, "#2 main building")
	commit(t, work, "two")
	second := d.push(t, work)
	first.isSuperseded(t, 2, 3)
	d.waits(t, "#3 main building")
	commit(t, work, "three", "--amend")
	third := d.push(t, work, "--force")
	second.isSuperseded(t, 3, 4)
	d.waits(t, "#4 main building")
	if at := d.branch(t); at == first.commit || at == second.commit || at == third.commit {
		t.Errorf("main is at %s before anything of it is live", at)
	}
	d.yard.let()
	third.isLive(t)
	d.are(t, "#1 main succeeded Say hello", "#2 main superseded one", "#3 main superseded two", "#4 main succeeded three")
	if at := d.branch(t); at != third.commit {
		t.Errorf("main is at %s", at)
	}
}

// Many at once: the newest goes live, and whatever order they came in, the
// branch is what is live.
func TestPushesInACrowd(t *testing.T) {
	d, work := began(t)
	d.supersedesBuilding(t)
	const crowd = 6
	var all []*pushing
	for i := range crowd {
		commit(t, work, fmt.Sprint("push ", i), "--amend")
		all = append(all, d.push(t, work, "--force"))
	}
	var last string
	ctx, cancel := patience()
	defer cancel()
	open := regexp.MustCompile(`^#\d+ main (building|queued)`)
	err := eventually(ctx, func() (bool, error) { // until one is left
		lines, err := d.deployments(ctx, "hello")
		if err != nil {
			return false, err
		}
		for _, line := range lines[:len(lines)-1] {
			if open.MatchString(line) {
				return false, nil
			}
		}
		last = lines[len(lines)-1]
		return len(lines) == 1+crowd, nil
	})
	if err != nil {
		t.Fatalf("%v: %q", err, last)
	}
	d.yard.let()
	live := 0
	for _, p := range all {
		if <-p.ended; p.err != nil {
			if !strings.Contains(p.said.String(), "was superseded: a newer deployment, #") {
				t.Errorf("%v: %s", p.err, p.said.String())
			}
			continue
		}
		if live++; d.branch(t) != p.commit {
			t.Errorf("%s is live, and main is at %s", p.commit, d.branch(t))
		}
	}
	if live != 1 {
		t.Errorf("%d of %d pushes are live", live, crowd)
	}
}

// Who is cancelled, or leaves, takes nothing with them.
func TestSupersedingPushIsCancelled(t *testing.T) {
	d, work := began(t)
	d.supersedesBuilding(t)
	first := d.push(t, work)
	d.waits(t, "#2 main building")
	commit(t, work, "two")
	second := d.push(t, work)
	first.isSuperseded(t, 2, 3)
	d.waits(t, "#3 main building")
	d.cancel(t, 3)
	if <-second.ended; second.err == nil || !strings.Contains(second.said.String(), "Deployment #3 of hello was cancelled by ann@example.com") {
		t.Errorf("%v: %s", second.err, second.said.String())
	}
	commit(t, work, "three")
	third := d.push(t, work)
	d.waits(t, "#4 main building")
	commit(t, work, "four")
	fourth := d.push(t, work)
	third.isSuperseded(t, 4, 5)
	d.waits(t, "#5 main building")
	fourth.leaves(t)
	commit(t, work, "five")
	fifth := d.push(t, work)
	d.waits(t, "#6 main building")
	d.yard.let()
	fifth.isLive(t)
	if at := d.branch(t); at != fifth.commit {
		t.Errorf("main is at %s", at)
	}
}

func (d *door) cancel(t *testing.T, number int) {
	t.Helper()
	if _, err := d.pipeline.Cancel(t.Context(), d.ann, "hello", number); err != nil {
		t.Fatal(err)
	}
}
