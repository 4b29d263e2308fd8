package registry_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	dockerregistry "github.com/docker/docker/api/types/registry"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/secrets"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench is one installation with an engine, and a registry that listens.
type bench struct {
	*registry.Service
	t       testing.TB
	engine  *docker.Engine
	options registry.Options
	port    string
	handler atomic.Pointer[registry.Service]
	writes  atomic.Int64                             // requests that are not reading
	before  func(http.ResponseWriter, *http.Request) // sees each request first
}

func newBench(t testing.TB) *bench {
	t.Helper()
	installation := "swreg-" + strings.ToLower(rand.Text()[:8])
	api, err := docker.NewClient("")
	ok(t, err)
	engine, err := docker.NewEngine(api, installation, nil)
	ok(t, err)
	t.Cleanup(func() { removeImages(t, engine) })
	box, err := secrets.New(strings.Repeat("7b", 32))
	ok(t, err)
	b := &bench{t: t, engine: engine, before: func(http.ResponseWriter, *http.Request) {}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			b.writes.Add(1)
		}
		b.before(w, r)
		b.handler.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, b.port, _ = strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	b.options = registry.Options{
		Installation: installation, Folder: filepath.Join(t.TempDir(), "registry"), Keys: box, Engine: engine,
		Address: "localhost:" + b.port, Local: func() string { return "127.0.0.1:" + b.port },
	}
	b.start()
	t.Cleanup(func() { ok(t, b.Close()) })
	return b
}

// removeImages removes all images of a bench, under whatever names.
func removeImages(t testing.TB, engine *docker.Engine) {
	t.Helper()
	ours := filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+engine.Installation()))
	list, err := engine.API.ImageList(context.Background(), image.ListOptions{Filters: ours, All: true})
	ok(t, err)
	for i := range list {
		_, err := engine.API.ImageRemove(context.Background(), list[i].ID, image.RemoveOptions{Force: true, PruneChildren: true})
		ok(t, err)
	}
}

// start makes the service, again after a change of the options.
func (b *bench) start() {
	b.t.Helper()
	if b.Service != nil {
		ok(b.t, b.Close())
	}
	s, err := registry.New(b.options)
	ok(b.t, err)
	b.Service = s
	b.handler.Store(s)
}

// image makes an image of some random bytes, under a name of its own, and gives
// its ID.
func (b *bench) image(name string, size int) string {
	b.t.Helper()
	content := make([]byte, size)
	_, _ = rand.Read(content)
	return b.imageOf(name, content)
}

func (b *bench) imageOf(name string, content []byte) string {
	b.t.Helper()
	var rootfs bytes.Buffer
	files := tar.NewWriter(&rootfs)
	ok(b.t, files.WriteHeader(&tar.Header{Name: "content", Mode: 0o644, Size: int64(len(content))}))
	_, err := files.Write(content)
	ok(b.t, errors.Join(err, files.Close()))
	id, err := b.engine.ImportImage(b.t.Context(), docker.Import{
		Tag: b.options.Installation + "/" + name, Command: []string{"/" + name},
		Labels: map[string]string{docker.LabelInstallation: b.options.Installation},
	}, &rootfs)
	ok(b.t, err)
	return id
}

func (b *bench) publish(app, image string) string {
	b.t.Helper()
	ref, err := b.Publish(b.t.Context(), app, image, nil)
	ok(b.t, err)
	return ref
}

// pull pulls a reference as a node does that has nothing of it yet.
func (b *bench) pull(ref, username, password string) error {
	b.t.Helper()
	auth, err := dockerregistry.EncodeAuthConfig(dockerregistry.AuthConfig{Username: username, Password: password})
	ok(b.t, err)
	body, err := b.engine.API.ImagePull(b.t.Context(), ref, image.PullOptions{RegistryAuth: auth})
	if err != nil {
		return err
	}
	said, err := io.ReadAll(body)
	ok(b.t, errors.Join(err, body.Close()))
	if bytes.Contains(said, []byte(`"error"`)) {
		return errors.New(string(said))
	}
	return nil
}

// pullAsApp pulls with what the reference's own app has.
func (b *bench) pullAsApp(ref string) error {
	b.t.Helper()
	username, password, err := b.PullAuth(b.t.Context(), ref)
	ok(b.t, err)
	if username == "" || password == "" {
		b.t.Fatalf("no credentials for %s", ref)
	}
	return b.pull(ref, username, password)
}

// drop takes an image from the engine, with all its names.
func (b *bench) drop(id string) {
	b.t.Helper()
	_, err := b.engine.API.ImageRemove(b.t.Context(), id, image.RemoveOptions{Force: true, PruneChildren: true})
	ok(b.t, err)
}

func (b *bench) names(id string) []string {
	b.t.Helper()
	found, err := b.engine.API.ImageInspect(b.t.Context(), id)
	ok(b.t, err)
	return append(found.RepoTags, found.RepoDigests...)
}

func TestPublishAndPull(t *testing.T) {
	b := newBench(t)
	id := b.image("web:one", 100_000)
	before := b.names(id)
	var said []string
	ref, err := b.Publish(t.Context(), "hello", b.options.Installation+"/web:one", func(line string) { said = append(said, line) })
	ok(t, err)
	if want := b.options.Address + "/" + b.options.Installation + "/hello@sha256:"; !strings.HasPrefix(ref, want) || len(ref) != len(want)+64 {
		t.Errorf("published as %s", ref)
	}
	if text := strings.Join(said, "\n"); !strings.Contains(text, ": Pushed") {
		t.Errorf("progress was %q", text)
	}
	if after := b.names(id); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the engine knew the image as %v and knows it as %v", before, after)
	}
	if b.writes.Load() == 0 {
		t.Error("nothing was pushed")
	}

	b.writes.Store(0)
	if again := b.publish("hello", id); again != ref || b.writes.Load() != 0 {
		t.Errorf("published again as %s with %d writes", again, b.writes.Load())
	}
	b.start() // what is in the folder is still served
	if again := b.publish("hello", id); again != ref || b.writes.Load() != 0 {
		t.Errorf("published after a restart as %s with %d writes", again, b.writes.Load())
	}

	b.drop(id)
	ok(t, b.pullAsApp(ref))
	if names := b.names(ref); len(names) == 0 {
		t.Error("the image was not pulled")
	}
	if found, err := b.engine.ImageID(t.Context(), ref); err != nil || found != id {
		t.Errorf("pulled %s, %v; want %s", found, err, id)
	}
}

// TestImageWithoutName: an image that has no name of its own is not lost by
// being pushed under one.
func TestImageWithoutName(t *testing.T) {
	b := newBench(t)
	id := b.image("web:one", 1000)
	b.image("web:one", 1000) // takes the name over
	if names := b.names(id); len(names) != 0 {
		t.Fatalf("the image has the names %v", names)
	}
	b.publish("hello", id)
	if found, err := b.engine.ImageID(t.Context(), id); err != nil || found != id {
		t.Errorf("the push removed the image: %v", err)
	}
	ok(t, b.Forget(t.Context(), "hello"))
	b.publish("hello", id)
}

func TestNothingIsOpenedUnasked(t *testing.T) {
	b := newBench(t)
	b.options.Address = ""
	b.start()
	response, err := http.Get("http://127.0.0.1:" + b.port + "/v2/")
	ok(t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("/v2/ answers %s", response.Status)
	}
	ok(t, b.Forget(t.Context(), "hello"))
	done, err := b.Collect(t.Context(), nil)
	ok(t, err)
	if _, err := os.Stat(b.options.Folder); !errors.Is(err, os.ErrNotExist) || done.Bytes != 0 {
		t.Errorf("the folder: %v", err)
	}
	id := b.image("web:one", 1000)
	if _, err := b.Publish(t.Context(), "hello", id, nil); models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), "SLIPWAY_REGISTRY_ADDRESS") {
		t.Errorf("published without an address: %v", err)
	}
}

func TestPublishRefuses(t *testing.T) {
	b := newBench(t)
	for _, app := range []string{"", "A", "a/b", "../x", "a:b", "-", strings.Repeat("a", 200)} {
		if _, err := b.Publish(t.Context(), app, "x", nil); models.KindOf(err) != models.KindInvalid {
			t.Errorf("app %q: %v", app, err)
		}
		if err := b.Forget(t.Context(), app); models.KindOf(err) != models.KindInvalid {
			t.Errorf("forget %q: %v", app, err)
		}
	}
	if _, err := b.Publish(t.Context(), "hello", "sha256:"+strings.Repeat("0", 64), nil); !errors.Is(err, deployer.ErrNoImage) || models.KindOf(err) != models.KindFailed {
		t.Errorf("no such image: %v", err)
	}
	id := b.image("web:one", 1000)
	b.options.Local = func() string { return "127.0.0.1:1" }
	b.start()
	if _, err := b.Publish(t.Context(), "hello", id, nil); !errors.Is(err, deployer.ErrUnavailable) || models.KindOf(err) != models.KindUnavailable {
		t.Errorf("no registry there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Publish(ctx, "hello", id, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if names := b.names(id); len(names) != 1 {
		t.Errorf("the image is left with the names %v", names)
	}
}
