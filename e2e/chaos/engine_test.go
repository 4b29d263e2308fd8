package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	docker "github.com/docker/docker/client"
)

// engine is a container engine of the suite's own, beside the machine's: it can
// be stopped, frozen and killed without anybody noticing. It has a bridge of its
// own, for builds, and makes no rules for packets.
type engine struct {
	dir    string
	bridge string
	args   []string
	cmd    *exec.Cmd
	done   chan struct{} // closed when cmd has ended
}

// startEngine starts an engine that keeps its images in a folder. It ends with
// the test.
func startEngine(t *testing.T, images string) *engine {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos-engine-")
	if err != nil {
		t.Fatal(err)
	}
	if images == "" {
		images = filepath.Join(dir, "root")
	}
	e := &engine{dir: dir, bridge: fmt.Sprintf("chaos%d", os.Getpid()%1e6)}
	t.Cleanup(func() { e.remove(t) })
	ip(t, "link", "add", e.bridge, "type", "bridge")
	ip(t, "addr", "add", "10.178.0.1/24", "dev", e.bridge)
	ip(t, "link", "set", e.bridge, "up")
	e.args = []string{
		"--data-root", images, "--exec-root", filepath.Join(dir, "run"), "--pidfile", filepath.Join(dir, "pid"), "--host", "unix://" + filepath.Join(dir, "sock"),
		// Where a containerd of the machine's is used, not in others' namespaces.
		"--containerd-namespace", filepath.Base(dir), "--containerd-plugins-namespace", filepath.Base(dir) + "-plugins",
		"--bridge", e.bridge, "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false", "--userland-proxy=false",
	}
	e.start(t)
	return e
}

// ip changes the machine's networks.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v\n%s", args, err, out)
	}
}

func (e *engine) host() string { return "unix://" + filepath.Join(e.dir, "sock") }

// start starts the engine, the first time or again, and waits until it answers.
// Like whoever looks after an engine it does not give up at the first attempt:
// after a death its containerd may still be going.
func (e *engine) start(t *testing.T) {
	t.Helper()
	client, err := docker.NewClientWithOpts(docker.WithHost(e.host()), docker.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for range 5 {
		e.launch(t)
		err = until(time.Minute, func() error {
			_, err := client.Ping(t.Context())
			select {
			case <-e.done:
				return nil
			default:
				return err
			}
		})
		if _, again := client.Ping(t.Context()); again == nil {
			return
		}
	}
	said, _ := os.ReadFile(filepath.Join(e.dir, "log")) // what there is to see
	t.Fatalf("the engine does not start: %v\n%s", err, said[max(0, len(said)-4<<10):])
}

// launch starts the engine and waits for nothing.
func (e *engine) launch(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(e.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command("dockerd", e.args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	e.cmd, e.done = cmd, done
}

// end ends the engine: in order, which stops the containers, or at once, which
// leaves them running.
func (e *engine) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	_ = e.cmd.Process.Signal(signal)
	select {
	case <-e.done:
	case <-time.After(time.Minute):
		_ = e.cmd.Process.Kill()
		<-e.done
		t.Log("the engine did not end within a minute")
	}
}

// freeze stops every process of the engine, but no container, until thawed.
func (e *engine) freeze() (thaw func()) {
	pids := append([]int{e.cmd.Process.Pid}, children(e.cmd.Process.Pid)...)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	return func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

func (e *engine) remove(t *testing.T) {
	if e.cmd != nil {
		e.end(t, syscall.SIGTERM)
	}
	e.reap()
	if out, err := exec.Command("ip", "link", "del", e.bridge).CombinedOutput(); err != nil {
		t.Logf("ip link del: %v\n%s", err, out)
	}
	// What a container that could not be stopped holds on to.
	mounts, _ := os.ReadFile("/proc/self/mounts")
	lines := strings.Split(string(mounts), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if fields := strings.Fields(lines[i]); len(fields) > 1 && strings.HasPrefix(fields[1], e.dir+"/") {
			_ = syscall.Unmount(fields[1], syscall.MNT_DETACH)
		}
	}
	if err := os.RemoveAll(e.dir); err != nil {
		t.Log(err)
	}
}

// reap ends what a killed engine has lost sight of: containers' keepers, and with
// them the containers.
func (e *engine) reap() {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		line, err := os.ReadFile(path)
		pid, bad := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || bad != nil || !strings.Contains(string(line), e.dir+"/run/") {
			continue
		}
		for _, one := range append(children(pid), pid) {
			_ = syscall.Kill(one, syscall.SIGKILL)
		}
	}
}

// children lists what a process has started.
func children(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range lists {
		list, _ := os.ReadFile(path) // it may have ended
		for _, field := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// engineFaults takes the engine away in the middle of deployments.
func engineFaults(t *testing.T, dice *rand.Rand) {
	e := startEngine(t, "")
	h := settle(t, options{engineHost: e.host()})
	s := h.first()
	repo := h.clone(t, "moored")
	repo.commit(t, "first")
	repo.deploy(t, s)
	long := 60 * time.Second
	pause := func(most time.Duration) { time.Sleep(time.Second + time.Duration(dice.Int64N(int64(most)))) } // how long it is away
	faults := []struct {
		name     string
		harmless bool // requests must not be lost
		fault    func(t *testing.T)
	}{
		{"a restart", false, func(t *testing.T) { e.end(t, syscall.SIGTERM); e.start(t) }},
		{"a death and a new start", false, func(t *testing.T) { e.end(t, syscall.SIGKILL); e.start(t) }},
		{"a stop for a while", false, func(t *testing.T) { e.end(t, syscall.SIGTERM); pause(10 * time.Second); e.start(t) }},
		{"a stop during which the server dies", false, func(t *testing.T) {
			e.end(t, syscall.SIGTERM)
			pause(2 * time.Second)
			s.kill(t)
			e.start(t)
			s.start(t)
		}},
		{"a stop for a minute", false, func(t *testing.T) { e.end(t, syscall.SIGTERM); time.Sleep(long); e.start(t) }},
		{"a freeze for a while", true, func(*testing.T) { thaw := e.freeze(); pause(10 * time.Second); thaw() }},
		{"a freeze for a minute", true, func(*testing.T) { thaw := e.freeze(); time.Sleep(long); thaw() }},
	}
	for i, f := range faults {
		for _, phase := range []string{"building", "deploying"} {
			t.Run(f.name+" while "+phase, func(t *testing.T) {
				repo.commit(t, fmt.Sprint("fault-", i, phase), nap(2*time.Second), "ENV DELAY=2s")
				var c *crowd
				if f.harmless {
					c = h.crowd(t, repo.app)
				}
				push := repo.push(t, s)
				reaches(t, h, push.commit, phase)
				time.Sleep(time.Duration(dice.IntN(1500)) * time.Millisecond) // any moment of the phase
				f.fault(t)
				lifted := time.Now()
				<-push.done
				h.sound(t, 2*time.Minute, f.name)
				found, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1`, push.commit)
				if err != nil || len(found) != 1 {
					t.Fatalf("%+v, %v", found, err)
				}
				if found[0].State != "succeeded" {
					t.Errorf("an engine that was back failed deployment #%d: %s\n%s", found[0].Number, found[0].Reason, push.out)
				}
				t.Logf("#%d %s %q; all well %s after it was over", found[0].Number, found[0].State, found[0].Reason, time.Since(lifted).Round(100*time.Millisecond))
				repo.commit(t, fmt.Sprint("after-", i, phase))
				repo.deploy(t, s)
				h.sound(t, time.Minute, "the push after it")
				if c != nil {
					c.leave(t)
				}
			})
		}
	}
}
