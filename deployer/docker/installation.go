package docker

import (
	"context"
	"errors"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"
)

// RemoveInstallation kills and removes every container, network and image that
// carries this installation's label. It goes on after a failure and may be
// repeated.
func (e *Engine) RemoveInstallation(ctx context.Context) error {
	return errors.Join(e.RemoveContainers(ctx), e.removeImages(ctx))
}

// RemoveContainers kills and removes every container and network of this
// installation, and leaves its images for another time.
func (e *Engine) RemoveContainers(ctx context.Context) error {
	return errors.Join(e.removeContainers(ctx), e.removeNetworks(ctx))
}

func (e *Engine) removeContainers(ctx context.Context) error {
	list, err := e.API.ContainerList(ctx, container.ListOptions{All: true, Filters: e.ours("")})
	if err != nil {
		return fail(ctx, "list containers", err)
	}
	var group errgroup.Group
	group.SetLimit(16)
	for _, s := range list {
		group.Go(func() error { return e.forceRemove(ctx, s.ID, "remove a container") })
	}
	return group.Wait()
}

func (e *Engine) removeNetworks(ctx context.Context) error {
	list, err := e.API.NetworkList(ctx, network.ListOptions{Filters: e.ours("")})
	if err != nil {
		return fail(ctx, "list networks", err)
	}
	var failures []error
	for _, n := range list {
		if err := e.API.NetworkRemove(ctx, n.ID); !cerrdefs.IsNotFound(err) {
			failures = append(failures, fail(ctx, "remove the network "+n.Name, err))
		}
	}
	return errors.Join(failures...)
}

// removeImages takes the tags away one by one and removes what had none. It
// does not force: an image that a foreign container uses stays, and is named
// in the error.
func (e *Engine) removeImages(ctx context.Context) error {
	list, err := e.API.ImageList(ctx, image.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", LabelInstallation+"="+e.installation)),
	})
	if err != nil {
		return fail(ctx, "list images", err)
	}
	var failures []error
	for _, i := range list {
		refs := named(i.RepoTags)
		if len(refs) == 0 {
			refs = []string{i.ID}
		}
		for _, ref := range refs {
			_, err := e.API.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
			if !cerrdefs.IsNotFound(err) {
				failures = append(failures, fail(ctx, "remove the image "+ref, err))
			}
		}
	}
	return errors.Join(failures...)
}
