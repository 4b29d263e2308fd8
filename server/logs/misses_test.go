package logs

import (
	"log/slog"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
)

// News that was lost shows in one listing, which probes nothing.
func TestMissesAreWhatNobodyToldOf(t *testing.T) {
	t.Parallel()
	engine := memory.NewEngine()
	engine.AddImage("idle", memory.Idle)
	cluster := memory.New(engine, "misses")
	store, err := Open(t.TempDir(), Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	c := NewCollector(store, cluster, slog.New(slog.DiscardHandler))
	t.Cleanup(c.tailing.Wait) // before the store is closed
	c.apps = map[string]*appCursors{}
	want := func(misses int) {
		t.Helper()
		if got := c.misses(t.Context()); got != misses {
			t.Errorf("it misses %d instead of %d", got, misses)
		}
	}
	want(0)
	w := deployer.Workload{ID: deployer.WorkloadID{App: "a1", Process: "worker", Release: 1}, AppName: "shop", Image: "idle", Instances: 2}
	if err := cluster.Ensure(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	want(2)
	list, err := cluster.Instances(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	c.see(t.Context(), list)
	want(0)
	engine.RemoveByHand(list[0].ID)
	want(1)
	engine.SetAway(true)
	want(-1)
}
