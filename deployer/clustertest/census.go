package clustertest

import (
	"testing"

	"github.com/slipway-paas/slipway/deployer"
)

// seen gives what the census tells of one workload, by index.
func (f *fixture) seen(id deployer.WorkloadID, app string) map[int]deployer.Seen {
	f.Helper()
	taken, ok := f.cluster.(deployer.Census)
	if !ok {
		f.Fatalf("%T takes no census", f.cluster)
	}
	all, err := taken.Census(f.ctx, app)
	f.ok(err)
	found := map[int]deployer.Seen{}
	for _, one := range all {
		if one.Workload == id {
			found[one.Index] = one
		}
	}
	return found
}

func census(_ *testing.T, f *fixture) {
	taken := f.cluster.(deployer.Census)
	w := f.web(1, 2, "TEST_SECRET=one")
	f.up(w)
	other := f.web(1, 1)
	other.ID.App = "01other"
	f.up(other)

	spec := taken.Spec(w)
	for _, app := range []string{w.ID.App, ""} {
		found := f.seen(w.ID, app)
		if len(found) != 2 {
			f.Fatalf("of %q it sees %+v", app, found)
		}
		for index, one := range found {
			if one.Condition != deployer.ConditionFine || !one.MadeFrom(spec) || one.AppName != w.AppName {
				f.Errorf("instance %d is seen as %+v, want spec %s", index, one, spec)
			}
		}
	}
	if found := f.seen(other.ID, w.ID.App); len(found) != 0 {
		f.Errorf("asked for one app it tells of another: %+v", found)
	}

	differs := f.web(1, 2, "TEST_SECRET=one")
	differs.Command = []string{"/testapp", "other"}
	more := f.web(1, 2, "TEST_SECRET=one", "TEST_MORE=1")
	for what, changed := range map[string]deployer.Workload{"command": differs, "variables": more} {
		if f.seen(w.ID, app)[1].MadeFrom(taken.Spec(changed)) {
			f.Errorf("another %s is not told from the instance's", what)
		}
	}

	f.ok(f.cluster.Remove(f.ctx, other.ID, 0))
	if found := f.seen(other.ID, ""); len(found) != 0 {
		f.Errorf("what was removed is still seen: %+v", found)
	}
	// One that never was healthy and exits stays where it is.
	dead := f.worker(1, 1, "TEST_EXIT=3")
	f.ok(f.cluster.Ensure(f.ctx, dead))
	f.eventually("it is seen to have stopped", func() bool { return f.seen(dead.ID, app)[1].Condition == deployer.ConditionStopped })
}
