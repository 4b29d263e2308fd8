package swarm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/swarm"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// lastLogs is how many lines an Unhealthy carries.
	lastLogs = 50
	// stuckFor is how long an instance may have no node before it is given up:
	// another may just be leaving one.
	stuckFor = 5 * time.Second
	// startTimeout bounds what comes before an instance runs, its node pulling
	// the image above all.
	startTimeout = 10 * time.Minute
	// lookEvery is the most that passes between two looks at what is coming up,
	// unless a look takes long: somebody waits for each of these milliseconds.
	lookEvery = 25 * time.Millisecond
)

// WaitHealthy implements deployer.Cluster. Health.Timeout begins when an
// instance runs: what its node needs to pull the image does not count.
func (c *Cluster) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	if err := id.Check(); err != nil {
		return err
	}
	var waits map[string]*wait
	var backoff deployer.Backoff
	for {
		v, err := c.look(ctx, withWorkload(c.ours(kindInstance), id))
		if err != nil {
			return interrupted(err)
		}
		if waits == nil {
			waits = map[string]*wait{}
			for _, s := range v.seats {
				if s.service != nil {
					waits[s.id] = &wait{Cluster: c, began: time.Now(), last: identity(s.id, s.labels)}
				}
			}
		}
		done, err := c.lookAt(ctx, v, waits)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var unhealthy *deployer.Unhealthy
		if errors.As(err, &unhealthy) {
			unhealthy.LastLogs = c.tail(ctx, unhealthy.Instance.ID)
		}
		if err != nil || done {
			return interrupted(err)
		}
		if err := pause(ctx, min(backoff.Next(), max(lookEvery, motionShare*v.took))); err != nil {
			return err
		}
	}
}

// interrupted tells a manager that went away from what is wrong with instances:
// they come up without it.
func interrupted(err error) error {
	if errors.Is(err, deployer.ErrUnavailable) {
		return fmt.Errorf("%w: %w", deployer.ErrInterrupted, err)
	}
	return err
}

// lookAt looks at each instance that is not healthy yet, side by side.
func (c *Cluster) lookAt(ctx context.Context, v *view, waits map[string]*wait) (done bool, err error) {
	siblings := slices.DeleteFunc(slices.Clone(v.seats), func(s *seat) bool { return waits[s.id] == nil })
	group, groupCtx := errgroup.WithContext(ctx)
	for id, w := range waits {
		if !w.healthy {
			group.Go(func() error { return w.look(groupCtx, v.seat(id), siblings) })
		}
	}
	if err := group.Wait(); err != nil {
		return false, err
	}
	for _, w := range waits {
		if !w.healthy {
			return false, nil
		}
	}
	return true, nil
}

// wait waits for one instance.
type wait struct {
	*Cluster
	began      time.Time
	stuckSince time.Time
	runsSince  time.Time
	task       string // ID of the one that ran at runsSince
	last       deployer.Instance
	lastAnswer string
	healthy    bool
}

func (w *wait) look(ctx context.Context, s *seat, siblings []*seat) error {
	if s == nil || s.phase() == phaseLeaving {
		w.last.State, w.last.Address = deployer.StateExited, ""
		return &deployer.Unhealthy{Instance: w.last, Reason: "was removed while it was starting", Exited: true}
	}
	w.last = s.instance()
	if _, err := w.settleOne(ctx, s); err != nil {
		return err
	}
	if err := w.refused(s); err != nil {
		return err
	}
	port, health := serving(s.labels)
	t := s.latest()
	if t == nil || !s.serves(*t) {
		if s.displaced() { // it did not exit: another node may have it
			others := slices.DeleteFunc(slices.Clone(siblings), func(o *seat) bool { return o == s || o.displaced() })
			return w.place(ctx, s, append(s.wanted(), s.view.spread(w.last.Workload, others, s.wanted(), 1)[0]...))
		}
		if s.exited() {
			return &deployer.Unhealthy{Instance: w.last, Reason: exitReason(s, t), Exited: true}
		}
		if limit := max(startTimeout, health.Timeout); time.Since(w.began) > limit {
			return &deployer.Unhealthy{Instance: w.last, Reason: "was not started within " + deployer.Seconds(limit) + doing(s)}
		}
		return nil
	}
	if w.task != t.ID {
		w.task, w.runsSince = t.ID, time.Now()
	}
	if ok := w.probe(ctx, port, health); !ok {
		if time.Since(w.runsSince) > health.Timeout {
			return &deployer.Unhealthy{Instance: w.last, Reason: deployer.TimeoutReason(port, health, w.lastAnswer)}
		}
		return nil
	}
	w.remember(s.id, t.ID)
	if s.phase() == phaseProven {
		w.healthy = true
		return nil
	}
	var err error
	w.healthy, err = w.prove(ctx, s, siblings)
	return err
}

func (w *wait) probe(ctx context.Context, port int, health deployer.Health) (ok bool) {
	if port == 0 {
		return time.Since(w.last.StartedAt) >= health.Settle
	}
	ok, w.lastAnswer = deployer.Probe(ctx, w.last.Address, health)
	return ok
}

// refused says that no node can take the instance, or that one could not start
// it, in the engine's words.
func (w *wait) refused(s *seat) error {
	name := w.last.Name
	why := s.stuck()
	if why == "" || s.phase() == phaseStarting || s.exited() {
		w.stuckSince = time.Time{}
	} else {
		if w.stuckSince.IsZero() {
			w.stuckSince = time.Now()
		}
		if time.Since(w.stuckSince) > stuckFor {
			return fmt.Errorf("%s: no node can take it: %w: %s", name, deployer.ErrNoRoom, clean(why))
		}
	}
	t := s.assigned()
	if t == nil || t.Status.State != swarm.TaskStateRejected || s.phase() == phaseProven || turnedAway(*t) ||
		s.phase() == phasePlacing && t != s.newest() { // from before it was placed anew
		return nil
	}
	node, why := s.view.nodes[t.NodeID].Description.Hostname, strings.ToLower(t.Status.Err)
	switch {
	case strings.Contains(why, "no such image"), strings.Contains(why, "pull access denied"), strings.Contains(why, "manifest unknown"):
		return fmt.Errorf("%s: the node %s could not pull its image: %w: %s", name, node, deployer.ErrNoImage, clean(t.Status.Err))
	case strings.Contains(why, "no command specified"):
		return fmt.Errorf("%s: %w", name, deployer.ErrNoCommand)
	default:
		return &deployer.Unhealthy{Instance: w.last, Reason: fmt.Sprintf("could not be started on the node %s: %s", node, clean(t.Status.Err)), Exited: true}
	}
}

// startFailed is how the engine begins when a container was made and could not
// be started, for want of the program for one.
const startFailed = "starting container failed: "

// killedExitCode is that of a process that SIGKILL ended.
const killedExitCode = 137

// exitReason says how an instance ended for good.
func exitReason(s *seat, t *swarm.Task) string {
	switch {
	case t == nil:
		return "was not started" + doing(s)
	case !ended(*t):
		return "was on a node that is lost"
	case strings.HasPrefix(t.Status.Err, startFailed):
		return "could not be started: " + clean(strings.TrimPrefix(t.Status.Err, startFailed))
	}
	reason := deployer.ExitReason(exitCode(*t), false, 0)
	limits := t.Spec.Resources
	if exitCode(*t) == killedExitCode && limits != nil && limits.Limits != nil && limits.Limits.MemoryBytes > 0 {
		reason += fmt.Sprintf(": it was killed, most likely because it used more than its %d MiB of memory", limits.Limits.MemoryBytes>>20)
	}
	return reason
}

// doing says what the engine was about, in its words.
func doing(s *seat) string {
	t := s.newest()
	if t == nil {
		return ""
	}
	if t.Status.Err != "" {
		return ": " + clean(t.Status.Err)
	}
	return " (" + clean(string(t.Status.State)) + ")"
}

// clean makes the engine's words fit to be shown: one line, not too long.
func clean(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	words = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, words)
	if runes := []rune(words); len(runes) > 300 {
		words = string(runes[:300]) + "…"
	}
	return words
}

// tail gives the last lines an instance wrote, as far as they can be had.
func (c *Cluster) tail(ctx context.Context, id string) []deployer.LogLine {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var lines []deployer.LogLine
	t := &tailer{Cluster: c, id: id, last: lastLogs}
	if err := t.all(ctx, func(line deployer.LogLine) bool { lines = append(lines, line); return true }); err != nil {
		c.log.Warn("the last lines of an instance could not be read", "instance", id, "error", err)
	}
	return lines[max(0, len(lines)-lastLogs):]
}
