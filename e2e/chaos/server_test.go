package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is one control plane of a home.
type server struct {
	home   *home
	name   string
	dir    string // holds points, and data unless that is elsewhere
	data   string
	url    string
	listen string
	env    []string // NAME=value, over the home's

	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

// add makes a server that does not run yet. The first one has the router.
func (h *home) add(t *testing.T, data string) *server {
	t.Helper()
	s := &server{home: h, name: fmt.Sprint("server-", len(h.servers)+1), listen: "127.0.0.1:" + freePort(t)}
	s.dir, s.url = filepath.Join(h.dir, s.name), "http://"+s.listen
	if s.data = data; data == "" {
		s.data = filepath.Join(s.dir, "data")
	}
	if err := os.MkdirAll(s.points(), 0o755); err != nil {
		t.Fatal(err)
	}
	h.servers = append(h.servers, s)
	return s
}

func (h *home) first() *server { return h.servers[0] }

func (s *server) command(args ...string) *exec.Cmd {
	cmd := exec.Command(suite.slipway, args...)
	cmd.Env = slices.Concat(s.home.env, []string{"SLIPWAY_DATA=" + s.data, "SLIPWAY_LISTEN=" + s.listen, "SLIPWAY_FAILPOINTS=" + s.points()}, s.env)
	cmd.Dir = s.dir
	return cmd
}

// launch starts the server and waits for nothing.
func (s *server) launch(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := s.command("server")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	s.cmd, s.ended = cmd, ended
}

// start starts the server and waits until it is ready.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	eventually(t, time.Minute, s.name+" is ready", func() error {
		if !s.running() {
			t.Fatalf("%s ended:\n%s", s.name, s.tail())
		}
		return s.ready()
	})
}

// ready says whether the server says that it is.
func (s *server) ready() error {
	visitor := http.Client{Timeout: 10 * time.Second}
	resp, err := visitor.Get(s.url + "/readyz")
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// kill ends the server as a power cut would: it gets to do nothing more.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if s.running() {
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	<-s.ended
}

// stop ends the server in order.
func (s *server) stop() error {
	if !s.running() {
		return nil
	}
	_ = os.RemoveAll(s.points()) // whoever waits at one goes on
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
		return nil
	case <-time.After(time.Minute):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // says what hangs
		<-s.ended
		return fmt.Errorf("%s did not stop within a minute", s.name)
	}
}

// points is the folder that says what happens at which failpoint.
func (s *server) points() string { return filepath.Join(s.dir, "points") }

// arm orders what happens at a failpoint: "kill", or "wait" until disarmed.
func (s *server) arm(t *testing.T, point, order string) {
	t.Helper()
	path := filepath.Join(s.points(), point)
	if err := os.WriteFile(path+".new", []byte(order), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (s *server) disarm(point string) { _ = os.Remove(filepath.Join(s.points(), point)) }

func (s *server) logFile() string { return filepath.Join(s.dir, "server.log") }

// keepLog copies the server's log to the folder that CHAOS_LOGS names.
func (s *server) keepLog() {
	if dir := os.Getenv("CHAOS_LOGS"); dir != "" {
		if content, err := os.ReadFile(s.logFile()); err == nil {
			_ = os.WriteFile(filepath.Join(dir, s.home.name+"-"+s.name+".log"), content, 0o600) // for who looks into a failure
		}
	}
}

// tail gives the end of the server's log.
func (s *server) tail() string {
	content, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	var said strings.Builder
	for line := range strings.Lines(string(content)) {
		if !strings.Contains(line, "level=DEBUG") {
			said.WriteString(line)
		}
	}
	const most = 8 << 10
	return "the end of the log of " + s.name + ":\n" + said.String()[max(0, said.Len()-most):]
}
