package router_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slipway-paas/slipway/router"
)

// hold is an instance whose requests to /hold wait until they are let go.
func hold(t testing.TB, release int) (b router.Backend, letGo func(), held *atomic.Int64) {
	t.Helper()
	gate := make(chan struct{})
	held = new(atomic.Int64)
	_, b = backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			held.Add(1)
			<-gate
		}
		_, _ = fmt.Fprintf(w, "v%d", release)
	})
	b.Workload = fmt.Sprintf("a/web/%d", release)
	letGo = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(letGo)
	return b, letGo, held
}

func TestDrainIsReported(t *testing.T) {
	c := newControl(t)
	v1, letGo, held := hold(t, 1)
	v2, _, _ := hold(t, 2)
	c.put(live("a", "a.test", v1))
	r := start(t, c, nil)
	c.acked(2)
	answers := make(chan string)
	for range 3 {
		go func() {
			res, err := r.client.Get("http://a.test/hold")
			if err != nil {
				answers <- err.Error()
				return
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			answers <- string(body)
		}()
	}
	eventually(t, "three requests are held", func() bool { return held.Load() == 3 })
	c.acked(c.put(live("a", "a.test", v2)))
	report := c.last()
	if report.InFlight["a/web/1"] != 3 || report.Draining[v1.ID] != 3 || report.InFlight["a/web/2"] != 0 {
		t.Errorf("after the switch: %+v", report)
	}
	if _, body := r.get("http://a.test/"); body != "v2" {
		t.Errorf("a new request went to %s", body)
	}
	letGo()
	for range 3 {
		if got := <-answers; got != "v1" {
			t.Errorf("a request in flight got %q", got)
		}
	}
	eventually(t, "the drain is reported", func() bool {
		report := c.last()
		return len(report.InFlight) == 0 && len(report.Draining) == 0
	})
}

func TestIdleConnectionsOfRemovedBackendsClose(t *testing.T) {
	c := newControl(t)
	var open atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: says("v1"), ConnState: func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	at := listener.Addr().String()
	c.put(live("a", "a.test", router.Backend{ID: at, Address: at, Workload: "a/web/1"}))
	r := start(t, c, nil)
	c.acked(2)
	r.get("http://a.test/")
	if open.Load() != 1 {
		t.Fatalf("%d connections", open.Load())
	}
	c.acked(c.remove("a"))
	eventually(t, "the connection closes", func() bool { return open.Load() == 0 })
}

// upgraded speaks a protocol of its own after an upgrade: it echoes lines.
func upgraded(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
		http.Error(w, "no upgrade: "+r.Header.Get("Upgrade"), http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: x\r\n\r\nwelcome\n")
	for {
		line, err := buffered.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, strings.ToUpper(line))
	}
}

func TestWebsocketSurvivesSwitches(t *testing.T) {
	c := newControl(t)
	_, v1 := backend(t, upgraded)
	v1.Workload = "a/web/1"
	c.put(live("a", "a.test", v1))
	r := start(t, c, nil)
	c.acked(2)
	// The first words come with the handshake, before the answer to it.
	conn, in := r.raw("GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly\n")
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != 101 || res.Header.Get("Upgrade") != "WebSocket" || res.Header.Get("Sec-WebSocket-Accept") != "x" || res.Header.Get("X-Request-Id") == "" {
		t.Fatalf("%+v, %v", res, err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := in.ReadString('\n'); got != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	expect("welcome\n")
	expect("EARLY\n")
	for i := range 20 {
		_, b := backend(t, says("other"))
		b.Workload = "a/web/2"
		c.acked(c.put(live("a", "a.test", b)))
		_, _ = fmt.Fprintf(conn, "line %d\n", i)
		expect(fmt.Sprintf("LINE %d\n", i))
	}
	if n := c.last().InFlight["a/web/1"]; n != 1 {
		t.Errorf("%d in flight on the old release", n)
	}
	_ = conn.Close()
	eventually(t, "the old release drains", func() bool { return c.last().InFlight["a/web/1"] == 0 })
}

func TestUpgradeToHTTP2IsNotPassedOn(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = fmt.Fprintf(w, "%q %q %q", req.Header.Get("Upgrade"), req.Header.Get("Connection"), req.Header.Get("Http2-Settings"))
	})
	_, body := r.get("http://a.test/", "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAAQAAP__")
	if body != `"" "" ""` {
		t.Error(body)
	}
}

func TestBackendCannotSwitchUnasked(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		_ = conn.Close()
	})
	if res, _ := r.get("http://a.test/"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("answered %d", res.StatusCode)
	}
}

// TestSwitchesLoseNoRequest switches between instances that come and go, the
// way a rollout does: the new one is put in force, the old one is stopped as
// soon as its drain was reported. Not one request may fail.
func TestSwitchesLoseNoRequest(t *testing.T) {
	c := newControl(t)
	instance := func(release int) (router.Backend, func()) {
		srv, b := backend(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(w, "v%d %s", release, body)
		})
		b.Workload = fmt.Sprintf("a/web/%d", release)
		return b, func() {
			srv.CloseClientConnections() // as a killed process would
			srv.Close()
		}
	}
	old, stopOld := instance(0)
	c.put(live("a", "a.test", old))
	r := start(t, c, nil)
	c.acked(2)

	var load sync.WaitGroup
	var requests, switches atomic.Int64
	stop := make(chan struct{})
	for worker := range 8 {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := postOnce(r.client, fmt.Sprintf("%d-%d", worker, n)); err != nil {
					t.Errorf("after %d switches: %v", switches.Load(), err)
					return
				}
				requests.Add(1)
			}
		})
	}
	for release := 1; release <= 60; release++ {
		next, stopNext := instance(release)
		before := requests.Load()
		c.acked(c.put(live("a", "a.test", next)))
		eventually(t, "the old release drains", func() bool { return c.last().InFlight[old.Workload] == 0 })
		stopOld()
		switches.Add(1)
		eventually(t, "requests go on", func() bool { return requests.Load() > before+20 || t.Failed() })
		old, stopOld = next, stopNext
	}
	close(stop)
	load.Wait()
	t.Logf("%d requests over %d switches", requests.Load(), switches.Load())
}

func postOnce(client *http.Client, text string) error {
	res, err := client.Post("http://a.test/", "text/plain", strings.NewReader(text))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.HasSuffix(string(body), " "+text) {
		return fmt.Errorf("%s: %q", res.Status, body)
	}
	return nil
}

func TestRefusedConnectionsAreRetriedElsewhere(t *testing.T) {
	c := newControl(t)
	_, good := backend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "ok %s", body)
	})
	app := live("a", "a.test", good)
	for i := range 3 {
		srv, dead := backend(t, says("dead"))
		srv.Close()
		dead.ID = fmt.Sprint("dead", i)
		app.Backends = append(app.Backends, dead)
	}
	c.put(app)
	r := start(t, c, nil)
	c.acked(2)
	for i := range 200 {
		if err := postOnce(r.client, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	app.Backends = app.Backends[1:]
	c.acked(c.put(app))
	res, _ := r.get("http://a.test/")
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("X-Slipway-Error") != "app_down" {
		t.Errorf("with none left: %d %s", res.StatusCode, res.Header.Get("X-Slipway-Error"))
	}
	eventually(t, "the access line says so", func() bool {
		lines := c.lines()
		last := lines[len(lines)-1]
		return last.Status == 503 && last.Error != "" && last.Backend == ""
	})
}

func TestBrokenAnswersAreRetriedOnlyWhenSafe(t *testing.T) {
	c := newControl(t)
	var posts atomic.Int64
	_, bad := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.ReadAll(r.Body)
			posts.Add(1)
		}
		panic(http.ErrAbortHandler)
	})
	_, good := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		_, _ = io.WriteString(w, "ok")
	})
	c.put(live("a", "a.test", bad, good))
	r := start(t, c, nil)
	c.acked(2)
	failed := 0
	for range 50 {
		if res, body := r.get("http://a.test/"); body != "ok" {
			t.Fatalf("GET: %d %s", res.StatusCode, body)
		}
		res, err := r.client.Post("http://a.test/", "text/plain", strings.NewReader("once"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusBadGateway {
			failed++
		}
	}
	if posts.Load() != 50 || failed == 0 {
		t.Errorf("50 POSTs arrived %d times, %d failed", posts.Load(), failed)
	}
}

func TestLoadIsSpread(t *testing.T) {
	c := newControl(t)
	var counts [4]atomic.Int64
	var backends []router.Backend
	for i := range counts {
		_, b := backend(t, func(http.ResponseWriter, *http.Request) { counts[i].Add(1) })
		backends = append(backends, b)
	}
	c.put(live("a", "a.test", backends...))
	r := start(t, c, nil)
	c.acked(2)
	var load sync.WaitGroup
	for range 8 {
		load.Go(func() {
			for range 100 {
				res, err := r.client.Get("http://a.test/")
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
			}
		})
	}
	load.Wait()
	for i := range counts {
		if n := counts[i].Load(); n < 100 || n > 320 {
			t.Errorf("backend %d got %d of 800", i, n)
		}
	}
}

// TestOneConnectionManyApps checks keep-alive with requests for several apps on one
// connection.
func TestOneConnectionManyApps(t *testing.T) {
	c := newControl(t)
	for _, name := range []string{"a", "b"} {
		_, b := backend(t, says("app "+name))
		c.put(live(name, name+".test", b))
	}
	r := start(t, c, nil)
	c.acked(3)
	conn, in := r.raw("")
	for _, name := range []string{"a", "b", "a", "c"} {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+name+".test\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(bufio.NewReader(res.Body))
		if name == "c" && res.StatusCode == 404 {
			continue
		}
		if string(body) != "app "+name {
			t.Errorf("%s: %d %q", name, res.StatusCode, body)
		}
	}
}
