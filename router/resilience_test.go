package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

func TestServesFromDiskWhileTheServerIsAway(t *testing.T) {
	data := t.TempDir()
	c := newControl(t)
	_, b := backend(t, says("hello"))
	c.put(live("a", "a.test", b))
	withData := func(cfg *router.Config) { cfg.Data = data }
	first := start(t, c, withData)
	c.acked(2)
	first.end()
	if first.err != nil {
		t.Fatal(first.err)
	}
	c.stop()

	second := start(t, c, withData)
	if _, body := second.get("http://a.test/"); body != "hello" {
		t.Errorf("without a server: %q", body)
	}
	second.end()
	if left, _ := filepath.Glob(filepath.Join(data, ".table*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBrokenTableOnDiskDoesNotStopTheStart(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "table.json"), []byte(`{"version":9,"apps":[{"id":"a","hosts":["A B"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newControl(t)
	c.mu.Lock()
	c.refuse = true
	c.mu.Unlock()
	r := start(t, c, func(cfg *router.Config) { cfg.Data = data })
	res, _ := r.get("http://a.test/")
	if res.StatusCode != 503 || res.Header.Get("X-Slipway-Error") != "router_starting" || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if health, _ := r.get("http://127.0.0.1/.slipway/healthz"); health.StatusCode != 503 {
		t.Errorf("healthy without a table: %d", health.StatusCode)
	}
	c.mu.Lock()
	c.refuse = false
	c.mu.Unlock()
	c.acked(1)
	if health, _ := r.get("http://127.0.0.1/.slipway/healthz"); health.StatusCode != 200 {
		t.Errorf("not healthy with a table: %d", health.StatusCode)
	}
}

func TestReconnects(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, says("hello"))
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	c.mu.Lock()
	c.refuse = true
	c.mu.Unlock()
	c.cut()
	for range 20 {
		if _, body := r.get("http://a.test/"); body != "hello" {
			t.Fatalf("while cut off: %q", body)
		}
	}
	v := c.put(live("b", "b.test", b))
	c.mu.Lock()
	c.refuse = false
	c.mu.Unlock()
	c.acked(v)
	if _, body := r.get("http://b.test/"); body != "hello" {
		t.Errorf("after the reconnection: %q", body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) != 1 || c.opened < 2 {
		t.Errorf("IDs %v, %d streams", c.ids, c.opened)
	}
}

func TestAccessLinesOutliveARefusedReport(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	c.mu.Lock()
	c.mute = true
	c.mu.Unlock()
	for i := range 30 {
		r.get(fmt.Sprintf("http://A.test:99/%d/x%%20y?secret=1", i), "X-Request-Id", "request-id-"+fmt.Sprint(i))
	}
	c.mu.Lock()
	c.mute = false
	c.mu.Unlock()
	eventually(t, "all lines arrive", func() bool { return len(c.lines()) == 30 })
	for i, line := range c.lines() {
		want := router.Access{
			AppID: "a", Time: line.Time, Method: "GET", Host: "a.test", Path: fmt.Sprintf("/%d/x%%20y", i), Status: 418, Bytes: 15,
			Duration: line.Duration, Backend: b.Name, Release: 1, RemoteIP: "127.0.0.1", RequestID: "request-id-" + fmt.Sprint(i),
		}
		if line != want || line.Duration <= 0 || time.Since(line.Time) > time.Minute {
			t.Errorf("line %d: %+v", i, line)
		}
	}
}

func TestBadUpdatesChangeNothing(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, says("hello"))
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	bad := live("b", "b.test", b)
	bad.Backends = append(bad.Backends, router.Backend{ID: "x", Workload: "x", Address: "no-port"})
	opened := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.opened
	}
	before := opened()
	v := c.put(bad)
	eventually(t, "the router asks for the table again", func() bool { return opened() > before })
	if res, _ := r.get("http://b.test/"); res.StatusCode != 404 {
		t.Errorf("half of an update is in force: %d", res.StatusCode)
	}
	if _, body := r.get("http://a.test/"); body != "hello" {
		t.Errorf("the old table is gone: %q", body)
	}
	if c.last().Applied >= v {
		t.Error("a bad update was acknowledged")
	}
	c.acked(c.remove("b"))
}

func TestPlatformHost(t *testing.T) {
	c := newControl(t)
	srv, b := backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "dashboard for "+r.Host)
	})
	c.table.Platform = &router.Platform{Host: "slipway.test", URL: srv.URL}
	thief := live("thief", "slipway.test", b)
	c.put(thief)
	r := start(t, c, nil)
	c.acked(2)
	c.acked(c.put(thief))
	for range 3 {
		if _, body := r.get("http://slipway.test/"); body != "dashboard for slipway.test" {
			t.Errorf("%q", body)
		}
	}
	srv.CloseClientConnections()
	srv.Close()
	if res, _ := r.get("http://slipway.test/"); res.StatusCode != 503 || res.Header.Get("X-Slipway-Error") != "server_down" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("X-Slipway-Error"))
	}
	if n := len(c.lines()); n != 0 {
		t.Errorf("%d access lines for the platform itself", n)
	}
}

// The platform believes what the router says of a client because of the token
// that comes with it. Apps must never see it, nor a client's own be passed on.
func TestVouchesToThePlatformOnly(t *testing.T) {
	c := newControl(t)
	echo := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Slipway-Router-Token"))
	}
	platform, _ := backend(t, echo)
	_, b := backend(t, echo)
	c.table.Platform = &router.Platform{Host: "slipway.test", URL: platform.URL}
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	for host, want := range map[string]string{"slipway.test": token, "a.test": ""} {
		if _, got := r.get("http://"+host+"/", "X-Slipway-Router-Token", "forged"); got != want {
			t.Errorf("%s was sent %q, not %q", host, got, want)
		}
	}
}

func TestInternalPathsAreForThisMachineOnly(t *testing.T) {
	r, _ := serving(t, says("the app"))
	var stats router.Stats
	_, body := r.get("http://localhost/.slipway/stats")
	if err := json.Unmarshal([]byte(body), &stats); err != nil || stats.Version != 2 || stats.InFlight != 0 {
		t.Errorf("%v %s", err, body)
	}
	if _, body := r.get("http://a.test/.slipway/stats"); body != "the app" {
		t.Errorf("an app's path was taken: %q", body)
	}
	if res, _ := r.get("http://localhost/.slipway/stats", "X-Forwarded-For", "9.9.9.9"); res.StatusCode != 404 {
		t.Errorf("through a proxy: %d", res.StatusCode)
	}
}

func TestStopLetsRequestsFinish(t *testing.T) {
	c := newControl(t)
	b, letGo, held := hold(t, 1)
	_, ws := backend(t, upgraded)
	c.put(live("a", "a.test", b))
	c.put(live("w", "w.test", ws))
	r := start(t, c, nil)
	c.acked(3)
	answer := make(chan string)
	go func() {
		res, err := r.client.Get("http://a.test/hold")
		if err != nil {
			answer <- err.Error()
			return
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		answer <- fmt.Sprintf("%s closes: %t", body, res.Close)
	}()
	conn, in := r.raw("GET /ws HTTP/1.1\r\nHost: w.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%v, %v", res, err)
	}
	_, _ = in.ReadString('\n')
	eventually(t, "a request is held", func() bool { return held.Load() == 1 })
	r.stop()
	eventually(t, "no new connection is taken", func() bool {
		res, err := http.Get("http://" + r.http + "/")
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	})
	_, _ = io.WriteString(conn, "still there\n")
	if got, _ := in.ReadString('\n'); got != "STILL THERE\n" {
		t.Errorf("the upgraded connection says %q", got)
	}
	letGo()
	if got := <-answer; got != "v1 closes: true" {
		t.Errorf("the request in flight got %q", got)
	}
	select {
	case <-r.done:
		t.Error("the router left while an upgraded connection was open")
	default:
	}
	_ = conn.Close()
	<-r.done
	if r.err != nil {
		t.Error(r.err)
	}
	found := false
	for _, line := range c.lines() {
		found = found || line.Path == "/hold"
	}
	if !found {
		t.Error("the last access lines were not reported")
	}
}

func TestStopCutsOffAtTheEndOfTheDrain(t *testing.T) {
	c := newControl(t)
	b, _, held := hold(t, 1)
	c.put(live("a", "a.test", b))
	r := start(t, c, func(cfg *router.Config) { cfg.Drain = 50 * time.Millisecond })
	c.acked(2)
	failed := make(chan error, 1)
	go func() {
		_, err := r.client.Get("http://a.test/hold")
		failed <- err
	}()
	eventually(t, "a request is held", func() bool { return held.Load() == 1 })
	r.end()
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
}

func TestSuccessorSharesThePort(t *testing.T) {
	c := newControl(t)
	_, b := backend(t, says("hello"))
	c.put(live("a", "a.test", b))
	old := start(t, c, nil)
	c.acked(2)
	successor := start(t, c, func(cfg *router.Config) { cfg.HTTP = old.http })
	eventually(t, "both routers have the table", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.ids) == 2
	})
	old.end()
	if _, body := successor.get("http://a.test/"); body != "hello" {
		t.Errorf("%q", body)
	}
}

func TestConfigFromEnv(t *testing.T) {
	env := map[string]string{}
	lookup := func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
	cfg, err := router.ConfigFromEnv(lookup)
	if err != nil || cfg.HTTP != ":8080" || cfg.HTTPS != ":8443" || cfg.Drain != 30*time.Second {
		t.Errorf("%+v, %v", cfg, err)
	}
	if err := router.Run(context.Background(), cfg, nil); err == nil || !strings.Contains(err.Error(), "SLIPWAY_ROUTER_TOKEN_FILE") {
		t.Errorf("without a token: %v", err)
	}
	env["SLIPWAY_ROUTER_HTTPS"] = ""
	if cfg, err = router.ConfigFromEnv(lookup); err != nil || cfg.HTTPS != "" {
		t.Errorf("%+v, %v", cfg, err)
	}
	for name, bad := range map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,proxy", "DRAIN": "long"} {
		env["SLIPWAY_ROUTER_"+name] = bad
		if _, err := router.ConfigFromEnv(lookup); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, bad, err)
		}
		delete(env, "SLIPWAY_ROUTER_"+name)
	}
	cfg.Token, cfg.Server = "x", "ftp://x"
	if err := router.Run(context.Background(), cfg, nil); err == nil || !strings.Contains(err.Error(), "ftp://x") {
		t.Errorf("with a bad server URL: %v", err)
	}
}

// BenchmarkRouteChange tells a router with many apps of a new host, and asks
// for it until it answers.
func BenchmarkRouteChange(b *testing.B) {
	c := newControl(b)
	_, instance := backend(b, says("hello"))
	for i := range 10_000 {
		app := live(fmt.Sprintf("01h%023d", i), fmt.Sprintf("app-%d.apps.example.com", i), instance)
		c.table.Apps = append(c.table.Apps, app)
	}
	r := start(b, c, nil)
	c.acked(1)
	app := c.table.Apps[0]
	for i := 0; b.Loop(); i++ {
		host := fmt.Sprintf("new-%d.test", i)
		app.Hosts = []string{host}
		c.mu.Lock()
		c.table.Version++
		for ch := range c.streams {
			ch <- router.Update{Version: c.table.Version, App: &app}
		}
		c.mu.Unlock()
		for status := 0; status != http.StatusOK; {
			res, _ := r.get("http://" + host + "/")
			status = res.StatusCode
		}
	}
}
