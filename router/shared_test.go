package router_test

import (
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

// at is an app with one backend at an address.
func at(address, id string, release int) router.App {
	workload := fmt.Sprintf("%s/web/%d", id, release)
	app := live(id, id+".test", router.Backend{ID: workload, Name: workload, Address: address, Workload: workload})
	app.Release = release
	return app
}

// listenAt serves an address, the connections to which may still be open. It
// counts those that are made.
func listenAt(t *testing.T, address string, handler http.HandlerFunc) (listener net.Listener, made *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	made = new(atomic.Int64)
	srv := &http.Server{Handler: handler, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	return listener, made
}

func TestManyHostsNeedFewConnections(t *testing.T) {
	c := newControl(t)
	listener, made := listenAt(t, "127.0.0.1:0", says("hello"))
	const apps = 40
	for i := range apps {
		c.put(at(listener.Addr().String(), fmt.Sprint("a", i), 1))
	}
	r := start(t, c, nil)
	c.acked(apps + 1)
	for i := range apps {
		if _, body := r.get(fmt.Sprintf("http://a%d.test/", i)); body != "hello" {
			t.Fatalf("%q", body)
		}
	}
	// One, and another whenever this test was paused for a second or two.
	if n := made.Load(); n > apps/4 {
		t.Errorf("%d connections for requests one after the other", n)
	}
}

// TestAddressGivenToAnother lets an instance go without a word: what it had
// open stays open. The instance that gets its address next, while the table has
// the one before or not, is the only one to be asked.
func TestAddressGivenToAnother(t *testing.T) {
	for _, first := range []string{"remove", "add"} {
		t.Run(first+" first", func(t *testing.T) {
			c := newControl(t)
			old, _ := listenAt(t, "127.0.0.1:0", says("old"))
			address := old.Addr().String()
			c.put(at(address, "a", 1))
			r := start(t, c, nil)
			c.acked(2)
			if _, body := r.get("http://a.test/"); body != "old" {
				t.Fatalf("%q", body)
			}
			_ = old.Close() // the listener alone
			_, made := listenAt(t, address, says("new"))
			if first == "remove" {
				c.acked(c.remove("a"))
				c.acked(c.put(at(address, "b", 1)))
			} else {
				c.acked(c.put(at(address, "b", 1)))
			}
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				req, err := http.NewRequest(method, "http://b.test/", strings.NewReader(method))
				if err != nil {
					t.Fatal(err)
				}
				res, err := r.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if string(body) != "new" {
					t.Errorf("%s: %d %q", method, res.StatusCode, body)
				}
			}
			if made.Load() == 0 {
				t.Error("nobody connected")
			}
			c.acked(c.remove("a"))
			if _, body := r.get("http://b.test/"); body != "new" {
				t.Errorf("after the removal: %q", body)
			}
		})
	}
}

// TestSwitchesAtOneAddressLoseNoRequest replaces the backend of one of two apps
// again and again by another at the same address, under load on both.
func TestSwitchesAtOneAddressLoseNoRequest(t *testing.T) {
	c := newControl(t)
	listener, _ := listenAt(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	address := listener.Addr().String()
	c.put(at(address, "a", 0))
	c.put(at(address, "b", 0))
	r := start(t, c, nil)
	c.acked(3)
	var load sync.WaitGroup
	var requests atomic.Int64
	stop := make(chan struct{})
	for worker := range 6 {
		url := fmt.Sprintf("http://%c.test/", 'a'+worker%2)
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				text := fmt.Sprintf("%d-%d", worker, n)
				res, err := r.client.Post(url, "text/plain", strings.NewReader(text))
				if err != nil {
					t.Errorf("%s: %v", url, err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK || string(body) != text {
					t.Errorf("%s: %d %q, %v", url, res.StatusCode, body, err)
					return
				}
				requests.Add(1)
			}
		})
	}
	for release := 1; release <= 60; release++ {
		before := requests.Load()
		c.acked(c.put(at(address, "a", release)))
		eventually(t, "the release before drains", func() bool {
			report := c.last()
			return report.InFlight[fmt.Sprintf("a/web/%d", release-1)] == 0 && len(report.Draining) == 0
		})
		eventually(t, "requests go on", func() bool { return requests.Load() > before+10 || t.Failed() })
	}
	close(stop)
	load.Wait()
	eventually(t, "nothing is in flight", func() bool { return len(c.last().InFlight) == 0 })
	t.Logf("%d requests", requests.Load())
}
