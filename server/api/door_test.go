package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
)

// lockedWriter lets many goroutines log into one buffer.
type lockedWriter struct {
	mu sync.Mutex
	w  interface{ Write([]byte) (int, error) }
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestEveryDoorGetsItsRequests(t *testing.T) {
	h := open(t)
	nobody := h.nobody(t)
	for path, want := range map[string]string{
		"/hello.git/info/refs?service=git-upload-pack": "git /hello.git/info/refs",
		"/hello.git/HEAD":           "git /hello.git/HEAD",
		"/internal/router/v1/table": "routing /internal/router/v1/table",
		"/webhooks/github/hello":    "webhooks /webhooks/github/hello",
		"/apps/hello/deployments/3": "<!doctype html><title>Slipway</title>",
		"/":                         "<!doctype html><title>Slipway</title>",
		"/favicon.svg":              "<svg/>",
		"/assets/app-1.js":          "console.log(1)",
	} {
		if got := string(nobody.get(path).want(200).body); got != want {
			t.Errorf("%s gives %q, want %q", path, got, want)
		}
	}
	nobody.get("/internal/debug").problem(404, models.KindNotFound)
	nobody.get("/assets/gone-2.js").problem(404, models.KindNotFound)
	for encoding, want := range map[string]string{"br, gzip": "brotli", "gzip": "gzip", "br;q=0": "console.log(1)", "": "console.log(1)"} {
		r := nobody.with("Accept-Encoding", encoding).get("/assets/app-1.js").want(200)
		if string(r.body) != want || !strings.Contains(r.header.Get("Cache-Control"), "immutable") || r.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("with %q: %s, %v", encoding, r.body, r.header)
		}
		if ct := r.header.Get("Content-Type"); !strings.Contains(ct, "javascript") {
			t.Errorf("a script is %s", ct)
		}
	}
	index := nobody.get("/sign-in?token=x").want(200)
	if index.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("index.html is cached: %v", index.header)
	}
	nobody.with("If-None-Match", index.header.Get("ETag")).get("/").want(304)
}

func TestStrictHeaders(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/", "/api/v1/setup", "/api/v1/docs", "/nothing.git/x"} {
		r := h.nobody(t).get(path)
		csp := r.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self';") || !strings.Contains(csp, "style-src 'self';") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, r.header)
		}
	}
	if r := h.nobody(t).get("/api/v1/setup"); r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an answer of the API may be kept: %v", r.header)
	}
	if r := h.nobody(t).with("X-Request-Id", "mine-1").get("/api/v1/setup"); r.header.Get("X-Request-Id") != "mine-1" {
		t.Error("a harmless request ID is not kept")
	}
}

func TestReference(t *testing.T) {
	h := open(t)
	page := string(h.nobody(t).get("/api/v1/docs").want(200).body)
	for _, want := range []string{"/api/v1/apps/{app}/rollback", `id="rate_limited"`, `id="type-Problem"`, "Make an earlier release live again"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, inline := range []string{"<style", " style=", " onclick="} {
		if strings.Contains(page, inline) {
			t.Errorf("the page has %q, which its policy refuses", inline)
		}
	}
	if css := h.nobody(t).get("/api/v1/docs.css").want(200); !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") || len(css.body) == 0 {
		t.Errorf("the page's styles are %v", css.header)
	}
	for _, outside := range []string{"http://", "https://", "<script", "src="} {
		if i := strings.Index(page, outside); i >= 0 && !strings.Contains(page[max(0, i-40):i], "Such as") {
			t.Errorf("the page may ask another: %s", page[max(0, i-60):min(len(page), i+60)])
		}
	}
	spec, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	served := h.nobody(t).get("/api/v1/openapi.json").want(200)
	if len(served.body) == 0 || !strings.Contains(string(spec), `"openapi": "3.1.0"`) || served.value("openapi") != "3.1.0" {
		t.Error("the served description is another one")
	}
	if h.nobody(t).get("/api/v1/openapi-3.0.json").want(200).text("openapi") != "3.0.3" {
		t.Error("the older description is not OpenAPI 3.0.3")
	}
}

func TestPanicTellsNothing(t *testing.T) {
	h := open(t)
	h.api.engine.GET("/api/v1/panic", func(*gin.Context) { panic("the secret inside") })
	r := h.nobody(t).get("/api/v1/panic")
	p := r.problem(500, models.KindInternal)
	if strings.Contains(string(r.body), "secret") {
		t.Errorf("%s", r.body)
	}
	if log := h.log.String(); !strings.Contains(log, "the secret inside") || !strings.Contains(log, p.RequestID) {
		t.Errorf("the log has not what happened: %s", log)
	}
}

func TestHealth(t *testing.T) {
	h := open(t)
	h.nobody(t).get("/healthz").want(200)
	h.nobody(t).get("/readyz").want(200)
	h.nobody(t).do(http.MethodHead, "/readyz", nil).want(200)
	err := error(errAway)
	h.engine.Store(&err)
	r := h.nobody(t).get("/readyz")
	p := r.problem(503, models.KindUnavailable)
	if !strings.Contains(p.Detail, "engine") || strings.Contains(p.Detail, "Postgres") || strings.Contains(string(r.body), "docker.sock") || r.header.Get("Retry-After") == "" {
		t.Errorf("%s, %v", r.body, r.header)
	}
	owner := h.owner(t)
	status := owner.get("/api/v1/status").want(200)
	if status.value("engine", "ok") != false || status.value("postgres", "ok") != true || len(status.value("routers").([]any)) != 1 {
		t.Errorf("%s", status.body)
	}
	h.store.Close()
	h.nobody(t).get("/healthz").want(200)
	if p := h.nobody(t).get("/readyz").problem(503, models.KindUnavailable); !strings.Contains(p.Detail, "Postgres") {
		t.Errorf("%+v", p)
	}
	if r := owner.get("/api/v1/status"); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("without Postgres: %d %s", r.status, r.body)
	}
}
