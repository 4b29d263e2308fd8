package jobs_test

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// wire leads to a Postgres, and can be cut.
type wire struct {
	dsn      string
	listener net.Listener
	network  string
	address  string

	mu    sync.Mutex
	isCut bool
	conns map[net.Conn]bool
}

// newWire makes a wire to the Postgres of a connection string.
func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{conns: map[net.Conn]bool{}}
	w.network, w.address = pgconn.NetworkAddress(config.Host, config.Port)
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = w.listener.Addr().String(), "sslmode=disable"
	w.dsn = u.String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := w.listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { w.serve(conn) })
		}
	})
	t.Cleanup(func() {
		if err := w.listener.Close(); err != nil {
			t.Error(err)
		}
		w.cut()
		serving.Wait()
	})
	return w
}

func (w *wire) serve(near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial(w.network, w.address)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	w.mu.Lock()
	cut := w.isCut
	w.conns[near], w.conns[far] = true, true
	w.mu.Unlock()
	if cut {
		return
	}
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
}

// cut breaks all connections, and every new one until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for conn := range w.conns {
		_ = conn.Close()
		delete(w.conns, conn)
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = false
}

// readAll gives the files of a folder with their content.
func readAll(dir string) map[string]string {
	files := map[string]string{}
	entries, _ := os.ReadDir(dir) // an image has no source
	for _, entry := range entries {
		if content, err := os.ReadFile(filepath.Join(dir, entry.Name())); err == nil {
			files[entry.Name()] = string(content)
		}
	}
	return files
}
