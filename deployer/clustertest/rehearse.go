package clustertest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// place is where an instance is among an app's.
type place struct {
	workload deployer.WorkloadID
	index    int
}

// places lists what there is, by its place.
func (f *fixture) places() map[place]string {
	f.Helper()
	list, err := f.cluster.Instances(f.ctx, app)
	f.ok(err)
	there := map[place]string{}
	for _, in := range list {
		there[place{in.Workload, in.Index}] = in.ID
	}
	return there
}

// rehearsalIsWhatIsDone does a number of things twice: on a rehearsal, and then on
// the engine. The steps of the first must be what came of the second.
func rehearsalIsWhatIsDone(t *testing.T, f *fixture) {
	router := &balancer{cluster: f.cluster, inFlight: map[backend]int{}}
	router.idle = sync.NewCond(&router.mu)
	rollouts := &deployer.Rollout{Cluster: f.cluster, Router: router, Grace: 5 * time.Second}
	say := func(string, ...any) {}
	plan := func(live, release, web, workers int) deployer.Plan {
		return deployer.Plan{App: app, Live: live, Release: release, Workloads: []deployer.Workload{f.web(release, web), f.worker(release, workers)}}
	}
	rollout := func(p deployer.Plan) func(context.Context, *deployer.Rollout) error {
		return func(ctx context.Context, r *deployer.Rollout) error { return r.Run(ctx, p, say) }
	}
	scale := func(w deployer.Workload) func(context.Context, *deployer.Rollout) error {
		return func(ctx context.Context, r *deployer.Rollout) error { return r.Scale(ctx, w, say) }
	}
	stopping := plan(1, 3, 1, 1)
	stopping.StopFirst = []string{"web"}
	stopping.Before = []deployer.Workload{f.web(1, 2)}
	for _, step := range []struct {
		what    string
		live    int
		before  func() // somebody else's doing
		do      func(context.Context, *deployer.Rollout) error
		actions []deployer.Action
	}{
		{
			"a first release", 0, nil, rollout(plan(0, 1, 2, 1)),
			[]deployer.Action{deployer.ActionMakeNetwork, deployer.ActionCreate, deployer.ActionCreate, deployer.ActionSwitch},
		},
		{"nothing", 1, nil, scale(f.web(1, 2)), []deployer.Action{deployer.ActionKeep, deployer.ActionKeep}},
		{"more", 1, nil, scale(f.web(1, 3)), []deployer.Action{deployer.ActionCreate, deployer.ActionSwitch, deployer.ActionKeep, deployer.ActionKeep}},
		{
			"fewer", 1, nil, scale(f.web(1, 1)),
			[]deployer.Action{deployer.ActionRetire, deployer.ActionDrain, deployer.ActionRemove, deployer.ActionKeep, deployer.ActionKeep},
		},
		{"none", 1, nil, scale(f.worker(1, 0)), []deployer.Action{deployer.ActionRemove, deployer.ActionKeep}},
		{
			"a next release", 1, nil, rollout(plan(1, 2, 2, 1)),
			[]deployer.Action{deployer.ActionCreate, deployer.ActionCreate, deployer.ActionSwitch, deployer.ActionDrain, deployer.ActionRemove},
		},
		{
			"one that is gone", 2, func() { f.ok(f.cluster.Remove(f.ctx, f.worker(2, 1).ID, 0)) }, scale(f.worker(2, 1)),
			[]deployer.Action{deployer.ActionCreate, deployer.ActionKeep},
		},
		{
			"one that was made from something else", 2, func() { f.up(f.worker(2, 1, "TEST_OTHER=1")) }, scale(f.worker(2, 1)),
			[]deployer.Action{deployer.ActionReplace, deployer.ActionKeep},
		},
		{
			"back", 2, nil, rollout(plan(2, 1, 1, 1)),
			[]deployer.Action{
				deployer.ActionCreate, deployer.ActionCreate, deployer.ActionSwitch, deployer.ActionDrain, deployer.ActionRemove, deployer.ActionRemove,
			},
		},
		{
			"one that stops first", 1, nil, rollout(stopping),
			[]deployer.Action{
				deployer.ActionHold, deployer.ActionDrain, deployer.ActionRemove, deployer.ActionCreate, deployer.ActionCreate, deployer.ActionSwitch,
				deployer.ActionRemove,
			},
		},
	} {
		if step.before != nil {
			step.before()
		}
		rehearsal, err := deployer.Rehearse(f.ctx, f.cluster, app, step.live, nil)
		f.ok(err)
		before := f.places()
		f.ok(step.do(f.ctx, rehearsal.Rollout()))
		if after := f.places(); len(after) != len(before) {
			t.Fatalf("%s: the rehearsal changed the cluster", step.what)
		}
		f.ok(step.do(f.ctx, rollouts))
		var actions []deployer.Action
		for _, s := range rehearsal.Steps() {
			actions = append(actions, s.Action)
		}
		if !slices.Equal(actions, step.actions) {
			t.Errorf("%s: the steps are %v instead of %v", step.what, actions, step.actions)
		}
		compareSteps(t, step.what, rehearsal.Steps(), before, f.places())
	}
}

// compareSteps compares what was to be done with what came of it.
func compareSteps(t *testing.T, what string, steps []deployer.Step, before, after map[place]string) {
	t.Helper()
	wanted := map[place]bool{}
	for at := range before {
		wanted[at] = true
	}
	for _, s := range steps {
		for _, index := range s.Indexes {
			at := place{s.Workload, index}
			switch s.Action {
			case deployer.ActionCreate:
				if _, ok := before[at]; ok {
					t.Errorf("%s: %v was to be made and was there", what, at)
				}
				wanted[at] = true
			case deployer.ActionRemove:
				delete(wanted, at)
			case deployer.ActionReplace:
				if before[at] == after[at] {
					t.Errorf("%s: %v was to be replaced and is the same", what, at)
				}
			case deployer.ActionKeep:
				if before[at] != after[at] {
					t.Errorf("%s: %v was to be kept and is another", what, at)
				}
			}
		}
	}
	for at := range after {
		if !wanted[at] {
			t.Errorf("%s: %v is there, of which the steps said nothing", what, at)
		}
	}
	for at := range wanted {
		if _, ok := after[at]; !ok {
			t.Errorf("%s: %v is not there", what, at)
		}
	}
}
