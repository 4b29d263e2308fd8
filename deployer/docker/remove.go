package docker

import (
	"context"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// Remove implements deployer.Cluster. An image's own stop signal takes the
// place of SIGTERM; grace is rounded up to whole seconds, and 0 kills at once.
// For the process "run" it removes the tasks of the release.
func (c *Cluster) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	if err := id.Check(); err != nil {
		return err
	}
	unlock, err := c.workloads.Acquire(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	have, err := c.list(ctx, withWorkload(c.ours(""), id))
	if err != nil {
		return err
	}
	if err := c.removeAll(ctx, have, grace); err != nil {
		return err
	}
	return c.networks.sweep(ctx, id.App)
}

// removeAll begins in the order given and waits for all, so that many graces
// take as long as one.
func (c *Cluster) removeAll(ctx context.Context, list []container.Summary, grace time.Duration) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for _, s := range list {
		group.Go(func() error { return c.removeOne(ctx, s, grace) })
	}
	return group.Wait()
}

func (c *Cluster) removeOne(ctx context.Context, s container.Summary, grace time.Duration) error {
	what := "remove " + instanceName(s.Labels)
	running := s.State == container.StateRunning || s.State == container.StateRestarting
	if running && grace > 0 {
		seconds := int((grace + time.Second - 1) / time.Second)
		err := c.API.ContainerStop(ctx, s.ID, container.StopOptions{Timeout: &seconds})
		if err != nil && !cerrdefs.IsNotFound(err) {
			return fail(ctx, what, err)
		}
	}
	c.forget(s.ID)
	return c.forceRemove(ctx, s.ID, what)
}

// forget lets go of what is remembered of a container that is gone.
func (c *Cluster) forget(id string) {
	c.seen.forget(id)
	c.known.forget(id)
}

// forceRemove kills and removes a container with its anonymous volumes. When
// somebody else is removing it, it waits until they have.
func (e *Engine) forceRemove(ctx context.Context, id, what string) error {
	err := e.API.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if cerrdefs.IsConflict(err) {
		gone, failed := e.API.ContainerWait(ctx, id, container.WaitConditionRemoved)
		select {
		case <-gone:
			return nil
		case err = <-failed:
		}
	}
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return fail(ctx, what, err)
}
