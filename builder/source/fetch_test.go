package source

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/slipway-paas/slipway/builder"
)

// origin is a repository with two branches and a tag, as forges have.
func origin(t *testing.T) (dir, first, second string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "team", "app.git")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q", "-b", "main")
	write(t, dir, map[string]string{"page": "one"})
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "First page\n\nbody")
	git(t, dir, "tag", "-am", "release", "v1")
	first = git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "checkout", "-qb", "feature/x")
	write(t, dir, map[string]string{"page": "two"})
	git(t, dir, "commit", "-qam", "Second page")
	second = git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "config", "uploadpack.allowAnySHA1InWant", "true")
	return dir, first, second
}

func page(t *testing.T, repo, commit string) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Archive(t.Context(), repo, commit, nil, &buf); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := Extract(t.Context(), &buf, out, Limits{}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(out, "page"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFetchRefs(t *testing.T) {
	dir, first, second := origin(t)
	for ref, c := range map[string]struct {
		want Fetched
		page string
	}{
		"":                     {Fetched{Commit: first, Ref: "refs/heads/main", Subject: "First page", Author: "Ada"}, "one"},
		"main":                 {Fetched{Commit: first, Ref: "refs/heads/main", Subject: "First page", Author: "Ada"}, "one"},
		"feature/x":            {Fetched{Commit: second, Ref: "refs/heads/feature/x", Subject: "Second page", Author: "Ada"}, "two"},
		"v1":                   {Fetched{Commit: first, Ref: "refs/tags/v1", Subject: "First page", Author: "Ada"}, "one"},
		"refs/heads/feature/x": {Fetched{Commit: second, Ref: "refs/heads/feature/x", Subject: "Second page", Author: "Ada"}, "two"},
		second:                 {Fetched{Commit: second, Subject: "Second page", Author: "Ada"}, "two"},
	} {
		t.Run("ref "+ref, func(t *testing.T) {
			repo := filepath.Join(t.TempDir(), "repo.git")
			got, err := Fetch(t.Context(), FetchRequest{URL: "file://" + dir, Ref: ref, Dir: repo, AllowFile: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if text := page(t, repo, got.Commit); text != c.page {
				t.Errorf("page %q", text)
			}
		})
	}
}

// Each fetch asks anew: what a webhook said of a branch is not believed.
func TestFetchSeesTheBranchAsItIsNow(t *testing.T) {
	dir, _, second := origin(t)
	git(t, dir, "branch", "-f", "moving", "main")
	for _, want := range []string{"one", "two"} {
		repo := filepath.Join(t.TempDir(), "repo.git")
		got, err := Fetch(t.Context(), FetchRequest{URL: "file://" + dir, Ref: "moving", Dir: repo, AllowFile: true})
		if err != nil {
			t.Fatal(err)
		}
		if text := page(t, repo, got.Commit); text != want {
			t.Errorf("page %q, want %q", text, want)
		}
		git(t, dir, "branch", "-f", "moving", second)
	}
}

func TestFetchRefuses(t *testing.T) {
	dir, _, _ := origin(t)
	empty := t.TempDir()
	git(t, empty, "init", "-q", "--bare")
	message := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(message, bytes.Repeat([]byte("and again "), 200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "checkout", "-qb", "endless")
	git(t, dir, "commit", "-q", "--allow-empty", "-F", message)
	for name, c := range map[string]struct {
		req  FetchRequest
		is   error
		want string
	}{
		"no such branch":     {FetchRequest{URL: "file://" + dir, Ref: "nope"}, ErrNoSuchRef, `"nope"`},
		"no such commit":     {FetchRequest{URL: "file://" + dir, Ref: strings.Repeat("1", 40)}, ErrNoSuchRef, "no such ref"},
		"no such repository": {FetchRequest{URL: "file://" + dir + "x"}, ErrNoSuchRemote, "no such repository"},
		"empty repository":   {FetchRequest{URL: "file://" + empty}, ErrNoSuchRef, "no HEAD yet"},
		"endless message":    {FetchRequest{URL: "file://" + dir, Ref: "endless"}, nil, "message is over 1048576 bytes"},
		"odd ref":            {FetchRequest{URL: "file://" + dir, Ref: "--upload-pack=x"}, nil, "not one that git allows"},
		"odd URL":            {FetchRequest{URL: "ext::sh -c whoami"}, nil, "git URL"},
		"unknown host":       {FetchRequest{URL: "https://slipway.invalid/x.git"}, ErrUnreachable, "host unreachable"},
		"nobody listens":     {FetchRequest{URL: "http://127.0.0.1:1/x.git"}, ErrUnreachable, "host unreachable"},
		"token in the clear": {FetchRequest{URL: "http://example.com/x.git", Credential: Credential{Token: "t"}}, nil, "in the clear"},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			c.req.Dir, c.req.AllowFile = filepath.Join(parent, "repo.git"), true
			_, err := Fetch(t.Context(), c.req)
			var failure *builder.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			checkEmpty(t, parent)
		})
	}
}

// serveHTTP serves repositories the way forges do, for those with the token.
func serveHTTP(t *testing.T, root, token string) (url string, denied func() int) {
	t.Helper()
	exe, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: exe, Args: []string{"http-backend"}, InheritEnv: []string{"PATH"},
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	var mu sync.Mutex
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if password != token {
			mu.Lock()
			count++
			mu.Unlock()
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

func TestFetchWithToken(t *testing.T) {
	dir, first, _ := origin(t)
	url, denied := serveHTTP(t, filepath.Dir(filepath.Dir(dir)), "tok-en")
	req := FetchRequest{URL: url + "/team/app.git", Ref: "main", Dir: filepath.Join(t.TempDir(), "repo.git"), Credential: Credential{Token: "tok-en"}}
	got, err := Fetch(t.Context(), req)
	if err != nil || got.Commit != first {
		t.Fatalf("%+v, %v", got, err)
	}
	if denied() != 0 {
		t.Errorf("%d requests without the token", denied())
	}
	config, err := os.ReadFile(filepath.Join(req.Dir, "config"))
	if err != nil || strings.Contains(string(config), "tok-en") || strings.Contains(string(config), "Authorization") {
		t.Errorf("the repository keeps %s, %v", config, err)
	}
	for _, token := range []string{"", "wrong-secret"} {
		req.Dir, req.Credential.Token = filepath.Join(t.TempDir(), "repo.git"), token
		_, err := Fetch(t.Context(), req)
		if !errors.Is(err, ErrAuthentication) {
			t.Errorf("token %q: %v", token, err)
		}
		basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:wrong-secret"))
		var failure *builder.Failure
		if !errors.As(err, &failure) {
			t.Fatalf("got %v, want a *Failure", err)
		}
		if text := err.Error() + failure.Err.Error(); strings.Contains(text, "wrong-secret") || strings.Contains(text, basic) {
			t.Errorf("the token is in %q", text)
		}
	}
}

// No argument of any process may hold the token, since anyone can list them.
func TestTokenIsInNoArgument(t *testing.T) {
	token := "secret-argument-token"
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	seen := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all strings.Builder
		paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, path := range paths {
			if line, err := os.ReadFile(path); err == nil {
				all.Write(line)
			}
		}
		_, password, _ := r.BasicAuth()
		select {
		case seen <- password + "\n" + all.String():
		default:
		}
		http.Error(w, "no", http.StatusNotFound)
	}))
	defer server.Close()
	_, err := Fetch(t.Context(), FetchRequest{URL: server.URL + "/x.git", Dir: filepath.Join(t.TempDir(), "r"), Credential: Credential{Token: token}})
	if !errors.Is(err, ErrNoSuchRemote) {
		t.Errorf("got %v", err)
	}
	password, arguments, _ := strings.Cut(<-seen, "\n")
	if password != token || !strings.Contains(arguments, "ls-remote") {
		t.Fatalf("the server got %q while git ran: %v", password, strings.Contains(arguments, "ls-remote"))
	}
	if strings.Contains(arguments, token) || strings.Contains(arguments, basic) {
		t.Error("the token is in an argument")
	}
}

func TestFetchEnds(t *testing.T) {
	release := make(chan struct{})
	var asked sync.Once
	reached := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Do(func() { close(reached) })
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	parent := t.TempDir()
	_, err := Fetch(t.Context(), FetchRequest{URL: server.URL + "/x.git", Dir: filepath.Join(parent, "r"), Timeout: 300 * time.Millisecond})
	var failure *builder.Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, "took over 300ms") {
		t.Errorf("got %v", err)
	}
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, FetchRequest{URL: server.URL + "/x.git", Dir: filepath.Join(parent, "r")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	checkEmpty(t, parent)
}

func TestLimitSizeStopsWhatGrows(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := limitSize(t.Context(), dir, 1000)
	defer stop()
	write(t, dir, map[string]string{"pack/tmp": strings.Repeat("x", 2000)})
	select {
	case <-ctx.Done():
		if err := context.Cause(ctx); !errors.Is(err, errTooLarge) {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("nothing happened")
	}
}

// serveSSH serves git-upload-pack to the one who has the key.
func serveSSH(t *testing.T, host ssh.Signer, allowed ssh.PublicKey) (address string) {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), allowed.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveSSHConn(conn, config)
		}
	}()
	return listener.Addr().String()
}

func serveSSHConn(conn net.Conn, config *ssh.ServerConfig) {
	defer func() { _ = conn.Close() }()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range asked {
			if request.Type != "exec" {
				_ = request.Reply(false, nil)
				continue
			}
			_ = request.Reply(true, nil)
			repo, _ := strings.CutPrefix(string(request.Payload[4:]), "git-upload-pack ")
			cmd := exec.Command("git", "-c", "safe.directory=*", "upload-pack", strings.Trim(repo, "'"))
			cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
			in, err := cmd.StdinPipe()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(in, channel); _ = in.Close() }()
			status := []byte{0, 0, 0, 0}
			if cmd.Run() != nil {
				status[3] = 128
			}
			_, _ = channel.SendRequest("exit-status", false, status)
			_ = channel.Close()
			break
		}
	}
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func TestFetchWithoutSSH(t *testing.T) {
	bin := t.TempDir()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(git, filepath.Join(bin, "git")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	_, err = Fetch(t.Context(), FetchRequest{
		URL: "ssh://git@127.0.0.1:1/team/app.git", Ref: "main", Dir: filepath.Join(t.TempDir(), "repo.git"),
		KnownHosts: filepath.Join(t.TempDir(), "known_hosts"),
	})
	if err == nil || !strings.Contains(err.Error(), "openssh-client") {
		t.Errorf("%v", err)
	}
}

func TestFetchWithDeployKey(t *testing.T) {
	dir, first, _ := origin(t)
	host, _ := newKey(t)
	deploy, deployPEM := newKey(t)
	_, otherPEM := newKey(t)
	address := serveSSH(t, host, deploy.PublicKey())
	t.Setenv("TMPDIR", t.TempDir())
	known := filepath.Join(t.TempDir(), "known hosts")
	fetch := func(address string, key []byte) (Fetched, error) {
		return Fetch(t.Context(), FetchRequest{
			URL: "ssh://git@" + address + dir, Ref: "main", Dir: filepath.Join(t.TempDir(), "repo.git"),
			Credential: Credential{DeployKey: bytes.TrimSpace(key)}, KnownHosts: known,
		})
	}
	got, err := fetch(address, deployPEM)
	if err != nil || got.Commit != first {
		t.Fatalf("%+v, %v", got, err)
	}
	if text, err := os.ReadFile(known); err != nil || len(text) == 0 {
		t.Errorf("known hosts %q, %v", text, err)
	}
	for name, key := range map[string][]byte{"another key": otherPEM, "no key": nil, "nonsense": []byte("-----BEGIN NONSENSE-----")} {
		if _, err := fetch(address, key); !errors.Is(err, ErrAuthentication) {
			t.Errorf("%s: %v", name, err)
		}
	}
	checkEmpty(t, os.Getenv("TMPDIR")) // no key is left lying about

	// A host that answers with a key of its own under a known name is refused.
	text, err := os.ReadFile(known)
	if err != nil {
		t.Fatal(err)
	}
	stranger, _ := newKey(t)
	impostor := serveSSH(t, stranger, deploy.PublicKey())
	_, oldPort, _ := net.SplitHostPort(address)
	_, newPort, _ := net.SplitHostPort(impostor)
	if err := os.WriteFile(known, bytes.ReplaceAll(text, []byte(oldPort), []byte(newPort)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(impostor, deployPEM); !errors.Is(err, errHostKey) {
		t.Errorf("impostor: %v", err)
	}
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{
		"https://github.com/team/app.git", "http://git.local:3000/app", "ssh://git@host.example:2222/srv/app.git", "git@github.com:team/app.git",
		"https://[::1]:8080/app.git", "https://host/~user/app.git", "ssh://host/app", "https://host/a%20b",
	} {
		if err := CheckURL(good, false); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "-x", "--upload-pack=touch /tmp/x", "ext::sh -c id", "fd::17", "file:///srv/app.git", "/srv/app.git", "../app", "app.git", "host:path",
		"https://user:pass@host/x", "https://token@host/x", "https://host", "https://host/", "https:///x", "https://-host/x", "ssh://-oProxyCommand=id/x",
		"ssh://git:pw@host/x", "ssh://-x@host/x", "git@host:-x", "git@-host:x", "git@host:../../x", "git://host/x", "ftp://host/x", "https://host/x?y", "https://host/x#y",
		"https://host/a b", "https://host/\n", "https://host/\u00e9", "javascript:alert(1)", "https://host/a/../../b", "https://" + strings.Repeat("a", 3000), "http:host/x", "HTTPS://host/x", "git@host:a`b",
	} {
		var failure *builder.Failure
		err := CheckURL(bad, false)
		if !errors.As(err, &failure) {
			t.Errorf("%q: %v", bad, err)
		} else if strings.Contains(failure.Message, ":pass") {
			t.Errorf("%q: the message has the password: %s", bad, failure.Message)
		}
	}
	for url, ok := range map[string]bool{"file:///srv/app.git": true, "file://host/srv": false, "file://relative": false, "file:///": false} {
		if err := CheckURL(url, true); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestCheckRef(t *testing.T) {
	for _, good := range []string{"", "main", "feature/x-1", "v1.2.3", "refs/heads/main", strings.Repeat("a", 40)} {
		if err := CheckRef(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"-x", "--x", "a b", "a..b", "a^", "a~1", "a:b", "a?", "a*", "a[", "a\\b", "/a", "a/", "a//b", "a.lock", "a.", ".a", "a/.b", "a@{1}", "a\x00", "a\n", "+a", strings.Repeat("a", 300)} {
		if err := CheckRef(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// FuzzCheckURL holds that whatever is accepted can be neither an option nor
// another transport, and carries no password.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{"https://h/p", "git@h:p", "ssh://u@h:1/p", "ext::sh", "file:///x", "-x", "https://u:p@h/p", "git@[::1]:x", "ssh://[::1%25x]/p", "git@h:http://x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := parseURL(raw, false)
		var failure *builder.Failure
		if err != nil {
			if !errors.As(err, &failure) {
				t.Fatalf("not a *Failure: %v", err)
			}
			return
		}
		scheme, rest, ok := strings.Cut(raw, "://")
		authority := raw
		if ok && !scpLike.MatchString(raw) {
			authority, _, _ = strings.Cut(rest, "/")
			if scheme = strings.ToLower(scheme); scheme != "https" && scheme != "http" && scheme != "ssh" {
				t.Fatalf("accepted %q", raw)
			}
			if _, after, _ := strings.Cut(authority, "@"); strings.HasPrefix(after, "-") {
				t.Fatalf("accepted the host of %q", raw)
			}
		} else if r.scheme != "ssh" {
			t.Fatalf("accepted %q", raw)
		}
		user, _, has := strings.Cut(authority, "@")
		if strings.HasPrefix(raw, "-") || strings.ContainsAny(raw, " \n\x00") || ok && has && strings.Contains(user, ":") && !scpLike.MatchString(raw) {
			t.Fatalf("accepted %q", raw)
		}
	})
}
