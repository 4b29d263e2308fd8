package kubernetes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// taskKept is how long the engine keeps a task that ended and that nobody waits
// for any more.
const taskKept = int32(60)

// cleanupTimeout bounds taking a task away that nobody waits for any more.
const cleanupTimeout = time.Minute

// Run implements deployer.Cluster. The task is a Job in its app's namespace,
// with the same limits as an instance. All that it prints goes to Stdout: from
// its log, where the engine puts whole lines, or with TTY from its terminal.
// What a terminal showed before it was connected comes from the log too, so that
// a prompt may be missing until the next one. A Stdin that blocks keeps one
// goroutine until its next read returns.
func (c *Cluster) Run(ctx context.Context, t deployer.Task, streams deployer.TaskIO) (int, error) {
	if err := c.check(t.Workload); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	r := &running{Cluster: c, Task: t, streams: streams, namespace: c.namespace(t.Workload.ID.App)}
	r.name = label(fmt.Sprintf("%s-v%d-%s", t.Workload.ID.Process, t.Workload.ID.Release, strings.ToLower(rand.Text()[:8])), maxName-20)
	err := c.inNamespace(ctx, t.Workload, r.make)
	var code int
	if err == nil {
		code, err = r.run(ctx)
	}
	// Whatever happened, nothing of it runs when this returns.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	return code, errors.Join(err, r.remove(cleanup))
}

// running is one call of Run.
type running struct {
	*Cluster
	deployer.Task
	streams         deployer.TaskIO
	namespace, name string
	pod             string // once there is one
}

// make makes the Secrets, then the Job that owns them.
func (r *running) make(ctx context.Context) error {
	w := r.Workload
	objects := []object{{secrets, r.name, r.variables(w, r.name, kindTask)}}
	if r.options.PullAuth != nil {
		secret, err := r.pulled(ctx, w, r.name+"-pull", kindTask)
		if err != nil {
			return err
		}
		objects = append(objects, object{secrets, r.name + "-pull", secret})
	}
	for _, v := range w.Volumes {
		if err := r.makeVolume(ctx, w.ID.App, v.Name); err != nil {
			return err
		}
	}
	if err := r.applyAll(ctx, r.namespace, objects); err != nil {
		return err
	}
	var made batchv1.Job
	if err := r.api.apply(ctx, jobs.one(r.namespace, r.name), r.job(), &made); err != nil {
		return fail(ctx, "make the task "+r.name, err)
	}
	// When nobody is left who waits for the task they go with it.
	owner := []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: made.Name, UID: made.UID}}
	for _, o := range objects {
		err := r.api.merge(ctx, secrets.one(r.namespace, o.name), map[string]any{"metadata": map[string]any{"ownerReferences": owner}})
		if err != nil {
			return fail(ctx, "make the task "+r.name, err)
		}
	}
	return nil
}

func (r *running) job() *batchv1.Job {
	w := r.Workload
	labels, once, kept := r.workloadLabels(w.ID, kindTask), int32(0), taskKept
	spec := r.podSpec(w, r.name)
	spec.RestartPolicy = corev1.RestartPolicyNever
	spec.TopologySpreadConstraints = nil
	container := &spec.Containers[0]
	container.StartupProbe, container.ReadinessProbe = nil, nil
	container.TTY, container.Stdin, container.StdinOnce = r.TTY, r.streams.Stdin != nil, r.streams.Stdin != nil
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: r.name, Labels: labels, Annotations: r.notes(w)},
		Spec: batchv1.JobSpec{
			BackoffLimit: &once, TTLSecondsAfterFinished: &kept,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: r.notes(w)}, Spec: spec},
		},
	}
}

// run waits for the task to start, hands its input and output on, and gives its
// exit code.
func (r *running) run(ctx context.Context) (int, error) {
	began := time.Now()
	err := r.untilSeen(ctx, func(v *pod) (bool, error) {
		switch {
		case v == nil:
			return false, nil
		case v.running || v.lastEnd() != nil:
			return true, nil
		case time.Since(began) > r.options.Started:
			return false, fmt.Errorf("the task was not started within %s", deployer.Seconds(r.options.Started))
		}
		err := r.trouble(v, began)
		if errors.Is(err, deployer.ErrNoImage) && time.Since(began) < tellWithin {
			if unarmed, asking := r.unarmed(ctx, v); unarmed || asking != nil {
				return false, asking // it fetches again by itself, some seconds later
			}
		}
		return false, asError(err)
	})
	if err != nil {
		return 0, err
	}
	if r.TTY {
		err = r.terminal(ctx)
	} else {
		err = r.lines(ctx)
	}
	if err != nil {
		return 0, err
	}
	code := 0
	err = r.untilSeen(ctx, func(v *pod) (bool, error) {
		if v == nil {
			return false, errors.New("the task was removed while it ran")
		}
		if ended := v.lastEnd(); ended != nil {
			code = int(ended.ExitCode)
			return true, nil
		}
		if v.over {
			return false, fmt.Errorf("the task was ended by the cluster: %s", quote(v.Status.Reason+" "+v.Status.Message))
		}
		return false, nil
	})
	return code, err
}

// asError makes a task's trouble an error without an instance: it has none.
func asError(err error) error {
	var unhealthy *deployer.Unhealthy
	if errors.As(err, &unhealthy) {
		return fmt.Errorf("the task %s", unhealthy.Reason)
	}
	return err
}

// untilSeen looks at the task's pod until done says that it is.
func (r *running) untilSeen(ctx context.Context, done func(*pod) (bool, error)) error {
	began := time.Now()
	selected := selector(batchv1.JobNameLabel, r.name)
	return r.until(ctx, selected, func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		if err := r.api.list(ctx, pods.in(r.namespace), selected, &list); err != nil {
			return false, fail(ctx, "look for the task "+r.name, err)
		}
		if len(list.Items) == 0 {
			if r.pod != "" {
				return done(nil)
			}
			return false, r.refusedTask(ctx, began)
		}
		r.pod = list.Items[0].Name
		return done(look(&list.Items[0]))
	}, pods.in(r.namespace), jobs.in(r.namespace))
}

// refusedTask says why the engine has not made the task's pod, if it will not.
func (r *running) refusedTask(ctx context.Context, since time.Time) error {
	var list corev1.EventList
	path := happenings.in(r.namespace)
	err := r.api.do(ctx, r.api.rest.Get().AbsPath(path).Param("fieldSelector", "involvedObject.kind=Job,involvedObject.name="+r.name), &list)
	if err != nil {
		return fail(ctx, "look for the task "+r.name, err)
	}
	for _, e := range list.Items {
		if e.Type != corev1.EventTypeWarning {
			continue
		}
		if err := r.notMade(e.Message, since); err != nil {
			return fmt.Errorf("start the task %s: %w", r.name, err)
		}
	}
	return nil
}

// lines copies the task's log to its output while its input is sent to it.
func (r *running) lines(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.streams.Stdin != nil {
		go func() {
			if err := r.attach(ctx, lateEnd{ctx, r.streams.Stdin}, nil); err != nil && ctx.Err() == nil {
				r.log.Debug("the input of a task broke off", "task", r.name, "error", err)
			}
		}()
	}
	return r.copyLog(ctx, true, r.streams.Stdout)
}

// copyLog copies what the task has printed, and with follow what it prints until
// it ends.
func (r *running) copyLog(ctx context.Context, follow bool, to io.Writer) error {
	if to == nil {
		to = io.Discard
	}
	request := r.api.rest.Get().AbsPath(pods.one(r.namespace, r.pod)+"/log").Param("container", containerName)
	if follow {
		request = request.Param("follow", "true")
	}
	body, err := request.Stream(ctx)
	if err != nil {
		return fail(ctx, "read the output of "+r.name, err)
	}
	defer func() { _ = body.Close() }() // only read from
	_, err = io.Copy(to, body)
	return fail(ctx, "read the output of "+r.name, err)
}

// remove takes the task away and waits until nothing of it runs.
func (r *running) remove(ctx context.Context) error {
	what := "remove the task " + r.name
	background := metav1.DeletePropagationBackground
	err := r.api.remove(ctx, jobs.one(r.namespace, r.name), metav1.DeleteOptions{PropagationPolicy: &background})
	for _, secret := range []string{r.name, r.name + "-pull"} {
		if unlessNotFound(err) == nil {
			err = r.api.remove(ctx, secrets.one(r.namespace, secret), metav1.DeleteOptions{})
		}
	}
	if unlessNotFound(err) != nil {
		return fail(ctx, what, err)
	}
	e := &ending{Cluster: r.Cluster, what: what, namespace: r.namespace, selected: selector(batchv1.JobNameLabel, r.name), told: map[string]bool{}}
	if err := e.untilEnded(ctx); err != nil {
		return err
	}
	return r.sweep(ctx, r.Workload.ID.App)
}
