package swarm

import (
	"context"
	"errors"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// RemoveInstallation stops and removes every service and network that carries
// this installation's label, and the manager's own containers and images of
// it. It goes on after a failure and may be repeated. Volumes stay.
func (c *Cluster) RemoveInstallation(ctx context.Context) error {
	return errors.Join(c.removeServices(ctx), c.removeNetworks(ctx), c.engine.RemoveInstallation(ctx))
}

func (c *Cluster) removeServices(ctx context.Context) error {
	var backoff deployer.Backoff
	for {
		v, err := c.look(ctx, c.ours(""))
		if err != nil || len(v.seats) == 0 {
			return err
		}
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(parallelCalls)
		for _, s := range v.seats {
			if s.service == nil {
				continue
			}
			group.Go(func() error {
				err := c.engine.API.ServiceRemove(groupCtx, s.id)
				if cerrdefs.IsNotFound(err) {
					return nil
				}
				return failed(groupCtx, "remove a service", err)
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}

func (c *Cluster) removeNetworks(ctx context.Context) error {
	deadline := time.Now().Add(networkTimeout)
	var backoff deployer.Backoff
	for {
		list, err := c.engine.API.NetworkList(ctx, network.ListOptions{Filters: c.ours(kindNetwork)})
		if err != nil || len(list) == 0 {
			return failed(ctx, "list networks", err)
		}
		var failures []error
		for _, n := range list {
			if err := c.engine.API.NetworkRemove(ctx, n.ID); !isGone(err) {
				failures = append(failures, failed(ctx, "remove the network "+n.Name, err))
			}
		}
		if time.Now().After(deadline) {
			return errors.Join(failures...)
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}
