package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// pulled makes the pull secret of a workload: see Options.PullAuth.
func (c *Cluster) pulled(ctx context.Context, w deployer.Workload, name, kind string) (*corev1.Secret, error) {
	username, password, err := c.options.PullAuth(ctx, w.Image)
	if err != nil {
		return nil, fmt.Errorf("the credentials for the image's registry: %w", err)
	}
	return c.pullSecret(w, name, kind, registryOf(w.Image), username, password), nil
}

// Ensure implements deployer.Cluster. It returns when the engine has made the
// pods that are missing, and removed those that are too many; these get SIGTERM
// and Options.StopGrace.
func (c *Cluster) Ensure(ctx context.Context, w deployer.Workload) error {
	if err := c.check(w); err != nil {
		return err
	}
	unlock, err := c.workloads.Acquire(ctx, w.ID)
	if err != nil {
		return err
	}
	defer unlock()
	have, err := c.find(ctx, w.ID)
	if err != nil {
		return err
	}
	same := false
	if have != nil && w.Instances > 0 && have.DeletionTimestamp == nil {
		if same, err = c.madeFrom(ctx, have, w); err != nil {
			return err
		}
	}
	if same {
		if err = c.startExited(ctx, w.ID); err == nil && have.Spec.Replicas != nil && int(*have.Spec.Replicas) > w.Instances {
			err = c.untilKeptAreReady(ctx, w)
		}
	} else {
		err = c.makeWay(ctx, w.ID)
	}
	if err != nil || w.Instances == 0 {
		return err
	}
	if err := c.inNamespace(ctx, w, func(ctx context.Context) error { return c.makeWorkload(ctx, w) }); err != nil {
		return err
	}
	return c.untilMade(ctx, w)
}

// makeWay takes down what is there under an ID, as of another workload.
func (c *Cluster) makeWay(ctx context.Context, id deployer.WorkloadID) error {
	left, err := c.anything(ctx, c.namespace(id.App), c.of(id, kindInstance))
	if err != nil || !left {
		return fail(ctx, "look for "+id.String(), err)
	}
	return c.takeDown(ctx, id, kindInstance, c.options.StopGrace)
}

// find gives the workload's Deployment, nil for none.
func (c *Cluster) find(ctx context.Context, id deployer.WorkloadID) (*appsv1.Deployment, error) {
	var found appsv1.Deployment
	err := c.api.get(ctx, deployments.one(c.namespace(id.App), workloadName(id)), &found)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fail(ctx, "look for "+id.String(), err)
	}
	return &found, nil
}

// madeFrom says whether a Deployment is what the workload asks for.
func (c *Cluster) madeFrom(ctx context.Context, have *appsv1.Deployment, w deployer.Workload) (bool, error) {
	notes := have.Spec.Template.Annotations
	if notes[noteSpec] != c.specHash(w) || notes[noteAppName] != w.AppName {
		return false, nil
	}
	if hash := c.envHash(w); hash != "" && notes[noteEnv] != "" {
		return hash == notes[noteEnv], nil
	}
	var variables corev1.Secret
	err := c.api.get(ctx, secrets.one(have.Namespace, have.Name), &variables)
	if notFound(err) {
		return true, nil // it is made again, and the pods have what they were started with
	}
	if err != nil {
		return false, fail(ctx, "look for the variables of "+w.ID.String(), err)
	}
	want := c.variables(w, have.Name, kindInstance).Data
	return maps.EqualFunc(variables.Data, want, bytes.Equal), nil
}

// makeWorkload applies everything a workload is made of, the Deployment last.
func (c *Cluster) makeWorkload(ctx context.Context, w deployer.Workload) error {
	namespace, name := c.namespace(w.ID.App), workloadName(w.ID)
	objects := []object{{secrets, name, c.variables(w, name, kindInstance)}, {budgets, name, c.budget(w)}}
	if c.options.PullAuth != nil {
		secret, err := c.pulled(ctx, w, name+"-pull", kindInstance)
		if err != nil {
			return err
		}
		objects = append(objects, object{secrets, name + "-pull", secret})
	}
	if w.Port > 0 {
		objects = append(objects, object{networkPolicies, name, c.open(w)}, object{services, serviceName(w.ID.Process), c.service(w)})
	}
	for _, v := range w.Volumes {
		if err := c.makeVolume(ctx, w.ID.App, v.Name); err != nil {
			return err
		}
	}
	if err := c.applyAll(ctx, namespace, objects); err != nil {
		return err
	}
	return c.applyAll(ctx, namespace, []object{{deployments, name, c.deployment(w)}})
}

// untilMade waits for the engine to have made as many pods as wanted, and sees
// that each has its index.
func (c *Cluster) untilMade(ctx context.Context, w deployer.Workload) error {
	namespace := c.namespace(w.ID.App)
	what, began := "make the instances of "+w.ID.String(), time.Now()
	return c.until(ctx, c.of(w.ID, kindInstance), func(ctx context.Context) (bool, error) {
		have, err := c.find(ctx, w.ID)
		if err != nil {
			return false, err
		}
		if have == nil || have.DeletionTimestamp != nil {
			return false, fmt.Errorf("%s: they were removed meanwhile", what)
		}
		if err := c.refused(have, began); err != nil {
			return false, fmt.Errorf("%s: %w", what, err)
		}
		list, err := c.list(ctx, namespace, c.of(w.ID, kindInstance))
		if err != nil {
			return false, err
		}
		live, ending := 0, 0
		for _, v := range list {
			if v.terminating {
				ending++
			} else {
				live++
			}
		}
		if live != w.Instances || ending > 0 {
			return false, nil
		}
		return true, c.renumber(ctx, list)
	}, pods.in(namespace), deployments.in(namespace))
}

// keptReady is how long instances that are to stay may take to be ready before
// others are taken away.
const keptReady = 10 * time.Second

// untilKeptAreReady waits until the engine knows that the instances that are to
// stay are ready: it would take away one of them before a higher index if it
// did not, and it finds out a second or two after WaitHealthy.
func (c *Cluster) untilKeptAreReady(ctx context.Context, w deployer.Workload) error {
	namespace, began := c.namespace(w.ID.App), time.Now()
	return c.until(ctx, c.of(w.ID, kindInstance), func(ctx context.Context) (bool, error) {
		list, err := c.list(ctx, namespace, c.of(w.ID, kindInstance))
		if err != nil {
			return false, err
		}
		for _, v := range list {
			if !v.terminating && v.instance.Index <= w.Instances && !v.ready {
				return time.Since(began) >= keptReady, nil
			}
		}
		return true, nil
	}, pods.in(namespace))
}

// startExited starts what has exited before it was healthy.
func (c *Cluster) startExited(ctx context.Context, id deployer.WorkloadID) error {
	list, err := c.list(ctx, c.namespace(id.App), c.of(id, kindInstance))
	if err != nil {
		return err
	}
	for _, v := range list {
		if v.terminating || v.proven || v.exits <= v.forgiven {
			continue
		}
		if err := c.startAgain(ctx, v); err != nil {
			return fail(ctx, "start "+v.instance.Name, err)
		}
	}
	return nil
}

// startAgain makes up for an exit before the instance was healthy: if it waits
// to be started another takes its place at once, and if it runs again already
// the exit is forgotten.
func (c *Cluster) startAgain(ctx context.Context, v *pod) error {
	if !v.running {
		return c.replace(ctx, v)
	}
	return unlessNotFound(c.api.merge(ctx, pods.one(v.Namespace, v.Name), map[string]any{"metadata": map[string]any{
		"uid": v.UID, "annotations": map[string]string{noteForgiven: strconv.Itoa(v.exits)},
	}}))
}

// renumber closes gaps: where the engine took away another than the highest
// index, those above the number of instances get a free one.
func (c *Cluster) renumber(ctx context.Context, list []*pod) error {
	taken := map[int]bool{}
	for _, v := range list {
		taken[v.instance.Index] = true
	}
	free := 1
	for _, v := range list {
		if v.instance.Index <= len(list) {
			continue
		}
		for taken[free] {
			free++
		}
		taken[free] = true
		v.instance.Index = free
		c.writeIndex(ctx, v)
	}
	return ctx.Err()
}
