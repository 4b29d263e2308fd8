package pipeline

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Lease is how long a worker holds a deployment between two heartbeats. A
// server that dies is noticed after that; one whose connection to Postgres ended
// with it when it has been silent for longer than between two heartbeats.
const (
	lease     = 8 * time.Second
	heartbeat = 2 * time.Second
	silence   = 2500 * time.Millisecond
)

// errCancelled is why a worker's context ends before its work does.
var errCancelled = errors.New("somebody cancelled the deployment")

// stopAs ends the context of a deployment that this process works on.
func (p *Pipeline) stopAs(deploymentID string, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel, ok := p.cancels[deploymentID]; ok {
		cancel(cause)
	}
}

// grip is this process's hold on a deployment it works on. It lasts until the
// work has really ended, also while what was cancelled is being taken back.
type grip struct {
	pipeline *Pipeline
	held     models.Deployment // as it was claimed
	slipped  atomic.Bool       // another worker has it
	touches  atomic.Int64      // how often the cluster, or the traffic, may have been changed
	stop     context.CancelFunc
	end      context.CancelCauseFunc // of the work
	ended    chan struct{}
}

// grip begins to renew the deployment's lease, and gives the context to work on
// it with: it ends when somebody cancels the deployment or another worker has
// it.
func (p *Pipeline) grip(ctx context.Context, d *models.Deployment) (context.Context, *grip) {
	working, end := context.WithCancelCause(ctx)
	// Not the work's own context: the lease is kept until what was cancelled
	// is undone, or another worker would be at it meanwhile.
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	g := &grip{pipeline: p, held: *d, stop: stop, end: end, ended: make(chan struct{})}
	p.mu.Lock()
	p.cancels[d.ID] = end
	p.mu.Unlock()
	switch {
	case d.CancelledAt != nil:
		end(errCancelled)
	case d.SupersededBy != 0:
		end(store.ErrSuperseded)
	}
	go func() {
		defer close(g.ended)
		g.renew(beating)
	}()
	return working, g
}

// letGo ends the heartbeat.
func (g *grip) letGo() {
	g.pipeline.mu.Lock()
	delete(g.pipeline.cancels, g.held.ID)
	g.pipeline.mu.Unlock()
	g.stop()
	<-g.ended
	g.end(nil)
}

func (g *grip) lost() bool { return g.slipped.Load() }

func (g *grip) lose() {
	g.slipped.Store(true)
	g.end(store.ErrLeaseLost)
}

func (g *grip) renew(ctx context.Context) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		asking, stop := context.WithTimeout(ctx, heartbeat)
		asked, err := g.pipeline.Store.RenewLease(asking, &g.held, lease)
		stop()
		switch {
		case errors.Is(err, store.ErrLeaseLost):
			g.lose()
			return
		case err != nil && time.Since(renewed) > 10*lease:
			// Postgres has been away for so long that nobody could have
			// taken the work over either; stop and take it up again later.
			g.lose()
			return
		case err != nil:
		case asked.Cancel:
			g.end(errCancelled)
			renewed = time.Now()
		case asked.Supersede:
			g.end(store.ErrSuperseded)
			renewed = time.Now()
		default:
			renewed = time.Now()
		}
	}
}

// confirm makes sure of the hold before something that cannot be taken back.
// While Postgres is away nobody else can have got it.
func (g *grip) confirm(ctx context.Context) error {
	if !g.lost() {
		asking, stop := context.WithTimeout(ctx, heartbeat)
		defer stop()
		if _, err := g.pipeline.Store.RenewLease(asking, &g.held, lease); errors.Is(err, store.ErrLeaseLost) {
			g.lose()
		}
	}
	if g.lost() {
		return store.ErrLeaseLost
	}
	return nil
}

// roller gives a Rollout that changes nothing once the hold is lost: the
// instances and the traffic are another worker's by then.
func (g *grip) roller() *deployer.Rollout {
	roller := g.pipeline.roller()
	roller.Cluster, roller.Router = heldCluster{roller.Cluster, g}, heldRouter{roller.Router, g}
	return roller
}

type heldCluster struct {
	deployer.Cluster
	grip *grip
}

// Ensure implements deployer.Cluster.
func (c heldCluster) Ensure(ctx context.Context, w deployer.Workload) error {
	if c.grip.lost() {
		return store.ErrLeaseLost
	}
	c.grip.touches.Add(1)
	return c.Cluster.Ensure(ctx, w)
}

// Remove implements deployer.Cluster.
func (c heldCluster) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	if c.grip.lost() {
		return store.ErrLeaseLost
	}
	c.grip.touches.Add(1)
	return c.Cluster.Remove(ctx, id, grace)
}

type heldRouter struct {
	deployer.Router
	grip *grip
}

// Switch implements deployer.Router.
func (r heldRouter) Switch(ctx context.Context, app string, to deployer.Targets) error {
	if err := r.grip.confirm(ctx); err != nil {
		return err
	}
	r.grip.touches.Add(1)
	return r.Router.Switch(ctx, app, to)
}
