package kubernetes

import (
	"context"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Census = (*Cluster)(nil)

// Census implements deployer.Census. An instance that has been told to end is
// none any more.
func (c *Cluster) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	list, err := c.list(ctx, c.within(app), c.ours(kindInstance, app))
	if err != nil {
		return nil, err
	}
	seen := make([]deployer.Seen, 0, len(list))
	for _, v := range list {
		if v.terminating {
			continue
		}
		one := deployer.Seen{
			ID: v.instance.ID, Workload: v.instance.Workload, AppName: v.instance.AppName, Index: v.instance.Index,
			Spec: v.Annotations[noteSpec],
		}
		if env := v.Annotations[noteEnv]; env != "" {
			one.Spec += "/" + env
		}
		if !v.running && !v.proven && v.exits > 0 {
			one.Condition = deployer.ConditionStopped
		}
		seen = append(seen, one)
	}
	return seen, nil
}

// Spec implements deployer.Census.
func (c *Cluster) Spec(w deployer.Workload) string {
	spec := c.specHash(w)
	if env := c.envHash(w); env != "" {
		spec += "/" + env
	}
	return spec
}
