package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// lastLogs is how many lines an Unhealthy carries.
const lastLogs = 50

// WaitHealthy implements deployer.Cluster. An instance is healthy when its node
// finds it ready, or a probe from here, which may be sooner. Health.Timeout
// begins when its container runs; what comes before it, finding a node and
// fetching the image, may take Options.Started. A node without room, an image
// that cannot be fetched and a quota are reported early: see ErrNoRoom and
// ErrNoImage.
func (c *Cluster) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	if err := id.Check(); err != nil {
		return err
	}
	if err := checkLabels(id); err != nil {
		return err
	}
	w := &wait{Cluster: c, id: id, began: time.Now(), healthy: map[string]bool{}, since: map[string]time.Time{}, answers: map[string]string{}, denied: map[string]denial{}}
	err := w.untilHealthy(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var unhealthy *deployer.Unhealthy
	if errors.As(err, &unhealthy) {
		unhealthy.LastLogs = c.tail(ctx, unhealthy.Instance.ID)
	}
	return err
}

// wait waits for one workload. Its maps are by pod.key.
type wait struct {
	*Cluster
	id      deployer.WorkloadID
	began   time.Time
	want    int
	list    []*pod // as last seen
	healthy map[string]bool
	since   map[string]time.Time // when they were first seen to run
	answers map[string]string    // what they answered last
	denied  map[string]denial    // those whose image their node could not fetch
}

// untilHealthy probes at growing intervals, and looks when the engine says that
// something has changed.
func (w *wait) untilHealthy(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	namespace := w.namespace(w.id.App)
	told := w.notices(ctx, w.of(w.id, kindInstance), pods.in(namespace), deployments.in(namespace))
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	var backoff deployer.Backoff
	for first := true; ; first = false {
		timer := time.NewTimer(backoff.Next())
		changed := first
		select {
		case <-timer.C:
		case <-told:
			changed = true
		case <-again.C:
			changed = true
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if changed {
			if err := w.look(ctx); err != nil {
				return err
			}
		}
		if done, err := w.judge(ctx); done || err != nil {
			return err
		}
	}
}

// look lists the instances anew.
func (w *wait) look(ctx context.Context) error {
	have, err := w.find(ctx, w.id)
	if err != nil {
		return err
	}
	w.want, w.list = 0, nil
	if have == nil {
		return nil // none are wanted
	}
	if have.Spec.Replicas != nil {
		w.want = int(*have.Spec.Replicas)
	}
	if err := w.refused(have, w.began); err != nil {
		return fmt.Errorf("not all instances of %s could be made: %w", w.id, err)
	}
	list, err := w.Cluster.list(ctx, have.Namespace, w.of(w.id, kindInstance))
	if err != nil {
		return err
	}
	for _, v := range list {
		if v.terminating {
			continue
		}
		w.list = append(w.list, v)
		if _, seen := w.since[v.key()]; v.running && !seen {
			w.since[v.key()] = time.Now()
		}
	}
	return nil
}

// judge probes those that are not known to be healthy, side by side.
func (w *wait) judge(ctx context.Context) (done bool, err error) {
	errs, healthy, answers := make([]error, len(w.list)), make([]bool, len(w.list)), make([]string, len(w.list))
	var group sync.WaitGroup
	for i, v := range w.list {
		if w.healthy[v.key()] {
			healthy[i] = true
			continue
		}
		group.Go(func() { healthy[i], answers[i], errs[i] = w.one(ctx, v) })
	}
	group.Wait()
	count := 0
	for i, v := range w.list {
		if errors.Is(errs[i], deployer.ErrNoImage) {
			errs[i] = w.reconsider(ctx, v, errs[i])
		}
		if errs[i] != nil {
			return false, errs[i]
		}
		if answers[i] != "" {
			w.answers[v.key()] = answers[i]
		}
		if healthy[i] {
			count++
			w.healthy[v.key()] = true
			if err := w.prove(ctx, v); err != nil {
				return false, err
			}
		}
	}
	for i, v := range w.list {
		if err := w.late(v); err != nil && !healthy[i] {
			return false, err
		}
	}
	if len(w.list) < w.want && time.Since(w.began) >= w.options.Started {
		return false, fmt.Errorf("the cluster made only %d of %d instances of %s within %s", len(w.list), w.want, w.id, deployer.Seconds(w.options.Started))
	}
	return count == len(w.list) && count >= w.want, nil
}

// one judges an instance. An exit counts until it was healthy once.
func (w *wait) one(ctx context.Context, v *pod) (healthy bool, answer string, err error) {
	if !v.proven && v.exits > v.forgiven {
		if ended := v.lastEnd(); ended != nil {
			in := v.instance
			in.State, in.Address, in.ExitCode, in.OOMKilled = deployer.StateExited, "", int(ended.ExitCode), outOfMemory(ended)
			return false, "", &deployer.Unhealthy{Instance: in, Reason: exitReason(v, ended), Exited: true}
		}
	}
	switch {
	case !v.running:
		return false, "", w.trouble(v, w.began)
	case v.port == 0:
		return v.settled(), "", nil
	case v.ready:
		return true, "", nil
	}
	healthy, answer = deployer.Probe(ctx, v.instance.Address, v.health)
	return healthy, answer, nil
}

// exitReason says how a container ended, or why it did not even begin.
func exitReason(v *pod, ended *corev1.ContainerStateTerminated) string {
	if ended.Reason == "StartError" || ended.Reason == "ContainerCannotRun" {
		return "could not be started: " + quote(ended.Message)
	}
	return deployer.ExitReason(int(ended.ExitCode), outOfMemory(ended), v.memory)
}

// late reports an instance that had time enough.
func (w *wait) late(v *pod) error {
	if since, runs := w.since[v.key()]; runs && v.running {
		if time.Since(since) < v.health.Timeout {
			return nil
		}
		return &deployer.Unhealthy{Instance: v.instance, Reason: deployer.TimeoutReason(v.port, v.health, w.answers[v.key()])}
	}
	if time.Since(w.began) < w.options.Started {
		return nil
	}
	reason := "was not started within " + deployer.Seconds(w.options.Started)
	if v.waiting.Reason != "" {
		reason += ": " + quote(v.waiting.Reason+" "+v.waiting.Message)
	}
	return &deployer.Unhealthy{Instance: v.instance, Reason: reason}
}

// prove records on the pod that it was healthy.
func (w *wait) prove(ctx context.Context, v *pod) error {
	if v.proven {
		return nil
	}
	v.proven = true
	err := w.api.merge(ctx, pods.one(v.Namespace, v.Name), map[string]any{"metadata": map[string]any{
		"uid": v.UID, "annotations": map[string]string{noteProven: "yes"},
	}})
	return fail(ctx, "note that "+v.instance.Name+" is healthy", unlessNotFound(err))
}

// tail gives the last lines an instance wrote, as far as they can be had.
func (c *Cluster) tail(ctx context.Context, id string) []deployer.LogLine {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	t := &tailer{Cluster: c, last: lastLogs}
	t.namespace, t.pod = fromInstanceID(id)
	var lines []deployer.LogLine
	for line, err := range t.lines(ctx) {
		if err != nil {
			c.log.Warn("the last lines of an instance could not be read", "instance", id, "error", err)
			break
		}
		lines = append(lines, line)
	}
	return lines[max(0, len(lines)-lastLogs):]
}
