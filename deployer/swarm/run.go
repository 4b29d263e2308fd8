package swarm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// taskGrace is what a task of Run has to end in when it is cancelled.
	taskGrace = time.Second
	// taskRemoval bounds removing a task that nobody waits for any more.
	taskRemoval = time.Minute
)

// Run implements deployer.Cluster. The task is a service of its own, on its
// app's network and with the same limits as an instance. The engine gives it
// neither input nor a terminal: Stdin is not read, and what asked for a TTY
// gets all output on Stdout. Output comes by the line.
func (c *Cluster) Run(ctx context.Context, t deployer.Task, streams deployer.TaskIO) (int, error) {
	if err := t.Workload.Check(); err != nil {
		return 0, err
	}
	image, auth, err := c.image(ctx, t.Workload.Image)
	if err != nil {
		return 0, err
	}
	network, leave, err := c.networks.join(ctx, t.Workload.ID.App)
	if err != nil {
		return 0, err
	}
	code, err := c.runService(ctx, t, image, auth, network, streams)
	leave()
	sweeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), taskRemoval)
	defer cancel()
	return code, errors.Join(err, c.networks.sweep(sweeping, t.Workload.ID.App))
}

func (c *Cluster) runService(ctx context.Context, t deployer.Task, image, auth, network string, streams deployer.TaskIO) (int, error) {
	spec := c.service(t.Workload, kindTask, 0, image, network)
	if len(t.Workload.Volumes) > 0 {
		self, err := c.nodeID(ctx)
		if err != nil {
			return 0, err
		}
		spec.TaskTemplate.Placement.Constraints = append(spec.TaskTemplate.Placement.Constraints, "node.id=="+self)
	}
	name := c.serviceName(t.Workload, 0, true)
	spec.Name = name[:min(len(name), maxName-9)] + "-" + strings.ToLower(rand.Text()[:8])
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	// It does not end with ctx, since the engine would not.
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	made, err := c.engine.API.ServiceCreate(detached, spec, swarm.ServiceCreateOptions{EncodedRegistryAuth: auth})
	cancel()
	if err != nil {
		return 0, failed(ctx, "create "+spec.Name, err)
	}
	code, err := c.runToEnd(ctx, t, made.ID, streams)

	// Whatever happened, nothing of it runs when this returns.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), taskRemoval)
	defer cancel()
	return code, errors.Join(err, c.removeTask(cleanup, t.Workload.ID, made.ID))
}

// runToEnd copies a task's output until it has ended.
func (c *Cluster) runToEnd(ctx context.Context, t deployer.Task, id string, streams deployer.TaskIO) (int, error) {
	leave := c.hub.enter()
	defer leave()
	began := time.Now()
	w := &wait{Cluster: c, began: began, last: identity(id, c.labels(t.Workload, kindTask, 0))}
	copied := false
	var seen *sighting
	for {
		now, err := c.hub.next(ctx, seen)
		if err != nil {
			return 0, err
		}
		seen = now
		s := seen.seat(id)
		if s == nil {
			if seen.late[id] != nil {
				return 0, fmt.Errorf("%s was removed while it ran", w.last.Name)
			}
			continue // it was made since the hub looked
		}
		if err := w.refused(s); err != nil {
			return 0, err
		}
		task := s.newest()
		if task == nil || !s.over(*task) && !s.runs(*task) {
			continue
		}
		if turnedAway(*task) {
			if _, err := c.update(ctx, s, func(spec *swarm.ServiceSpec) { spec.TaskTemplate.ForceUpdate++ }); err != nil {
				return 0, err
			}
			continue
		}
		if !copied && ran(*task) && !s.view.down(task.NodeID) {
			r := &reader{tailer: &tailer{Cluster: c, id: id}, task: task.ID}
			if err := r.toEnd(ctx, s, output(t.TTY, streams)); err != nil {
				return 0, err
			}
			copied = true
		}
		if s.over(*task) {
			return taskResult(w.last.Name, s, *task)
		}
	}
}

func taskResult(name string, s *seat, t swarm.Task) (int, error) {
	switch {
	case !ran(t):
		return 0, fmt.Errorf("%s was not started%s", name, doing(s))
	case !ended(t):
		return 0, fmt.Errorf("%s was on a node that is lost", name)
	}
	return exitCode(t), nil
}

// output writes lines to where they belong. A writer that fails ends it.
func output(tty bool, to deployer.TaskIO) func(deployer.LogLine) bool {
	return func(line deployer.LogLine) bool {
		w := to.Stdout
		if line.Stderr && !tty {
			w = to.Stderr
		}
		if w == nil {
			return true
		}
		text := line.Text
		if !line.Partial {
			text += "\n"
		}
		_, err := io.WriteString(w, text)
		return err == nil
	}
}

// removeTask returns when nothing of the task is left.
func (c *Cluster) removeTask(ctx context.Context, id deployer.WorkloadID, service string) error {
	err := c.engine.API.ServiceRemove(ctx, service)
	if err != nil && !cerrdefs.IsNotFound(err) {
		return failed(ctx, "remove a task", err)
	}
	var backoff deployer.Backoff
	for {
		v, err := c.look(ctx, withWorkload(c.ours(kindTask), id))
		if err != nil || v.seat(service) == nil {
			return err
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}
