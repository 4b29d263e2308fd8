package logs_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// next pulls one batch.
func next(t *testing.T, pull func() (logs.Batch, error, bool)) logs.Batch {
	t.Helper()
	batch, err, ok := pull()
	if err != nil || !ok {
		t.Fatalf("the follower ended: %v", err)
	}
	return batch
}

func follow(t *testing.T, s *logs.Store, opts logs.FollowOptions) func() (logs.Batch, error, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	pull, stop := iter.Pull2(s.Follow(ctx, "app-1", opts))
	t.Cleanup(func() { cancel(); stop() })
	return pull
}

func TestFollowHistoryThenLive(t *testing.T) {
	s := open(t, t.TempDir(), small)
	fill(t, s, "app-1", 1, 100)
	for after := int64(0); after <= 100; after += 9 {
		pull := follow(t, s, logs.FollowOptions{After: after})
		var lines []logs.Line
		for {
			batch := next(t, pull)
			lines = append(lines, batch.Lines...)
			if batch.CaughtUp {
				break
			}
		}
		wantRun(t, lines, int(after)+1, 100)
	}
	pull := follow(t, s, logs.FollowOptions{After: -1, Tail: 10})
	wantRun(t, next(t, pull).Lines, 91, 100)
	for n := 101; n < 120; n++ {
		fill(t, s, "app-1", n, 1)
		batch := next(t, pull)
		wantRun(t, batch.Lines, n, n)
		if !batch.CaughtUp {
			t.Error("not caught up after the last line")
		}
	}
}

func TestFollowAnEmptyStream(t *testing.T) {
	s := open(t, t.TempDir(), small)
	pull := follow(t, s, logs.FollowOptions{After: -1, Tail: 10})
	if batch := next(t, pull); !batch.CaughtUp || len(batch.Lines) > 0 {
		t.Errorf("first %+v, want an empty batch that has caught up", batch)
	}
	fill(t, s, "app-1", 1, 1)
	wantRun(t, next(t, pull).Lines, 1, 1)
}

func TestFollowWakesASleepingReader(t *testing.T) {
	s := open(t, t.TempDir(), small)
	pull := follow(t, s, logs.FollowOptions{})
	next(t, pull)
	got := make(chan logs.Batch)
	go func() {
		batch, _, _ := pull()
		got <- batch
	}()
	fill(t, s, "app-1", 1, 1)
	wantRun(t, (<-got).Lines, 1, 1)
}

func TestFollowEndsWithItsContextAndTheStore(t *testing.T) {
	s := open(t, t.TempDir(), small)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for batch, err := range s.Follow(ctx, "app-1", logs.FollowOptions{}) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
			break
		}
		if batch.CaughtUp {
			cancel()
		}
	}
	pull := follow(t, s, logs.FollowOptions{})
	next(t, pull)
	ended := make(chan error)
	go func() {
		_, err, _ := pull()
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; models.KindOf(err) != models.KindUnavailable {
		t.Errorf("ended with %v", err)
	}
}

func TestASlowFollowerJumpsAhead(t *testing.T) {
	s := open(t, t.TempDir(), logs.Options{})
	fill(t, s, "app-1", 1, 50)
	pull := follow(t, s, logs.FollowOptions{MaxBehind: 100})
	wantRun(t, next(t, pull).Lines, 1, 50)
	fill(t, s, "app-1", 51, 100)
	wantRun(t, next(t, pull).Lines, 51, 150) // as far behind as it may be
	fill(t, s, "app-1", 151, 101)
	batch := next(t, pull)
	if g := batch.Gap; g == nil || g.Reason != logs.GapSlow || g.From != 151 || g.To != 201 {
		t.Fatalf("gap %+v, want slow from 151 to 201", batch.Gap)
	}
	wantRun(t, batch.Lines, 202, 251)
}

func TestHistoryIsNotBeingSlow(t *testing.T) {
	s := open(t, t.TempDir(), small)
	fill(t, s, "app-1", 1, 3000)
	pull := follow(t, s, logs.FollowOptions{MaxBehind: 10})
	var lines []logs.Line
	for {
		batch := next(t, pull)
		if batch.Gap != nil {
			t.Fatalf("gap %+v", batch.Gap)
		}
		lines = append(lines, batch.Lines...)
		if batch.CaughtUp {
			break
		}
	}
	wantRun(t, lines, 1, 3000)
}

func TestAFollowerOvertakenByRetention(t *testing.T) {
	s := open(t, t.TempDir(), logs.Options{SegmentBytes: 1 << 10, MaxStreamBytes: 8 << 10})
	fill(t, s, "app-1", 1, 5)
	pull := follow(t, s, logs.FollowOptions{})
	wantRun(t, next(t, pull).Lines, 1, 5)
	fill(t, s, "app-1", 6, 2000)
	var lines []logs.Line
	batch := next(t, pull)
	gap := batch.Gap
	if gap == nil || gap.Reason != logs.GapExpired || gap.From != 6 {
		t.Fatalf("gap %+v, want expired from 6", gap)
	}
	for lines = batch.Lines; !batch.CaughtUp; lines = append(lines, batch.Lines...) {
		batch = next(t, pull)
	}
	wantRun(t, lines, int(gap.To)+1, 2005)
}

func TestFollowersThatDoNotReadCostNothing(t *testing.T) {
	s := open(t, t.TempDir(), logs.Options{})
	fill(t, s, "app-1", 1, 1)
	for range 200 {
		next(t, follow(t, s, logs.FollowOptions{MaxBehind: 1000})) // and never again
	}
	before := heap()
	lines := make([]logs.Line, 1000)
	for i := range lines {
		lines[i] = logs.Line{Source: logs.SourceApp, Text: "not one of the two hundred reads this line, nor any other that follows it"}
	}
	for range 300 { // 22 MB of text
		if _, err := s.Append("app-1", lines...); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
