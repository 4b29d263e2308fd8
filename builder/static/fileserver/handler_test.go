package fileserver

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// siteDir lays out a small site the way the static builder does.
func siteDir(t *testing.T, site Site) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	site.Files = map[string]File{
		"index.html":             {Type: "text/html; charset=utf-8", Size: 4, Hash: "h1", Encoded: map[string]int64{"gzip": 2, "zstd": 3}},
		"docs/index.html":        {Type: "text/html; charset=utf-8", Size: 4, Hash: "h2"},
		"app.3f2a9c1b.js":        {Type: "text/javascript; charset=utf-8", Size: 10, Hash: "h3", Immutable: true, Encoded: map[string]int64{"gzip": 2}},
		"404.html":               {Type: "text/html; charset=utf-8", Size: 4, Hash: "h4"},
		"a b/ü.txt":              {Type: "text/plain; charset=utf-8", Size: 3, Hash: "h5"},
		".well-known/assetlinks": {Type: "application/json", Size: 2, Hash: "h6"},
	}
	for name := range site.Files {
		text := map[string]string{"index.html": "home", "docs/index.html": "docs", "app.3f2a9c1b.js": "0123456789", "404.html": "lost", "a b/ü.txt": "abc", ".well-known/assetlinks": "{}"}[name]
		put("plain/"+name, text)
	}
	put("gzip/index.html", "gz")
	put("zstd/index.html", "zst")
	put("gzip/app.3f2a9c1b.js", "gz")
	put("plain/.env", "secret") // there, and not in the manifest
	manifest, err := json.Marshal(site)
	if err != nil {
		t.Fatal(err)
	}
	put(ManifestName, string(manifest))
	return dir
}

func ask(t *testing.T, site Site, method, path string, header map[string]string) *http.Response {
	t.Helper()
	dir := siteDir(t, site)
	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "http://site.test"+path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	NewHandler(dir, loaded).ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	plain, spa := Site{NotFound: "404.html"}, Site{SPA: true}
	const year = "public, max-age=31536000, immutable"
	for name, c := range map[string]struct {
		site   Site
		method string
		path   string
		header map[string]string
		status int
		body   string
		want   map[string]string // headers; "" for absent
	}{
		"root": {path: "/", status: 200, body: "home", want: map[string]string{
			"Content-Type": "text/html; charset=utf-8", "ETag": `"h1"`, "Cache-Control": "no-cache", "Vary": "Accept-Encoding",
			"X-Content-Type-Options": "nosniff", "Content-Encoding": "", "Content-Length": "4", "Last-Modified": "",
		}},
		"index by name":       {path: "/index.html", status: 200, body: "home"},
		"gzip":                {path: "/", header: map[string]string{"Accept-Encoding": "gzip, deflate, br"}, status: 200, body: "gz", want: map[string]string{"Content-Encoding": "gzip", "ETag": `"h1-gzip"`, "Content-Length": "2", "Content-Type": "text/html; charset=utf-8"}},
		"zstd is better":      {path: "/", header: map[string]string{"Accept-Encoding": "gzip, zstd"}, status: 200, body: "zst", want: map[string]string{"Content-Encoding": "zstd", "ETag": `"h1-zstd"`}},
		"client likes gzip":   {path: "/", header: map[string]string{"Accept-Encoding": "gzip, zstd;q=0.5"}, status: 200, body: "gz"},
		"nothing compressed":  {path: "/", header: map[string]string{"Accept-Encoding": "gzip;q=0, *;q=0"}, status: 200, body: "home"},
		"hashed":              {path: "/app.3f2a9c1b.js", status: 200, body: "0123456789", want: map[string]string{"Cache-Control": year}},
		"not modified":        {path: "/", header: map[string]string{"If-None-Match": `"x", W/"h1"`}, status: 304, want: map[string]string{"ETag": `"h1"`, "Content-Length": "", "Cache-Control": "no-cache"}},
		"not modified gzip":   {path: "/", header: map[string]string{"If-None-Match": `"h1-gzip"`, "Accept-Encoding": "gzip"}, status: 304, want: map[string]string{"Content-Length": ""}},
		"modified":            {path: "/", header: map[string]string{"If-None-Match": `"h0"`}, status: 200, body: "home"},
		"range":               {path: "/app.3f2a9c1b.js", header: map[string]string{"Range": "bytes=2-4", "Accept-Encoding": "gzip"}, status: 206, body: "234", want: map[string]string{"Content-Range": "bytes 2-4/10", "Content-Encoding": "", "ETag": `"h3"`}},
		"range of what was":   {path: "/app.3f2a9c1b.js", header: map[string]string{"Range": "bytes=2-4", "If-Range": `"old"`}, status: 200, body: "0123456789"},
		"range beyond":        {path: "/app.3f2a9c1b.js", header: map[string]string{"Range": "bytes=20-"}, status: 416},
		"head":                {method: "HEAD", path: "/", status: 200, want: map[string]string{"Content-Length": "4"}},
		"head gzip":           {method: "HEAD", path: "/", header: map[string]string{"Accept-Encoding": "gzip"}, status: 200, want: map[string]string{"Content-Length": "2"}},
		"post":                {method: "POST", path: "/", status: 405, body: "method not allowed\n", want: map[string]string{"Allow": "GET, HEAD"}},
		"folder":              {path: "/docs/", status: 200, body: "docs"},
		"folder, no slash":    {path: "/docs?a=1", status: 301, want: map[string]string{"Location": "/docs/?a=1"}},
		"no listing":          {path: "/a%20b/", status: 404, body: "404 page not found\n"},
		"escaped name":        {path: "/a%20b/%C3%BC.txt", status: 200, body: "abc"},
		"well-known":          {path: "/.well-known/assetlinks", status: 200, body: "{}"},
		"dotfile":             {path: "/.env", status: 404, body: "404 page not found\n"},
		"the manifest":        {path: "/site.json", status: 404, body: "404 page not found\n"},
		"the other encodings": {path: "/gzip/index.html", status: 404, body: "404 page not found\n"},
		"dot dot":             {path: "/../../etc/passwd", status: 301, want: map[string]string{"Location": "/etc/passwd"}},
		"dot dot escaped":     {path: "/%2e%2e/%2e%2e/etc/passwd", status: 301, want: map[string]string{"Location": "/etc/passwd"}},
		"other host":          {path: "//evil.test/%2e%2e/docs", status: 301, want: map[string]string{"Location": "/docs"}},
		"404 page":            {site: plain, path: "/nope", status: 404, body: "lost", want: map[string]string{"Content-Type": "text/html; charset=utf-8", "ETag": "", "Cache-Control": "no-cache"}},
		"404 head":            {site: plain, method: "HEAD", path: "/nope", status: 404, want: map[string]string{"Content-Length": "4"}},
		"spa":                 {site: spa, path: "/users/7", status: 200, body: "home"},
		"spa with a dot":      {site: spa, path: "/users/a.b", status: 200, body: "home"},
		"spa missing script":  {site: spa, path: "/assets/gone.js", status: 404, body: "404 page not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			got := ask(t, c.site, c.method, c.path, c.header)
			body, err := io.ReadAll(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != c.status || c.body != "" && string(body) != c.body {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, body, c.status, c.body)
			}
			for header, want := range c.want {
				if value := got.Header.Get(header); value != want {
					t.Errorf("%s: %q, want %q", header, value, want)
				}
			}
		})
	}
}

func TestTypeOf(t *testing.T) {
	for name, want := range map[string]string{
		"a.HTML": "text/html; charset=utf-8", "x/a.js": "text/javascript; charset=utf-8", "a.wasm": "application/wasm", "a.svg": "image/svg+xml",
		"LICENSE": "text/plain; charset=utf-8", "a.unknown": "text/plain; charset=utf-8",
	} {
		if got := TypeOf(name, []byte("<html>text")); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := TypeOf("data", []byte{0, 1, 2, 0xff}); got != "application/octet-stream" {
		t.Errorf("binary: %s", got)
	}
}

func TestHashedName(t *testing.T) {
	for name, want := range map[string]bool{
		"assets/index-BkX3f9aD.js": true, "main.3f2a9c1b.css": true, "img/logo-0a1b2c3d4e5f6a7b.svg": true,
		"my-component1.js": false, "jquery-migrate.js": false, "report-20240101.csv": false, "app.js": false, "a.3f2a9c1b.html": false,
		"deadbeef.js": false, "x.3f2a9c1b": false, "font-regular.woff2": false, "v-Version2x.js": true,
	} {
		if got := HashedName(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestServeDrains(t *testing.T) {
	dir := siteDir(t, Site{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, dir, listener) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/docs/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "docs" {
		t.Errorf("%q, %v", body, err)
	}
	_ = response.Body.Close()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not stop")
	}
	if _, err := http.Get("http://" + listener.Addr().String() + "/"); err == nil {
		t.Error("it still answers")
	}
}

func TestServeNeedsAManifest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if err := Serve(t.Context(), t.TempDir(), listener); err == nil || !strings.Contains(err.Error(), "manifest") {
		t.Errorf("got %v", err)
	}
}

func TestParseAccept(t *testing.T) {
	weights, star := parseAccept(" GZip;q=0.5 , br;x=1;Q=0.1, x-gzip;q=0.7, *;q=0.2, zstd;q=2, deflate;q=x,")
	want := map[string]float64{"gzip": 0.7, "br": 0.1, "zstd": 0, "deflate": 0}
	if diff := cmp.Diff(want, weights); diff != "" || star != 0.2 {
		t.Error(star, diff)
	}
}

// FuzzNegotiate holds that only what exists and is not refused is chosen.
func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "gzip", "gzip;q=0", "*", "zstd;q=0.1,gzip;q=1e-9", "gzip;q=NaN", ",;=,", "identity;q=0.5,gzip;q=0.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		file := File{Encoded: map[string]int64{"gzip": 1}}
		got := negotiate(accept, file)
		if got != "" && got != "gzip" {
			t.Fatalf("%q chose %q", accept, got)
		}
		if got == "gzip" && !strings.Contains(strings.ToLower(accept), "gzip") && !strings.Contains(accept, "*") {
			t.Fatalf("%q chose gzip", accept)
		}
	})
}
