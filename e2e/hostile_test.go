package e2e

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Paths that climb, names that are none and packs that are rubbish get an
// answer in words, and nothing of them reaches the disk.
func TestHostileGit(t *testing.T) {
	in := installed(t)
	newRepository(t, files{"index.html": "here"}).deploy(in, "harbour")
	before := sources(t, in)
	api := in.api(t)
	api.token = ""
	basic := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+in.token))}
	for _, path := range []string{
		"/.git/info/refs?service=git-receive-pack", "/-x.git/info/refs?service=git-receive-pack",
		"/--upload-pack=evil.git/info/refs?service=git-upload-pack", "/Harbour.git/info/refs?service=git-receive-pack",
		"/harbour%00.git/info/refs?service=git-receive-pack", "/" + strings.Repeat("a", 5000) + ".git/info/refs?service=git-receive-pack",
		"/harbour.git/HEAD", "/harbour.git/config", "/harbour.git/objects/info/packs", "/harbour.git/info/refs",
		"/harbour.git/info/refs?service=git-evil", "/harbour.git/../../secret-key", "/nobody.git/info/refs?service=git-upload-pack",
	} {
		if r := api.send("GET", path, nil, basic); r.status < 400 || r.status >= 500 || len(r.body) == 0 {
			t.Errorf("%.60s: %d %.200s", path, r.status, r.body)
		}
	}
	for _, path := range []string{"/../harbour.git", "/%2e%2e/harbour.git", "/..%2fharbour.git", "//harbour.git", "/a/../harbour.git"} {
		for _, file := range []string{"/info/refs?service=git-upload-pack", "/HEAD", "/config"} {
			r := api.send("GET", path+file, nil, basic)
			if r.status < 400 || r.status >= 500 || strings.Contains(string(r.body), "refs/heads") || strings.Contains(string(r.body), "[core]") {
				t.Errorf("%s%s: %d %.200s", path, file, r.status, r.body)
			}
		}
	}
	for _, body := range []string{"rubbish", "ffff", "00ff" + strings.Repeat("x", 20), "0032want 0000", strings.Repeat("0", 100_000)} {
		for _, service := range []string{"git-receive-pack", "git-upload-pack"} {
			r := api.send("POST", "/harbour.git/"+service, []byte(body), map[string]string{
				"Authorization": basic["Authorization"], "Content-Type": "application/x-" + service + "-request",
			})
			if r.status >= 500 {
				t.Errorf("%.20q to %s: %d %.200s", body, service, r.status, r.body)
			}
		}
	}
	for _, ref := range []string{"refs/notes/x", "refs/for/main", "refs/heads/-x", "refs/heads/HEAD", "refs/slipway/x"} {
		out, err := newRepository(t, files{"index.html": "x"}).try("-c", "credential.helper=",
			"-c", "http.extraHeader=Authorization: "+basic["Authorization"], "push", in.url+"/harbour.git", "main:"+ref)
		if err == nil || !strings.Contains(out, "cannot be pushed") {
			t.Errorf("%s: %v\n%s", ref, err, out)
		}
	}
	if after := sources(t, in); after != before {
		t.Errorf("refused pushes leave %q, before %q", after, before)
	}
	if n := len(in.api(t).deployments("harbour")); n != 1 {
		t.Errorf("%d deployments, want 1", n)
	}
	in.shows(t, "harbour", "/", "here")
}

// A websocket wants a credential, and from a browser the right origin.
func TestWebsocketsAreGuarded(t *testing.T) {
	in := installed(t)
	newRepository(t, files{"index.html": "x"}).deploy(in, "guarded")
	base := strings.Replace(in.url, "http", "ws", 1) + "/api/v1/"
	for _, path := range []string{"live", "apps/guarded/logs/stream", "apps/guarded/deployments/1/logs/stream"} {
		for _, c := range []struct {
			what   string
			header http.Header
			want   int
		}{
			{"nobody", http.Header{}, 401},
			{"a made-up token", http.Header{"Authorization": {"Bearer slw_" + strings.Repeat("x", 39)}}, 401},
			{"another site's page", http.Header{"Authorization": {"Bearer " + in.token}, "Origin": {"http://evil.example"}}, 403},
			{"a sandboxed page", http.Header{"Authorization": {"Bearer " + in.token}, "Origin": {"null"}}, 403},
			{"the dashboard", http.Header{"Authorization": {"Bearer " + in.token}, "Origin": {in.url}}, 101},
		} {
			conn, resp, err := websocket.DefaultDialer.Dial(base+path, c.header)
			if err == nil {
				_ = conn.Close()
			}
			if resp == nil || resp.StatusCode != c.want {
				t.Errorf("%s opens %s: %+v, %v", c.what, path, resp, err)
			}
		}
	}
}

// Guessing passwords is slowed down, and a header that claims another address
// does not help. Who has a session is not shut out with the guesser.
func TestGuessingIsThrottled(t *testing.T) {
	in := install(t, "SLIPWAY_ROUTER=off")
	browser := in.browser(t)
	browser.post("/api/v1/session", map[string]string{"email": "ada@example.com", "password": ownerPassword}).want(200)
	guess := func(i int, email string) (throttled int) {
		t.Helper()
		spoofed := fmt.Sprintf("203.0.113.%d", i)
		r := in.browser(t).send("POST", "/api/v1/session", map[string]string{"email": email, "password": "guess"},
			map[string]string{"X-Forwarded-For": spoofed, "X-Real-IP": spoofed, "Forwarded": "for=" + spoofed})
		if r.want(401, 429).status == 429 {
			throttled = 1
			if r.header.Get("Retry-After") == "" {
				t.Error("a throttled guess is not told when to come back")
			}
		}
		return throttled
	}
	one, many := 0, 0
	for i := range 16 {
		one += guess(i, "bob@example.com")
	}
	for i := range 40 {
		many += guess(100+i, fmt.Sprintf("user%d@example.com", i))
	}
	if one < 4 || many < 10 {
		t.Errorf("%d of 16 guesses at one account and %d of 40 at as many were throttled", one, many)
	}
	browser.get("/api/v1/session").want(200)
	in.api(t).get("/api/v1/apps").want(200)
}

// Clients that are slow, loud or many do not keep the others waiting.
func TestSlowLoudAndMany(t *testing.T) {
	in := installed(t)
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", in.listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	for _, start := range []string{
		"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		for range 100 {
			if _, err := io.WriteString(dial(), start); err != nil {
				t.Fatal(err)
			}
		}
	}
	loud := dial()
	go func() {
		_, _ = io.WriteString(loud, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Loud: "+strings.Repeat("a", 2<<20)+"\r\n\r\n")
	}()
	resp, err := http.ReadResponse(bufio.NewReader(loud), nil)
	if err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 2 MiB: %+v, %v", resp, err)
	}

	began := time.Now()
	var all sync.WaitGroup
	failures := make(chan error, 1000)
	for i := range 1000 {
		all.Go(func() {
			r, err := in.api(t).try("GET", []string{"/api/v1/apps", "/api/v1/deployments", "/api/v1/events", "/readyz"}[i%4], nil, nil)
			if err == nil && r.status != 200 {
				err = fmt.Errorf("%s: %d %s", r.what, r.status, r.body)
			}
			if err != nil {
				failures <- err
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("1000 requests at once took %s", took)
	}
}
