package kubernetes

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RemoveInstallation deletes all that this installation made on the cluster,
// volumes and what is in them included. It returns when the engine has been
// told, which then takes some seconds.
func (c *Cluster) RemoveInstallation(ctx context.Context) error {
	var list metav1.PartialObjectMetadataList
	if err := c.api.list(ctx, namespaces.in(""), c.ours(kindApp, ""), &list); err != nil {
		return fail(ctx, "list namespaces", err)
	}
	var failures []error
	for _, n := range list.Items {
		err := c.api.remove(ctx, namespaces.one("", n.Name), metav1.DeleteOptions{})
		failures = append(failures, fail(ctx, "remove the namespace "+n.Name, unlessNotFound(err)))
	}
	return errors.Join(failures...)
}
