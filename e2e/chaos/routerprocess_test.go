package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// routerProcess restarts and kills the server whose router is a process beside
// it: the router goes on serving, there is one of it, and it is replaced without
// loss when its settings change.
func routerProcess(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{settings: []string{"SLIPWAY_ROUTER=process"}})
	h.ownRouter = true
	s := h.first()
	repo := h.clone(t, "lasting")
	repo.commit(t, "first")
	repo.deploy(t, s)
	crowd := h.crowd(t, repo.app)
	first := h.oneRouter(t, s)
	times := 6
	if brief() {
		times = 2
	}
	for i := range times {
		how, end := "stop", func() {
			if err := s.stop(); err != nil {
				t.Error(err)
			}
		}
		if dice.IntN(2) == 0 {
			how, end = "death", func() { s.kill(t) }
		}
		end()
		time.Sleep(time.Duration(dice.IntN(2000)) * time.Millisecond) // how long it is away
		if err := os.MkdirAll(s.points(), 0o755); err != nil {
			t.Fatal(err)
		}
		s.start(t)
		repo.commit(t, fmt.Sprint("after-", i))
		repo.deploy(t, s)
		h.sound(t, time.Minute, how)
		if now := h.oneRouter(t, s); now != first {
			t.Errorf("after a %s the router is process %d, and was %d", how, now, first)
		}
		crowd.unharmed(t, "a "+how)
	}
	crowd.leave(t)

	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "SLIPWAY_ROUTER_HOLD_PER_APP=900")
	stop, lost := make(chan struct{}), make(chan error, 1)
	go func() { lost <- h.knock(repo.app, stop) }()
	s.start(t)
	eventually(t, 30*time.Second, "another router to take its place", func() error {
		running, err := routers(s)
		if err == nil && (len(running) != 1 || running[0] == first) {
			err = fmt.Errorf("there are %v, and %d was the first", running, first)
		}
		return err
	})
	close(stop)
	if err := <-lost; err != nil {
		t.Errorf("a request was lost when the router was replaced: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command("server", "down").CombinedOutput(); err != nil {
		t.Errorf("server down: %v\n%s", err, out)
	}
	if running, err := routers(s); err != nil || len(running) != 0 {
		t.Errorf("left running are %v, %v", running, err)
	}
}

// knock visits an app over new connections until it is told to stop.
func (h *home) knock(app string, stop <-chan struct{}) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		if status, body, err := h.visit(app, "/"); err != nil || status != 200 {
			return fmt.Errorf("%d %s, %w", status, body, err)
		}
	}
}

// oneRouter gives the process of a server's router, of which there must be one.
func (h *home) oneRouter(t *testing.T, s *server) (pid int) {
	t.Helper()
	running, err := routers(s)
	if err != nil || len(running) != 1 {
		t.Errorf("the routers are %v, %v", running, err)
		return 0
	}
	return running[0]
}

// routers lists the processes of a server's own router program.
func routers(s *server) (pids []int, err error) {
	found, err := filepath.Glob("/proc/[0-9]*/exe")
	program := filepath.Join(s.data, "router", "slipway-router")
	for _, exe := range found {
		at, err := os.Readlink(exe)
		if err != nil || at != program && at != program+" (deleted)" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(exe))); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, err
}
