package static

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildertest"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

var compiled struct {
	once   sync.Once
	binary []byte
}

func newBuilder(t *testing.T, engine *client.Client) *Builder {
	t.Helper()
	compiled.once.Do(func() {
		compiled.binary = buildertest.Compile(t, "github.com/slipway-paas/slipway/cmd/slipway-static")
	})
	return New(buildkit.New(engine, slog.New(slog.DiscardHandler)), func() ([]byte, error) { return compiled.binary, nil })
}

// run starts a container of the image and gives the URL it answers at.
func run(t *testing.T, engine *client.Client, ref string, env ...string) string {
	t.Helper()
	created, err := engine.ContainerCreate(t.Context(), &container.Config{
		Image: ref, Env: env, Labels: map[string]string{"slipway-test": "static"},
	}, &container.HostConfig{ReadonlyRootfs: true, CapDrop: []string{"ALL"}}, nil, nil, "slipway-test-"+buildertest.Token())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended by now
		stopped, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := engine.ContainerStop(stopped, created.ID, container.StopOptions{}); err != nil {
			t.Error(err)
		}
		if info, err := engine.ContainerInspect(ctx, created.ID); err != nil || info.State.ExitCode != 0 {
			t.Errorf("it ended with %+v, %v", info.State, err)
		}
		if err := engine.ContainerRemove(ctx, created.ID, container.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	if err := engine.ContainerStart(t.Context(), created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	info, err := engine.ContainerInspect(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range info.NetworkSettings.Networks {
		return "http://" + network.IPAddress
	}
	t.Fatal("the container has no network")
	return ""
}

// get asks until the server answers at all.
func get(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", accept)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			return response, string(body)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // between two attempts to connect
	}
}

func TestBuildServesTheSite(t *testing.T) {
	engine := buildertest.Engine(t)
	page := "<p>" + strings.Repeat("hello "+buildertest.Token()+" ", 200)
	src := buildertest.Tree(t, map[string]string{
		"dist/index.html": page, "dist/assets/app-BkX3f9aD.js": "tiny", "dist/404.html": "lost", "dist/.env": "secret", "dist/.well-known/x": "known",
		"dist/.git/config": "no", "README": "not served", "dist/raw.bin": strings.Repeat("\x00\x01", 2000),
	})
	if err := os.Symlink("../README", filepath.Join(src, "dist", "about")); err != nil {
		t.Fatal(err)
	}
	progress := buildertest.NewRecorder(nil)
	b := newBuilder(t, engine)
	req := builder.Request{Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, engine), CacheKey: "slipway-test-" + buildertest.Token(), Labels: map[string]string{"a": "b"}}
	made, err := b.Build(t.Context(), req, progress)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]builder.Process{{Name: "web", Port: 8080}}, made.Processes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{8080}, made.Ports); diff != "" || made.SizeBytes > 8<<20 {
		t.Error(diff, made.SizeBytes)
	}
	if !progress.HasLine("left out: .env, .git") {
		t.Errorf("lines: %v", progress.Lines())
	}
	base := run(t, engine, made.Reference, "PORT=3000") + ":3000"

	response, body := get(t, base+"/", "")
	if response.StatusCode != 200 || body != page || response.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	response, body = get(t, base+"/", "zstd, gzip")
	decoder, err := zstd.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	if text, err := io.ReadAll(decoder); err != nil || string(text) != page || response.Header.Get("Content-Encoding") != "zstd" {
		t.Errorf("%v %v", response.Header, err)
	}
	for path, want := range map[string]string{
		"/assets/app-BkX3f9aD.js": "200 tiny", "/nothing": "404 lost", "/.env": "404 lost", "/.git/config": "404 lost", "/.well-known/x": "200 known",
		"/README": "404 lost", "/about": "200 not served", "/raw.bin": "200 " + strings.Repeat("\x00\x01", 2000),
	} {
		response, body := get(t, base+path, "gzip")
		if got := fmt.Sprint(response.StatusCode, " ", body); got != want {
			t.Errorf("%s: %.60q", path, got)
		}
	}

	again, err := b.Build(t.Context(), req, buildertest.NewRecorder(nil))
	if err != nil || again.Digest != made.Digest {
		t.Errorf("built again it is %s, not %s: %v", again.Digest, made.Digest, err)
	}
}

func TestDetect(t *testing.T) {
	vite := `{"scripts": {"build": "vite build"}}`
	for name, c := range map[string]struct {
		files map[string]string
		ok    bool
		want  string
	}{
		"root":              {map[string]string{"index.html": ""}, true, "index.html found at index.html"},
		"public":            {map[string]string{"public/index.html": ""}, true, "index.html found at public/index.html"},
		"_site":             {map[string]string{"_site/index.html": ""}, true, "_site/index.html"},
		"nothing":           {map[string]string{"main.go": ""}, false, "add an index.html"},
		"index is a folder": {map[string]string{"index.html/x": ""}, false, "add an index.html"},
		"named":             {map[string]string{"slipway.yaml": "static: {dir: web/pages}", "web/pages/a.html": ""}, true, "slipway.yaml names the folder web/pages"},
		"named, not there":  {map[string]string{"slipway.yaml": "static: {dir: web}", "index.html": ""}, false, "there is none"},
		"not built":         {map[string]string{"package.json": vite, "index.html": ""}, false, "build script"},
		"built":             {map[string]string{"package.json": vite, "index.html": "", "dist/index.html": ""}, true, "dist/index.html"},
		"no build script":   {map[string]string{"package.json": `{"scripts": {"test": "x"}}`, "index.html": ""}, true, "index.html"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := New(nil, nil).Detect(t.Context(), builder.Source{Dir: buildertest.Tree(t, c.files)}, builder.Options{})
			if err != nil || got.OK != c.ok || !strings.Contains(got.Reason, c.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	engine := buildertest.Engine(t)
	b := newBuilder(t, engine)
	for name, c := range map[string]struct {
		files map[string]string
		link  string
		want  string
	}{
		"nothing to serve": {files: map[string]string{"a": ""}, want: "add an index.html"},
		"only dotfiles":    {files: map[string]string{"slipway.yaml": "static: {dir: www}", "www/.env": ""}, want: "no files to serve"},
		"spa, no index":    {files: map[string]string{"slipway.yaml": "static: {dir: www, spa: true}", "www/a": ""}, want: "no index.html"},
		"no such 404 page": {files: map[string]string{"slipway.yaml": "static: {not_found: oops.html}", "index.html": ""}, want: "oops.html"},
		"link out":         {files: map[string]string{"index.html": ""}, link: "/etc/passwd", want: "leads out"},
		"bad settings":     {files: map[string]string{"slipway.yaml": "static: {sap: true}", "index.html": ""}, want: "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			src := buildertest.Tree(t, c.files)
			if c.link != "" {
				if err := os.Symlink(c.link, filepath.Join(src, "link")); err != nil {
					t.Fatal(err)
				}
			}
			_, err := b.Build(t.Context(), builder.Request{Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, engine)}, buildertest.NewRecorder(nil))
			var failure *builder.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "slipway-static-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestCompressesOnlyWhatGetsSmaller(t *testing.T) {
	stage := t.TempDir()
	src := buildertest.Tree(t, map[string]string{
		"index.html": strings.Repeat("same ", 1000), "short.css": "a{}", "photo.jpg": strings.Repeat("x", 5000), "bytes.txt": random(4000),
	})
	p := &preparation{stage: stage}
	if err := p.run(t.Context(), src, "."); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for name, file := range p.site.Files {
		got[name] = len(file.Encoded)
		for encoding, size := range file.Encoded {
			if info, err := os.Stat(filepath.Join(stage, "srv", encoding, name)); err != nil || info.Size() != size {
				t.Errorf("%s %s: %v, %v", name, encoding, info, err)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"index.html": 2, "short.css": 0, "photo.jpg": 0, "bytes.txt": 0}, got); diff != "" {
		t.Error(diff)
	}
}

// random gives bytes that do not compress, the same every time.
func random(n int) string {
	state, out := uint32(1), make([]byte, n)
	for i := range out {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		out[i] = byte(state)
	}
	return string(out)
}

func TestFileServerIsSmall(t *testing.T) {
	newBuilder(t, nil)
	if size := len(compiled.binary); size > 8<<20 {
		t.Errorf("%d bytes", size)
	}
}
