package kubernetes

import (
	"context"
	"crypto/rand"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// inNamespace makes the app's namespace be, and then what make makes in it. A
// namespace that is being removed is waited for and made anew.
func (c *Cluster) inNamespace(ctx context.Context, w deployer.Workload, make func(ctx context.Context) error) error {
	for {
		err := c.joinNamespace(ctx, w)
		if err == nil {
			err = make(ctx)
		}
		if !namespaceEnding(err) {
			return err
		}
	}
}

// joinNamespace marks the namespace as in use, so that nobody who found it empty
// a moment ago removes it.
func (c *Cluster) joinNamespace(ctx context.Context, w deployer.Workload) error {
	app, name := w.ID.App, c.namespace(w.ID.App)
	what := "make the namespace " + name
	err := c.until(ctx, c.ours(kindApp, app), func(ctx context.Context) (bool, error) {
		var found corev1.Namespace
		err := c.api.get(ctx, namespaces.one("", name), &found)
		switch {
		case err != nil && !notFound(err):
			return false, fail(ctx, what, err)
		case err == nil && found.DeletionTimestamp != nil:
			return false, nil
		case err == nil && (found.Labels[LabelInstallation] != c.options.Installation || found.Labels[LabelApp] != app):
			return false, fmt.Errorf("%s: there is one already that is not this app's", what)
		}
		return true, fail(ctx, what, c.api.apply(ctx, namespaces.one("", name), c.namespaceObject(app, w.AppName, rand.Text()), nil))
	}, namespaces.in(""))
	if err != nil {
		return err
	}
	objects := []object{{networkPolicies, "default-deny", c.closed(app)}}
	if quota := c.quota(app); quota != nil {
		objects = append(objects, object{quotas, "slipway", quota})
	} else if err := c.api.remove(ctx, quotas.one(name, "slipway"), metav1.DeleteOptions{}); unlessNotFound(err) != nil {
		return fail(ctx, "lift the quota of "+name, err)
	}
	return c.applyAll(ctx, name, objects)
}

// applyAll applies objects side by side: none may need another.
func (c *Cluster) applyAll(ctx context.Context, namespace string, objects []object) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, o := range objects {
		group.Go(func() error {
			err := c.api.apply(ctx, o.of.one(namespace, o.name), o.object, nil)
			return fail(ctx, "make "+o.of.plural+"/"+o.name+" in "+namespace, err)
		})
	}
	return group.Wait()
}

// sweep removes the namespace of an app when nothing is left in it that anybody
// wants: no workload, task or volume. It loses no race against somebody who
// joins it: the namespace is then another than the one it looked into.
func (c *Cluster) sweep(ctx context.Context, app string) error {
	name := c.namespace(app)
	var found corev1.Namespace
	err := c.api.get(ctx, namespaces.one("", name), &found)
	if notFound(err) || err == nil && (found.DeletionTimestamp != nil || found.Labels[LabelInstallation] != c.options.Installation || found.Labels[LabelApp] != app) {
		return nil
	}
	if err != nil {
		return fail(ctx, "look for the namespace "+name, err)
	}
	for _, kind := range []resource{deployments, jobs, pods, claims} {
		var left metav1.PartialObjectMetadataList
		if err := c.api.list(ctx, kind.in(name), "", &left); err != nil {
			return fail(ctx, "list "+kind.plural, err)
		}
		for _, one := range left.Items {
			if one.DeletionTimestamp == nil {
				return nil
			}
		}
	}
	version := found.ResourceVersion
	err = c.api.remove(ctx, namespaces.one("", name), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &found.UID, ResourceVersion: &version}})
	if apierrors.IsConflict(err) {
		return nil
	}
	return fail(ctx, "remove the namespace "+name, unlessNotFound(err))
}
