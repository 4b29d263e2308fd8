package pipeline

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// waiter is what those wait on who want to know of a deployment's end.
type waiter struct {
	ended chan struct{}
	count int // how many wait
}

// Done waits until a deployment has ended and gives it as it ended.
func (p *Pipeline) Done(ctx context.Context, actor models.Actor, deploymentID string) (*models.Deployment, error) {
	ended, leave := p.await(deploymentID)
	defer leave()
	// Another server may be the one that ends it, hence the slow look beside
	// the signal.
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		d, err := p.Store.DeploymentByID(ctx, actor, deploymentID)
		if err != nil && models.KindOf(err) != models.KindUnavailable {
			return nil, err
		}
		if err == nil && d.State.Terminal() {
			if p.Peers != nil {
				p.Peers.CatchUp(ctx)
			}
			return d, nil
		}
		select {
		case <-ended:
			ended = nil // once: if Postgres is away just now, the look goes on
		case <-look.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// await gives what is closed when a deployment ends by this process. The caller
// must leave.
func (p *Pipeline) await(deploymentID string) (ended <-chan struct{}, leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.waiters[deploymentID]
	if !ok {
		w = &waiter{ended: make(chan struct{})}
		p.waiters[deploymentID] = w
	}
	w.count++
	return w.ended, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if w.count--; w.count == 0 && p.waiters[deploymentID] == w {
			delete(p.waiters, deploymentID)
		}
	}
}

// ended tells those who wait.
func (p *Pipeline) ended(deploymentID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w, ok := p.waiters[deploymentID]; ok {
		close(w.ended)
		delete(p.waiters, deploymentID)
	}
}
