package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// host gives the host name of an app in the tables here.
func host(app int) string { return fmt.Sprintf("app-%d.apps.example.com", app) }

// table is what a control plane is to a router: it gives the table, and then
// the changes of it, and takes reports.
type table struct {
	mu      sync.Mutex
	version uint64
	apps    []router.App
	streams map[chan router.Update]bool
}

// newTable makes a table of apps that all have the same backend.
func newTable(apps int, backend string) *table {
	t := &table{version: 1, streams: map[chan router.Update]bool{}}
	for i := range apps {
		t.apps = append(t.apps, appAt(i, backend, 1))
	}
	return t
}

// apart gives each app an address of its own, which all lead to the backend: it
// must listen on all of them.
func (t *table) apart(backend string) *table {
	_, port, _ := strings.Cut(backend, ":")
	for i := range t.apps {
		t.apps[i] = appAt(i, fmt.Sprintf("127.1.%d.%d:%s", i>>8, i&255, port), 1)
	}
	return t
}

func appAt(i int, backend string, release int) router.App {
	id := fmt.Sprintf("app%d", i)
	return router.App{
		ID: id, Name: id, Hosts: []string{host(i)}, Status: router.AppLive, Release: release,
		Backends: []router.Backend{{ID: fmt.Sprint(id, ".", release), Name: id + ".web", Address: backend, Workload: fmt.Sprint(id, "/web/", release)}},
	}
}

// move gives an app another backend and tells all routers.
func (t *table) move(i int, backend string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version++
	t.apps[i] = appAt(i, backend, t.apps[i].Release+1)
	for stream := range t.streams {
		stream <- router.Update{Version: t.version, App: &t.apps[i]}
	}
}

func (t *table) subscribe() (router.Update, chan router.Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changes := make(chan router.Update, 1024)
	t.streams[changes] = true
	whole := &router.Table{Version: t.version, Apps: append([]router.App(nil), t.apps...)}
	return router.Update{Version: t.version, Table: whole}, changes
}

func (t *table) unsubscribe(changes chan router.Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.streams, changes)
}

// ServeHTTP speaks the protocol of router/table.go.
func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		_, _ = io.Copy(io.Discard, r.Body)
		return
	}
	first, changes := t.subscribe()
	defer t.unsubscribe(changes)
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	ping := time.NewTicker(10 * time.Second)
	defer ping.Stop()
	for update := first; ; {
		if out.Encode(update) != nil || flush.Flush() != nil {
			return
		}
		select {
		case update = <-changes:
		case <-ping.C:
			update = router.Update{Ping: true}
		case <-r.Context().Done():
			return
		}
	}
}

// routerProcess is a router with a table of ours.
type routerProcess struct {
	*process
	address string
	table   *table
	cmd     func() *exec.Cmd
}

// startRouter starts a router and waits until it has the table.
func (b *bench) startRouter(ctx context.Context, t *table, name string) (*routerProcess, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	control := &http.Server{Handler: t, ReadHeaderTimeout: time.Minute}
	go func() { _ = control.Serve(listener) }()
	b.cleanup(control.Close)
	at, err := freeAddresses(1)
	if err != nil {
		return nil, err
	}
	r := &routerProcess{address: at[0], table: t}
	r.cmd = func() *exec.Cmd {
		cmd := exec.Command(b.router)
		cmd.Env = []string{
			"SLIPWAY_ROUTER_HTTP=" + at[0], "SLIPWAY_ROUTER_HTTPS=", "SLIPWAY_ROUTER_SERVER=http://" + listener.Addr().String(),
			"SLIPWAY_ROUTER_TOKEN=bench", "SLIPWAY_ROUTER_DATA=" + filepath.Join(b.dir, "router-"+name), "SLIPWAY_ROUTER_ID=" + name,
			"SLIPWAY_ROUTER_DRAIN=1s",
		}
		return cmd
	}
	if r.process, err = b.start(r.cmd(), "router-"+name); err != nil {
		return nil, err
	}
	return r, r.answers(ctx, "http://"+at[0]+"/", host(len(t.apps)-1))
}

func writeFile(path, content string) error { return os.WriteFile(path, []byte(content), 0o600) }
