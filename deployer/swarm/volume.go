package swarm

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// volumeWait is how long the engine may take to let go of a volume whose
// instance is removed.
const volumeWait = 15 * time.Second

// Volumes implements deployer.Volumes. They are those of the engine that the
// driver speaks to, on whose node all workloads with volumes run.
func (c *Cluster) Volumes(ctx context.Context, app string) ([]string, error) {
	return c.engine.Volumes(ctx, app)
}

// RemoveVolume implements deployer.Volumes. An instance that has ended holds
// its volume until the engine has removed its container, which is waited for.
func (c *Cluster) RemoveVolume(ctx context.Context, app, name string) error {
	deadline := time.Now().Add(volumeWait)
	var backoff deployer.Backoff
	for {
		err := c.engine.RemoveVolume(ctx, app, name)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		v, looking := c.look(ctx, withApp(c.ours(""), app))
		if looking != nil {
			return looking
		}
		volume, _ := c.engine.VolumeOf(app, name)
		for _, s := range v.seats {
			if s.service != nil && s.mounts(volume) {
				return err
			}
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}

func (s *seat) mounts(volume string) bool {
	spec := s.service.Spec.TaskTemplate.ContainerSpec
	if spec == nil {
		return false
	}
	for _, m := range spec.Mounts {
		if m.Source == volume {
			return true
		}
	}
	return false
}
