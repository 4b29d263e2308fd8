package swarm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// Logs implements deployer.Cluster. The manager fetches the output from the
// instance's node; what was written on a node that is lost by now cannot be
// had. A followed instance that the engine starts again, on whatever node, is
// followed on.
func (c *Cluster) Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) {
		t := &tailer{Cluster: c, id: q.InstanceID, since: q.Since}
		lines := func(line deployer.LogLine) bool { return yield(line, nil) }
		var err error
		if q.Follow {
			err = t.follow(ctx, lines)
		} else {
			err = t.all(ctx, lines)
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, docker.ErrLogStopped) {
			yield(deployer.LogLine{}, err)
		}
	}
}

// tailer reads one instance's output: that of its tasks, one after the other.
type tailer struct {
	*Cluster
	id    string
	since time.Time
	last  int // only so many of each task's last lines, 0 for all
}

// all reads what there is now.
func (t *tailer) all(ctx context.Context, yield func(deployer.LogLine) bool) error {
	f := t.ours("")
	f.Add("service", t.id)
	tasks, err := t.engine.API.TaskList(ctx, swarm.TaskListOptions{Filters: f})
	if cerrdefs.IsNotFound(err) || len(tasks) == 0 && err == nil {
		return nil
	}
	if err != nil {
		return failed(ctx, "list tasks", err)
	}
	nodes, err := t.engine.API.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return failed(ctx, "list nodes", err)
	}
	v := &view{nodes: make(map[string]swarm.Node, len(nodes))}
	for _, n := range nodes {
		v.nodes[n.ID] = n
	}
	v.arrange(nil, tasks)
	for _, s := range v.seats {
		for _, task := range s.tasks {
			r := &reader{tailer: t, task: task.ID}
			if !ran(task) || v.down(task.NodeID) {
				continue
			}
			if err := r.rest(ctx, s.over(task), yield); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow reads until the instance is gone. What it has to wait for it learns
// from the hub.
func (t *tailer) follow(ctx context.Context, yield func(deployer.LogLine) bool) error {
	leave := t.hub.enter()
	defer leave()
	var seen *sighting
	read := map[string]bool{} // tasks that were read to their end
	for {
		now, err := t.hub.next(ctx, seen)
		if err != nil {
			return err
		}
		seen = now
		s := seen.seat(t.id)
		if s == nil {
			if late := seen.late[t.id]; late == nil && len(read) == 0 && !t.isThere(ctx) || len(read) > 0 || late != nil {
				return ctx.Err()
			}
			continue // it was made since the hub looked
		}
		for _, task := range s.tasks {
			if read[task.ID] || !ran(task) {
				continue
			}
			r := &reader{tailer: t, task: task.ID}
			if err := r.toEnd(ctx, s, yield); err != nil {
				return err
			}
			read[task.ID] = true
		}
	}
}

// isThere says whether the instance is, or whether nobody knows.
func (t *tailer) isThere(ctx context.Context) bool {
	_, _, err := t.engine.API.ServiceInspectWithRaw(ctx, t.id, swarm.ServiceInspectOptions{})
	return !cerrdefs.IsNotFound(err)
}

// reader reads one task's output, over any number of streams.
type reader struct {
	*tailer
	task   string
	joiner docker.LogJoiner
}

// toEnd reads until the task has ended. A stream that follows does not end with
// its task, so that the hub must say when it has; what came between is read
// again from where the stream was.
func (r *reader) toEnd(ctx context.Context, s *seat, yield func(deployer.LogLine) bool) error {
	var backoff deployer.Backoff
	for task := s.task(r.task); !s.over(*task); {
		following, cancel := context.WithCancel(ctx)
		go func() { defer cancel(); r.untilOver(following) }()
		err := r.stream(following, true, yield)
		told := following.Err() != nil && ctx.Err() == nil
		cancel()
		if errors.Is(err, docker.ErrLogStopped) || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if told || cerrdefs.IsNotFound(err) {
			break
		}
		// The manager, or the node, was away for a moment.
		if err := pause(ctx, 10*backoff.Next()); err != nil {
			return err
		}
		if r.isOver() {
			break
		}
	}
	return r.rest(ctx, true, yield)
}

// untilOver returns when the hub has seen that the task has ended, or is gone.
func (r *reader) untilOver(ctx context.Context) {
	var seen *sighting
	for {
		now, err := r.hub.next(ctx, seen)
		if err != nil {
			return
		}
		seen = now
		if overIn(seen, r.id, r.task) {
			return
		}
	}
}

func (r *reader) isOver() bool {
	r.hub.mu.Lock()
	now := r.hub.now
	r.hub.mu.Unlock()
	return now != nil && overIn(now, r.id, r.task)
}

func overIn(now *sighting, id, task string) bool {
	s := now.seat(id)
	if s == nil {
		return true
	}
	t := s.task(task)
	return t == nil || s.over(*t)
}

// rest reads what was not read yet. A task that is gone has nothing.
func (r *reader) rest(ctx context.Context, over bool, yield func(deployer.LogLine) bool) error {
	err := r.stream(ctx, false, yield)
	if cerrdefs.IsNotFound(err) {
		err = nil
	}
	if err != nil {
		return err
	}
	return r.joiner.Finish(!over, yield)
}

// stream hands on the lines of one stream from the manager.
func (r *reader) stream(ctx context.Context, follow bool, yield func(deployer.LogLine) bool) error {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow}
	from := r.since
	if r.joiner.Newest().After(from) {
		from = r.joiner.Newest()
	}
	if !from.IsZero() {
		options.Since = fmt.Sprintf("%d.%09d", from.Unix(), from.Nanosecond())
	}
	if r.last > 0 {
		options.Tail = strconv.Itoa(r.last)
	}
	body, err := r.engine.API.TaskLogs(ctx, r.task, options)
	if err != nil {
		if cerrdefs.IsNotFound(err) {
			return err
		}
		return failed(ctx, "read a log", err)
	}
	defer func() { _ = body.Close() }() // only read from
	err = r.joiner.Read(body, func(line deployer.LogLine) bool {
		return line.Time.Before(r.since) || yield(line)
	})
	if err == nil || errors.Is(err, docker.ErrLogStopped) {
		return err
	}
	return failed(ctx, "read a log", err)
}
