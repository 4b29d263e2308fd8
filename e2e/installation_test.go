package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// installation is one Slipway with a name, ports, networks and data of its own.
type installation struct {
	name   string
	dir    string // holds data, server.log and whatever a story needs
	data   string
	url    string
	listen string
	router string // host:port
	env    []string
	token  string // admin

	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

var installations atomic.Int32

// prepare makes an installation that does not run yet and that leaves nothing
// behind when the test ends. Settings are NAME=value, over the ones for tests.
func prepare(t *testing.T, settings ...string) *installation {
	t.Helper()
	in, err := newInstallation(t.TempDir(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.remove(); err != nil {
			t.Error(err)
		}
		in.gone()
		if t.Failed() {
			t.Log(in.tail())
		}
	})
	return in
}

// install makes an installation, starts it and makes its owner.
func install(t *testing.T, settings ...string) *installation {
	t.Helper()
	in := prepare(t, settings...)
	in.start(t)
	in.claim(t)
	return in
}

func newInstallation(dir string, settings []string) (*installation, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	n := installations.Add(1)
	in := &installation{
		name: fmt.Sprintf("slw-e2e-%d-%d", os.Getpid(), n), dir: dir, data: filepath.Join(dir, "data"),
		listen: "127.0.0.1:" + ports[0], router: "127.0.0.1:" + ports[1],
	}
	in.url = "http://" + in.listen
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SLIPWAY_") && !strings.HasPrefix(variable, "DATABASE_URL=") {
			in.env = append(in.env, variable)
		}
	}
	in.env = append(in.env,
		"SLIPWAY_DATA="+in.data, "SLIPWAY_INSTALLATION="+in.name, "SLIPWAY_LISTEN="+in.listen,
		"SLIPWAY_ROUTER_HTTP="+in.router, "SLIPWAY_ROUTER_HTTPS=off",
		fmt.Sprintf("SLIPWAY_NETWORK_POOL=10.%d.0.0/16", 221+n%30),
		"SLIPWAY_ALLOW_FILE_SOURCES=true", "SLIPWAY_LOG_LEVEL=debug",
		"SLIPWAY_HEALTH_TIMEOUT=40s", "SLIPWAY_DRAIN_TIMEOUT=10s", "SLIPWAY_STOP_GRACE=2s")
	in.env = append(in.env, settings...)
	in.born()
	return in, nil
}

// common is the installation that stories share which do nothing to the server.
var common shared

type shared struct {
	once sync.Once
	in   *installation
	dir  string
	err  error
}

// installed gives the shared installation, started.
func installed(t *testing.T) *installation {
	t.Helper()
	common.once.Do(func() {
		if common.dir, common.err = os.MkdirTemp("", "slipway-e2e-common-"); common.err != nil {
			return
		}
		if common.err = os.Chmod(common.dir, 0o755); common.err != nil { // Postgres is another user
			return
		}
		if common.in, common.err = newInstallation(common.dir, nil); common.err != nil {
			return
		}
		common.in.start(t)
		common.in.claim(t)
	})
	if common.err != nil || common.in == nil || common.in.token == "" {
		t.Fatalf("the shared installation is not there: %v", common.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(common.in.tail())
		}
	})
	return common.in
}

func (s *shared) end() {
	if s.in != nil {
		if err := s.in.remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// start starts the server and waits until it is ready.
func (in *installation) start(t *testing.T) {
	t.Helper()
	in.launch(t)
	eventually(t, 60*time.Second, "the server is ready", func() error {
		if !in.running() {
			t.Fatalf("the server ended:\n%s", in.tail())
		}
		return in.ready()
	})
}

// launch starts the server and waits for nothing.
func (in *installation) launch(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(in.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := in.command("server")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	in.cmd, in.ended = cmd, ended
}

func (in *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command(slipwayBin, args...)
	cmd.Env, cmd.Dir = in.env, in.dir
	return cmd
}

func (in *installation) logFile() string { return filepath.Join(in.dir, "server.log") }

// ready says whether the server says that it is.
func (in *installation) ready() error {
	resp, err := http.Get(in.url + "/readyz")
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

func (in *installation) running() bool {
	if in.cmd == nil {
		return false
	}
	select {
	case <-in.ended:
		return false
	default:
		return true
	}
}

// kill ends the server as a power cut would: it gets to do nothing more.
func (in *installation) kill(t *testing.T) {
	t.Helper()
	if err := in.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-in.ended
}

// stop ends the server in order.
func (in *installation) stop() error {
	if !in.running() {
		return nil
	}
	_ = in.cmd.Process.Signal(os.Interrupt)
	select {
	case <-in.ended:
		return nil
	case <-time.After(60 * time.Second):
		_ = in.cmd.Process.Kill()
		<-in.ended
		return errors.New("the server did not stop within a minute")
	}
}

// remove ends everything that belongs to the installation.
func (in *installation) remove() error {
	err := in.stop()
	in.keepLog()
	in.endPostgres()
	out, down := in.command("server", "down", "--purge", "--volumes").CombinedOutput()
	if down != nil {
		down = fmt.Errorf("server down: %w\n%s", down, out)
	}
	return errors.Join(err, down)
}

// keepLog copies the server's log to the folder that E2E_LOGS names.
func (in *installation) keepLog() {
	if dir := os.Getenv("E2E_LOGS"); dir != "" {
		if content, err := os.ReadFile(in.logFile()); err == nil {
			_ = os.WriteFile(filepath.Join(dir, in.name+".log"), content, 0o600) // for who looks into a failure
		}
	}
}

// endPostgres ends a Postgres that outlived a killed server.
func (in *installation) endPostgres() {
	found, _ := filepath.Glob(filepath.Join(in.data, "postgres", "*", "postmaster.pid"))
	for _, path := range found {
		content, _ := os.ReadFile(path)
		first, _, _ := strings.Cut(string(content), "\n")
		if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
	}
}

// tail gives the end of the server's log.
func (in *installation) tail() string {
	content, err := os.ReadFile(in.logFile())
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
	return "the end of the server's log:\n" + said.String()[max(0, said.Len()-most):]
}

// bootstrapToken reads the token of the link that makes the owner.
func (in *installation) bootstrapToken(t *testing.T) string {
	t.Helper()
	link, err := os.ReadFile(filepath.Join(in.data, "bootstrap-link"))
	if err != nil {
		t.Fatal(err)
	}
	_, token, found := strings.Cut(strings.TrimSpace(string(link)), "/setup?token=")
	if !found {
		t.Fatalf("the bootstrap link is %q", link)
	}
	return token
}

// ownerPassword is that of every owner here.
const ownerPassword = "a long enough password"

// claim makes the owner and an API token that may do everything.
func (in *installation) claim(t *testing.T) {
	t.Helper()
	browser := in.browser(t)
	browser.post("/api/v1/setup", map[string]any{
		"token": in.bootstrapToken(t), "email": "ada@example.com", "name": "Ada", "password": ownerPassword,
	}).want(201)
	var made struct{ Token string }
	browser.post("/api/v1/tokens", map[string]any{"name": "tests", "scopes": []string{"admin"}}).want(201).into(&made)
	in.token = made.Token
}

// serverLog gives all that the server has logged.
func (in *installation) serverLog(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(in.logFile())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(content)
}

// nextPort is where to look for a free port. It lies below the ports that the
// system gives to whoever connects somewhere: such a one might be taken before a
// server listens, or while it is down.
var nextPort atomic.Int32

func freePorts(n int) ([]string, error) {
	const from, count = 20_000, 10_000
	ports := make([]string, 0, n)
	for range count {
		port := strconv.Itoa(from + (os.Getpid()*64+int(nextPort.Add(1)))%count)
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue // taken
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("no port is free")
}

// eventually waits until a condition holds.
func eventually(t *testing.T, within time.Duration, what string, holds func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s: %v", within, what, err)
		}
		time.Sleep(40 * time.Millisecond) // between two looks at what other processes do
	}
}
