package peers

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// Router is the routers of all servers as one. It is this server's routing alone
// while no other is there.
type Router struct{ *Peers }

var (
	_ deployer.Router          = Router{}
	_ deployer.InstanceDrainer = Router{}
)

// switchTimeout bounds what a server waits for another's routers: that one's
// own wait for an acknowledgement, and the way there and back.
const switchTimeout = 15 * time.Second

// Switch implements deployer.Router.
func (r Router) Switch(ctx context.Context, app string, to deployer.Targets) error {
	if len(r.there()) == 0 {
		return r.Routing.Switch(ctx, app, to)
	}
	if err := r.awaitRouter(ctx); err != nil {
		return err
	}
	asked := make(chan error, 1)
	go func() {
		failures, err := r.ask(ctx, request{App: app, Switch: &to}, switchTimeout)
		if err == nil {
			err = refusals(failures)
		}
		asked <- err
	}()
	err := r.Routing.Switch(ctx, app, to)
	if others := <-asked; err == nil {
		err = others
	}
	return err
}

// awaitRouter waits until some server has a router.
func (r Router) awaitRouter(ctx context.Context) error {
	for end := time.Now().Add(switchTimeout); len(r.Routing.Routers()) == 0; {
		others, err := r.Store.Peers(ctx, r.ServerID)
		if err != nil {
			return err
		}
		for _, peer := range others {
			if peer.Routers > 0 {
				return nil
			}
		}
		if time.Now().After(end) {
			return models.Errorf(models.KindUnavailable, "no router is connected to any server, so the traffic stays where it is")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

// Drained implements deployer.Router.
func (r Router) Drained(ctx context.Context, id deployer.WorkloadID) error {
	return r.drained(ctx, request{Drained: &id}, func() error { return r.Routing.Drained(ctx, id) })
}

// DrainedAbove implements deployer.InstanceDrainer.
func (r Router) DrainedAbove(ctx context.Context, id deployer.WorkloadID, last int) error {
	return r.drained(ctx, request{DrainedAbove: &above{id, last}}, func() error { return r.Routing.DrainedAbove(ctx, id, last) })
}

func (r Router) drained(ctx context.Context, asking request, here func() error) error {
	if err := here(); err != nil || len(r.there()) == 0 {
		return err
	}
	within := time.Hour // ctx ends long before
	if at, ok := ctx.Deadline(); ok {
		within = time.Until(at)
	}
	failures, err := r.ask(ctx, asking, within)
	if err == nil {
		err = refusals(failures)
	}
	return err
}

// Changed says that an app's routes must be made anew, by every server.
func (r Router) Changed(appID string) {
	r.Routing.Changed(appID)
	if len(r.there()) == 0 {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), beat)
	defer stop()
	if err := r.tell(ctx, message{Changed: appID}); err != nil {
		r.Logger.Debug("another server is not told of changed routes", "app", appID, "error", err)
	}
}
