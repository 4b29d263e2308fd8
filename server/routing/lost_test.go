package routing_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/server/routing"
)

// line is a router's way to the server, which can be cut.
type line struct {
	*httptest.Server
	down atomic.Bool
}

func (w *world) newLine() *line {
	at, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	l := &line{}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.FlushInterval = -1
	transport := &http.Transport{}
	proxy.Transport = transport
	proxy.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) }
	l.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if l.down.Load() {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = recover() }() // the proxy's way of breaking off
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(func() {
		l.CloseClientConnections()
		l.Close()
		transport.CloseIdleConnections()
	})
	return l
}

func (l *line) cut() {
	l.down.Store(true)
	l.CloseClientConnections()
}

// twoRouters starts one that is safe and one that can be cut off.
func twoRouters(t *testing.T, lease time.Duration) (w *world, safe, cut *edge, way *line) {
	w = newWorld(t)
	w.endServer()
	w.options.Lease = lease
	w.startServer()
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	w.service().Changed("hello")
	way = w.newLine()
	safe, cut = w.startRouter("safe"), w.startRouterVia("cut", way.URL)
	w.connected(2)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	return w, safe, cut, way
}

// TestOldInstancesStayForALostRouter deploys while a router is cut off: what
// that one still sends requests to stays until it is back.
func TestOldInstancesStayForALostRouter(t *testing.T) {
	w, safe, cut, way := twoRouters(t, time.Minute)
	way.cut()
	w.connected(1)
	deployed := make(chan error, 1)
	go func() { deployed <- w.deploy("hello", 2, 1) }()
	eventually(t, "the other router has the new release", func() bool { return safe.ask("http://hello.test/") == "v2" })
	for range 100 {
		if got := cut.ask("http://hello.test/"); got != "v1" {
			t.Fatalf("the router that is cut off: %s", got)
		}
	}
	select {
	case err := <-deployed:
		t.Fatalf("the old release was cleared away: %v", err)
	default:
	}
	way.down.Store(false)
	if err := <-deployed; err != nil {
		t.Fatal(err)
	}
	for _, e := range []*edge{safe, cut} {
		if got := e.ask("http://hello.test/"); got != "v2" {
			t.Errorf("afterwards: %s", got)
		}
	}
}

// TestLostRouterWaitsForItsTable takes the old instances away from a router
// that is cut off. Its requests wait for the table that it gets when it is back.
func TestLostRouterWaitsForItsTable(t *testing.T) {
	w, safe, cut, way := twoRouters(t, 100*time.Millisecond)
	way.cut()
	w.connected(1)
	if err := w.deploy("hello", 2, 1); err != nil {
		t.Fatal(err)
	}
	if got := safe.ask("http://hello.test/"); got != "v2" {
		t.Errorf("%s", got)
	}
	const waiting = 5
	answers := make(chan string, waiting)
	for range waiting {
		go func() { answers <- cut.ask("http://hello.test/") }()
	}
	eventually(t, "the requests wait", func() bool {
		select {
		case got := <-answers:
			t.Fatalf("answered %s", got)
		default:
		}
		return cut.inFlight() == waiting
	})
	way.down.Store(false)
	for range waiting {
		if got := <-answers; got != "v2" {
			t.Errorf("%s", got)
		}
	}
}

// TestRouterThatLeavesIsNotWaitedFor ends one of two routers properly.
func TestRouterThatLeavesIsNotWaitedFor(t *testing.T) {
	w, _, cut, _ := twoRouters(t, time.Hour)
	cut.end()
	w.connected(1)
	began := time.Now()
	if err := w.service().Switch(t.Context(), "hello", deployer.Targets{Release: 1, Process: "web"}); err != nil {
		t.Fatal(err)
	}
	if err := w.service().Drained(t.Context(), deployer.WorkloadID{App: "hello", Process: "web", Release: 9}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
