package kubernetes

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// lostAfter is how long beyond its grace a pod may take to end before it is
// asked whether its node is there at all.
const lostAfter = 15 * time.Second

// ending waits for the pods of one workload to end.
type ending struct {
	*Cluster
	what                string
	namespace, selected string
	grace               time.Duration
	told                map[string]bool // by UID
}

// untilEnded tells every pod to end, those too that are made until then, and
// returns when nothing of them runs and nothing can make more. A pod on a node
// that is lost cannot be told: it is forgotten, and ends when the node finds out.
func (e *ending) untilEnded(ctx context.Context) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	told := e.notices(watching, e.selected, pods.in(e.namespace), replicaSets.in(e.namespace))
	lost := time.NewTicker(e.grace + lostAfter)
	defer lost.Stop()
	for {
		late := false
		select {
		case <-told:
		case <-lost.C:
			late = true
		case <-ctx.Done():
			return ctx.Err()
		}
		if left, err := e.look(ctx, late); left == 0 || err != nil {
			return err
		}
	}
}

// look gives the number of what is left.
func (e *ending) look(ctx context.Context, late bool) (left int, err error) {
	for _, makers := range []resource{deployments, replicaSets} {
		var list metav1.PartialObjectMetadataList
		if err := e.api.list(ctx, makers.in(e.namespace), e.selected, &list); err != nil {
			return 0, fail(ctx, e.what, err)
		}
		left += len(list.Items)
	}
	var list corev1.PodList
	if err := e.api.list(ctx, pods.in(e.namespace), e.selected, &list); err != nil {
		return 0, fail(ctx, e.what, err)
	}
	for i := range list.Items {
		v := look(&list.Items[i])
		switch {
		case !e.told[string(v.UID)]:
			if err := e.end(ctx, v.Namespace, v.Name, e.grace); err != nil {
				return 0, fail(ctx, e.what, err)
			}
			e.told[string(v.UID)] = true
		case v.over: // the rest is the engine's
			continue
		case late:
			if err := e.forgetLost(ctx, v); err != nil {
				return 0, err
			}
		}
		left++
	}
	return left, nil
}

// forgetLost forgets a pod if its node is lost.
func (e *ending) forgetLost(ctx context.Context, v *pod) error {
	if v.Spec.NodeName == "" {
		return nil
	}
	var node corev1.Node
	err := e.api.get(ctx, nodes.one("", v.Spec.NodeName), &node)
	if unlessNotFound(err) != nil || err == nil && readNode(&node).State != deployer.NodeDown {
		return fail(ctx, e.what, unlessNotFound(err))
	}
	e.log.Warn("an instance is forgotten: its node is lost", "instance", v.Name, "node", v.Spec.NodeName)
	now := int64(0)
	return fail(ctx, e.what, unlessNotFound(e.api.remove(ctx, pods.one(v.Namespace, v.Name), metav1.DeleteOptions{GracePeriodSeconds: &now})))
}

// end tells a pod to end. A second time can only shorten the time it has.
func (c *Cluster) end(ctx context.Context, namespace, name string, grace time.Duration) error {
	seconds := max(seconds(grace), 1) // 0 would forget the pod while it runs on
	return unlessNotFound(c.api.remove(ctx, pods.one(namespace, name), metav1.DeleteOptions{GracePeriodSeconds: &seconds}))
}
