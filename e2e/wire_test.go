package e2e

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// wire is a socket that leads to another one, and that can be cut.
type wire struct {
	path, target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	frozen   chan struct{} // closed when the wire carries; nil never
}

// newWire lays a wire to a unix socket, at a path of the given name.
func newWire(t *testing.T, name, target string) *wire {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire-") // a unix socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	carries := make(chan struct{})
	close(carries)
	w := &wire{path: filepath.Join(dir, name), target: target, conns: map[net.Conn]bool{}, frozen: carries}
	t.Cleanup(func() { w.cut(); _ = os.RemoveAll(dir) })
	w.mend(t)
	return w
}

// mend lets the wire carry again.
func (w *wire) mend(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.listener = listener
	w.mu.Unlock()
	go w.serve(listener)
}

// cut ends all connections and takes no new ones.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listener.Close()
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

// freeze lets nothing through any more, without a word to either side.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = make(chan struct{})
}

// thaw ends a freeze.
func (w *wire) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.frozen)
}

func (w *wire) carries() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frozen
}

func (w *wire) serve(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", w.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.conns[near], w.conns[far] = true, true
		w.mu.Unlock()
		var both sync.WaitGroup
		both.Go(func() { w.carry(far, near) })
		both.Go(func() { w.carry(near, far) })
		go func() {
			both.Wait()
			_ = near.Close()
			_ = far.Close()
			w.mu.Lock()
			delete(w.conns, near)
			delete(w.conns, far)
			w.mu.Unlock()
		}()
	}
}

func (w *wire) carry(to, from net.Conn) {
	_, _ = io.Copy(writer(func(p []byte) (int, error) {
		<-w.carries()
		return to.Write(p)
	}), from)
	if half, ok := to.(*net.UnixConn); ok {
		_ = half.CloseWrite()
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
