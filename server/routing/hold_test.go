package routing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/server/routing"
)

// replace stops the app's instances before it starts those of the release, as
// an app with a volume needs it.
func (w *world) replace(app string, old, release int, between func()) {
	w.t.Helper()
	ctx := context.Background()
	w.rows.change(app, func(r *routing.Route) { r.Replacing = true })
	if err := w.service().Switch(ctx, app, deployer.Targets{Release: release, Process: "web", Hold: true}); err != nil {
		w.t.Fatal(err)
	}
	id := deployer.WorkloadID{App: app, Process: "web", Release: old}
	if err := w.service().Drained(ctx, id); err != nil {
		w.t.Fatal(err)
	}
	if err := w.cluster.Remove(ctx, id, time.Second); err != nil {
		w.t.Fatal(err)
	}
	between()
	next := w.workload(app, release, 1)
	if err := w.cluster.Ensure(ctx, next); err != nil {
		w.t.Fatal(err)
	}
	if err := w.cluster.WaitHealthy(ctx, next.ID); err != nil {
		w.t.Fatal(err)
	}
	if err := w.service().Switch(ctx, app, deployer.Targets{Release: release, Process: "web"}); err != nil {
		w.t.Fatal(err)
	}
	w.rows.change(app, func(r *routing.Route) { r.LiveRelease, r.WantedInstances, r.Replacing = release, 1, false })
	w.service().Changed(app)
}

// TestHoldLosesNoRequest replaces an app's only instance again and again under
// load, with and without another server in the middle.
func TestHoldLosesNoRequest(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	w.service().Changed("hello")
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := e.ask("http://hello.test/"); len(got) != 2 || got[0] != 'v' {
					t.Errorf("%s", got)
					return
				}
			}
		})
	}
	for release := 2; release < 9; release++ {
		w.replace("hello", release-1, release, func() {
			if release%3 != 0 {
				return
			}
			w.endServer()
			w.startServer()
			w.connected(1)
		})
		if got := e.ask("http://hello.test/"); got != "v"+string(rune('0'+release)) {
			t.Errorf("after release %d: %s", release, got)
		}
	}
	close(stop)
	load.Wait()
}

// TestHoldDoesNotStick lets a server die while an app is held and its old
// instance still serves.
func TestHoldDoesNotStick(t *testing.T) {
	w := newWorld(t)
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	e := w.startRouter("edge")
	w.connected(1)
	if err := w.deploy("hello", 1, 1); err != nil {
		t.Fatal(err)
	}
	w.rows.change("hello", func(r *routing.Route) { r.Replacing = true })
	if err := w.service().Switch(context.Background(), "hello", deployer.Targets{Release: 2, Process: "web", Hold: true}); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string)
	go func() { answer <- e.ask("http://hello.test/") }()
	w.service().Changed("hello") // nothing but a switch ends it here
	select {
	case got := <-answer:
		t.Fatalf("a held app answered %s", got)
	case <-time.After(50 * time.Millisecond): // long enough for the change to be seen
	}
	w.endServer()
	w.startServer()
	if got := <-answer; got != "v1" {
		t.Errorf("%s", got)
	}
}
