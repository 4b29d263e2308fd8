package clustertest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
)

// volumesOutlive: a volume is made with the first instance that wants it, and
// goes when it is removed and not before.
func volumesOutlive(t *testing.T, f *fixture) {
	keeper, ok := f.cluster.(deployer.Volumes)
	if !ok {
		return // it keeps none, which is its right
	}
	there := func(app string, want ...string) {
		t.Helper()
		got, err := keeper.Volumes(f.ctx, app)
		f.ok(err)
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Error(diff)
		}
	}
	f.ok(keeper.RemoveVolume(f.ctx, app, "data"))
	there(app)
	w := f.web(1, 1)
	w.Volumes = []deployer.Volume{{Name: "data", Path: "/data"}, {Name: "more", Path: "/srv/more"}}
	first := f.up(w)
	there(app, "data", "more")
	there("01other")
	if err := keeper.RemoveVolume(f.ctx, app, "data"); err == nil {
		t.Error("a volume that is in use was removed")
	}
	f.ok(f.cluster.Ensure(f.ctx, w))
	if now := f.instances(w.ID); len(now) != 1 || now[0].ID != first[0].ID {
		t.Errorf("what is right was replaced: %+v", now)
	}

	f.ok(f.cluster.Remove(f.ctx, w.ID, time.Second))
	there(app, "data", "more")
	next := f.web(2, 1)
	next.Volumes = w.Volumes[:1]
	f.up(next)
	f.ok(keeper.RemoveVolume(f.ctx, app, "more"))
	there(app, "data")

	// Other volumes make another workload.
	next.Volumes = nil
	f.up(next)
	f.ok(keeper.RemoveVolume(f.ctx, app, "data"))
	f.ok(keeper.RemoveVolume(f.ctx, app, "data"))
	there(app)
	next.Volumes = w.Volumes
	next.Instances = 2
	if err := f.cluster.Ensure(f.ctx, next); err == nil {
		t.Error("two instances share a volume")
	}
}
