package router_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

func holding(id, host string) router.App {
	return router.App{ID: id, Name: id, Hosts: []string{host}, Status: router.AppStarting, Release: 1, Hold: true}
}

// waiting tells how many requests have been answered or wait, by the router's
// own count of what is in flight.
func (r *running) inFlight() int64 {
	r.t.Helper()
	return r.stats().InFlight
}

func TestHeldRequestsAreServedByTheNewInstance(t *testing.T) {
	c := newControl(t)
	var bodies atomic.Int64
	_, b := backend(t, func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err == nil {
			bodies.Add(1)
		}
		_, _ = fmt.Fprintf(w, "%s %s", req.Method, body)
	})
	c.put(holding("a", "a.test"))
	r := start(t, c, nil)
	c.acked(2)
	const each = 150 // more than go on at once
	var load sync.WaitGroup
	for i := range each {
		load.Go(func() {
			res, err := r.client.Get("http://a.test/")
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != "GET " {
				t.Errorf("%d %q", res.StatusCode, body)
			}
		})
		load.Go(func() {
			if err := postOnceAs(r.client, "POST ", fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all requests wait", func() bool { return r.inFlight() == 2*each })
	// A change that brings no instance lets them wait on.
	c.acked(c.put(holding("a", "a.test")))
	if n := bodies.Load(); n != 0 {
		t.Fatalf("%d requests were served", n)
	}
	c.acked(c.put(live("a", "a.test", b)))
	load.Wait()
	if n := bodies.Load(); n != 2*each {
		t.Errorf("%d requests arrived, want %d", n, 2*each)
	}
	eventually(t, "the access lines say how long they waited", func() bool {
		lines := c.lines()
		return len(lines) == 2*each && lines[0].HeldMS > 0 && lines[0].Backend != "" && lines[0].Error == ""
	})
}

func postOnceAs(client *http.Client, prefix, text string) error {
	res, err := client.Post("http://a.test/", "text/plain", strings.NewReader(text))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || string(body) != prefix+text {
		return fmt.Errorf("%s: %q", res.Status, body)
	}
	return nil
}

func TestHoldIsLimitedInTime(t *testing.T) {
	c := newControl(t)
	c.put(holding("a", "a.test"))
	r := start(t, c, func(cfg *router.Config) { cfg.HoldTimeout = 50 * time.Millisecond })
	c.acked(2)
	res, _ := r.get("http://a.test/")
	if res.StatusCode != 503 || res.Header.Get("X-Slipway-Error") != "app_held" || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	eventually(t, "the access line says why", func() bool {
		lines := c.lines()
		return len(lines) == 1 && lines[0].HeldMS >= 50 && lines[0].Error == "the app was not back in time"
	})
}

func TestHoldIsLimitedInNumber(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, says("hello"))
	for _, name := range []string{"a", "b", "c"} {
		c.put(holding(name, name+".test"))
	}
	r := start(t, c, func(cfg *router.Config) { cfg.HoldPerApp, cfg.HoldTotal = 2, 3 })
	c.acked(4)
	answers := make(chan string, 10)
	ask := func(ctx context.Context, host string) {
		go func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/", nil)
			res, err := r.client.Do(req)
			if err != nil {
				answers <- "gone"
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			answers <- fmt.Sprintf("%d %s", res.StatusCode, strings.SplitN(string(body), "\n", 2)[0])
		}()
	}
	full := func(host string) {
		t.Helper()
		if res, _ := r.get("http://" + host + "/"); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: one too many got %d", host, res.StatusCode)
		}
	}
	leaving, leave := context.WithCancel(context.Background())
	ask(leaving, "a.test")
	ask(context.Background(), "a.test")
	eventually(t, "two requests wait", func() bool { return r.inFlight() == 2 })
	full("a.test")
	ask(context.Background(), "b.test")
	eventually(t, "three requests wait", func() bool { return r.inFlight() == 3 })
	full("b.test")
	full("c.test")
	// Whoever goes away makes room.
	leave()
	if got := <-answers; got != "gone" {
		t.Errorf("after leaving: %s", got)
	}
	eventually(t, "its place is free", func() bool { return r.inFlight() == 2 })
	ask(context.Background(), "a.test")
	eventually(t, "three requests wait again", func() bool { return r.inFlight() == 3 })
	for _, name := range []string{"a", "b"} {
		c.acked(c.put(live(name, name+".test", b)))
	}
	for range 3 {
		if got := <-answers; got != "200 hello" {
			t.Errorf("%s", got)
		}
	}
}

// TestHeldUploadIsNotRead holds a request whose client waits for permission to
// send, and one whose client goes away in the middle of sending.
func TestHeldUploadIsNotRead(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, func(w http.ResponseWriter, req *http.Request) {
		n, _ := io.Copy(io.Discard, req.Body)
		_, _ = fmt.Fprint(w, n)
	})
	c.put(holding("a", "a.test"))
	r := start(t, c, nil)
	c.acked(2)
	conn, in := r.raw("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	gone, _ := r.raw("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000000\r\n\r\nsome of it")
	eventually(t, "both wait", func() bool { return r.inFlight() == 2 })
	_ = gone.Close()
	eventually(t, "who went away waits no longer", func() bool { return r.inFlight() == 1 })
	c.acked(c.put(live("a", "a.test", b)))
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = in.ReadString('\n')
	_, _ = io.WriteString(conn, "hello")
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "5" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
}

// TestHoldEndsWithTheApp destroys and stops apps that are held.
func TestHoldEndsWithTheApp(t *testing.T) {
	c := newControl(t)
	c.put(holding("a", "a.test"))
	c.put(holding("b", "b.test"))
	r := start(t, c, nil)
	c.acked(3)
	answers := make(chan string, 2)
	for _, host := range []string{"a.test", "b.test"} {
		go func() {
			res, err := r.client.Get("http://" + host + "/")
			if err != nil {
				answers <- err.Error()
				return
			}
			_ = res.Body.Close()
			answers <- fmt.Sprint(res.StatusCode, " ", res.Header.Get("X-Slipway-Error"))
		}()
	}
	eventually(t, "both wait", func() bool { return r.inFlight() == 2 })
	c.remove("a")
	c.put(router.App{ID: "b", Hosts: []string{"b.test"}, Status: router.AppDown})
	for range 2 {
		if got := <-answers; got != "503 app_down" && got != "404 no_such_app" {
			t.Error(got)
		}
	}
}
