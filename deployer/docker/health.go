package docker

import (
	"context"
	"errors"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// lastLogs is how many lines an Unhealthy carries.
const lastLogs = 50

// WaitHealthy implements deployer.Cluster. An instance that it finds healthy
// is from then on restarted by the engine when it exits.
func (c *Cluster) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	if err := id.Check(); err != nil {
		return err
	}
	pulse := c.feel(ctx)
	defer pulse.end()
	list, err := c.list(ctx, withWorkload(c.ours(kindInstance), id))
	if err != nil {
		return c.interrupted(ctx, pulse, err)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, s := range list {
		group.Go(func() error {
			w := &wait{Cluster: c, id: s.ID, labels: s.Labels}
			return w.untilHealthy(groupCtx)
		})
	}
	err = c.interrupted(ctx, pulse, group.Wait())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var unhealthy *deployer.Unhealthy
	if errors.As(err, &unhealthy) {
		unhealthy.LastLogs = c.tail(ctx, unhealthy.Instance.ID)
	}
	return err
}

// wait waits for one instance.
type wait struct {
	*Cluster
	id         string
	labels     map[string]string
	now        *details // as last inspected
	exited     <-chan container.WaitResponse
	deaf       <-chan error // the exit notice will not come
	lastAnswer string
}

// untilHealthy looks at the instance at growing intervals, and at once when
// the engine says that it exited.
func (w *wait) untilHealthy(ctx context.Context) error {
	port, health := serving(w.labels)
	timeout := time.NewTimer(health.Timeout)
	defer timeout.Stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the engine's exit notice

	var backoff deployer.Backoff
	for {
		healthy, err := w.look(ctx)
		if err != nil || healthy {
			return err
		}
		pause := time.NewTimer(backoff.Next())
		select {
		case <-pause.C:
		case <-w.exited:
			w.now, w.exited = nil, nil
		case <-w.deaf:
			w.now, w.exited = nil, nil
		case <-timeout.C:
			pause.Stop()
			return &deployer.Unhealthy{Instance: w.now.instance, Reason: deployer.TimeoutReason(port, health, w.lastAnswer)}
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
		pause.Stop()
	}
}

// look inspects the instance unless what was last seen still holds, and
// probes it.
func (w *wait) look(ctx context.Context) (healthy bool, err error) {
	if w.now == nil || !w.now.running {
		if w.exited == nil {
			// Asked before inspecting, so that no exit falls in between. It
			// answers at once for what does not run.
			w.exited, w.deaf = w.API.ContainerWait(ctx, w.id, container.WaitConditionNotRunning)
		}
		if w.now, err = w.inspect(ctx, w.id); err != nil {
			return false, err
		}
	}
	switch {
	case w.now == nil:
		instance := identity(w.id, w.labels)
		instance.State = deployer.StateExited
		return false, &deployer.Unhealthy{Instance: instance, Reason: "was removed while it was starting", Exited: true}
	case w.now.restarting:
		return false, nil
	case w.now.gone():
		return false, w.gaveUp()
	case w.now.port == 0:
		if time.Since(w.now.instance.StartedAt) < w.now.health.Settle {
			return false, nil
		}
	default:
		var ok bool
		if ok, w.lastAnswer = deployer.Probe(ctx, w.now.instance.Address, w.now.health); !ok {
			return false, nil
		}
	}
	return true, w.prove(ctx)
}

// gaveUp is the report on an instance that exited for good.
func (w *wait) gaveUp() error {
	in := w.now.instance
	reason := deployer.ExitReason(in.ExitCode, in.OOMKilled, w.now.memory)
	if in.State == deployer.StateStarting { // it was created and never ran
		reason = "was not started"
		if w.now.startError != "" {
			reason = "could not be started: " + w.now.startError
		}
	}
	return &deployer.Unhealthy{Instance: in, Reason: reason, Exited: true}
}

// prove records in the engine that the instance was healthy.
func (w *wait) prove(ctx context.Context) error {
	w.seen.add(w.now.instance)
	if w.now.proven {
		return nil
	}
	_, err := w.API.ContainerUpdate(ctx, w.id, container.UpdateConfig{
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
	})
	return fail(ctx, "set the restart policy of "+w.now.instance.Name, err)
}

// tail gives the last lines an instance wrote, as far as they can be had.
func (c *Cluster) tail(ctx context.Context, id string) []deployer.LogLine {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	t := &tailer{Cluster: c, id: id, last: lastLogs}
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
