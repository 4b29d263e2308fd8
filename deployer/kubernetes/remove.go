package kubernetes

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// Remove implements deployer.Cluster. grace is rounded up to whole seconds; 0
// gives what the engine gives at least, two seconds. For the process "run" it
// removes the tasks of the release.
func (c *Cluster) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	if err := id.Check(); err != nil {
		return err
	}
	if err := checkLabels(id); err != nil {
		return err
	}
	unlock, err := c.workloads.Acquire(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.takeDown(ctx, id, anyKind, grace); err != nil {
		return err
	}
	if err := c.removeName(ctx, id); err != nil {
		return err
	}
	return c.sweep(ctx, id.App)
}

// takeDown removes what makes a workload's pods without their noticing, then the
// pods, with the grace that is wanted and not with their own, then the rest.
func (c *Cluster) takeDown(ctx context.Context, id deployer.WorkloadID, kind string, grace time.Duration) error {
	namespace, selected := c.namespace(id.App), c.of(id, kind)
	what := "remove " + id.String()
	left, err := c.anything(ctx, namespace, selected)
	if err == nil && left {
		err = c.endAll(ctx, what, namespace, selected, grace)
	}
	if err != nil {
		return fail(ctx, what, err)
	}
	return fail(ctx, what, c.removeEach(ctx, namespace, selected, metav1.DeleteOptions{}, secrets, budgets, networkPolicies))
}

// removeEach removes what is selected of some kinds, side by side.
func (c *Cluster) removeEach(ctx context.Context, namespace, selected string, options metav1.DeleteOptions, kinds ...resource) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, kind := range kinds {
		group.Go(func() error { return c.api.removeAll(ctx, kind.in(namespace), selected, options) })
	}
	return group.Wait()
}

// endAll removes what makes pods, and ends them.
func (c *Cluster) endAll(ctx context.Context, what, namespace, selected string, grace time.Duration) error {
	orphan := metav1.DeletePropagationOrphan
	if err := c.removeEach(ctx, namespace, selected, metav1.DeleteOptions{PropagationPolicy: &orphan}, deployments, replicaSets, jobs); err != nil {
		return err
	}
	e := &ending{Cluster: c, what: what, namespace: namespace, selected: selected, grace: grace, told: map[string]bool{}}
	return e.untilEnded(ctx)
}

// anything says whether something of a workload is there that takes time to
// remove.
func (c *Cluster) anything(ctx context.Context, namespace, selected string) (bool, error) {
	for _, kind := range []resource{deployments, replicaSets, jobs, pods} {
		var left metav1.PartialObjectMetadataList
		if err := c.api.list(ctx, kind.in(namespace), selected, &left); err != nil || len(left.Items) > 0 {
			return true, err
		}
	}
	return false, nil
}

// removeName takes a process's name away with its last release.
func (c *Cluster) removeName(ctx context.Context, id deployer.WorkloadID) error {
	var left metav1.PartialObjectMetadataList
	namespace, selected := c.namespace(id.App), c.ours(kindInstance, id.App)+","+selector(LabelProcess, id.Process)
	err := c.api.list(ctx, deployments.in(namespace), selected, &left)
	if err == nil && len(left.Items) == 0 {
		err = unlessNotFound(c.api.remove(ctx, services.one(namespace, serviceName(id.Process)), metav1.DeleteOptions{}))
	}
	if err != nil {
		return fail(ctx, fmt.Sprintf("remove the name of %s", id.Process), err)
	}
	return nil
}
