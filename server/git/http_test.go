package git_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/git"
)

// ask sends one request as git would, with ann's token.
func (d *door) ask(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	ctx, cancel := patience()
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("anybody", d.tokens["ANN"])
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// run runs git as ann in a folder.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := gitCommand(t, dir, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func gitCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=a@example.com")
	return cmd
}

// folder makes a repository with one commit of the files: name and content in
// turn.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "init", "-q", "-b", "main")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-q", "-m", "Say hello")
	return dir
}

func (d *door) remote(app string) string {
	return strings.Replace(d.url, "http://", "http://ann:"+d.tokens["ANN"]+"@", 1) + "/" + app + ".git"
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := openDoor(t, t.TempDir(), 16)
	t.Cleanup(func() {
		d.yard.let()
		d.stop()
	})
	return d
}

const wants = "application/x-git-upload-pack-request"

func TestHTTP(t *testing.T) {
	d := newDoor(t)
	work := folder(t, "index.html", "Hello")
	run(t, work, "push", "-q", d.remote("hello"), "main")
	commit := strings.TrimSpace(run(t, work, "rev-parse", "HEAD"))
	request := "0032want " + commit + "\n00000009done\n"

	t.Run("packed", func(t *testing.T) {
		for name, body := range map[string][]byte{"gzip": zip(t, request), "identity": []byte(request)} {
			res, text := d.ask(t, "POST", "/hello.git/git-upload-pack", bytes.NewReader(body), "Content-Type", wants, "Content-Encoding", name)
			if res.StatusCode != 200 || !strings.HasPrefix(text, "0008NAK\nPACK") || res.Header.Get("Content-Type") != "application/x-git-upload-pack-result" {
				t.Errorf("%s: %d %.40q", name, res.StatusCode, text)
			}
		}
	})
	t.Run("bomb", func(t *testing.T) {
		bomb := zip(t, strings.Repeat("0032want "+commit+"\n", 1<<20))
		res, text := d.ask(t, "POST", "/hello.git/git-upload-pack", bytes.NewReader(bomb), "Content-Type", wants, "Content-Encoding", "gzip")
		if strings.Contains(text, "PACK") {
			t.Errorf("%d bytes are taken as %d: %d", len(bomb), 50<<20, res.StatusCode)
		}
	})
	t.Run("refused", func(t *testing.T) {
		for _, test := range []struct {
			status               int
			method, path         string
			body, kind, encoding string
		}{
			{400, "POST", "/hello.git/git-upload-pack", "not gzip", wants, "gzip"},
			{400, "POST", "/hello.git/git-upload-pack", request, wants, "br"},
			{404, "POST", "/hello.git/git-upload-pack", request, "text/plain", ""},
			{404, "POST", "/hello.git/git-upload-archive", request, "application/x-git-upload-archive-request", ""},
			{404, "GET", "/hello.git/HEAD", "", "", ""},
			{404, "GET", "/hello.git/info/refs", "", "", ""},
			{404, "GET", "/hello.git/info/refs?service=git-shell", "", "", ""},
			{404, "GET", "/hello/info/refs?service=git-upload-pack", "", "", ""},
			{404, "GET", "/../etc.git/info/refs?service=git-upload-pack", "", "", ""},
			{404, "GET", "/%2e%2e%2fhello.git/info/refs?service=git-upload-pack", "", "", ""},
			{400, "GET", "/-x.git/info/refs?service=git-receive-pack", "", "", ""},
			{404, "DELETE", "/hello.git/info/refs?service=git-upload-pack", "", "", ""},
		} {
			res, text := d.ask(t, test.method, test.path, strings.NewReader(test.body), "Content-Type", test.kind, "Content-Encoding", test.encoding)
			if res.StatusCode != test.status || text == "" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%s %s: %d %q", test.method, test.path, res.StatusCode, text)
			}
		}
	})
	t.Run("rubbish", func(t *testing.T) {
		for _, body := range []string{"", "0000", "zzzz", "0032want " + strings.Repeat("f", 40) + "\n00000009done\n", "0005", strings.Repeat("\x00", 5000)} {
			for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
				_, text := d.ask(t, "POST", "/hello.git/"+service, strings.NewReader(body), "Content-Type", "application/x-"+service+"-request", "Git-Protocol", "version=2; rm -rf")
				if strings.Contains(text, d.dataDir) {
					t.Errorf("%s tells where the data is: %q", service, text)
				}
			}
		}
		if lines, err := d.deployments(t.Context(), "hello"); err != nil || len(lines) != 1 {
			t.Errorf("%v, %v", lines, err)
		}
	})
	t.Run("stranger", func(t *testing.T) {
		res, text := d.ask(t, "GET", "/hello.git/info/refs?service=git-upload-pack", nil, "Authorization", "")
		if res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") || !strings.Contains(text, "the token as the password") {
			t.Errorf("%d %q", res.StatusCode, text)
		}
	})
}

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A data folder whose name is too long for a socket works too.
func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep", 30), `it's: "odd"`)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d := openDoor(t, dir, 16)
	defer d.stop()
	if out := run(t, folder(t, "index.html", "Hello"), "push", d.remote("hello"), "main"); !strings.Contains(out, "Live at") {
		t.Error(out)
	}
}

// The repository of a destroyed app goes, and its name begins anew.
func TestRemove(t *testing.T) {
	d := newDoor(t)
	work := folder(t, "index.html", "Hello")
	run(t, work, "push", "-q", d.remote("hello"), "main")
	app, err := d.apps.Find(t.Context(), d.ann, "hello")
	if err != nil {
		t.Fatal(err)
	}
	repositories := git.Repositories{DataDir: d.dataDir}
	if !repositories.Has(app.ID) {
		t.Error("the push is not kept")
	}
	if err := d.apps.Destroy(t.Context(), d.ann, "hello", 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := repositories.Remove(app.ID); err != nil {
			t.Error(err)
		}
	}
	if repositories.Has(app.ID) {
		t.Error("the repository is still there")
	}
	if out := run(t, work, "push", d.remote("hello"), "main"); !strings.Contains(out, "Created app hello") || !strings.Contains(out, "(v1") {
		t.Error(out)
	}
}

// Nobody but a push's own hook is heard on the socket, and that one once.
func TestSocketKnowsItsHooks(t *testing.T) {
	d := newDoor(t)
	found, err := filepath.Glob(filepath.Join(d.dataDir, "run", "hook-*.sock"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	info, err := os.Stat(found[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	hook := exec.CommandContext(t.Context(), filepath.Join(d.dataDir, "hooks", "pre-receive"))
	hook.Env = []string{"SLIPWAY_HOOK_SOCKET=" + found[0], "SLIPWAY_PUSH_ID=guessed"}
	out, err := hook.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Slipway does not know this push") {
		t.Errorf("%v: %s", err, out)
	}
}

type hasty struct{}

func (hasty) Authenticate(context.Context, string, string) (models.Actor, error) {
	return models.Actor{}, &models.Error{Kind: models.KindRateLimited, Message: "too many wrong tokens", RetryAfter: 90 * time.Second}
}

func TestRateLimit(t *testing.T) {
	server, err := git.New(git.Options{DataDir: t.TempDir(), HookBinary: hookBinary, MaxPushMB: 1, Auth: hasty{}, Apps: (*apps.Service)(nil), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/hello.git/info/refs?service=git-upload-pack", nil)
	r.SetBasicAuth("ann", "wrong")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "90" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Serve(ctx); err != nil {
		t.Error(err)
	}
}
