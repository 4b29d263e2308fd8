package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildertest"
	"github.com/slipway-paas/slipway/builder/buildkit"
	"github.com/slipway-paas/slipway/builder/dockerfile"
	"github.com/slipway-paas/slipway/builder/static"
)

// registry serves images to pull, as the registry protocol has it.
type registry struct {
	mu        sync.Mutex
	blobs     map[string][]byte // by digest
	manifests map[string][]byte // by tag and by digest
	server    *httptest.Server
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

func newRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{blobs: map[string][]byte{}, manifests: map[string][]byte{}}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/v2/"), "/")
	kind, name, _ := strings.Cut(rest, "/")
	if req.URL.Path == "/v2/" {
		return
	}
	data, ok := r.blobs[name]
	if kind == "manifests" {
		data, ok = r.manifests[name]
		w.Header().Set("Content-Type", manifestType)
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Docker-Content-Digest", digest(data))
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if req.Method == http.MethodGet {
		_, _ = w.Write(data)
	}
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// publish makes an image with one file and gives the manifest's digest.
func (r *registry) publish(t *testing.T, tag, content string) string {
	t.Helper()
	var plain, zipped bytes.Buffer
	files := tar.NewWriter(&plain)
	must(t, files.WriteHeader(&tar.Header{Name: "page", Size: int64(len(content)), Mode: 0o644}))
	_, err := files.Write([]byte(content))
	must(t, errors.Join(err, files.Close()))
	zip := gzip.NewWriter(&zipped)
	_, err = zip.Write(plain.Bytes())
	must(t, errors.Join(err, zip.Close()))
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": map[string]any{"ExposedPorts": map[string]any{"8080/tcp": struct{}{}}, "Cmd": []string{"/x"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(plain.Bytes())}},
	})
	must(t, err)
	part := func(kind string, data []byte) map[string]any {
		return map[string]any{"mediaType": "application/vnd.docker." + kind, "size": len(data), "digest": digest(data)}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": part("container.image.v1+json", config),
		"layers": []any{part("image.rootfs.diff.tar.gzip", zipped.Bytes())},
	})
	must(t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blobs[digest(config)], r.blobs[digest(zipped.Bytes())] = config, zipped.Bytes()
	r.manifests[tag], r.manifests[digest(manifest)] = manifest, manifest
	return digest(manifest)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// name gives a repository of its own to a test and cleans up after it.
func (r *registry) name(t *testing.T, engine *client.Client) string {
	t.Helper()
	name := strings.TrimPrefix(r.server.URL, "http://") + "/slipway-test-" + buildertest.Token()
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended by now
		pulled, err := engine.ImageList(ctx, dockerimage.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", name))})
		must(t, err)
		for _, one := range pulled {
			_, err := engine.ImageRemove(ctx, one.ID, dockerimage.RemoveOptions{Force: true})
			must(t, err)
		}
	})
	return name
}

func TestPullsAndPins(t *testing.T) {
	engine, hub := buildertest.Engine(t), newRegistry(t)
	name := hub.name(t, engine)
	first := hub.publish(t, "v1", "one "+name)
	b := New(engine)
	build := func(ref string) (builder.Image, *buildertest.Recorder) {
		progress := buildertest.NewRecorder(nil)
		made, err := b.Build(t.Context(), builder.Request{Tag: buildertest.Tag(t, engine), Options: builder.Options{ImageRef: ref}}, progress)
		must(t, err)
		return made, progress
	}
	made, progress := build(name + ":v1")
	if made.Digest != first || made.SizeBytes == 0 {
		t.Errorf("%+v, want %s", made, first)
	}
	if diff := cmp.Diff([]int{8080}, made.Ports); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]builder.Process{{Name: "web"}}, made.Processes); diff != "" {
		t.Error(diff)
	}
	if step, ok := progress.Last("pull "); !ok || step.Ended.IsZero() || step.Error != "" || len(progress.Lines()) == 0 {
		t.Errorf("%+v %v", step, progress.Lines())
	}
	if !strings.Contains(progress.Said(), first) {
		t.Errorf("said %q", progress.Said())
	}
	if _, err := engine.ImageInspect(t.Context(), made.Reference); err != nil {
		t.Error(err)
	}

	second := hub.publish(t, "v1", "two "+name)
	if again, _ := build(name + ":v1"); again.Digest != second {
		t.Errorf("the tag has moved to %s, got %s", second, again.Digest)
	}
	if pinned, _ := build(name + "@" + first); pinned.Digest != first {
		t.Errorf("got %s for %s", pinned.Digest, first)
	}
	hub.server.Close()
	kept, progress := build(name + ":v1")
	if kept.Digest != second || !strings.Contains(progress.Said(), "using the one on the engine") {
		t.Errorf("got %s and %q", kept.Digest, progress.Said())
	}
}

func TestMadeOnTheEngineIsNotPulled(t *testing.T) {
	engine := buildertest.Engine(t)
	tag := buildertest.Tag(t, engine)
	job := buildkit.Job{ContextDir: buildertest.Tree(t, map[string]string{"f": tag}), Dockerfile: []byte("FROM scratch\nCOPY f /f\nEXPOSE 80\n"), Tag: tag}
	local, err := buildkit.New(engine, slog.New(slog.DiscardHandler)).Build(t.Context(), job, buildertest.NewRecorder(nil))
	must(t, err)
	progress := buildertest.NewRecorder(nil)
	src := buildertest.Tree(t, map[string]string{"slipway.yaml": "processes: {web: {command: /f, port: 80}}\n"})
	made, err := New(engine).Build(t.Context(), builder.Request{
		Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, engine), Options: builder.Options{ImageRef: tag},
	}, progress)
	must(t, err)
	if made.Digest != local.Digest || len(progress.Reports()) != 0 {
		t.Errorf("got %s, want %s; steps %v", made.Digest, local.Digest, progress.Reports())
	}
	if diff := cmp.Diff([]builder.Process{{Name: "web", Command: []string{"/f"}, Port: 80}}, made.Processes); diff != "" {
		t.Error(diff)
	}
}

func TestRefuses(t *testing.T) {
	engine, hub := buildertest.Engine(t), newRegistry(t)
	name := hub.name(t, engine)
	for ref, want := range map[string]string{
		"":             "name no image",
		"UPPER/case":   "lower case",
		"a b":          "image reference",
		name + ":nope": "neither on the engine nor could it be pulled",
		name + "@sha256:" + strings.Repeat("0", 64): "neither on the engine nor could it be pulled",
	} {
		_, err := New(engine).Build(t.Context(), builder.Request{Tag: buildertest.Tag(t, engine), Options: builder.Options{ImageRef: ref}}, buildertest.NewRecorder(nil))
		var failure *builder.Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Message, want) {
			t.Errorf("%q: got %v, want %q", ref, err, want)
		}
	}
}

func TestDetect(t *testing.T) {
	for ref, want := range map[string]bool{"": false, "nginx": true, "A:b:c": false, "ghcr.io/x/y@sha256:" + strings.Repeat("a", 64): true} {
		got, err := New(nil).Detect(t.Context(), builder.Source{}, builder.Options{ImageRef: ref})
		if err != nil || got.OK != want || got.Reason == "" {
			t.Errorf("%q: %+v, %v", ref, got, err)
		}
	}
}

func TestSelectWithoutSource(t *testing.T) {
	builders := []builder.Builder{dockerfile.New(nil), static.New(nil, nil), New(nil)}
	got, err := builder.Select(t.Context(), builders, builder.Source{}, builder.Options{ImageRef: "nginx"}, buildertest.NewRecorder(nil))
	if err != nil || got.Name() != "image" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = builder.Select(t.Context(), builders, builder.Source{Dir: t.TempDir()}, builder.Options{}, buildertest.NewRecorder(nil))
	var failure *builder.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	t.Log(failure.Message)
	for _, part := range []string{"dockerfile: add a file named Dockerfile", "static: add an index.html", "image: name an image"} {
		if !strings.Contains(failure.Message, part) {
			t.Errorf("%q does not say %q", failure.Message, part)
		}
	}
}

func TestEngineAway(t *testing.T) {
	engine, err := client.NewClientWithOpts(client.WithHost("unix://" + filepath.Join(t.TempDir(), "none.sock")))
	must(t, err)
	_, err = New(engine).Build(t.Context(), builder.Request{Tag: "x", Options: builder.Options{ImageRef: "nginx"}}, buildertest.NewRecorder(nil))
	if !errors.Is(err, builder.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
