package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// hanging is a cluster whose engine can be made to take every call and answer
// none, from the beginning or from the first removal on.
type hanging struct {
	deployer.Cluster

	mu        sync.Mutex
	hangs     bool
	atRemoval bool
}

func (h *hanging) set(hangs, atRemoval bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hangs, h.atRemoval = hangs, atRemoval
}

func (h *hanging) wait(ctx context.Context, removes bool) error {
	h.mu.Lock()
	h.hangs = h.hangs || h.atRemoval && removes
	hangs := h.hangs
	h.mu.Unlock()
	if !hangs {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// Ensure implements deployer.Cluster.
func (h *hanging) Ensure(ctx context.Context, w deployer.Workload) error {
	if err := h.wait(ctx, false); err != nil {
		return err
	}
	return h.Cluster.Ensure(ctx, w)
}

// Remove implements deployer.Cluster. One that hangs has done its work.
func (h *hanging) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	return errors.Join(h.Cluster.Remove(ctx, id, grace), h.wait(ctx, true))
}

// Instances implements deployer.Cluster.
func (h *hanging) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	if err := h.wait(ctx, false); err != nil {
		return nil, err
	}
	return h.Cluster.Instances(ctx, app)
}

// bounded is how long somebody may be kept waiting by an engine that hangs: a
// look at it and the time between two looks, and some for a busy machine.
const bounded = 10 * time.Second

// destroyWhileHanging destroys an app, which must be refused in time and say
// when to come back.
func (s *server) destroyWhileHanging(name string) {
	s.works.t.Helper()
	began := time.Now()
	err := s.apps.Destroy(s.works.t.Context(), s.works.ann, name, 0)
	wantKind(s.works.t, err, models.KindUnavailable)
	var refused *models.Error
	if errors.As(err, &refused); refused.RetryAfter <= 0 {
		s.works.t.Errorf("it does not say when to come back: %+v", refused)
	}
	if waited := time.Since(began); waited > bounded {
		s.works.t.Errorf("%s was kept waiting for %s", name, waited)
	}
}

// An app cannot be destroyed while the engine hangs. Whoever tries is told so
// soon, whatever the destruction has come to; the app is as it was then, and can
// be destroyed when the engine answers again.
func TestDestroyWhileTheEngineHangs(t *testing.T) {
	t.Parallel()
	w := open(t)
	engine := &hanging{Cluster: w.cluster}
	t.Cleanup(func() { engine.set(false, false) }) // before the servers are stopped
	w.cluster = engine
	s := w.start()
	app := s.create("hello")
	s.deploy(app)
	w.settled(app, map[string]int{"web.v1": 1})

	engine.set(true, false)
	waiting := s.push(app, "HOLD=once")
	w.until("the build", func() bool { return w.shop.building(app.ID) == 1 })
	s.destroyWhileHanging("hello")
	if d := w.deployment(waiting.ID); d.CancelledAt != nil {
		t.Errorf("who could not destroy the app has cancelled its deployment: %+v", d)
	}
	engine.set(false, false)
	w.shop.open()
	s.end(waiting, models.DeploymentSucceeded)
	w.settled(app, map[string]int{"web.v2": 1})

	engine.set(false, true)
	s.destroyWhileHanging("hello")
	if got := w.running(app.ID); len(got) != 0 {
		t.Errorf("nothing had been removed: %v", got)
	}
	engine.set(false, false)
	w.settled(app, map[string]int{"web.v2": 1}) // nobody destroyed it, so it comes back

	engine.set(false, true)
	s.destroyWhileHanging("hello")
	engine.set(false, false)
	w.must(s.apps.Destroy(t.Context(), w.ann, "hello", 0))
	w.settled(app, map[string]int{})
	_, err := s.apps.Get(t.Context(), w.ann, "hello")
	wantKind(t, err, models.KindNotFound)
}
