package router

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

func TestRestComesAfterABusyTime(t *testing.T) {
	r := rest{}
	total := int64(0)
	for i, tick := range []struct {
		requests int64
		due      bool
	}{
		{10, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false}, // never busy
		{5000, false},
		{3, false},
		{3, false},
		{3, false},
		{3, false},
		{3, true},
		{3, false},
		{3, false},
		{5000, false},
		{0, false},
		{5000, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, true},
	} {
		total += tick.requests
		if got := r.due(total); got != tick.due {
			t.Errorf("tick %d: due is %t", i, got)
		}
	}
}

// TestSlowConnectionsAreClosed lets the front's clock go on: a header that does
// not come to its end and a connection without requests both take too long, and
// one that is busy does not.
func TestSlowConnectionsAreClosed(t *testing.T) {
	app := manyApps(1)[0]
	gate := make(chan struct{})
	app.Backends[0].Address = serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-gate
		}
		_, _ = io.WriteString(w, "hello")
	}))
	f, at := newTestFront(t, newProxy(loaded(t, []App{app}), newAccessLog(), Config{UploadStall: defaultUploadStall}))
	dial := func(text string) (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, text)
		return c, bufio.NewReader(c)
	}
	answered := func(in *bufio.Reader) {
		t.Helper()
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); string(body) != "hello" {
			t.Fatalf("%q", body)
		}
	}
	closes := func(what string, in *bufio.Reader) {
		t.Helper()
		if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", what, err)
		}
	}
	request := "GET /%s HTTP/1.1\r\nHost: " + app.Hosts[0] + "\r\n\r\n"
	_, idle := dial(fmt.Sprintf(request, ""))
	answered(idle)
	_, slow := dial("GET / HTTP/1.1\r\nHost")
	_, silent := dial("")
	_, busy := dial(fmt.Sprintf(request, "wait"))
	in := func(at phase, n int) bool {
		count := 0
		for _, c := range f.all() {
			if c.phase.Load() == at {
				count++
			}
		}
		return count == n
	}
	for deadline := time.Now().Add(10 * time.Second); !in(phaseReading, 2) || !in(phaseBusy, 1) || !in(phaseIdle, 1); {
		if time.Now().After(deadline) {
			t.Fatal("the connections are not all there")
		}
		time.Sleep(time.Millisecond) // the pace of polling
	}
	f.later(headerTimeout + 2*time.Second)
	closes("a header in pieces", slow)
	closes("a new connection that says nothing", silent)
	if !in(phaseIdle, 1) || !in(phaseBusy, 1) {
		t.Error("others were closed with them")
	}
	f.later(idleTimeout + 2*time.Second)
	closes("an idle connection", idle)
	close(gate)
	answered(busy)
}

// TestIdleClientsHoldNoBuffers looks at what a client's connection refers to
// between two requests.
func TestIdleClientsHoldNoBuffers(t *testing.T) {
	app := manyApps(1)[0]
	app.Backends[0].Address = serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
	}))
	f, at := newTestFront(t, newProxy(loaded(t, []App{app}), newAccessLog(), Config{UploadStall: defaultUploadStall}))
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nX-Request-Id: 12345678\r\nX-Other: 1\r\n\r\n", app.Hosts[0])
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	idle := f.all()[0]
	for deadline := time.Now().Add(10 * time.Second); idle.phase.Load() != phaseIdle; {
		if time.Now().After(deadline) {
			t.Fatal("the connection is not idle")
		}
		time.Sleep(time.Millisecond) // the pace of polling
	}
	req := &idle.req
	if req.method != nil || req.target != nil || req.host != nil || req.id != nil || idle.ex.out.head != nil || idle.ex.route != nil {
		t.Errorf("%s %s %s %s", req.method, req.target, req.host, req.id)
	}
	if cap(req.fields) < 3 {
		t.Fatalf("room for %d fields", cap(req.fields))
	}
	for _, kept := range req.fields[:cap(req.fields)] {
		if kept.name != nil || kept.value != nil {
			t.Errorf("%s is kept", kept.name)
		}
	}
}

// later looks after the connections as if some time had gone by.
func (f *front) later(by time.Duration) {
	now := f.clock.Load()
	f.clock.Store(now + int64(by/time.Second))
	f.sweep()
	f.clock.Store(now)
}

// BenchmarkStart puts a table of 10,000 apps on disk in force.
func BenchmarkStart(b *testing.B) {
	file := filepath.Join(b.TempDir(), "table.json")
	kept := &cache{file: file, store: loaded(b, manyApps(10_000)), log: slog.New(slog.DiscardHandler)}
	if err := kept.save(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c := &cache{file: file, store: newStore()}
		if err := c.load(); err != nil || len(c.store.apps) != 10_000 {
			b.Fatal(len(c.store.apps), err)
		}
	}
}
