package git_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
)

type doorKey struct{}

// TestScripts runs the real git client against the real server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			dir, err := os.MkdirTemp("", "git-door-")
			if err != nil {
				return err
			}
			d := openDoor(t, dir, 2)
			env.Defer(func() {
				d.yard.let()
				d.stop()
				_ = os.RemoveAll(dir)
			})
			env.Values[doorKey{}] = d
			home := filepath.Join(env.WorkDir, ".home")
			env.Setenv("HOME", home)
			env.Setenv("HOST", strings.TrimPrefix(d.url, "http://"))
			for name, secret := range d.tokens {
				env.Setenv(name, secret)
			}
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			env.Setenv("GIT_TERMINAL_PROMPT", "0")
			env.Setenv("LC_ALL", "C")
			if err := os.MkdirAll(home, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(gitConfig), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"app": cmdApp, "deployments": cmdDeployments, "finish": cmdFinish, "await": cmdAwait,
			"shutdown": cmdShutdown, "tidy": cmdTidy, "big": cmdBig,
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

// patience is how long a condition may take.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// app NAME [BRANCH]: ann has an app that tracks the branch.
func cmdApp(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := patience()
	defer cancel()
	_, err := of(ts).apps.Create(ctx, of(ts).ann, apps.New{Name: args[0]})
	ts.Check(err)
	if len(args) > 1 {
		_, _, err = of(ts).apps.Update(ctx, of(ts).ann, args[0], 0, apps.Changes{Branch: &args[1]})
		ts.Check(err)
	}
}

// deployments APP: prints what was deployed to an app, oldest first. With !,
// there is no such app.
func cmdDeployments(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := patience()
	defer cancel()
	lines, err := of(ts).deployments(ctx, args[0])
	if neg {
		if err == nil || models.KindOf(err) != models.KindNotFound {
			ts.Fatalf("there is an app %s: %v", args[0], err)
		}
		return
	}
	ts.Check(err)
	for _, line := range lines {
		_, err := fmt.Fprintln(ts.Stdout(), line)
		ts.Check(err)
	}
}

// finish: builds that hold go on.
func cmdFinish(ts *testscript.TestScript, _ bool, _ []string) { of(ts).yard.let() }

// await APP LINE: waits until a line of its deployments begins so.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := patience()
	defer cancel()
	ts.Check(eventually(ctx, func() (bool, error) {
		lines, err := of(ts).deployments(ctx, args[0])
		if models.KindOf(err) == models.KindNotFound && err != nil {
			return false, nil
		}
		for _, line := range lines {
			if strings.HasPrefix(line, args[1]) {
				return true, nil
			}
		}
		return false, err
	}))
}

// shutdown: the server is stopped.
func cmdShutdown(ts *testscript.TestScript, _ bool, _ []string) { of(ts).stop() }

// tidy: no push has left anything half done.
func cmdTidy(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := patience()
	defer cancel()
	var left []string
	err := eventually(ctx, func() (bool, error) { // git may still be ending
		var err error
		left, err = of(ts).leftovers()
		return len(left) == 0, err
	})
	if err != nil {
		ts.Fatalf("%v: left over: %v", err, left)
	}
}

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
