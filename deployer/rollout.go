package deployer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/failpoint"
)

// ErrLive is in the chain of an error of Rollout.Run when the new release has
// the traffic and what is left to do is only to clear the old one away. The
// deployment has succeeded; running the rollout again finishes it.
var ErrLive = errors.New("the release is live, and the one before it is not cleared away yet")

// Defaults for what a Rollout leaves open.
const (
	DefaultDrainTimeout = 30 * time.Second
	DefaultGrace        = 10 * time.Second

	// undoTimeout bounds taking back a rollout that failed or was cancelled.
	undoTimeout = 45 * time.Second

	// removalTime is what removing instances takes beyond their grace.
	removalTime = 20 * time.Second

	// quickGrace is what instances get that never had a request: nothing is
	// lost with them, and somebody may be waiting for the cancel.
	quickGrace = 2 * time.Second

	// restoreWithin is how long who is waiting for a cancel waits for what runs
	// again.
	restoreWithin = 2 * time.Second

	// A switch of the traffic that has begun is better seen through than taken
	// back. It gets so long when ctx ends, and so long in all.
	switchLate    = 3 * time.Second
	switchTimeout = 30 * time.Second
)

// Rollout puts releases in place of one another without losing a request. It
// is safe for concurrent use, but one app takes one rollout at a time: the
// caller sees to that.
type Rollout struct {
	Cluster      Cluster
	Router       Router
	DrainTimeout time.Duration // how long requests in flight may take to end; 0 for 30 s
	Grace        time.Duration // between SIGTERM and SIGKILL; 0 for 10 s

	alone bool // workloads go one after the other and not side by side, see Rehearsal
}

// Plan is one rollout.
type Plan struct {
	App       string
	Release   int          // the new one
	Workloads []Workload   // all of the new release, one per process
	Live      int          // the release that has the traffic now, 0 for none
	Previous  []WorkloadID // to be removed at the end, beside all that Instances shows of other releases
	Keep      []WorkloadID // of these, those that are left running without traffic

	StopFirst []string   // processes of which the old instances stop before the new ones start
	Before    []Workload // what the live release has of these, to be started again if the new one fails
	Warm      bool       // the release may be running already: if all of its web process does, the traffic is switched at once
}

// Say takes a sentence for the deployment's log. It may be called from several
// goroutines, one call at a time, and must not block for long.
type Say func(format string, args ...any)

// Run is BringUp and then ClearAway. It may be repeated after a crash at any
// point and completes what was begun.
func (r *Rollout) Run(ctx context.Context, p Plan, say Say) error {
	if err := r.BringUp(ctx, p, say); err != nil {
		return err
	}
	return r.ClearAway(ctx, p, say)
}

// BringUp brings the new release up, waits until all of it is healthy and sends
// the traffic to it. When it returns without error the release is live.
//
// When it fails or ctx ends before the traffic is switched, the new release is
// removed, the old one is as it was, and the error says why (an *Unhealthy,
// ctx's error, …). What had stopped first is started again; when ctx ended it may
// be on its way only, with requests that wait for it, and Scale sees to the rest.
//
// With Plan.Warm and a web process that runs as it should nothing is started at
// all: the traffic is switched, and the other processes are Scale's to bring up.
func (r *Rollout) BringUp(ctx context.Context, p Plan, say Say) error {
	run, err := r.begin(ctx, p, say)
	if err != nil {
		return err
	}
	if run.warm() {
		run.say("v%d is still running", p.Release)
	} else {
		run.Warm = false
		if err := run.bringUp(ctx); err != nil {
			return errors.Join(err, run.undo(ctx, false))
		}
	}
	failpoint.Hit("rollout.before-switch")
	if err := run.switchOver(ctx); err != nil {
		return errors.Join(err, run.undo(ctx, true))
	}
	run.say("traffic switched to v%d", p.Release)
	return nil
}

// ClearAway waits until what is not of the plan's release has no request in
// flight, and removes it. It comes after BringUp, or at any later time: its
// errors, ctx's too, have ErrLive in their chain.
func (r *Rollout) ClearAway(ctx context.Context, p Plan, say Say) error {
	run, err := r.begin(ctx, p, say)
	if err == nil {
		err = run.clearAway(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLive, err)
	}
	return nil
}

func (r *Rollout) begin(ctx context.Context, p Plan, say Say) (*rollingOut, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	run := &rollingOut{Rollout: r, Plan: p, say: oneAtATime(say)}
	return run, run.findPrevious(ctx)
}

// webProcess is the process that the traffic goes to.
const webProcess = "web"

func (p Plan) check() error {
	if p.App == "" || p.Release <= 0 {
		return fmt.Errorf("rollout of %q v%d: it needs an app and a release", p.App, p.Release)
	}
	for _, w := range p.Workloads {
		if err := w.Check(); err != nil {
			return err
		}
		if w.ID.App != p.App || w.ID.Release != p.Release {
			return fmt.Errorf("rollout of %s v%d: workload %s belongs elsewhere", p.App, p.Release, w.ID)
		}
	}
	return nil
}

// oneAtATime lets goroutines share a Say.
func oneAtATime(say Say) Say {
	var mu sync.Mutex
	return func(format string, args ...any) {
		if say == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		say(format, args...)
	}
}

// rollingOut is one call of Run.
type rollingOut struct {
	*Rollout
	Plan
	say       Say
	instances []Instance // as they were found
	liveFound bool       // the live release still has instances
	newFound  bool       // the new one has some already: this is another attempt
}

// findPrevious adds every other release of the app that has instances, however
// they came about, to what is to be removed.
func (r *rollingOut) findPrevious(ctx context.Context) error {
	instances, err := r.Cluster.Instances(ctx, r.App)
	if err != nil {
		return err
	}
	r.instances = instances
	previous := slices.Clone(r.Previous)
	for _, instance := range instances {
		previous = append(previous, instance.Workload)
		r.liveFound = r.liveFound || instance.Workload.Release == r.Live
		r.newFound = r.newFound || instance.Workload.Release == r.Release
	}
	r.Previous = previous[:0]
	for _, id := range previous {
		if id.App == r.App && id.Release != r.Release && !slices.Contains(r.Previous, id) {
			r.Previous = append(r.Previous, id)
		}
	}
	return nil
}

// bringUp starts all workloads side by side and waits until they are healthy.
// Where there are several they are looked at once more at the end: what was up
// first may have crashed while the last was waited for.
func (r *rollingOut) bringUp(ctx context.Context) error {
	if r.replaces() || len(r.inTheWay()) > 0 {
		if err := r.makeWay(ctx); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	r.bound(group)
	for _, w := range r.Workloads {
		group.Go(func() error { return r.up(groupCtx, w, r.say) })
	}
	if err := group.Wait(); err != nil || len(r.Workloads) < 2 {
		return err
	}
	for _, w := range r.Workloads {
		if err := r.Cluster.WaitHealthy(ctx, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// up makes one workload be and waits until it is healthy.
func (r *Rollout) up(ctx context.Context, w Workload, say Say) error {
	began := time.Now()
	if w.Instances > 0 {
		say("starting %s of %s", count(w.Instances), w.ID.Process)
	}
	if err := r.Cluster.Ensure(ctx, w); err != nil {
		return fmt.Errorf("start %s: %w", w.ID.Process, err)
	}
	failpoint.Hit("rollout.ensured")
	if w.Instances == 0 {
		return nil
	}
	if err := r.Cluster.WaitHealthy(ctx, w.ID); err != nil {
		return err
	}
	failpoint.Hit("rollout.healthy")
	say("%s is healthy after %s", w.ID.Process, Seconds(time.Since(began)))
	return nil
}

func count(instances int) string {
	if instances == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", instances)
}

// clearAway waits for the old releases' requests to end, and removes them.
func (r *rollingOut) clearAway(ctx context.Context) error {
	failpoint.Hit("rollout.before-drain")
	old := slices.DeleteFunc(slices.Clone(r.Previous), func(id WorkloadID) bool { return slices.Contains(r.Keep, id) })
	r.drain(ctx, old)
	failpoint.Hit("rollout.before-remove")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// An instance that has been told to stop does so, whoever waits for it. So
	// a removal that has begun is seen through: a rollout that goes back to
	// this release would take what is about to exit for what runs.
	removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.grace()+removalTime)
	defer cancel()
	if err := r.remove(removing, old, r.grace()); err != nil {
		return err
	}
	failpoint.Hit("rollout.removed")
	for _, release := range releases(old) {
		r.say("v%d removed", release)
	}
	return nil
}

// drain waits, within the drain timeout, until no request is in flight on any
// of the workloads. Requests that take longer are cut off with the instance.
func (r *rollingOut) drain(ctx context.Context, ids []WorkloadID) {
	timeout := r.DrainTimeout
	if timeout <= 0 {
		timeout = DefaultDrainTimeout
	}
	drainCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	late := make([]bool, len(ids))
	var group errgroup.Group
	r.bound(&group)
	for i, id := range ids {
		group.Go(func() error {
			late[i] = r.Router.Drained(drainCtx, id) != nil
			return nil
		})
	}
	_ = group.Wait() // none of them gives an error
	for _, release := range releases(ids) {
		slow := slices.ContainsFunc(ids, func(id WorkloadID) bool { return id.Release == release && late[slices.Index(ids, id)] })
		switch {
		case ctx.Err() != nil:
		case slow:
			r.say("v%d still has requests in flight after %s; stopping it", release, Seconds(timeout))
		default:
			r.say("v%d drained", release)
		}
	}
}

func (r *rollingOut) remove(ctx context.Context, ids []WorkloadID, grace time.Duration) error {
	var group errgroup.Group // without a shared context: one failure must not spare the others
	r.bound(&group)
	for _, id := range ids {
		group.Go(func() error { return r.Cluster.Remove(ctx, id, grace) })
	}
	return group.Wait()
}

// bound says how many workloads are worked at at once.
func (r *Rollout) bound(group *errgroup.Group) {
	if r.alone {
		group.SetLimit(1)
	}
}

func (r *Rollout) grace() time.Duration {
	if r.Grace <= 0 {
		return DefaultGrace
	}
	return r.Grace
}

func (r *rollingOut) ids() []WorkloadID {
	ids := make([]WorkloadID, len(r.Workloads))
	for i, w := range r.Workloads {
		ids[i] = w.ID
	}
	return ids
}

func releases(ids []WorkloadID) []int {
	var list []int
	for _, id := range ids {
		list = append(list, id.Release)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
