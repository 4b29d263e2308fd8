package docker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/router"
)

// controlPlane tells routers of one app, hello.test.
func controlPlane(t *testing.T) string {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(app.Close)
	table := router.Update{Version: 7, Table: &router.Table{Version: 7, Apps: []router.App{{
		ID: "hello", Name: "hello", Hosts: []string{"hello.test"}, Status: router.AppLive, Release: 1,
		Backends: []router.Backend{{ID: "x", Name: "x", Address: app.Listener.Addr().String(), Workload: "hello/web/1"}},
	}}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/router/v1/table", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(table)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("POST /internal/router/v1/reports", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	control := httptest.NewServer(mux)
	t.Cleanup(func() {
		control.CloseClientConnections()
		control.Close()
	})
	return control.URL
}

// TestRouterIsReplacedWithoutLoss changes the real router's environment under
// load from clients that connect anew for every request.
func TestRouterIsReplacedWithoutLoss(t *testing.T) {
	c := newCluster(t, options(installation()))
	folder := t.TempDir()
	program := filepath.Join(folder, "slipway-router")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/slipway-router")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	at := "127.0.0.1:" + freePort(t)
	spec := docker.RouterSpec{
		Binary: program,
		Env: map[string]string{
			"SLIPWAY_ROUTER_HTTP": at, "SLIPWAY_ROUTER_HTTPS": "", "SLIPWAY_ROUTER_SERVER": controlPlane(t),
			"SLIPWAY_ROUTER_TOKEN": "x", "SLIPWAY_ROUTER_DATA": "/data", "SLIPWAY_ROUTER_DRAIN": "5s",
		},
		Binds:     []string{folder + ":/data"},
		Listening: router.ListeningMessage,
	}
	ok(t, c.EnsureRouter(t.Context(), spec))
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, at)
		},
	}
	client := &http.Client{Transport: transport}
	post := func(text string) error {
		res, err := client.Post("http://hello.test/", "text/plain", strings.NewReader(text))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || string(body) != text {
			return fmt.Errorf("%s %q %w", res.Status, body, err)
		}
		return nil
	}
	deadline := time.Now().Add(time.Minute)
	for post("first") != nil {
		if time.Now().After(deadline) {
			t.Fatal("the router does not answer")
		}
		time.Sleep(10 * time.Millisecond) // the pace of polling
	}

	var load sync.WaitGroup
	var requests atomic.Int64
	stop := make(chan struct{})
	for worker := range 3 {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := post(fmt.Sprint(worker, "-", n)); err != nil {
					t.Errorf("after %d requests: %v", requests.Load(), err)
					return
				}
				requests.Add(1)
			}
		})
	}
	last := inspect(t, c, c.RouterName()).ID
	for i := range 3 {
		spec.Env["SLIPWAY_ROUTER_HOLD_PER_APP"] = fmt.Sprint(100 + i)
		ok(t, c.EnsureRouter(t.Context(), spec))
		now := inspect(t, c, c.RouterName())
		if now.ID == last || !now.State.Running {
			t.Errorf("round %d: the router is %s as before, running: %t", i, now.ID, now.State.Running)
		}
		last = now.ID
	}
	// One that cannot start leaves the old one alone.
	broken := spec
	broken.Env = maps.Clone(spec.Env)
	broken.Env["SLIPWAY_ROUTER_HOLD_PER_APP"] = "many"
	if err := c.EnsureRouter(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "the old one stays") {
		t.Errorf("a router that cannot start: %v", err)
	}
	if now := inspect(t, c, c.RouterName()); now.ID != last || !now.State.Running {
		t.Error("the old router did not stay")
	}
	close(stop)
	load.Wait()
	t.Logf("%d requests", requests.Load())

	// A replacement that was broken off at its last step is finished.
	ok(t, c.API.ContainerRename(t.Context(), last, c.RouterName()+".next"))
	ok(t, c.EnsureRouter(t.Context(), spec))
	if now := inspect(t, c, c.RouterName()); now.ID != last {
		t.Error("the router that was there was not adopted")
	}
	ok(t, c.RemoveRouter(t.Context()))
	list, err := c.API.ContainerList(t.Context(), container.ListOptions{All: true})
	ok(t, err)
	for _, s := range list {
		if s.Labels[docker.LabelInstallation] == c.Installation() {
			t.Errorf("left %v", s.Names)
		}
	}
}
