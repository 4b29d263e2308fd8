package kubernetes

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// Instances implements deployer.Cluster. It takes one list call, and a
// connection to each instance that serves and that its node does not find
// ready.
func (c *Cluster) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	list, err := c.list(ctx, c.within(app), c.ours(kindInstance, app))
	if err != nil {
		return nil, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, v := range list {
		group.Go(func() error {
			v.instance.State = v.state(groupCtx)
			return groupCtx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	instances := make([]deployer.Instance, 0, len(list))
	for _, v := range list {
		instances = append(instances, v.instance)
	}
	slices.SortFunc(instances, func(a, b deployer.Instance) int {
		return cmp.Or(
			cmp.Compare(a.Workload.App, b.Workload.App),
			cmp.Compare(a.Workload.Process, b.Workload.Process),
			cmp.Compare(a.Workload.Release, b.Workload.Release),
			cmp.Compare(a.Index, b.Index),
			cmp.Compare(a.ID, b.ID))
	})
	return instances, nil
}

// within is the namespace to look in: that of an app, or all.
func (c *Cluster) within(app string) string {
	if app == "" {
		return ""
	}
	return c.namespace(app)
}

// list gives the pods that are instances and not over, oldest first, with their
// indexes.
func (c *Cluster) list(ctx context.Context, namespace, selector string) ([]*pod, error) {
	var found corev1.PodList
	if err := c.api.list(ctx, pods.in(namespace), selector, &found); err != nil {
		return nil, fail(ctx, "list pods", err)
	}
	list := make([]*pod, 0, len(found.Items))
	for i := range found.Items {
		if v := look(&found.Items[i]); !v.over {
			list = append(list, v)
		}
	}
	for _, v := range numbered(list) {
		c.writeIndex(ctx, v)
	}
	return list, nil
}

// numbered sorts pods by age and gives them their indexes within their
// workloads. It gives those that had none.
func numbered(list []*pod) (without []*pod) {
	slices.SortFunc(list, func(a, b *pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	byWorkload := map[deployer.WorkloadID][]*pod{}
	for _, v := range list {
		byWorkload[v.instance.Workload] = append(byWorkload[v.instance.Workload], v)
	}
	for _, siblings := range byWorkload {
		without = append(without, number(siblings)...)
	}
	for _, v := range list {
		v.instance.Name = deployer.InstanceName(v.instance.AppName, v.instance.Workload, v.instance.Index)
	}
	return without
}

// writeIndex keeps a pod's index on it. Who comes next does it otherwise, with
// the same result.
func (c *Cluster) writeIndex(ctx context.Context, v *pod) {
	index := strconv.Itoa(v.instance.Index)
	err := c.api.merge(ctx, pods.one(v.Namespace, v.Name), map[string]any{"metadata": map[string]any{
		"uid":         v.UID,
		"labels":      map[string]string{LabelIndex: index},
		"annotations": map[string]string{noteDeletionCost: "-" + index}, // the engine takes away the highest index first
	}})
	if unlessNotFound(err) != nil && ctx.Err() == nil {
		c.log.Debug("an instance's index could not be written on it", "instance", v.instance.Name, "error", err)
	}
}

// state judges an instance.
func (v *pod) state(ctx context.Context) deployer.State {
	switch {
	case !v.running:
		return v.instance.State
	case v.terminating:
		return deployer.StateUnhealthy // nothing new should be sent to it
	case v.port == 0:
		if v.settled() {
			return deployer.StateHealthy
		}
		return deployer.StateStarting
	case v.instance.Address == "":
		return deployer.StateStarting
	case v.ready:
		return deployer.StateHealthy
	}
	// The node asks once a second, which may be a while after it serves.
	ctx, cancel := context.WithTimeout(ctx, deployer.QuickProbe)
	defer cancel()
	if ok, _ := deployer.Probe(ctx, v.instance.Address, v.health); ok {
		return deployer.StateHealthy
	}
	if !v.proven || time.Since(v.instance.StartedAt) < v.health.Timeout {
		return deployer.StateStarting
	}
	return deployer.StateUnhealthy
}
