package jobs_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/peers"
	"github.com/slipway-paas/slipway/server/routing"
)

// elsewhere gives the servers that are started from now on a folder of their
// own, as on another machine.
func (w *works) elsewhere() {
	w.settings.DataDir = filepath.Join(w.dir, models.NewID())
	w.settings.ServerID = models.NewID()
}

// stay keeps a server present until the test ends or the function is called.
func (s *server) stay() (leave func()) {
	s.works.t.Helper()
	logger := slog.New(slog.DiscardHandler)
	// It has no routers here; the switchboard is everybody's.
	own := routing.New(s.works.cluster, nil, routing.Options{}, logger)
	p := peers.New(peers.Deps{Store: s.store, Routing: own, Logs: s.works.logs, Hub: live.NewHub(0), Logger: logger, ServerID: s.Settings.ServerID})
	p.Sources = s.Sources()
	presence, err := p.Appear(s.works.t.Context())
	s.works.must(err)
	ctx, stop := context.WithCancel(context.Background())
	var staying sync.WaitGroup
	staying.Go(func() { p.Stay(ctx, presence) })
	leave = sync.OnceFunc(func() { stop(); staying.Wait() })
	s.works.t.Cleanup(leave)
	return leave
}

// idle keeps a server from working; it still takes what comes.
func (w *works) idle(s *server) {
	w.must(s.queue.Stop(w.t.Context()))
}

func TestWhatOneServerTookAnotherBuilds(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.elsewhere()
	first := w.start()
	w.elsewhere()
	second := w.start()
	second.stay()
	first.stay()
	w.idle(first)
	app := first.create("hello")
	d := first.push(app)
	second.end(d, models.DeploymentSucceeded)
	again, err := second.Retry(t.Context(), w.ann, "hello", d.Number)
	w.must(err)
	second.end(again, models.DeploymentSucceeded)
}

func TestWhatWaitsIsSharedWithAServerThatComes(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.elsewhere()
	first := w.start()
	w.idle(first)
	leave := first.stay()
	app := first.create("hello")
	d := first.push(app)
	leave()
	// Nobody takes the work up before both know of each other, as at a
	// server's start.
	if held, err := w.store.HoldApp(t.Context(), app.ID, "test", time.Hour, true); err != nil || !held {
		t.Fatal(held, err)
	}
	w.elsewhere()
	second := w.start()
	second.stay()
	first.stay()
	w.must(w.store.LetAppGo(t.Context(), app.ID, "test"))
	second.end(d, models.DeploymentSucceeded)
}
