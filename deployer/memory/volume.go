package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Volumes = (*Cluster)(nil)

// volumeKey names an app's volumes among those of all installations.
func (c *Cluster) volumeKey(app string) string { return c.installation + "/" + app }

// makeVolumes makes those of a workload's volumes that are not there. The
// engine's lock is held.
func (c *Cluster) makeVolumes(w deployer.Workload) {
	key := c.volumeKey(w.ID.App)
	for _, v := range w.Volumes {
		if c.engine.volumes[key] == nil {
			c.engine.volumes[key] = map[string]bool{}
		}
		c.engine.volumes[key][v.Name] = true
	}
}

// Volumes implements deployer.Volumes.
func (c *Cluster) Volumes(ctx context.Context, app string) ([]string, error) {
	if err := c.use(ctx); err != nil {
		return nil, err
	}
	defer c.engine.mu.Unlock()
	names := slices.AppendSeq([]string{}, maps.Keys(c.engine.volumes[c.volumeKey(app)]))
	slices.Sort(names)
	return names, nil
}

// RemoveVolume implements deployer.Volumes.
func (c *Cluster) RemoveVolume(ctx context.Context, app, name string) error {
	if err := c.use(ctx); err != nil {
		return err
	}
	defer c.engine.mu.Unlock()
	for _, i := range c.all(app) {
		uses := slices.ContainsFunc(i.workload.Volumes, func(v deployer.Volume) bool { return v.Name == name })
		if i.info.Workload.App == app && uses {
			return fmt.Errorf("the volume %s is in use by %s", name, i.info.Name)
		}
	}
	delete(c.engine.volumes[c.volumeKey(app)], name)
	return nil
}

// VolumesOf lists the names of an app's volumes in an installation.
func (e *Engine) VolumesOf(installation, app string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.volumes[installation+"/"+app]))
}
