package logs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"
)

// After a loss of power, which takes what was not synced, those who saw the lines
// that are lost get what comes next, at once.
func TestResumeAfterALossOfPower(t *testing.T) {
	dir := t.TempDir()
	store, err := Open(dir, Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	write := func(from, to int) {
		t.Helper()
		for i := from; i <= to; i++ {
			if _, err := store.Append("app-a", Line{Source: SourceApp, Text: fmt.Sprint("line ", i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(1, 100)
	if err := store.Sync(); err != nil {
		t.Fatal(err)
	}
	segments, err := listSegments(store.streamDir("app-a"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	write(101, 150)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(segments[0].path, segments[0].size+7); err != nil { // and part of a line
		t.Fatal(err)
	}
	if store, err = Open(dir, Options{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if last, err := store.Last("app-a"); err != nil || last != 100 {
		t.Fatalf("the last is %d, %v", last, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	next := int64(101)
	for batch, err := range store.Follow(ctx, "app-a", FollowOptions{After: 150}) {
		if err != nil {
			t.Fatalf("it waits for line %d: %v", next, err)
		}
		if batch.Gap != nil {
			t.Errorf("it is told of the gap %+v", batch.Gap)
		}
		for _, line := range batch.Lines {
			if line.Seq != next || line.Text != fmt.Sprint("new ", next) {
				t.Fatalf("got %d %q, want %d", line.Seq, line.Text, next)
			}
			next++
		}
		if next == 161 {
			return
		}
		if next == 101 && batch.CaughtUp {
			for i := 101; i <= 160; i++ {
				if _, err := store.Append("app-a", Line{Source: SourceApp, Text: fmt.Sprint("new ", i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
