package memory

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Census = (*Cluster)(nil)

// Census implements deployer.Census.
func (c *Cluster) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	if err := c.use(ctx); err != nil {
		return nil, err
	}
	defer c.engine.mu.Unlock()
	from := c.engine.instances
	if app != "" {
		from = c.engine.apps[app]
	}
	list := make([]deployer.Seen, 0, len(from))
	for id, i := range from {
		if !c.owns(id) {
			continue
		}
		seen := deployer.Seen{ID: id, Workload: i.info.Workload, AppName: i.info.AppName, Index: i.info.Index, Spec: i.spec}
		if i.life.over && (i.stopping || !i.proven) {
			seen.Condition = deployer.ConditionStopped
		}
		list = append(list, seen)
	}
	return list, nil
}

// Spec implements deployer.Census.
func (c *Cluster) Spec(w deployer.Workload) string { return specOf(w) }

// specOf changes with everything that an instance is made from.
func specOf(w deployer.Workload) string {
	hash := fnv.New64a()
	add := func(text string) {
		_, _ = hash.Write([]byte(text)) // never fails
		_, _ = hash.Write([]byte{0})
	}
	add(w.Image)
	for _, word := range w.Command {
		add(word)
	}
	add(strconv.Itoa(w.Port))
	health := w.Health.WithDefaults()
	add(health.Path)
	add(fmt.Sprint(health.Timeout, health.Settle, w.Limits, w.Volumes))
	for _, key := range slices.Sorted(maps.Keys(w.Env)) {
		add(key + "=" + w.Env[key])
	}
	return strconv.FormatUint(hash.Sum64(), 16)
}
