package docker

import (
	"context"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/image"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Stocked = (*Cluster)(nil)

// Stock implements deployer.Stocked. It takes one call that lists and measures
// all that the engine has.
func (c *Cluster) Stock(ctx context.Context) (deployer.Stock, error) {
	// An engine that knows no types gives everything, which is as good.
	usage, err := c.API.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.ImageObject, types.VolumeObject, types.ContainerObject}})
	if err != nil {
		return deployer.Stock{}, fail(ctx, "ask the engine what it keeps", err)
	}
	used := map[string]bool{}
	for _, one := range usage.Containers {
		used[one.ImageID] = true
	}
	var stock deployer.Stock
	for _, one := range usage.Images {
		if one.Labels[LabelInstallation] != c.installation {
			continue
		}
		stock.Images = append(stock.Images, deployer.StoredImage{
			ID: one.ID, References: named(one.RepoTags), App: one.Labels[LabelApp],
			Bytes: one.Size - max(one.SharedSize, 0), Shared: max(one.SharedSize, 0),
			CreatedAt: time.Unix(one.Created, 0).UTC(), InUse: used[one.ID],
		})
	}
	for _, one := range usage.Volumes {
		if one.Labels[LabelInstallation] != c.installation || one.Labels[LabelKind] != kindVolume {
			continue
		}
		v := deployer.StoredVolume{App: one.Labels[LabelApp], Name: one.Labels[LabelVolume]}
		if one.UsageData != nil {
			v.Bytes, v.InUse = max(one.UsageData.Size, 0), one.UsageData.RefCount > 0
		}
		stock.Volumes = append(stock.Volumes, v)
	}
	return stock, nil
}

// Root gives the engine's folder on its machine.
func (c *Cluster) Root(ctx context.Context) (string, error) {
	info, err := c.API.Info(ctx)
	if err != nil {
		return "", fail(ctx, "ask the engine for its folder", err)
	}
	return info.DockerRootDir, nil
}

// named leaves out what an engine writes where an image has no name.
func named(references []string) []string {
	return slices.DeleteFunc(slices.Clone(references), func(ref string) bool { return ref == "<none>:<none>" })
}

// RemoveUnnamed implements deployer.Stocked.
func (e *Engine) RemoveUnnamed(ctx context.Context, id string) error {
	found, err := e.API.ImageInspect(ctx, id)
	if cerrdefs.IsNotFound(err) || err == nil && len(named(found.RepoTags)) > 0 {
		return nil
	}
	if err != nil {
		return fail(ctx, "look for an image without a name", err)
	}
	_, err = e.API.ImageRemove(ctx, id, image.RemoveOptions{PruneChildren: true})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return nil
	}
	return fail(ctx, "remove an image without a name", err)
}
