package registry_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/registry/storage/driver"

	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/secrets"
)

// later is when what was published now may be collected.
func later() time.Time { return time.Now().Add(2 * time.Hour) }

// whole checks that everything of an image can be had by its app's password,
// and is what its digest says.
func (b *bench) whole(ref string) error {
	b.t.Helper()
	user, password, err := b.PullAuth(b.t.Context(), ref)
	ok(b.t, err)
	bearer := b.token(user, password, "repository:"+user+":pull")
	get := func(kind, digest string) (string, error) {
		response, body := b.ask("GET", "/v2/"+user+"/"+kind+"/"+digest, "", "", bearer)
		sum := sha256.Sum256([]byte(body))
		if response.StatusCode != http.StatusOK || "sha256:"+hex.EncodeToString(sum[:]) != digest {
			return "", fmt.Errorf("%s %s: %s, %d bytes", kind, digest, response.Status, len(body))
		}
		return body, nil
	}
	_, digest, _ := strings.Cut(ref, "@")
	text, err := get("manifests", digest)
	if err != nil {
		return err
	}
	type part struct{ Digest string }
	var manifest struct {
		Config part
		Layers []part
	}
	ok(b.t, json.Unmarshal([]byte(text), &manifest))
	if len(manifest.Layers) == 0 {
		b.t.Fatalf("no layers in %s", text)
	}
	for _, p := range append(manifest.Layers, manifest.Config) {
		if _, err := get("blobs", p.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) use() int64 {
	b.t.Helper()
	bytes, err := b.Use()
	ok(b.t, err)
	return bytes
}

func TestCollect(t *testing.T) {
	const size = 200_000
	b := newBench(t)
	shared := []byte(strings.Repeat("x", size)) // compresses to nothing
	one, two := b.image("web:one", size), b.image("web:two", size)
	kept := b.publish("hello", one)
	dropped := b.publish("hello", two)
	keptShared := b.publish("hello", b.imageOf("web:three", shared))
	sharing := b.publish("other", b.imageOf("web:four", shared))
	before := b.use()
	if before < 2*size {
		t.Fatalf("the registry has %d bytes", before)
	}

	// Fresh ones stay: their releases may be about to be written.
	done, err := b.Collect(t.Context(), nil)
	ok(t, err)
	if done != (registry.Collected{}) || b.use() != before {
		t.Errorf("collected %+v at once", done)
	}

	b.SetNow(later)
	moved := strings.Replace(kept, b.options.Address, "registry.example.com", 1) // by an address that was changed
	done, err = b.Collect(t.Context(), []string{moved, keptShared, "not a reference", strings.Replace(kept, "hello@", "nobody@", 1)})
	ok(t, err)
	if done.Images != 2 || done.Bytes < size || done.Bytes > size+5000 {
		t.Errorf("collected %+v", done)
	}
	if after := b.use(); before-after < size {
		t.Errorf("%d bytes were before, %d are after", before, after)
	}
	for _, ref := range []string{kept, keptShared} {
		if err := b.whole(ref); err != nil {
			t.Errorf("a retained image: %v", err)
		}
	}
	for _, ref := range []string{dropped, sharing} {
		if err := b.whole(ref); err == nil {
			t.Errorf("%s is still there", ref)
		}
	}
	b.drop(one)
	ok(t, b.pullAsApp(kept))

	// What went comes again, and is known to be there.
	if again := b.publish("hello", two); again != dropped || b.whole(again) != nil {
		t.Errorf("published again as %s: %v", again, b.whole(again))
	}
	ok(t, b.Forget(t.Context(), "hello"))
	ok(t, b.Forget(t.Context(), "hello"))
	if err := b.whole(kept); err == nil {
		t.Error("what was forgotten is still there")
	}
	_, err = b.Collect(t.Context(), []string{kept, keptShared})
	ok(t, err)
	if after := b.use(); after != 0 {
		t.Errorf("%d bytes are left of nothing", after)
	}
}

// TestCollectKilled kills a collection before each deletion that it makes. What
// is retained stays whole, and the next collection leaves nothing behind.
func TestCollectKilled(t *testing.T) {
	const size = 20_000
	b := newBench(t)
	shared := []byte(strings.Repeat("y", size))
	kept := b.publish("hello", b.imageOf("web:one", shared))
	dropped := b.publish("hello", b.imageOf("web:two", shared))
	alone := b.publish("hello", b.image("web:three", size))
	gone := b.publish("other", b.image("web:four", size))
	ok(t, b.Close())
	full := b.options.Folder

	clean := int64(-1)
	for kill := 0; ; kill++ {
		b.options.Folder = t.TempDir() + "/registry"
		ok(t, os.CopyFS(b.options.Folder, os.DirFS(full)))
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), "TEST_COLLECT_KILL="+strconv.Itoa(kill), "TEST_COLLECT_FOLDER="+b.options.Folder,
			"TEST_COLLECT_INSTALLATION="+b.options.Installation, "TEST_COLLECT_KEEP="+kept)
		said, err := child.CombinedOutput()
		var exit *exec.ExitError
		killed := errors.As(err, &exit)
		if err != nil && (!killed || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("kill %d: %v: %s", kill, err, said)
		}
		b.start()
		if err := b.whole(kept); err != nil {
			t.Fatalf("killed before deletion %d: %v", kill, err)
		}
		for _, ref := range []string{dropped, alone, gone} { // each is whole, or not there at all
			user, password, err := b.PullAuth(t.Context(), ref)
			ok(t, err)
			_, digest, _ := strings.Cut(ref, "@")
			response, _ := b.ask("GET", "/v2/"+user+"/manifests/"+digest, "", "", b.token(user, password, "repository:"+user+":pull"))
			if response.StatusCode == http.StatusOK && b.whole(ref) != nil {
				t.Fatalf("killed before deletion %d: %v", kill, b.whole(ref))
			}
		}
		if _, err := b.Collect(t.Context(), []string{kept}); err != nil {
			t.Fatal(err)
		}
		ok(t, b.whole(kept))
		if kill == 0 {
			clean = b.use()
		}
		if b.use() != clean {
			t.Fatalf("killed before deletion %d: %d bytes are left, %d without", kill, b.use(), clean)
		}
		if !killed {
			if kill < 8 {
				t.Fatalf("the collection made but %d deletions", kill)
			}
			return
		}
	}
}

func TestMain(m *testing.M) {
	if folder := os.Getenv("TEST_COLLECT_FOLDER"); folder != "" {
		collectAndDie(folder)
		return
	}
	os.Exit(m.Run())
}

// collectAndDie is what TestCollectKilled's children do.
func collectAndDie(folder string) {
	box, err := secrets.New(strings.Repeat("7b", 32))
	must(err)
	s, err := registry.New(registry.Options{
		Installation: os.Getenv("TEST_COLLECT_INSTALLATION"), Folder: folder, Keys: box, Address: "localhost:1",
	})
	must(err)
	kill, err := strconv.Atoi(os.Getenv("TEST_COLLECT_KILL"))
	must(err)
	s.WrapFiles(func(d driver.StorageDriver) driver.StorageDriver { return &deadly{StorageDriver: d, left: kill} })
	_, err = s.Collect(context.Background(), []string{os.Getenv("TEST_COLLECT_KEEP")})
	must(err)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// deadly kills the process instead of making a deletion.
type deadly struct {
	driver.StorageDriver
	left int
}

func (d *deadly) Delete(ctx context.Context, path string) error {
	if d.left == 0 {
		must(syscall.Kill(os.Getpid(), syscall.SIGKILL))
		select {} // until the signal has come
	}
	d.left--
	return d.StorageDriver.Delete(ctx, path)
}

// TestCollectWaitsForPushes: an image that is being pushed is not collected.
func TestCollectWaitsForPushes(t *testing.T) {
	b := newBench(t)
	b.publish("hello", b.image("web:one", 1000))
	b.SetNow(later)
	arrived, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	b.before = func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && once.CompareAndSwap(false, true) {
			close(arrived)
			<-release
		}
	}
	id := b.image("web:two", 1000)
	published := make(chan string, 1)
	go func() {
		ref, err := b.Publish(t.Context(), "hello", id, nil)
		published <- ref
		if err != nil {
			t.Error(err)
		}
	}()
	<-arrived
	if b.TryCollect() {
		t.Error("a collection could begin during a push")
	}
	waited, cancel := context.WithCancel(t.Context())
	collected := make(chan error, 2)
	go func() { _, err := b.Collect(waited, nil); collected <- err }()
	cancel()
	if err := <-collected; !errors.Is(err, context.Canceled) {
		t.Errorf("a collection that was cancelled: %v", err)
	}
	go func() { _, err := b.Collect(t.Context(), nil); collected <- err }()
	close(release)
	ref := <-published
	ok(t, <-collected)
	ok(t, b.whole(ref))
}

// TestPushIsCancelled: a push that hangs ends when it is cancelled, and what of
// it comes late is refused.
func TestPushIsCancelled(t *testing.T) {
	b := newBench(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	b.before = func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && once.CompareAndSwap(false, true) {
			close(arrived)
			<-release
		}
	}
	id := b.image("web:one", 100_000)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := b.Publish(ctx, "hello", id, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if !b.TryCollect() {
		t.Error("the push is not over")
	}
	if names := b.names(id); len(names) != 1 {
		t.Errorf("the image is left with the names %v", names)
	}
	_, err := b.Collect(t.Context(), nil)
	ok(t, err)
	close(release)
	ok(t, b.whole(b.publish("hello", id)))
}

// TestStuckUpload: an upload that sends nothing more does not hold up the end of
// its push.
func TestStuckUpload(t *testing.T) {
	b := newBench(t)
	id := b.image("web:one", 1000)
	const stuck = 1_000_000 // bytes that never come
	var bearer atomic.Value
	arrived, sent, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	b.before = func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && once.CompareAndSwap(false, true) {
			bearer.Store(r.Header.Get("Authorization"))
			close(arrived)
			<-release
		}
		if r.ContentLength == stuck {
			close(sent)
		}
	}
	published := make(chan error, 1)
	go func() { _, err := b.Publish(t.Context(), "hello", id, nil); published <- err }()
	<-arrived
	// The same push's token begins an upload, and sends a part of it.
	conn, err := net.Dial("tcp", "127.0.0.1:"+b.port)
	ok(t, err)
	defer func() { _ = conn.Close() }()
	answers := bufio.NewReader(conn)
	begin := fmt.Sprintf("POST /v2/%s/hello/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n", b.options.Installation, bearer.Load())
	_, err = io.WriteString(conn, begin)
	ok(t, err)
	response, err := http.ReadResponse(answers, nil)
	ok(t, err)
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("an upload began with %s", response.Status)
	}
	_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\nx", response.Header.Get("Location"), bearer.Load(), stuck)
	ok(t, err)
	<-sent
	ok(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	close(release)
	ok(t, <-published)
	if !b.TryCollect() {
		t.Error("the push is not over")
	}
	if _, err := http.ReadResponse(answers, nil); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the upload is still waited for")
	}
}

// TestPublishAtOnce: one image is pushed once, however many ask for it.
func TestPublishAtOnce(t *testing.T) {
	b := newBench(t)
	id := b.image("web:one", 1000)
	var manifests atomic.Int64
	b.before = func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			manifests.Add(1)
		}
	}
	refs := make(chan string)
	for range 5 {
		go func() {
			ref, err := b.Publish(t.Context(), "hello", id, nil)
			if err != nil {
				t.Error(err)
			}
			refs <- ref
		}()
	}
	first := <-refs
	for range 4 {
		if ref := <-refs; ref != first {
			t.Errorf("published as %s and %s", first, ref)
		}
	}
	if n := manifests.Load(); n != 1 {
		t.Errorf("pushed %d times", n)
	}
	ok(t, b.whole(first))
}
