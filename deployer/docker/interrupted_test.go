package docker_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// door leads to the engine, and can be shut like that of an engine that stops.
type door struct {
	path, engine string
	waited       chan struct{} // closed when somebody has asked to be told of an exit

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	heard    bool
	through  sync.WaitGroup
}

func openDoor(t *testing.T) *door {
	t.Helper()
	api, err := docker.NewClient("")
	ok(t, err)
	path, unix := strings.CutPrefix(api.DaemonHost(), "unix://")
	if !unix {
		t.Fatalf("the engine is at %s", api.DaemonHost())
	}
	d := &door{path: filepath.Join(t.TempDir(), "sock"), engine: path, waited: make(chan struct{})}
	d.open(t)
	t.Cleanup(func() { d.shut(); d.cut(); d.through.Wait() })
	return d
}

func (d *door) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", d.path)
	ok(t, err)
	d.mu.Lock()
	d.listener = listener
	d.mu.Unlock()
	d.through.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			d.mu.Lock() // before the next one: who came first is thrown out too
			d.conns = append(d.conns, conn)
			d.mu.Unlock()
			d.through.Go(func() { d.lead(conn) })
		}
	})
}

func (d *door) lead(in net.Conn) {
	out, err := net.Dial("unix", d.engine)
	if err != nil {
		_ = in.Close()
		return
	}
	d.mu.Lock()
	d.conns = append(d.conns, out)
	d.mu.Unlock()
	d.through.Go(func() { _, _ = io.Copy(io.MultiWriter(out, d), in); _ = out.Close() })
	_, _ = io.Copy(in, out)
	_ = in.Close()
}

// Write hears what the engine is asked.
func (d *door) Write(asked []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if bytes.Contains(asked, []byte("/wait?")) && !d.heard {
		d.heard = true
		close(d.waited)
	}
	return len(asked), nil
}

// shut lets nobody in any more. Who is in stays.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.listener.Close()
}

// cut throws out who is in.
func (d *door) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, conn := range d.conns {
		_ = conn.Close()
	}
	d.conns = nil
}

// An instance that is stopped by an engine that stops, or is restarted, has not
// failed: that is not said of it.
func TestEngineStopsDuringTheWait(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, d *door, stop func()){
		"it still answers on old connections": func(_ *testing.T, d *door, stop func()) { d.shut(); stop() },
		"it is back at once":                  func(_ *testing.T, d *door, stop func()) { d.cut(); stop() },
		"it is away":                          func(_ *testing.T, d *door, _ func()) { d.shut(); d.cut() },
	} {
		t.Run(name, func(t *testing.T) {
			inside := newCluster(t, options(installation()))
			d := openDoor(t)
			o := options(inside.Installation())
			o.Host = "unix://" + d.path
			c, err := docker.New(o)
			ok(t, err)
			w := workload("web", 1, 1)
			w.Env = map[string]string{"TEST_LISTEN": "no"}
			w.Health.Timeout = time.Minute
			ok(t, c.Ensure(t.Context(), w))
			in, err := c.Instances(t.Context(), app)
			ok(t, err)
			ended := make(chan error, 1)
			go func() { ended <- c.WaitHealthy(t.Context(), w.ID) }()
			select {
			case <-d.waited:
			case err := <-ended:
				t.Fatal(err)
			}
			leave(t, d, func() {
				grace := 0
				ok(t, inside.API.ContainerStop(t.Context(), in[0].ID, container.StopOptions{Timeout: &grace}))
			})
			select {
			case err = <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("it waits on")
			}
			var unhealthy *deployer.Unhealthy
			if !errors.Is(err, deployer.ErrInterrupted) || !errors.Is(err, deployer.ErrUnavailable) || errors.As(err, &unhealthy) {
				t.Errorf("%v", err)
			}
			// Until it takes connections again it is not taken for one that is there.
			if _, err := c.Instances(t.Context(), app); name != "it is back at once" && !errors.Is(err, deployer.ErrUnavailable) {
				t.Errorf("an engine that stops is asked as if it were there: %v", err)
			}
			d.shut()
			d.cut()
			d.open(t)
			w.Env["TEST_LISTEN"] = "yes"
			ok(t, c.Ensure(t.Context(), w))
			ok(t, c.WaitHealthy(t.Context(), w.ID))
		})
	}
}
