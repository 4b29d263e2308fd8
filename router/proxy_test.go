package router_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/router"
)

func TestRoutesByHost(t *testing.T) {
	c := newControl(t)
	_, exact := backend(t, says("exact"))
	_, wild := backend(t, says("wild"))
	_, deep := backend(t, says("deep"))
	c.put(live("a", "one.example.com", exact))
	c.put(live("b", "*.example.com", wild))
	c.put(live("c", "*.x.example.com", deep))
	r := start(t, c, nil)
	c.acked(4)
	for _, try := range []struct{ host, want string }{
		{"one.example.com", "exact"},
		{"ONE.Example.COM", "exact"},
		{"one.example.com.", "exact"},
		{"one.example.com:8080", "exact"},
		{"One.example.com.:80", "exact"},
		{"two.example.com", "wild"},
		{"a.b.example.com", "wild"},
		{"y.x.example.com", "deep"},
		{"x.example.com", "wild"},
		{"example.com", ""},
		{"one.example.org", ""},
		{"oneexample.com", ""},
		{"one..example.com", ""},
		{".example.com", ""},
		{"*.example.com", ""},
		{"one.example.com:port", ""},
	} {
		_, in := r.raw("GET / HTTP/1.1\r\nHost: " + try.host + "\r\nConnection: close\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%s: %v", try.host, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		if try.want == "" && res.StatusCode != 404 && res.StatusCode != 400 {
			t.Errorf("%s: status %d, want 404", try.host, res.StatusCode)
		}
		if try.want != "" && string(body) != try.want {
			t.Errorf("%s: %q, want %q", try.host, body, try.want)
		}
	}
}

// echo answers with the request as the app saw it.
func echo(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("Seen-Host", r.Host)
	r.Header.Set("Seen-Uri", r.RequestURI)
	r.Header.Set("Seen-Method", r.Method)
	w.Header()["Content-Type"] = nil
	w.Header().Set("Keep-Alive", "timeout=5")
	w.Header().Set("X-Request-Id", "the-backends-own")
	_ = json.NewEncoder(w).Encode(r.Header)
}

func TestForwardedHeadersCannotBeSpoofed(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, echo)
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	res, body := r.get("http://a.test:8123/p%2Fq//r?x;y=%zz&&a=1",
		"X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil", "X-Forwarded-Port", "1",
		"X-Forwarded-Prefix", "/evil", "X_Forwarded_For", "2.2.2.2", "X-Forwarded_For", "2.2.2.2", "X_real_ip", "3.3.3.3", "X-Real-Ip", "4.4.4.4",
		"Forwarded", "for=5.5.5.5", "X-Request-Id", "bad id, <b>", "Connection", "X-Forwarded-For, X-Drop-Me, keep-alive", "X-Drop-Me", "1",
		"Proxy-Authorization", "secret", "Te", "gzip, trailers", "Keep-Me", "1")
	var seen http.Header
	if err := json.Unmarshal([]byte(body), &seen); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "a.test:8123", "X-Forwarded-Port": "8123",
		"X-Real-Ip": "127.0.0.1", "Forwarded": `for=127.0.0.1;proto=http;host="a.test:8123"`,
		"Seen-Host": "a.test:8123", "Seen-Uri": "/p%2Fq//r?x;y=%zz&&a=1", "Te": "trailers", "Keep-Me": "1",
		"X-Forwarded-Prefix": "", "X-Drop-Me": "", "Proxy-Authorization": "", "Connection": "", "Accept-Encoding": "",
	} {
		if got := strings.Join(seen[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name := range seen {
		if strings.Contains(name, "_") {
			t.Errorf("the app got %s", name)
		}
	}
	id := seen.Get("X-Request-Id")
	if len(id) != 32 || res.Header.Get("X-Request-Id") != id || len(res.Header["X-Request-Id"]) != 1 {
		t.Errorf("request ID %q to the app, %q to the client", id, res.Header["X-Request-Id"])
	}
	if res.Header.Get("Keep-Alive") != "" {
		t.Error("a hop-by-hop header reached the client")
	}
	if _, ok := res.Header["Content-Type"]; ok {
		t.Errorf("the router made up a content type: %q", res.Header["Content-Type"])
	}
	res, _ = r.get("http://a.test/", "X-Request-Id", "sane-id.123")
	if got := res.Header.Get("X-Request-Id"); got != "sane-id.123" {
		t.Errorf("a sane request ID became %q", got)
	}
}

func TestTrustedProxyIsBelieved(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, echo)
	c.put(live("a", "a.test", b))
	r := start(t, c, func(cfg *router.Config) {
		parsed, err := router.ConfigFromEnv(func(name string) (string, bool) {
			return "127.0.0.0/8, 10.0.0.9", name == "SLIPWAY_ROUTER_TRUSTED_PROXIES"
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg.TrustedProxies = parsed.TrustedProxies
	})
	c.acked(2)
	_, body := r.get("http://a.test/", "X-Forwarded-For", "6.6.6.6, 9.8.7.6", "X-Forwarded-For", "10.0.0.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "public.example.com")
	var seen http.Header
	if err := json.Unmarshal([]byte(body), &seen); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "9.8.7.6, 10.0.0.9, 127.0.0.1", "X-Real-Ip": "9.8.7.6", "X-Forwarded-Proto": "https",
		"X-Forwarded-Host": "public.example.com", "X-Forwarded-Port": "443", "Seen-Host": "a.test",
	} {
		if got := seen.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestPages(t *testing.T) {
	c := newControl(t)
	for status, host := range map[router.AppStatus]string{
		router.AppNew: "new.test", router.AppStarting: "starting.test", router.AppLive: "live.test", router.AppDown: "down.test", router.AppStopped: "stopped.test",
	} {
		c.put(router.App{ID: host, Name: host, Hosts: []string{host}, Status: status})
	}
	r := start(t, c, nil)
	c.acked(6)
	for host, want := range map[string]struct {
		status int
		code   string
	}{
		"nothing.test": {404, "no_such_app"}, "new.test": {503, "app_new"}, "starting.test": {503, "app_starting"},
		"live.test": {503, "app_down"}, "down.test": {503, "app_down"}, "stopped.test": {503, "app_stopped"},
	} {
		res, body := r.get("http://"+host+"/", "Accept", "text/html,*/*")
		if res.StatusCode != want.status || res.Header.Get("X-Slipway-Error") != want.code {
			t.Errorf("%s: %d %s", host, res.StatusCode, res.Header.Get("X-Slipway-Error"))
		}
		if (res.Header.Get("Retry-After") == "") != (want.status == 404) {
			t.Errorf("%s: Retry-After %q", host, res.Header.Get("Retry-After"))
		}
		for _, no := range []string{"{", "src=", "href=", "url(", "@import"} {
			if rest := body[strings.Index(body, "</style>"):]; strings.Contains(rest, no) {
				t.Errorf("%s: the page contains %q", host, no)
			}
		}
		if !strings.Contains(body, "prefers-color-scheme:dark") || !strings.Contains(body, host) {
			t.Errorf("%s: the page is %s", host, body)
		}
		res, body = r.get("http://"+host+"/", "Accept", "application/json")
		var problem struct {
			Status int
			Code   string
		}
		if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Status != want.status || problem.Code != want.code {
			t.Errorf("%s: %v %s", host, err, body)
		}
		if res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", host, res.Header.Get("Content-Type"))
		}
		if res, body = r.get("http://" + host + "/"); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") || strings.Contains(body, "<") {
			t.Errorf("%s: %s %q", host, res.Header.Get("Content-Type"), body)
		}
	}
}

func TestPageEscapesTheHost(t *testing.T) {
	c := newControl(t)
	r := start(t, c, nil)
	c.acked(1)
	_, in := r.raw("GET / HTTP/1.1\r\nHost: a'b&c\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
	page, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "a'b&c") || !strings.Contains(string(page), "a&#39;b&amp;c") {
		t.Errorf("%s", page)
	}
}
