package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Nodes = (*Cluster)(nil)

// Nodes implements deployer.Nodes. It refuses a Kubernetes older than 1.30.
func (c *Cluster) Nodes(ctx context.Context) ([]deployer.Node, error) {
	if err := c.checkVersion(ctx); err != nil {
		return nil, err
	}
	var list corev1.NodeList
	if err := c.api.list(ctx, nodes.in(""), "", &list); err != nil {
		return nil, fail(ctx, "list nodes", err)
	}
	found := make([]deployer.Node, 0, len(list.Items))
	for i := range list.Items {
		found = append(found, readNode(&list.Items[i]))
	}
	slices.SortFunc(found, func(a, b deployer.Node) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

// readNode reads one machine. One that is not ready is starting as long as it
// never was.
func readNode(n *corev1.Node) deployer.Node {
	node := deployer.Node{
		ID: n.Name, Name: n.Name, Labels: n.Labels, State: deployer.NodeStarting,
		CPUMilli: n.Status.Allocatable.Cpu().MilliValue(), MemoryBytes: n.Status.Allocatable.Memory().Value(),
		Version: n.Status.NodeInfo.KubeletVersion,
	}
	_, node.Manager = n.Labels["node-role.kubernetes.io/control-plane"]
	for _, address := range n.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			node.Address = address.Address
			break
		}
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type != corev1.NodeReady {
			continue
		}
		switch condition.Status {
		case corev1.ConditionTrue:
			node.State = deployer.NodeReady
		case corev1.ConditionUnknown:
			node.State, node.Reason = deployer.NodeDown, quote(condition.Message)
		default:
			node.Reason = quote(condition.Message)
			if condition.LastTransitionTime.Sub(n.CreationTimestamp.Time) > time.Minute {
				node.State = deployer.NodeDown
			}
		}
	}
	if node.State == deployer.NodeReady && n.Spec.Unschedulable {
		node.State = deployer.NodeDrained
	}
	return node
}

// Drain implements deployer.Nodes. It moves what this installation runs on the
// node, and nobody else's. Of each workload one instance is taken away at a time
// (its disruption budget says so): it returns when the last one has been told to
// end, which takes until the others of its workload are ready elsewhere. When
// ctx ends before that the node takes no more, and another call goes on.
func (c *Cluster) Drain(ctx context.Context, node string, drained bool) error {
	err := c.api.merge(ctx, nodes.one("", node), map[string]any{"spec": map[string]any{"unschedulable": drained}})
	if notFound(err) {
		return fmt.Errorf("%w: %s", deployer.ErrNoNode, node)
	}
	if err != nil {
		return fail(ctx, "drain node "+node, err)
	}
	if !drained {
		return nil
	}
	selected := selector(LabelInstallation, c.options.Installation, LabelKind, kindInstance)
	var again deployer.Backoff
	for {
		var list metav1.PartialObjectMetadataList
		request := c.api.rest.Get().AbsPath(pods.in("")).Param("labelSelector", selected).Param("fieldSelector", "spec.nodeName="+node)
		if err := c.api.do(ctx, request, &list); err != nil {
			return fail(ctx, "list pods", err)
		}
		held := 0
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp != nil {
				continue
			}
			moved, err := c.evict(ctx, &list.Items[i])
			if err != nil {
				return fail(ctx, "drain node "+node, err)
			}
			if !moved {
				held++
			}
		}
		if held == 0 {
			return nil
		}
		pause(ctx, 10*again.Next()) // up to a second: budgets tell nobody when they let go
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// evict asks for a pod to be moved. It reports false while its budget holds it.
func (c *Cluster) evict(ctx context.Context, p *metav1.PartialObjectMetadata) (bool, error) {
	eviction := policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
	}
	err := c.api.create(ctx, pods.one(p.Namespace, p.Name)+"/eviction", eviction, nil)
	if apierrors.IsTooManyRequests(err) {
		return false, nil
	}
	return true, unlessNotFound(err)
}

// JoinCommand implements deployer.Nodes: there is none. Nodes join by whatever
// made the cluster.
func (c *Cluster) JoinCommand(ctx context.Context) ([]string, string, error) {
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	return nil, "Nodes join a Kubernetes cluster by the tool that made it: its provider's node pools, or on a control plane " +
		"made with kubeadm the output of \"kubeadm token create --print-join-command\", run as root on the new machine.", nil
}
