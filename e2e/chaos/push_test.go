package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// repository is a working copy of somebody who pushes to one app.
type repository struct {
	home *home
	app  string
	dir  string
	env  []string
}

// nonce makes steps of builds this run's own: the engine's build cache outlives us.
var nonce = strconv.FormatInt(time.Now().UnixNano(), 36)

// clone makes a repository with the test app in it.
func (h *home) clone(t *testing.T, app string) *repository {
	t.Helper()
	r := &repository{home: h, app: app, dir: t.TempDir(), env: append(os.Environ(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")}
	program, err := os.ReadFile(suite.app)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "app"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "Procfile"), []byte("web: /app\nworker: /app work\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.git(t, "init", "-q", "-b", "main")
	return r
}

func (r *repository) command(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

func (r *repository) git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := r.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a version of the app, with more lines for its Dockerfile, and
// gives its hash.
func (r *repository) commit(t *testing.T, version string, lines ...string) string {
	t.Helper()
	text := "FROM scratch\nCOPY app /app\n" + strings.Join(lines, "\n") + "\nENV VERSION=" + version + "\nCMD [\"/app\"]\n"
	if err := os.WriteFile(filepath.Join(r.dir, "Dockerfile"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "--allow-empty", "-m", "Version "+version)
	return r.git(t, "rev-parse", "HEAD")
}

// nap is a build step that takes its time.
func nap(length time.Duration) string {
	return fmt.Sprintf(`RUN ["/app", "nap", "%s", "%s-%d"]`, length, nonce, time.Now().UnixNano())
}

// pushing is a push that is under way.
type pushing struct {
	commit string
	done   chan struct{}
	out    string // what the terminal shows
	err    error  // git's
}

// push pushes what is committed to a server, and enters it into the ledger.
func (r *repository) push(t *testing.T, to *server) *pushing {
	t.Helper()
	p := r.send(r.git(t, "rev-parse", "HEAD"), to)
	t.Cleanup(func() { <-p.done })
	return p
}

// send is push for those who know the commit, from any goroutine.
func (r *repository) send(commit string, to *server) *pushing {
	p := &pushing{commit: commit, done: make(chan struct{})}
	cmd := r.command(r.signed("push", "--force", to.url+"/"+r.app+".git", "HEAD:main")...)
	go func() {
		defer close(p.done)
		out, err := cmd.CombinedOutput()
		p.out, p.err = string(out), err
		r.home.ledger.enter(r.app, p)
	}()
	return p
}

// signed gives a git command the admin token.
func (r *repository) signed(args ...string) []string {
	return append([]string{"-c", "credential.helper=", "-c", "credential.helper=!f() { echo username=x; echo password=" + r.home.token + "; }; f"}, args...)
}

// remoteHead gives where a server's branch is.
func (r *repository) remoteHead(of *server) (string, error) {
	out, err := r.command(r.signed("ls-remote", of.url+"/"+r.app+".git", "refs/heads/main")...).Output()
	head, _, _ := strings.Cut(string(out), "\t")
	return head, err
}

// deploy pushes what is committed; the deployment must succeed.
func (r *repository) deploy(t *testing.T, to *server) {
	t.Helper()
	p := r.push(t, to)
	if <-p.done; p.err != nil {
		t.Fatalf("git push: %v\n%s", p.err, p.out)
	}
}

var announced = regexp.MustCompile(`Deployment #(\d+) of `)

// acknowledged gives the number of the deployment that the pusher was told of,
// 0 if of none.
func (p *pushing) acknowledged() int {
	if found := announced.FindStringSubmatch(p.out); found != nil {
		number, _ := strconv.Atoi(found[1])
		return number
	}
	return 0
}

// ledger holds what pushers were told, to be compared with what was written.
type ledger struct {
	mu     sync.Mutex
	pushes []entry
}

type entry struct {
	app, commit string
	number      int  // of the deployment that was acknowledged, 0 if none was
	accepted    bool // git moved the branch
	out         string
}

func (l *ledger) enter(app string, p *pushing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushes = append(l.pushes, entry{app, p.commit, p.acknowledged(), p.err == nil, p.out})
}

func (l *ledger) all() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]entry(nil), l.pushes...)
}
