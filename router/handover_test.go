package router_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// TestSuccessorsLoseNoConnection replaces routers again and again while clients
// connect anew for every request, and a websocket stays open over all of it.
func TestSuccessorsLoseNoConnection(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		_, _ = w.Write(body)
	})
	_, ws := backend(t, upgraded)
	c.put(live("a", "a.test", b))
	c.put(live("w", "w.test", ws))
	data := t.TempDir()
	with := func(cfg *router.Config) { cfg.Data, cfg.Drain = data, 20*time.Second }
	current := start(t, c, with)
	at := current.http
	c.acked(3)
	conn, in := current.raw("GET /ws HTTP/1.1\r\nHost: w.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%v, %v", res, err)
	}
	_, _ = in.ReadString('\n')

	var load sync.WaitGroup
	var requests atomic.Int64
	stop := make(chan struct{})
	for worker := range 6 {
		transport := &http.Transport{
			DisableKeepAlives: worker%2 == 0,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, at)
			},
		}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: transport}
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := postOnceAs(client, "", fmt.Sprint(worker, "-", n)); err != nil {
					t.Errorf("after %d requests: %v", requests.Load(), err)
					return
				}
				requests.Add(1)
			}
		})
	}
	var old []*running
	for range 5 {
		before := requests.Load()
		next := start(t, c, with)
		if next.http != at {
			t.Fatalf("the successor listens on %s, not on %s", next.http, at)
		}
		current.stop()
		old = append(old, current)
		eventually(t, "requests go on", func() bool { return requests.Load() > before+50 || t.Failed() })
		current = next
	}
	close(stop)
	load.Wait()
	t.Logf("%d requests", requests.Load())
	_, _ = io.WriteString(conn, "still there\n")
	if got, err := in.ReadString('\n'); got != "STILL THERE\n" {
		t.Errorf("the websocket says %q, %v", got, err)
	}
	_ = conn.Close()
	for _, r := range old {
		<-r.done
		if r.err != nil {
			t.Error(r.err)
		}
	}
}

// TestNobodyToInheritFrom starts routers where an earlier one left its socket
// behind, or something else is in its place.
func TestNobodyToInheritFrom(t *testing.T) {
	c := newControl(t)
	data := t.TempDir()
	path := filepath.Join(data, "handover.sock")
	with := func(cfg *router.Config) { cfg.Data = data }
	start(t, c, with).end()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("there is no socket left to find: %v", err)
	}
	start(t, c, with).end()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	garbage, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = garbage.Close() }()
	go func() {
		for {
			conn, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, `{"addresses":["127.0.0.1:0"]}`)
			_ = conn.Close()
		}
	}()
	r := start(t, c, with)
	c.acked(1)
	if res, _ := r.get("http://nobody.test/"); res.StatusCode != 404 {
		t.Errorf("%d", res.StatusCode)
	}
}
