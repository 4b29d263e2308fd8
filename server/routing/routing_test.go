package routing_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/routing"
)

// TestRolloutsLoseNoRequest rolls release after release out under load that
// goes through two routers.
func TestRolloutsLoseNoRequest(t *testing.T) {
	w := newWorld(t)
	// A subscription that breaks on a busy machine must be waited for, as it
	// is outside tests: until it is back, that router has the old table.
	w.options.AckTimeout, w.options.Grace = 30*time.Second, 20*time.Second
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	w.service().Changed("hello")
	edges := []*edge{w.startRouter("east"), w.startRouter("west")}
	w.connected(2)
	if err := w.deploy("hello", 1, 2); err != nil {
		t.Fatal(err)
	}
	var load sync.WaitGroup
	var requests atomic.Int64
	stop := make(chan struct{})
	for i := range 6 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := edges[i%2].ask("http://hello.test/"); len(got) < 2 || got[0] != 'v' {
					t.Errorf("request %d: %s", requests.Load(), got)
					return
				}
				requests.Add(1)
			}
		})
	}
	for release := 2; release <= 15; release++ {
		before := requests.Load()
		if err := w.deploy("hello", release, 1+release%3); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint("v", release)
		for _, e := range edges {
			if got := e.ask("http://hello.test/"); got != want {
				t.Errorf("after the rollout of %s: %s", want, got)
			}
		}
		eventually(t, "requests go on", func() bool { return requests.Load() > before+20 || t.Failed() })
	}
	close(stop)
	load.Wait()
	t.Logf("%d requests", requests.Load())
}

func TestStatusOfAppsWithoutBackends(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts, r.WantedInstances = []string{"hello.test", "NOT A HOST"}, 1 })
	e := w.startRouter("edge")
	answers := func(want string) {
		t.Helper()
		eventually(t, "the answer is "+want, func() bool { return e.ask("http://hello.test/") == want })
	}
	w.service().Changed("hello")
	answers("503 app_new")
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	answers("v1")
	id := deployer.WorkloadID{App: "hello", Process: "web", Release: 1}
	if err := w.cluster.Remove(context.Background(), id, time.Second); err != nil {
		t.Fatal(err)
	}
	answers("503 app_down")
	late := w.workload("hello", 1, 1)
	late.Image = "late"
	if err := w.cluster.Ensure(context.Background(), late); err != nil {
		t.Fatal(err)
	}
	answers("503 app_starting")
	if err := w.cluster.WaitHealthy(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	answers("v1") // though becoming healthy is no event
	w.rows.change("hello", func(r *routing.Route) { r.WantedInstances = 0 })
	if err := w.cluster.Remove(context.Background(), id, time.Second); err != nil {
		t.Fatal(err)
	}
	w.service().Changed("hello")
	answers("503 app_stopped")
	w.rows.mu.Lock()
	delete(w.rows.routes, "hello")
	w.rows.mu.Unlock()
	w.service().Changed("hello")
	answers("404 no_such_app")
}

func TestFollowsTheClusterWhileTheStoreIsAway(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the live release is known", func() bool { return e.ask("http://hello.test/") == "v1" })
	w.rows.setAway(true)
	w.service().Changed("hello") // fails, and is tried until the store is back
	for crash := 1; crash <= 3; crash++ {
		// A look at the cluster from before it served again may come late.
		eventually(t, "it is told to crash", func() bool { return e.ask("http://hello.test/crash") == "v1" })
		eventually(t, "it was started again", func() bool {
			list, err := w.cluster.Instances(context.Background(), "hello")
			return err == nil && len(list) == 1 && list[0].Restarts == crash && list[0].State == deployer.StateHealthy
		})
		eventually(t, "it serves again", func() bool { return e.ask("http://hello.test/") == "v1" })
	}
	w.connected(1)
	w.engine.SetAway(true)
	w.service().Changed("hello")
	if got := e.ask("http://hello.test/"); got != "v1" {
		t.Errorf("while the engine is away: %s", got)
	}
	w.engine.SetAway(false)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"new.test"} })
	w.rows.setAway(false)
	eventually(t, "the change that could not be read is in force", func() bool { return e.ask("http://new.test/") == "v1" })
}

func TestServerRestartKeepsTheTable(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	before := w.service().Routers()[0].Applied
	w.endServer()
	w.engine.SetAway(true)
	w.startServer()
	// The new server knows the apps but not their instances: routers must
	// not be told of apps without backends.
	for range 50 {
		if got := e.ask("http://hello.test/"); got != "v1" {
			t.Fatal(got)
		}
	}
	w.engine.SetAway(false)
	w.service().Changed("hello")
	w.connected(1)
	if after := w.service().Routers()[0].Applied; after <= before {
		t.Errorf("the version went from %d to %d", before, after)
	}
	if err := w.deploy("hello", 2, 1); err != nil {
		t.Fatal(err)
	}
	if got := e.ask("http://hello.test/"); got != "v2" {
		t.Error(got)
	}
}

// TestSwitchNotWrittenDown is a server that dies after the old release was
// removed and before the new one was written down as live.
func TestSwitchNotWrittenDown(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.deploy("hello", 2, 1); err != nil {
		t.Fatal(err)
	}
	w.rows.change("hello", func(r *routing.Route) { r.LiveRelease = 1 })
	w.endServer()
	w.startServer()
	w.connected(1)
	if got := e.ask("http://hello.test/"); got != "v2" {
		t.Error(got)
	}
}

func TestSwitchRefusesToLeaveWhatServes(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	late := w.workload("hello", 2, 1)
	late.Image = "late"
	if err := w.cluster.Ensure(context.Background(), late); err != nil {
		t.Fatal(err)
	}
	err := w.service().Switch(context.Background(), "hello", deployer.Targets{Release: 2, Process: "web"})
	if models.KindOf(err) != models.KindFailed {
		t.Errorf("%v", err)
	}
	if got := e.ask("http://hello.test/"); got != "v1" {
		t.Error(got)
	}
	if err := w.service().Switch(context.Background(), "nobody", deployer.Targets{Release: 1, Process: "web"}); models.KindOf(err) != models.KindNotFound {
		t.Errorf("%v", err)
	}
}

func TestSwitchNamesTheSilentRouter(t *testing.T) {
	w := newWorld(t)
	w.endServer()
	w.options.AckTimeout = 200 * time.Millisecond
	w.startServer()
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	w.startRouter("edge")
	w.connected(1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/internal/router/v1/table", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Router-Id", "mute")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := w.cluster.Ensure(ctx, w.workload("hello", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.cluster.WaitHealthy(ctx, w.workload("hello", 1, 1).ID); err != nil {
		t.Fatal(err)
	}
	to := deployer.Targets{Release: 1, Process: "web"}
	err = w.service().Switch(context.Background(), "hello", to)
	if models.KindOf(err) != models.KindUnavailable || !strings.HasSuffix(err.Error(), "by the router mute") {
		t.Errorf("%v", err)
	}
	drain, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if err := w.service().Drained(drain, w.workload("hello", 0, 0).ID); err == nil {
		t.Error("drained, though a router says nothing")
	}
	cancel()
	if err := w.service().Switch(context.Background(), "hello", to); err != nil {
		t.Errorf("after it left: %v", err)
	}
}

func TestWithoutRoutersNobodyIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	for release := 1; release <= 3; release++ {
		if err := w.deploy("hello", release, 1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutTheKeptRouterNothingIsSwitched(t *testing.T) {
	w := newWorld(t)
	w.endServer()
	w.options.Kept, w.options.AckTimeout = true, 200*time.Millisecond
	w.startServer()
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	if err := w.deploy("hello", 1, 1); models.KindOf(err) != models.KindUnavailable {
		t.Fatalf("without a router: %v", err)
	}
	w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 2, 1); err != nil {
		t.Fatalf("with one: %v", err)
	}
}

func TestScalingDownDrainsFirst(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 3); err != nil {
		t.Fatal(err)
	}
	const requests = 12
	answers := make(chan string, requests)
	for range requests {
		go func() { answers <- e.ask("http://hello.test/hold") }()
	}
	eventually(t, "the requests are held", func() bool { return w.held.Load() == requests })
	done := make(chan error, 1)
	go func() { done <- w.rollout().Scale(context.Background(), w.workload("hello", 1, 1), nil) }()
	eventually(t, "new requests go to the instance that stays", func() bool {
		return w.service().Routers()[0].Current && e.ask("http://hello.test/") == "v1"
	})
	select {
	case err := <-done:
		t.Errorf("the instances went with their requests: %v", err)
	default:
	}
	close(w.gate("1"))
	for range requests {
		if got := <-answers; got != "v1" {
			t.Errorf("a request in flight got %q", got)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	instances, err := w.cluster.Instances(context.Background(), "hello")
	if err != nil || len(instances) != 1 {
		t.Errorf("%v, %v", instances, err)
	}
	if got := e.ask("http://hello.test/"); got != "v1" {
		t.Error(got)
	}
}

func TestAccessLinesAndCounters(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		e.ask("http://hello.test/")
	}
	eventually(t, "the requests are counted", func() bool { return w.service().Counters("hello").Requests == 10 })
	c := w.service().Counters("hello")
	if c.Errors != 0 || c.Bytes != 20 || c.Duration <= 0 {
		t.Errorf("%+v", c)
	}
	w.mu.Lock()
	if len(w.access) != 10 || w.access[0].Backend != "hello.web.v1.1" || w.access[0].Release != 1 {
		t.Errorf("%+v", w.access)
	}
	w.mu.Unlock()
	go e.ask("http://hello.test/hold")
	eventually(t, "a request is held", func() bool { return w.held.Load() == 1 })
	e.ask("http://hello.test/") // its line brings a report
	eventually(t, "it is seen in flight", func() bool { return w.service().Counters("hello").InFlight == 1 })
	close(w.gate("1"))
}

func TestRoutersMustSayWhoTheyAre(t *testing.T) {
	w := newWorld(t)
	for _, try := range []struct {
		method, path, token, id, body string
		want                          int
	}{
		{"GET", "table", "", "edge", "", 401},
		{"GET", "table", "Bearer wrong", "edge", "", 401},
		{"GET", "table", "Bearer ", "edge", "", 401},
		{"GET", "table", "Bearer " + token, "", "", 400},
		{"GET", "table", "Bearer " + token, "a b", "", 400},
		{"POST", "reports", "Bearer wrong", "edge", "{}", 401},
		{"POST", "reports", "Bearer " + token, "edge", "{", 400},
		{"POST", "reports", "Bearer " + token, "edge", `{"applied":-1}`, 400},
		{"POST", "reports", "Bearer " + token, "edge", `"` + strings.Repeat("x", 17<<20) + `"`, 400},
		{"POST", "reports", "Bearer " + token, "edge", `{"applied":1,"access":[{"app_id":"nobody"}]}`, 204},
	} {
		req, _ := http.NewRequest(try.method, w.url+"/internal/router/v1/"+try.path, strings.NewReader(try.body))
		req.Header.Set("Authorization", try.token)
		req.Header.Set("X-Router-Id", try.id)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Errorf("%s %s: %v", try.method, try.path, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != try.want {
			t.Errorf("%s %s as %q with %q: %d, want %d", try.method, try.path, try.id, try.token, res.StatusCode, try.want)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.access) != 0 {
		t.Errorf("lines of an unknown app: %v", w.access)
	}
}
