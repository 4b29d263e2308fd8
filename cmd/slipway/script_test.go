package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"slipway": main})
}

// TestScripts types what the manual says against a server of its own, with its
// own Postgres, router and containers.
func TestScripts(t *testing.T) {
	server := startServer(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			name := strings.ReplaceAll(filepath.Base(env.WorkDir), "script-", "")
			env.Setenv("APP", name)
			env.Setenv("SLIPWAY_URL", server.url)
			env.Setenv("SLIPWAY_TOKEN", server.token)
			env.Setenv("SLIPWAY_INSTALLATION", server.installation)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
			env.Setenv("HOME", env.WorkDir)
			for key, value := range map[string]string{
				"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
				"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
				"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "main",
				"GIT_CONFIG_KEY_1":   "credential.helper",
				"GIT_CONFIG_VALUE_1": `!f() { echo username=ada; echo "password=$SLIPWAY_TOKEN"; }; f`,
			} {
				env.Setenv(key, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"visit":  visit,
			"setenv": setenv,
			"until":  until,
		},
	})
}

// exits runs a command that must end with an exit code: exits 4 slipway …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	switch {
	case err == nil && want == 0:
	case errors.As(err, &ended) && ended.ExitCode() == want:
	default:
		ts.Fatalf("want exit code %d, got: %v", want, err)
	}
}

// visit fetches the front page of the app that APP names, as a browser would.
// What has been deployed answers at once, so there is no second try.
func visit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: visit")
	}
	ts.Check(ts.Exec("slipway", "open", "-a", ts.Getenv("APP")))
	resp, err := client.Get(strings.TrimSpace(ts.ReadFile("stdout")))
	ts.Check(err)
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	ts.Check(err)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", resp.Status, body)
	}
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
}

// setenv sets a variable to what a file holds: setenv NAME FILE.
func setenv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// until runs a command until its output has some text: until TEXT command…
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT command…")
	}
	var last string
	waitUntil(ts.Fatalf, func() bool {
		err := ts.Exec(args[1], args[2:]...)
		last = ts.ReadFile("stdout") + ts.ReadFile("stderr")
		return err == nil && strings.Contains(last, args[0])
	}, &last)
}

func waitUntil(fatalf func(string, ...any), done func() bool, last *string) {
	deadline := time.Now().Add(3 * time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			fatalf("not within 3 minutes; last: %s", *last)
		}
		time.Sleep(50 * time.Millisecond) // between two looks at what another process does
	}
}

// client dials loopback for every host: the router tells apps apart by name.
var client = &http.Client{
	Timeout: time.Minute,
	Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}},
}

type testServer struct {
	url, token, installation string
}

// startServer runs `slipway server` as an operator would, and makes the owner.
func startServer(t *testing.T) *testServer {
	t.Helper()
	data := t.TempDir()
	ports := freePorts(t, 3)
	s := &testServer{
		url:          "http://127.0.0.1:" + ports[0],
		installation: "slipway-cli-" + strconv.Itoa(os.Getpid()),
	}
	// What a shell has for its own Slipway, by .demo/env say, is not for this one.
	environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SLIPWAY_") })
	environment = append(environment,
		"SLIPWAY_DATA="+data, "SLIPWAY_LISTEN=127.0.0.1:"+ports[0], "SLIPWAY_INSTALLATION="+s.installation,
		"SLIPWAY_ROUTER_HTTP=127.0.0.1:"+ports[1], "SLIPWAY_ROUTER_HTTPS=127.0.0.1:"+ports[2],
		"DATABASE_URL=", "SLIPWAY_ALLOW_FILE_SOURCES=true", "SLIPWAY_STOP_GRACE=1s", "SLIPWAY_DRAIN_TIMEOUT=5s")
	var log bytes.Buffer
	cmd := slipway(t, environment, "server")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		if out, err := slipway(t, environment, "server", "down", "--purge").CombinedOutput(); err != nil {
			t.Errorf("slipway server down: %v\n%s", err, out)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.String())
		}
	})
	waitUntil(func(format string, args ...any) { t.Helper(); t.Fatalf(format, args...) }, func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server ended: %v\n%s", err, log.String())
		default:
		}
		resp, err := client.Get(s.url + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, new(string))
	s.token = makeOwner(t, s.url, filepath.Join(data, "bootstrap-link"))
	return s
}

// slipway runs this test program as slipway.
func slipway(t *testing.T, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: self, Args: append([]string{"slipway"}, args...), Env: environment}
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
	}
	return ports
}

// makeOwner goes through the bootstrap link and gives an API token.
func makeOwner(t *testing.T, server, linkFile string) string {
	t.Helper()
	link, err := os.ReadFile(linkFile)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, found := strings.Cut(strings.TrimSpace(string(link)), "token=")
	if !found {
		t.Fatalf("no token in the bootstrap link %q", link)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	post := func(path string, body map[string]any, answer any) {
		t.Helper()
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := browser.Post(server+path, "application/json", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		got, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusCreated {
			err = fmt.Errorf("%s: %s", resp.Status, got)
		}
		if err == nil {
			err = json.Unmarshal(got, answer)
		}
		if err != nil {
			t.Fatalf("POST %s: %v", path, err)
		}
	}
	post("/api/v1/setup", map[string]any{"token": secret, "email": "ada@example.com", "name": "Ada", "password": "a long enough password"}, &struct{}{})
	var made struct {
		Token string `json:"token"`
	}
	post("/api/v1/tokens", map[string]any{"name": "scripts", "scopes": []string{"admin"}}, &made)
	return made.Token
}
