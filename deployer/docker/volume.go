package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Volumes = (*Cluster)(nil)

// volumeName is the engine's name of an app's volume. It follows from what never
// changes, so that every release finds the same.
func (c *Cluster) volumeName(app, name string) string {
	return c.installation + "-" + app + "-" + name
}

func (c *Cluster) volumeLabels(app, name string) map[string]string {
	return map[string]string{LabelInstallation: c.installation, LabelKind: kindVolume, LabelApp: app, LabelVolume: name}
}

// mounts are a workload's volumes. The engine makes one that is not there, with
// these labels and with what the image has at that place.
func (c *Cluster) mounts(w deployer.Workload) []mount.Mount {
	var mounts []mount.Mount
	for _, v := range w.Volumes {
		mounts = append(mounts, mount.Mount{
			Type: mount.TypeVolume, Source: c.volumeName(w.ID.App, v.Name), Target: v.Path,
			VolumeOptions: &mount.VolumeOptions{Labels: c.volumeLabels(w.ID.App, v.Name)},
		})
	}
	return mounts
}

// Volumes implements deployer.Volumes.
func (c *Cluster) Volumes(ctx context.Context, app string) ([]string, error) {
	list, err := c.API.VolumeList(ctx, volume.ListOptions{Filters: withApp(c.ours(kindVolume), app)})
	if err != nil {
		return nil, fail(ctx, "list volumes", err)
	}
	names := make([]string, 0, len(list.Volumes))
	for _, v := range list.Volumes {
		names = append(names, v.Labels[LabelVolume])
	}
	slices.Sort(names)
	return names, nil
}

// RemoveVolume implements deployer.Volumes. A volume that is called so and does
// not carry the installation's label is somebody else's, and stays.
func (c *Cluster) RemoveVolume(ctx context.Context, app, name string) error {
	found, err := c.API.VolumeInspect(ctx, c.volumeName(app, name))
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fail(ctx, "look for the volume "+name, err)
	}
	if found.Labels[LabelInstallation] != c.installation || found.Labels[LabelKind] != kindVolume || found.Labels[LabelApp] != app {
		return nil
	}
	err = c.API.VolumeRemove(ctx, found.Name, false)
	switch {
	case cerrdefs.IsNotFound(err):
		return nil
	case cerrdefs.IsConflict(err):
		return fmt.Errorf("the volume %s is in use: %w", name, err)
	}
	return fail(ctx, "remove the volume "+name, err)
}

// RemoveAllVolumes deletes all volumes of this installation and what is in them.
// RemoveInstallation leaves them.
func (e *Engine) RemoveAllVolumes(ctx context.Context) error {
	list, err := e.API.VolumeList(ctx, volume.ListOptions{Filters: e.ours(kindVolume)})
	if err != nil {
		return fail(ctx, "list volumes", err)
	}
	var failures []error
	for _, v := range list.Volumes {
		if err := e.API.VolumeRemove(ctx, v.Name, false); !cerrdefs.IsNotFound(err) {
			failures = append(failures, fail(ctx, "remove a volume", err))
		}
	}
	return errors.Join(failures...)
}
