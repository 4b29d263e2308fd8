package kubernetes

import (
	"context"
	"fmt"
	"time"

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
	unlock, err := c.workloads.acquire(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	for _, kind := range []string{kindInstance, kindTask} {
		if err := c.takeDown(ctx, id, kind, grace); err != nil {
			return err
		}
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
	orphan := metav1.DeletePropagationOrphan
	for _, makers := range []resource{deployments, replicaSets, jobs} {
		err := c.api.removeAll(ctx, makers.in(namespace), selected, metav1.DeleteOptions{PropagationPolicy: &orphan})
		if err != nil {
			return fail(ctx, what, err)
		}
	}
	told := map[string]bool{}
	err := c.until(ctx, selected, func(ctx context.Context) (bool, error) {
		left := 0
		for _, makers := range []resource{deployments, replicaSets} {
			var list metav1.PartialObjectMetadataList
			if err := c.api.list(ctx, makers.in(namespace), selected, &list); err != nil {
				return false, fail(ctx, what, err)
			}
			left += len(list.Items)
		}
		var list metav1.PartialObjectMetadataList
		if err := c.api.list(ctx, pods.in(namespace), selected, &list); err != nil {
			return false, fail(ctx, what, err)
		}
		for _, p := range list.Items {
			if told[string(p.UID)] {
				continue
			}
			if err := c.end(ctx, namespace, p.Name, grace); err != nil {
				return false, fail(ctx, what, err)
			}
			told[string(p.UID)] = true
		}
		return left+len(list.Items) == 0, nil
	}, pods.in(namespace), replicaSets.in(namespace))
	if err != nil {
		return err
	}
	for _, kind := range []resource{secrets, budgets, networkPolicies} {
		if err := c.api.removeAll(ctx, kind.in(namespace), selected, metav1.DeleteOptions{}); err != nil {
			return fail(ctx, what, err)
		}
	}
	return nil
}

// end tells a pod to end. A second time can only shorten the time it has.
func (c *Cluster) end(ctx context.Context, namespace, name string, grace time.Duration) error {
	seconds := max(seconds(grace), 1) // 0 would forget the pod while it runs on
	return unlessNotFound(c.api.remove(ctx, pods.one(namespace, name), metav1.DeleteOptions{GracePeriodSeconds: &seconds}))
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
