package jobs_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
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
	presence, err := s.Appear(s.works.t.Context())
	s.works.must(err)
	ctx, stop := context.WithCancel(context.Background())
	var staying sync.WaitGroup
	staying.Go(func() { s.StayPresent(ctx, presence) })
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
	leave() // its next word is soon, not after a beat
	w.elsewhere()
	second := w.start()
	second.stay()
	first.stay()
	second.end(d, models.DeploymentSucceeded)
}

func TestACopiedFolderIsRefused(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.elsewhere()
	first, second := w.start(), w.start()
	leave := first.stay()
	if _, err := second.Appear(t.Context()); !errors.Is(err, store.ErrPresent) || models.KindOf(err) != models.KindConflict {
		t.Fatalf("two servers of one ID: %v", err)
	}
	leave()
	second.stay()
}
