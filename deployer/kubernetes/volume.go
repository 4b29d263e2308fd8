package kubernetes

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Volumes = (*Cluster)(nil)

// makeVolume makes a volume that is not there. One that is there stays as it is:
// of a claim that is bound the engine changes next to nothing.
func (c *Cluster) makeVolume(ctx context.Context, app, name string) error {
	path := claims.one(c.namespace(app), claimName(name))
	what := "make the volume " + name
	return c.until(ctx, c.ours(kindVolume, app), func(ctx context.Context) (bool, error) {
		var found corev1.PersistentVolumeClaim
		err := c.api.get(ctx, path, &found)
		if notFound(err) {
			return true, fail(ctx, what, c.api.apply(ctx, path, c.claim(app, name), nil))
		}
		// One that is being removed is waited for.
		return err == nil && found.DeletionTimestamp == nil, fail(ctx, what, err)
	}, claims.in(c.namespace(app)))
}

// Volumes implements deployer.Volumes.
func (c *Cluster) Volumes(ctx context.Context, app string) ([]string, error) {
	var list corev1.PersistentVolumeClaimList
	if err := c.api.list(ctx, claims.in(c.namespace(app)), c.ours(kindVolume, app), &list); err != nil {
		return nil, fail(ctx, "list volumes", err)
	}
	names := make([]string, 0, len(list.Items))
	for _, claim := range list.Items {
		if claim.DeletionTimestamp == nil {
			names = append(names, claim.Annotations[noteVolume])
		}
	}
	slices.Sort(names)
	return names, nil
}

// RemoveVolume implements deployer.Volumes. Whether its data is deleted with it
// is up to the storage class (reclaimPolicy).
func (c *Cluster) RemoveVolume(ctx context.Context, app, name string) error {
	namespace, claim := c.namespace(app), claimName(name)
	what := "remove the volume " + name
	var found corev1.PersistentVolumeClaim
	err := c.api.get(ctx, claims.one(namespace, claim), &found)
	if notFound(err) || err == nil && found.Labels[LabelInstallation] != c.options.Installation {
		return nil
	}
	if err != nil {
		return fail(ctx, what, err)
	}
	var list corev1.PodList
	if err := c.api.list(ctx, pods.in(namespace), selector(LabelInstallation, c.options.Installation), &list); err != nil {
		return fail(ctx, what, err)
	}
	for i := range list.Items {
		if look(&list.Items[i]).over {
			continue
		}
		for _, volume := range list.Items[i].Spec.Volumes {
			if source := volume.PersistentVolumeClaim; source != nil && source.ClaimName == claim {
				return fmt.Errorf("the volume %s is in use by %s", name, list.Items[i].Name)
			}
		}
	}
	if err := c.api.remove(ctx, claims.one(namespace, claim), metav1.DeleteOptions{}); unlessNotFound(err) != nil {
		return fail(ctx, what, err)
	}
	err = c.until(ctx, c.ours(kindVolume, app), func(ctx context.Context) (bool, error) {
		err := c.api.get(ctx, claims.one(namespace, claim), &found)
		return notFound(err), fail(ctx, what, unlessNotFound(err))
	}, claims.in(namespace))
	if err != nil {
		return err
	}
	return c.sweep(ctx, app)
}
