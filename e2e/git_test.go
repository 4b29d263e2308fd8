package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// repository is a working copy of somebody who pushes.
type repository struct {
	t   *testing.T
	dir string
	env []string
}

// files are what a commit holds, by path.
type files map[string]string

func newRepository(t *testing.T, content files) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir(), env: append(os.Environ(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")}
	r.git("init", "-q", "-b", "main")
	r.commit("First", content)
	return r
}

// git runs git, which must succeed.
func (r *repository) git(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// try runs git and gives what it prints on both streams.
func (r *repository) try(args ...string) (string, error) {
	cmd := r.command(args...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (r *repository) command(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

// commit writes files and commits all there is.
func (r *repository) commit(message string, content files) {
	r.t.Helper()
	for path, text := range content {
		path = filepath.Join(r.dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "\x7fELF") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
}

// push pushes main to an app and gives what the pusher's terminal shows.
func (r *repository) push(in *installation, name string) (string, error) {
	return r.try(r.pushArgs(in, name)...)
}

func (r *repository) pushArgs(in *installation, name string) []string {
	return []string{
		"-c", "credential.helper=", "-c", "credential.helper=!f() { echo username=x; echo password=" + in.token + "; }; f",
		"push", in.url + "/" + name + ".git", "main",
	}
}

// deploy pushes main to an app; the deployment must succeed.
func (r *repository) deploy(in *installation, name string) string {
	r.t.Helper()
	out, err := r.push(in, name)
	if err != nil {
		r.t.Fatalf("git push: %v\n%s", err, out)
	}
	return out
}

// nonce makes build steps this run's own: the engine's build cache outlives us.
var nonce = strconv.FormatInt(time.Now().UnixNano(), 36)

// step is a line of a Dockerfile that does something with the test app.
func step(args ...string) string {
	quoted, _ := json.Marshal(append(append([]string{"/app"}, args...), nonce)) // strings cannot fail
	return "RUN " + string(quoted)
}

// testApp is a source FROM scratch around the test app, with the variables and
// build steps that a story wants, such as "ENV VERSION=2".
func testApp(t *testing.T, lines ...string) files {
	t.Helper()
	program, err := os.ReadFile(appBin)
	if err != nil {
		t.Fatal(err)
	}
	return files{"app": string(program), "Dockerfile": dockerfile(lines...)}
}

func dockerfile(lines ...string) string {
	return "FROM scratch\nCOPY app /app\n" + strings.Join(lines, "\n") + "\nCMD [\"/app\"]\n"
}
