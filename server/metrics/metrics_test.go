package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// noon is when these tests begin, on a full hour.
var noon = time.Unix(1_800_000_000, 0).Truncate(time.Hour)

// shelf is a store with a clock that stands still.
type shelf struct {
	*Store
	t  testing.TB
	at time.Time
}

func openShelf(t testing.TB, dir string, at time.Time) *shelf {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	sh := &shelf{Store: s, t: t, at: at}
	s.now = func() time.Time { return sh.at }
	return sh
}

// window is the slot before a time, in which an app served n requests of which
// one failed.
func window(end time.Time, app string, n int64) router.Window {
	w := router.Window{Start: end.Unix() - router.WindowSeconds, Apps: map[string]router.Traffic{}}
	if n > 0 {
		latency := make([]int64, router.LatencyBucket(10*time.Millisecond)+1)
		latency[len(latency)-1] = n
		w.Apps[app] = router.Traffic{Responses: [router.Classes]int64{0, n - 1, 0, 0, 1}, Errors: 1, Bytes: 100 * n, Latency: latency}
	}
	return w
}

func (s *shelf) add(routerID string, windows ...router.Window) {
	s.t.Helper()
	if err := s.AddWindows(routerID, windows); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) series(app string, span time.Duration) *Series {
	s.t.Helper()
	series, err := s.Read(app, time.Time{}, span)
	if err != nil {
		s.t.Fatal(err)
	}
	return series
}

// serve tells of n requests in each slot of a stretch that ends now.
func (s *shelf) serve(app string, stretch time.Duration, n int64) {
	s.t.Helper()
	for end := s.at.Add(stretch); s.at.Before(end); {
		s.at = s.at.Add(router.WindowSeconds * time.Second)
		s.add("r", window(s.at, app, n))
		s.coarsen()
	}
}

func TestFiguresOfAnHour(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	s.serve("a", time.Minute, 20)
	s.serve("a", time.Minute, 0)
	s.at = s.at.Add(arrival)
	got := s.series("a", time.Hour)
	n := len(got.Times)
	if n != 360 || got.Times[n-1] != noon.Add(110*time.Second).Unix() {
		t.Fatalf("%d times up to %d", n, got.Times[n-1])
	}
	for back := 1; back <= 13; back++ {
		i := n - back
		switch {
		case back <= 6: // idle
			if got.Requests[i] != 0 || got.Errors[i] != 0 || !math.IsNaN(got.P95[i]) {
				t.Errorf("%d back: %v requests, %v errors, p95 %v", back, got.Requests[i], got.Errors[i], got.P95[i])
			}
		case back <= 12:
			if got.Requests[i] != 2 || got.Errors[i] != 0.1 || got.Bytes[i] != 200 || got.Classes[1][i] != 1.9 || got.Classes[4][i] != 0.1 {
				t.Errorf("%d back: %v requests, %v errors, %v bytes", back, got.Requests[i], got.Errors[i], got.Bytes[i])
			}
			if p := got.P99[i]; p < 8 || p > 12 {
				t.Errorf("%d back: p99 %v ms, want about 10", back, p)
			}
		default: // no router told of it
			if !math.IsNaN(got.Requests[i]) {
				t.Errorf("%d back: %v requests where nothing is known", back, got.Requests[i])
			}
		}
	}
	if got.Total.Requests != 120 || got.Total.Errors != 6 || got.Total.Bytes != 12_000 {
		t.Errorf("total %+v", got.Total)
	}
	if before, err := s.Read("a", s.at, time.Hour); err != nil || !math.IsNaN(before.Requests[n-1]) {
		t.Errorf("figures from before the app was made: %v, %v", before.Requests[n-1], err)
	}
}

// TestToldTwiceCountsOnce repeats windows, also after a restart of the server,
// and has two routers tell of the same time.
func TestToldTwiceCountsOnce(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir, noon)
	for range 3 {
		s.add("r", window(s.at, "a", 10))
	}
	again := openShelf(t, dir, noon)
	again.add("r", window(s.at, "a", 10))
	again.add("successor", window(s.at, "a", 5))
	again.at = again.at.Add(arrival)
	got := again.series("a", time.Hour)
	if got.Total.Requests != 15 {
		t.Errorf("%d requests, want 15", got.Total.Requests)
	}
	if last := got.Requests[len(got.Requests)-1]; last != 1.5 {
		t.Errorf("%v requests a second, want 1.5", last)
	}
	again.at = noon.Add(10 * time.Minute)
	again.coarsen()
	for _, span := range []time.Duration{6 * time.Hour, 24 * time.Hour} {
		if got := again.series("a", span); got.Total.Requests != 15 {
			t.Errorf("over %s %d requests, want 15", span, got.Total.Requests)
		}
	}
}

// TestADayIsKept serves for 26 hours and restarts the server now and then.
func TestADayIsKept(t *testing.T) {
	dir := t.TempDir()
	at := noon
	for range 26 {
		s := openShelf(t, dir, at)
		s.serve("a", time.Hour, 2)
		s.sweep()
		at = s.at
	}
	s := openShelf(t, dir, at)
	s.at = s.at.Add(arrival)
	for span, step := range map[time.Duration]time.Duration{time.Hour: 10 * time.Second, 6 * time.Hour: time.Minute, 24 * time.Hour: 5 * time.Minute} {
		got := s.series("a", span)
		if got.Step != step {
			t.Errorf("%s comes in steps of %s", span, got.Step)
		}
		for i, v := range got.Requests {
			// The last step of the coarser ones has just begun.
			if math.Abs(v-0.2) > 1e-9 && !(i == len(got.Requests)-1 && math.IsNaN(v)) {
				t.Errorf("%s, step %d of %d: %v requests a second, want 0.2", span, i, len(got.Requests), v)
			}
		}
		if least := int64(span/(10*time.Second)) * 2; got.Total.Requests < least-60 {
			t.Errorf("%s: %d requests, want about %d", span, got.Total.Requests, least)
		}
	}
	var size int64
	files, err := filepath.Glob(filepath.Join(dir, "apps", "a", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if len(files) > 12 || size > 200<<10 {
		t.Errorf("%d files of %d bytes are kept", len(files), size)
	}
	t.Logf("%d files, %d bytes", len(files), size)
}

// TestLateWindows come after the coarser steps that they belong to were made.
func TestLateWindows(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	s.serve("a", 10*time.Minute, 6)
	late := []router.Window{}
	for end := s.at.Add(10 * time.Second); len(late) < 60; end = end.Add(10 * time.Second) {
		late = append(late, window(end, "a", 6))
	}
	s.at = s.at.Add(10 * time.Minute)
	s.coarsen() // the server was there, the router could not reach it
	s.at = s.at.Add(10 * time.Minute)
	s.coarsen()
	s.add("r", late...)
	s.coarsen()
	for _, span := range []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if got := s.series("a", span); got.Total.Requests != 720 {
			t.Errorf("over %s %d requests, want 720", span, got.Total.Requests)
		}
	}
	s.add("r", window(s.at.Add(-3*time.Hour), "a", 1), window(s.at.Add(time.Hour), "a", 1))
	if got := s.series("a", 24*time.Hour); got.Total.Requests != 720 {
		t.Errorf("windows of an impossible time count: %d", got.Total.Requests)
	}
}

func TestTornRecordIsDropped(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir, noon)
	s.serve("a", time.Minute, 3)
	path := tiers[finest].file(s.appDir("a"), tiers[finest].slotOf(s.at)-1)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	again := openShelf(t, dir, s.at)
	again.at = again.at.Add(arrival)
	if got := again.series("a", time.Hour); got.Total.Requests != 15 {
		t.Errorf("%d requests, want the 15 that are whole", got.Total.Requests)
	}
	again.serve("a", time.Minute, 3)
	again.at = again.at.Add(arrival)
	if got := again.series("a", time.Hour); got.Total.Requests != 15+18 {
		t.Errorf("%d requests after writing on, want 33", got.Total.Requests)
	}
}

func TestForget(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	s.serve("a", time.Minute, 3)
	for range 2 {
		if err := s.Forget("a"); err != nil {
			t.Fatal(err)
		}
	}
	s.add("r", window(s.at, "a", 3)) // arrives late
	if err := s.addUsage(tiers[finest].slotOf(s.at)-1, nil, []deployer.Usage{{Workload: deployer.WorkloadID{App: "a", Process: "web", Release: 1}, Index: 1}}); err != nil {
		t.Fatal(err)
	}
	s.coarsen()
	if _, err := os.Stat(s.appDir("a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the app's folder: %v", err)
	}
	if err := s.Forget("../routers"); models.KindOf(err) != models.KindInvalid {
		t.Errorf("an ID that leads elsewhere: %v", err)
	}
	s.add("r", window(s.at, "../../x", 3))
	if _, err := os.Stat(filepath.Join(s.dir, "..", "x")); err == nil {
		t.Error("a window wrote outside its folder")
	}
}

func TestUsage(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	id := deployer.WorkloadID{App: "a", Process: "web", Release: 3}
	measured := func(cpu time.Duration, memory int64) []deployer.Usage {
		return []deployer.Usage{{Instance: "x", Workload: id, Index: 1, At: s.at, CPU: cpu, MemoryBytes: memory, MemoryLimit: 512 << 20, CPULimit: 1000}}
	}
	before := map[string]deployer.Usage{"long gone": {Instance: "long gone", At: s.at.Add(-time.Hour)}}
	for i, cpu := range []time.Duration{time.Second, 3 * time.Second, 8 * time.Second, time.Second} { // at last it was started again
		s.at = s.at.Add(10 * time.Second)
		now := measured(cpu, int64(i+1)<<20)
		if err := s.addUsage(tiers[finest].slotOf(s.at)-1, before, now); err != nil {
			t.Fatal(err)
		}
		remember(before, now)
	}
	if len(before) != 1 {
		t.Errorf("%d measurements are remembered, want the last one", len(before))
	}
	s.at = s.at.Add(arrival)
	fine := s.series("a", time.Hour)
	if len(fine.Usage) != 1 || fine.Usage[0].Name("hello") != "hello.web.v3.1" || fine.Usage[0].MemoryLimit != 512<<20 || fine.Usage[0].CPULimit != 1000 {
		t.Fatalf("%+v", fine.Usage)
	}
	u, n := fine.Usage[0], len(fine.Times)
	if cpu := u.CPU[n-4:]; !math.IsNaN(cpu[0]) || cpu[1] != 200 || cpu[2] != 500 || !math.IsNaN(cpu[3]) {
		t.Errorf("cpu %v", cpu)
	}
	if m := u.Memory[n-5:]; !math.IsNaN(m[0]) || m[1] != 1<<20 || m[4] != 4<<20 {
		t.Errorf("memory %v", m)
	}
	s.at = noon.Add(2 * time.Minute)
	s.coarsen()
	for _, span := range []time.Duration{6 * time.Hour, 24 * time.Hour} {
		u := s.series("a", span).Usage[0]
		sum, highest := 0.0, 0.0
		for i := range u.CPU {
			sum, highest = sum+known(u.CPU[i]), max(highest, known(u.Memory[i]))
		}
		if sum != 350 || highest != 4<<20 {
			t.Errorf("over %s: cpu %v, memory %v; want the mean 350 and the highest", span, sum, highest)
		}
	}
}

func TestRecent(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	s.serve("a", 10*time.Minute, 6)
	s.serve("b", 10*time.Minute, 1)
	s.at = s.at.Add(arrival)
	got, err := s.Recent([]string{"a", "b", "idle"})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for id, r := range got.Apps {
		if len(r.Requests) != recentSteps || len(got.Times) != recentSteps {
			t.Fatalf("%s has %d steps", id, len(r.Requests))
		}
		unknown := 0
		for _, v := range r.Requests {
			sums[id] += known(v)
			if math.IsNaN(v) {
				unknown++
			}
		}
		if unknown != 19 && unknown != 20 {
			t.Errorf("of %s %d steps are not known, want those before the 20 minutes", id, unknown)
		}
	}
	if sums["a"] != 360 || sums["b"] != 60 || sums["idle"] != 0 {
		t.Errorf("%v", sums)
	}
}

// TestAtOnce adds, sums up, reads and forgets side by side.
func TestAtOnce(t *testing.T) {
	s := openShelf(t, t.TempDir(), noon)
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			for n := range int64(50) {
				if err := s.AddWindows(string(rune('r'+i)), []router.Window{window(noon.Add(-time.Duration(n)*10*time.Second), "a", 2)}); err != nil {
					t.Error(err)
				}
				s.coarsen()
				if _, err := s.Read("a", time.Time{}, 6*time.Hour); err != nil {
					t.Error(err)
				}
				if err := s.Forget("b"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	s.at = s.at.Add(arrival)
	if got := s.series("a", time.Hour).Total.Requests; got != 400 {
		t.Errorf("%d requests, want 400", got)
	}
}

// hung is an engine that does not answer.
type hung struct {
	calls chan int
}

func (h hung) Usage(ctx context.Context) ([]deployer.Usage, error) {
	h.calls <- 1
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestCollect measures a cluster in memory, and does not pile up calls on an
// engine that hangs.
func TestCollect(t *testing.T) {
	engine := memory.NewEngine()
	engine.AddImage("app", func(ctx context.Context, _ *memory.Process) int { <-ctx.Done(); return 0 })
	cluster := memory.New(engine, "test")
	w := deployer.Workload{ID: deployer.WorkloadID{App: "a", Process: "worker", Release: 1}, AppName: "hello", Image: "app", Instances: 2}
	if err := cluster.Ensure(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cluster.Remove(context.Background(), w.ID, 0) }()
	s, err := Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	base, began := noon.Add(-50*time.Millisecond), time.Now()
	s.now = func() time.Time { return base.Add(time.Since(began)) } // a slot is over at once
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Collect(ctx, cluster) }()
	slot := tiers[finest].slotOf(noon) - 1
	deadline := time.Now().Add(10 * time.Second)
	for {
		points, err := tiers[finest].read(s.appDir("a"), slot, slot)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) == 1 && len(points[0].usage) == 2 && points[0].usage[1].memory == 32<<20 && points[0].usage[0].cpu == -1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("what was measured: %+v", points)
		}
		time.Sleep(2 * time.Millisecond) // the pace of polling
	}
	cancel()
	<-done

	ctx, cancel = context.WithCancel(t.Context())
	began = time.Now()
	h := hung{calls: make(chan int, 100)}
	done = make(chan struct{})
	go func() { defer close(done); s.Collect(ctx, h) }()
	<-h.calls
	cancel()
	<-done // it ends with its context, whatever the engine does
	if len(h.calls) != 0 {
		t.Errorf("%d more calls went to an engine that hangs", len(h.calls))
	}
}

func TestMilliCores(t *testing.T) {
	at := func(seconds, cpu int) deployer.Usage {
		return deployer.Usage{At: noon.Add(time.Duration(seconds) * time.Second), CPU: time.Duration(cpu) * time.Millisecond}
	}
	for _, c := range []struct {
		before, now deployer.Usage
		want        int64
	}{
		{deployer.Usage{}, at(10, 500), -1},
		{at(0, 0), at(10, 5000), 500},
		{at(0, 900), at(10, 900), 0},
		{at(0, 900), at(10, 100), -1},
		{at(10, 100), at(10, 100), -1},
	} {
		if got := milliCores(c.before, c.now); got != c.want {
			t.Errorf("from %v to %v: %d, want %d", c.before.CPU, c.now.CPU, got, c.want)
		}
	}
}

// BenchmarkRecent reads the last hour of 500 apps with traffic.
func BenchmarkRecent(b *testing.B) {
	s := openShelf(b, b.TempDir(), noon)
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprint("app", i)
	}
	for end := noon.Add(time.Hour); s.at.Before(end); {
		s.at = s.at.Add(router.WindowSeconds * time.Second)
		w := window(s.at, ids[0], 30)
		for _, id := range ids[1:] {
			w.Apps[id] = w.Apps[ids[0]]
		}
		s.add("r", w)
	}
	s.coarsen()
	for b.Loop() {
		if got, err := s.Recent(ids); err != nil || len(got.Apps) != len(ids) {
			b.Fatal(err)
		}
	}
}
