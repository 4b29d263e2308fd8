package dockerfile

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildertest"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

// wire is a socket between a client and the engine that can be cut.
type wire struct {
	path     string
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
}

// newWire listens on a socket. What connects is passed on to the engine, or is
// never answered when to is "".
func newWire(t *testing.T, to string) *wire {
	t.Helper()
	w := &wire{path: filepath.Join(t.TempDir(), "engine.sock")}
	var err error
	if w.listener, err = net.Listen("unix", w.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.cut)
	go func() {
		for {
			in, err := w.listener.Accept()
			if err != nil {
				return
			}
			w.keep(in)
			if to == "" {
				continue
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				return
			}
			w.keep(out)
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return w
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

func (w *wire) keep(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, conn)
}

func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
}

func over(t *testing.T, socket string) *Builder {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.WithHost("unix://"+socket), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	return New(buildkit.New(engine, slog.New(slog.DiscardHandler)))
}

func TestEngineAway(t *testing.T) {
	src := buildertest.Tree(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	req := builder.Request{Source: builder.Source{Dir: src}, Tag: "slipway-test-away"}
	_, err := over(t, filepath.Join(t.TempDir(), "none.sock")).Build(t.Context(), req, buildertest.NewRecorder(nil))
	if !errors.Is(err, builder.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestEngineThatNeverAnswers(t *testing.T) {
	src := buildertest.Tree(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	req := builder.Request{Source: builder.Source{Dir: src}, Tag: "slipway-test-mute"}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := over(t, newWire(t, "").path).Build(ctx, req, buildertest.NewRecorder(nil))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// The same happens to a build when the one who asked for it dies.
func TestConnectionCutInABuild(t *testing.T) {
	f := newFixture(t)
	socket := client.DefaultDockerHost
	if host := f.engine.DaemonHost(); host != "" {
		socket = host
	}
	w := newWire(t, socket[len("unix://"):])
	f.builder = over(t, w.path)
	salt, ran := buildertest.Token(), false
	f.progress = buildertest.NewRecorder(func() {
		if !ran && f.progress.HasLine("hanging") {
			ran = len(processesWith(t, salt)) > 0
			w.cut()
		}
	})
	_, err := f.build(t, t.Context(), map[string]string{
		"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"hang\", \"" + salt + "\"]\n",
	}, nil)
	if !errors.Is(err, builder.ErrUnavailable) || !ran {
		t.Errorf("ran %v, got %v", ran, err)
	}
	for deadline := time.Now().Add(30 * time.Second); len(processesWith(t, salt)) > 0; time.Sleep(10 * time.Millisecond) { // between two looks
		if time.Now().After(deadline) {
			t.Fatal("the engine goes on with the build")
		}
	}
}
