package deployer

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"
)

// Rehearsal is a Cluster and a Router on which everything succeeds and nothing
// happens: it begins with what there is of one app on a real cluster, changes
// only in what it remembers, and keeps the steps that would be taken. What a
// Rollout over it does is what it does over the real one, because it is the same
// Rollout. It is safe for concurrent use; so that the steps come in one order,
// workloads go one after the other on it.
type Rehearsal struct {
	app   string
	spec  func(Workload) string
	place func(release int) string

	mu      sync.Mutex
	now     []actor
	volumes []string
	to      Targets
	fresh   []int // indexes of the traffic's release that came since the last Switch
	served  map[int]bool
	steps   []Step
}

// actor is an instance of a Rehearsal.
type actor struct {
	Instance
	condition Condition
	spec      string
	touched   bool // by the Rehearsal
}

// errNotRehearsed is what a Rehearsal cannot do.
var errNotRehearsed = errors.New("a rehearsal has no output and runs no tasks")

var (
	_ Cluster         = (*Rehearsal)(nil)
	_ Census          = (*Rehearsal)(nil)
	_ Router          = (*Rehearsal)(nil)
	_ InstanceDrainer = (*Rehearsal)(nil)
)

// Rehearse looks at what there is of an app by three calls to its cluster, which
// must take a census. live is the release that has the traffic now, 0 for none.
// place names the cluster that a release is on, "" for one that nobody knows;
// nil where there is only one.
func Rehearse(ctx context.Context, cluster Cluster, app string, live int, place func(release int) string) (*Rehearsal, error) {
	census, ok := cluster.(Census)
	if !ok {
		return nil, errors.New("a cluster that takes no census cannot be rehearsed on")
	}
	if place == nil {
		place = func(int) string { return "" }
	}
	r := &Rehearsal{
		app: app, spec: census.Spec, place: place, to: Targets{Release: live, Process: webProcess},
		served: map[int]bool{live: true},
	}
	seen, err := census.Census(ctx, app)
	if err != nil {
		return nil, err
	}
	instances, err := cluster.Instances(ctx, app)
	if err != nil {
		return nil, err
	}
	if able, ok := cluster.(Volumes); ok {
		if r.volumes, err = able.Volumes(ctx, app); err != nil {
			return nil, err
		}
	}
	for _, one := range seen {
		a := actor{condition: one.Condition, spec: one.Spec}
		a.ID, a.Workload, a.AppName, a.Index = one.ID, one.Workload, one.AppName, one.Index
		at := slices.IndexFunc(instances, func(in Instance) bool { return in.Workload == one.Workload && in.Index == one.Index })
		if at >= 0 {
			a.Instance = instances[at]
		}
		r.now = append(r.now, a)
	}
	r.sort()
	return r, nil
}

// Rollout gives a Rollout over the rehearsal.
func (r *Rehearsal) Rollout() *Rollout { return &Rollout{Cluster: r, Router: r, alone: true} }

// Steps gives the steps in the order in which they are taken, and at their end
// what is kept as it is.
func (r *Rehearsal) Steps() []Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps := slices.Clone(r.steps)
	for _, a := range r.now {
		if a.touched {
			continue
		}
		last := len(steps) - 1
		if last >= 0 && steps[last].Action == ActionKeep && steps[last].Workload == a.Workload {
			steps[last].Indexes = append(steps[last].Indexes, a.Index)
			continue
		}
		steps = append(steps, Step{Action: ActionKeep, Workload: a.Workload, Indexes: []int{a.Index}})
	}
	return steps
}

func (r *Rehearsal) sort() {
	slices.SortFunc(r.now, func(a, b actor) int {
		return cmp.Or(
			cmp.Compare(a.Workload.Process, b.Workload.Process), cmp.Compare(a.Workload.Release, b.Workload.Release),
			cmp.Compare(a.Index, b.Index), cmp.Compare(a.ID, b.ID))
	})
}

// take notes a step. The lock is held.
func (r *Rehearsal) take(s Step) { r.steps = append(r.steps, s) }

// at says whether a cluster has something of the app. The lock is held.
func (r *Rehearsal) at(place string) bool {
	return slices.ContainsFunc(r.now, func(a actor) bool { return r.place(a.Workload.Release) == place })
}

// drop takes instances away and gives their indexes. The lock is held.
func (r *Rehearsal) drop(which func(*actor) bool) (indexes []int) {
	r.now = slices.DeleteFunc(r.now, func(a actor) bool {
		if !which(&a) {
			return false
		}
		indexes = append(indexes, a.Index)
		return true
	})
	return indexes
}

// Ensure implements Cluster.
func (r *Rehearsal) Ensure(ctx context.Context, w Workload) error {
	if err := w.Check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.Instances > 0 && !r.at(r.place(w.ID.Release)) {
		r.take(Step{Action: ActionMakeNetwork, Workload: WorkloadID{App: w.ID.App, Release: w.ID.Release}})
	}
	for _, v := range w.Volumes {
		if w.Instances > 0 && !slices.Contains(r.volumes, v.Name) {
			r.volumes = append(r.volumes, v.Name)
			r.take(Step{Action: ActionMakeVolume, Workload: w.ID, Volume: v.Name})
		}
	}
	r.ensure(w)
	return ctx.Err()
}

// ensure is what each driver's Ensure does. The lock is held.
func (r *Rehearsal) ensure(w Workload) {
	spec := r.spec(w)
	present := map[int]bool{}
	starts := map[Condition][]int{}
	var altered, missing []int
	surplus := r.drop(func(a *actor) bool {
		extra := a.Workload == w.ID && (a.Index < 1 || a.Index > w.Instances || present[a.Index])
		present[a.Index] = present[a.Index] || a.Workload == w.ID && !extra
		return extra
	})
	for i := range r.now {
		a := &r.now[i]
		switch right := (Seen{Spec: a.spec}).MadeFrom(spec); {
		case a.Workload != w.ID:
			continue
		case !right:
			altered = append(altered, a.Index)
		case a.condition != ConditionFine:
			starts[a.condition] = append(starts[a.condition], a.Index)
		default:
			continue
		}
		a.touched, a.condition, a.spec = true, ConditionFine, spec
		a.State = StateStarting
	}
	for index := 1; index <= w.Instances; index++ {
		if !present[index] {
			missing = append(missing, index)
			made := actor{touched: true, spec: spec}
			made.Workload, made.AppName, made.Index, made.State = w.ID, w.AppName, index, StateStarting
			r.now = append(r.now, made)
		}
	}
	if w.ID.Process == webProcess && w.ID.Release == r.to.Release {
		r.fresh = append(r.fresh, missing...)
	}
	r.sort()
	step := func(action Action, cause Cause, indexes []int) {
		if len(indexes) > 0 {
			r.take(Step{Action: action, Workload: w.ID, Indexes: indexes, Cause: cause, Limits: w.Limits, Placement: w.Placement, Reserve: w.Reserve})
		}
	}
	for _, condition := range []Condition{ConditionStopped, ConditionPaused, ConditionCutOff} {
		step(ActionStart, Cause(condition), starts[condition])
	}
	step(ActionReplace, CauseAltered, altered)
	step(ActionCreate, CauseMissing, missing)
	step(ActionRemove, CauseSurplus, surplus)
}

// WaitHealthy implements Cluster.
func (r *Rehearsal) WaitHealthy(ctx context.Context, id WorkloadID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.now {
		if r.now[i].Workload == id {
			r.now[i].State = StateHealthy
		}
	}
	return ctx.Err()
}

// Remove implements Cluster.
func (r *Rehearsal) Remove(ctx context.Context, id WorkloadID, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if indexes := r.drop(func(a *actor) bool { return a.Workload == id }); len(indexes) > 0 {
		r.take(Step{Action: ActionRemove, Workload: id, Indexes: indexes, Cause: CauseOther})
		if !r.at(r.place(id.Release)) {
			r.take(Step{Action: ActionRemoveNetwork, Workload: WorkloadID{App: id.App, Release: id.Release}})
		}
	}
	return ctx.Err()
}

// Instances implements Cluster, for the app that is rehearsed with.
func (r *Rehearsal) Instances(ctx context.Context, _ string) ([]Instance, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Instance, len(r.now))
	for i, a := range r.now {
		list[i] = a.Instance
	}
	return list, ctx.Err()
}

// Census implements Census, for the app that is rehearsed with.
func (r *Rehearsal) Census(ctx context.Context, _ string) ([]Seen, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Seen, len(r.now))
	for i, a := range r.now {
		list[i] = Seen{ID: a.ID, Workload: a.Workload, AppName: a.AppName, Index: a.Index, Condition: a.condition, Spec: a.spec}
	}
	return list, ctx.Err()
}

// Spec implements Census.
func (r *Rehearsal) Spec(w Workload) string { return r.spec(w) }

// indexes gives those of a workload above some. The lock is held.
func (r *Rehearsal) indexes(id WorkloadID, above int) (indexes []int) {
	for _, a := range r.now {
		if a.Workload == id && a.Index > above {
			indexes = append(indexes, a.Index)
		}
	}
	return indexes
}

// Switch implements Router.
func (r *Rehearsal) Switch(ctx context.Context, app string, to Targets) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.to
	r.to = to
	old := WorkloadID{App: app, Process: webProcess, Release: from.Release}
	id := WorkloadID{App: app, Process: webProcess, Release: to.Release}
	switch {
	case to.Hold:
		if !from.Hold {
			r.take(Step{Action: ActionHold, Workload: id})
		}
		return ctx.Err()
	case to.Release == 0 || to.Upto > 0:
		if retired := r.indexes(old, to.Upto); len(retired) > 0 {
			r.take(Step{Action: ActionRetire, Workload: old, Indexes: retired, Cause: CauseSurplus})
		}
	case to.Release == from.Release && !from.Hold && len(r.fresh) == 0: // to whom it went already
	default:
		if all := r.indexes(id, 0); len(all) > 0 {
			r.take(Step{Action: ActionSwitch, Workload: id, Indexes: all})
		}
	}
	r.fresh, r.served[to.Release] = nil, true
	return ctx.Err()
}

// Drained implements Router.
func (r *Rehearsal) Drained(ctx context.Context, id WorkloadID) error {
	return r.DrainedAbove(ctx, id, 0)
}

// DrainedAbove implements InstanceDrainer.
func (r *Rehearsal) DrainedAbove(ctx context.Context, id WorkloadID, last int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if busy := r.indexes(id, last); len(busy) > 0 && id.Process == webProcess && r.served[id.Release] {
		r.take(Step{Action: ActionDrain, Workload: id, Indexes: busy})
	}
	return ctx.Err()
}

// Watch implements Cluster: nothing happens.
func (r *Rehearsal) Watch(context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) { yield(Event{}, errNotRehearsed) }
}

// Logs implements Cluster: nothing is written.
func (r *Rehearsal) Logs(context.Context, LogQuery) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) { yield(LogLine{}, errNotRehearsed) }
}

// Run implements Cluster: nothing is run.
func (r *Rehearsal) Run(context.Context, Task, TaskIO) (int, error) { return 0, errNotRehearsed }
