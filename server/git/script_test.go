package git_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/git"
)

// hookBinary is the real hook, built once for all tests.
var hookBinary []byte

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slipway-hook-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		build := exec.Command("go", "build", "-o", dir, "github.com/slipway-paas/slipway/cmd/slipway-hook")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("building the hook: %v\n%s", err, out))
		}
		if hookBinary, err = os.ReadFile(filepath.Join(dir, "slipway-hook")); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// door is a git door that runs, and what is behind it.
type door struct {
	*platform
	url     string
	dataDir string
	stop    func()
}

// openDoor starts a git door in dir.
func openDoor(dir string, maxPushMB int) (*door, error) {
	d := &door{dataDir: filepath.Join(dir, "data")}
	sources := filepath.Join(dir, "sources")
	if err := os.MkdirAll(sources, 0o700); err != nil {
		return nil, err
	}
	d.platform = newPlatform(sources)
	d.token("slw_ann", "ann", models.ScopeWrite)
	d.token("slw_deployer", "ann", models.ScopeDeploy)
	d.token("slw_reader", "ann", models.ScopeRead)
	d.token("slw_bob", "bob", models.ScopeWrite)
	server, err := git.New(git.Options{
		DataDir: d.dataDir, HookBinary: hookBinary, MaxPushMB: maxPushMB,
		Auth: d, Apps: d, Sources: d, Deployments: d, Logs: d,
		URL:    "http://slipway.test",
		AppURL: func(app *models.App) string { return "http://" + app.Name + ".test" },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	listener := httptest.NewServer(server)
	d.url = listener.URL
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		<-served
		d.mu.Lock()
		d.stopped = true
		d.changed.Broadcast()
		d.mu.Unlock()
		listener.Close()
	})
	return d, nil
}

type doorKey struct{}

// TestScripts runs the real git client against the real server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			// The scripts' folder may lie too deep for a socket, which is a
			// case of its own; the usual one is tested here.
			dir, err := os.MkdirTemp("", "git-door-")
			if err != nil {
				return err
			}
			d, err := openDoor(dir, 2)
			if err != nil {
				return err
			}
			env.Defer(func() {
				d.stop()
				_ = os.RemoveAll(dir)
			})
			env.Values[doorKey{}] = d
			home := filepath.Join(env.WorkDir, ".home")
			env.Setenv("HOME", home)
			env.Setenv("HOST", strings.TrimPrefix(d.url, "http://"))
			for key, value := range map[string]string{
				"ANN": "slw_ann", "BOB": "slw_bob", "DEPLOYER": "slw_deployer", "READER": "slw_reader",
				"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
			} {
				env.Setenv(key, value)
			}
			if err := os.MkdirAll(home, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(gitConfig), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"app": cmdApp, "deployments": cmdDeployments, "finish": cmdFinish, "await": cmdAwait,
			"shutdown": cmdStop, "tidy": cmdTidy, "big": cmdBig,
		},
	})
}

const gitConfig = `[user]
	name = Ann
	email = ann@example.com
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[protocol "file"]
	allow = always
`

func of(ts *testscript.TestScript) *door { return ts.Value(doorKey{}).(*door) }

// app NAME [BRANCH]: ann has an app that tracks the branch.
func cmdApp(ts *testscript.TestScript, _ bool, args []string) {
	branch := ""
	if len(args) > 1 {
		branch = args[1]
	}
	_, err := of(ts).create("ann", args[0], branch)
	ts.Check(err)
}

// deployments APP: prints what was deployed to an app, oldest first.
func cmdDeployments(ts *testscript.TestScript, neg bool, args []string) {
	d := of(ts)
	d.mu.Lock()
	defer d.mu.Unlock()
	app := d.apps[args[0]]
	if app == nil {
		if !neg {
			ts.Fatalf("there is no app %s", args[0])
		}
		return
	}
	for _, one := range d.deployments {
		if one.AppID == app.ID {
			_, err := fmt.Fprintf(ts.Stdout(), "#%d %s %s %s\n", one.Number, one.SourceRef, one.State, one.CommitMessage)
			ts.Check(err)
		}
	}
	if neg {
		ts.Fatalf("there is an app %s", args[0])
	}
}

// finish: lets deployments that hold go on.
func cmdFinish(ts *testscript.TestScript, _ bool, _ []string) {
	d := of(ts)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = false
	d.changed.Broadcast()
}

// await APP N: waits until an app has n deployments.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	d := of(ts)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	ts.Check(d.wait(ctx, func() bool {
		count := 0
		for _, one := range d.deployments {
			if app := d.apps[args[0]]; app != nil && one.AppID == app.ID {
				count++
			}
		}
		return fmt.Sprint(count) == args[1]
	}))
}

// shutdown: the server is stopped.
func cmdStop(ts *testscript.TestScript, _ bool, _ []string) { of(ts).stop() }

// big FILE MB: writes a file that does not compress.
func cmdBig(ts *testscript.TestScript, _ bool, args []string) {
	var mb int
	_, err := fmt.Sscan(args[1], &mb)
	ts.Check(err)
	content := make([]byte, mb<<20)
	state := uint64(88172645463325252)
	for i := range content {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		content[i] = byte(state)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o644))
}

// tidy: no push is left half done in the repositories' folder.
func cmdTidy(ts *testscript.TestScript, _ bool, _ []string) {
	root := filepath.Join(of(ts).dataDir, "repositories")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // git may still be ending
		var left []string
		for _, pattern := range []string{".*-*", "*.git/objects/tmp_*", "*.git/objects/incoming-*"} {
			found, err := filepath.Glob(filepath.Join(root, pattern))
			ts.Check(err)
			left = append(left, found...)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("left over: %v", left)
		}
	}
}
