package logs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

func open(t testing.TB, dir string, opts logs.Options) *logs.Store {
	t.Helper()
	s, err := logs.Open(dir, opts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func text(n int) logs.Line {
	return logs.Line{Source: logs.SourceApp, Process: "web", Text: fmt.Sprintf("line %d", n)}
}

// fill appends n lines whose text says their Seq.
func fill(t testing.TB, s *logs.Store, stream string, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		last, err := s.Append(stream, text(i))
		if err != nil || last != int64(i) {
			t.Fatalf("append %d: %d, %v", i, last, err)
		}
	}
}

// readAll reads to the end from a cursor, in small reads.
func readAll(t testing.TB, s *logs.Store, stream string, after int64) (all []logs.Line, gaps []logs.Gap) {
	t.Helper()
	for {
		lines, gap, err := s.Read(t.Context(), stream, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if gap != nil {
			gaps = append(gaps, *gap)
		}
		if len(lines) == 0 {
			return all, gaps
		}
		all = append(all, lines...)
		after = lines[len(lines)-1].Seq
	}
}

// wantRun checks that lines are from…to without a hole or a double.
func wantRun(t testing.TB, lines []logs.Line, from, to int) {
	t.Helper()
	if len(lines) != to-from+1 {
		t.Fatalf("got %d lines, want %d to %d", len(lines), from, to)
	}
	for i, line := range lines {
		if n := from + i; line.Seq != int64(n) || line.Text != fmt.Sprintf("line %d", n) || line.Time.IsZero() {
			t.Fatalf("at %d: %+v", n, line)
		}
	}
}

func segments(t testing.TB, dir, stream string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "streams", stream, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var small = logs.Options{SegmentBytes: 1 << 10, MaxStreamBytes: 1 << 20}

func TestEveryCursorResumesWithoutLossOrDouble(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, small)
	fill(t, s, "app-1", 1, 200)
	if n := len(segments(t, dir, "app-1")); n < 3 {
		t.Fatalf("%d segments, want several", n)
	}
	for after := range 202 {
		lines, gaps := readAll(t, s, "app-1", int64(after))
		if len(gaps) > 0 {
			t.Fatalf("gaps %v", gaps)
		}
		if after >= 200 {
			if len(lines) > 0 {
				t.Fatalf("lines after the end: %v", lines)
			}
			continue
		}
		wantRun(t, lines, after+1, 200)
	}
	for _, n := range []int{0, 1, 5, 77, 200, 1000} {
		lines, err := s.Tail(t.Context(), "app-1", n)
		if err != nil {
			t.Fatal(err)
		}
		wantRun(t, lines, 200-min(n, 200)+1, 200)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	for round := range 5 {
		s, err := logs.Open(dir, small, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, "app-1", 1+round*40, 40)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append("app-1", text(1)); models.KindOf(err) != models.KindUnavailable {
			t.Errorf("append after Close: %v", err)
		}
	}
	lines, _ := readAll(t, open(t, dir, small), "app-1", 0)
	wantRun(t, lines, 1, 200)
}

// TestTornTail cuts the file at every byte of its last two records, and once
// adds rubbish: what was whole stays, and numbering goes on after it.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, logs.Options{})
	fill(t, s, "app-1", 1, 8)
	path := segments(t, dir, "app-1")[0]
	eight := size(t, path)
	fill(t, s, "app-1", 9, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tails := [][]byte{append(bytes.Clone(whole), make([]byte, 100)...), append(bytes.Clone(whole), "rubbish that is no record"...)}
	for cut := int(eight); cut <= len(whole); cut++ {
		tails = append(tails, whole[:cut])
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for _, tail := range append(tails, flipped) {
		if err := os.WriteFile(path, tail, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := logs.Open(dir, logs.Options{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		lines, gaps := readAll(t, s, "app-1", 0)
		if len(lines) < 8 || len(gaps) > 0 {
			t.Fatalf("%d bytes: %d lines are left, gaps %v", len(tail), len(lines), gaps)
		}
		fill(t, s, "app-1", len(lines)+1, 3)
		after, _ := readAll(t, s, "app-1", 0)
		wantRun(t, after, 1, len(lines)+3)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestDamageInTheMiddleIsAGap(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, small)
	fill(t, s, "app-1", 1, 100)
	victim := segments(t, dir, "app-1")[1]
	raw, err := os.ReadFile(victim)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 0xff
	if err := os.WriteFile(victim, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	lines, gaps := readAll(t, s, "app-1", 0)
	if len(gaps) != 1 || len(lines)+int(gaps[0].To-gaps[0].From+1) != 100 {
		t.Errorf("%d lines and gaps %v, want 100 in all", len(lines), gaps)
	}
	if last := lines[len(lines)-1]; last.Seq != 100 {
		t.Errorf("ends at %d", last.Seq)
	}
}

func TestRetentionKeepsTheBoundAndTellsOfTheGap(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, logs.Options{SegmentBytes: 1 << 10, MaxStreamBytes: 8 << 10})
	fill(t, s, "app-1", 1, 2000)
	var total int64
	for _, path := range segments(t, dir, "app-1") {
		total += size(t, path)
	}
	if total > 8<<10 || total < 4<<10 {
		t.Errorf("keeps %d bytes, bound is %d", total, 8<<10)
	}
	lines, gaps := readAll(t, s, "app-1", 10)
	if len(gaps) != 1 || gaps[0].From != 11 || gaps[0].Reason != logs.GapExpired {
		t.Fatalf("gaps %v, want one from 11", gaps)
	}
	wantRun(t, lines, int(gaps[0].To)+1, 2000)
}

func TestAllStreamsTogetherAreBounded(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, logs.Options{SegmentBytes: 1 << 10, MaxTotalBytes: 32 << 10, MaxOpen: 4})
	for i := range 40 {
		fill(t, s, fmt.Sprintf("deployment-%d", i), 1, 40)
	}
	eventually(t, "old streams are trimmed", func() error {
		var total int64
		files, _ := filepath.Glob(filepath.Join(dir, "streams", "*", "*.log"))
		for _, path := range files {
			if info, err := os.Stat(path); err == nil {
				total += info.Size()
			}
		}
		if total > 32<<10 {
			return fmt.Errorf("%d bytes are kept", total)
		}
		return nil
	})
	lines, _ := readAll(t, s, "deployment-39", 0)
	wantRun(t, lines, 1, 40)
	fill(t, s, "deployment-0", 41, 1) // numbering goes on though all lines are gone
}

func TestManyStreamsNeedFewFiles(t *testing.T) {
	s := open(t, t.TempDir(), logs.Options{MaxOpen: 8})
	for round := range 2 {
		for i := range 300 {
			fill(t, s, fmt.Sprintf("app-%d", i), 1+round, 1)
		}
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	if len(fds) > 60 {
		t.Errorf("%d files are open", len(fds))
	}
}

func TestNamesDoNotEscape(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "logs"), logs.Options{})
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/x", "a\x00b", "-x", strings.Repeat("a", 200), "é", "a b", ".hidden"} {
		if _, err := s.Append(name, text(1)); models.KindOf(err) != models.KindInvalid {
			t.Errorf("append to %q: %v", name, err)
		}
		if _, _, err := s.Read(t.Context(), name, 0, 1); models.KindOf(err) != models.KindInvalid {
			t.Errorf("read %q: %v", name, err)
		}
		if err := s.Remove(name); models.KindOf(err) != models.KindInvalid {
			t.Errorf("remove %q: %v", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the logs: %v, %v", entries, err)
	}
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, logs.Options{})
	fill(t, s, "app-1", 1, 3)
	ended := make(chan error, 1)
	reading := make(chan struct{})
	go func() {
		first := true
		for _, err := range s.Follow(context.Background(), "app-1", logs.FollowOptions{}) {
			if first {
				close(reading)
				first = false
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	<-reading
	if err := s.Remove("app-1"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; models.KindOf(err) != models.KindNotFound {
		t.Errorf("the follower ended with %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "streams", "app-1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	if err := s.Remove("app-1"); err != nil {
		t.Errorf("again: %v", err)
	}
	fill(t, s, "app-1", 1, 1)
}

func TestOneProcessPerFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, logs.Options{})
	if _, err := logs.Open(dir, logs.Options{}, slog.New(slog.DiscardHandler)); models.KindOf(err) != models.KindConflict {
		t.Errorf("the second: %v", err)
	}
}

func TestConcurrentAppendAndFollow(t *testing.T) {
	const writers, each = 4, 500
	s := open(t, t.TempDir(), logs.Options{SegmentBytes: 4 << 10})
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if _, err := s.Append("app-1", logs.Line{Text: "a"}, logs.Line{Text: "b"}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			want := int64(1)
			for batch, err := range s.Follow(t.Context(), "app-1", logs.FollowOptions{}) {
				if err != nil || batch.Gap != nil {
					t.Errorf("gap %v, error %v", batch.Gap, err)
					return
				}
				for _, line := range batch.Lines {
					if line.Seq != want {
						t.Errorf("got %d, want %d", line.Seq, want)
						return
					}
					want++
				}
				if want > 2*writers*each {
					return
				}
			}
		})
	}
	wg.Wait()
}

func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s: %v", what, err)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s := open(b, b.TempDir(), logs.Options{})
			lines := make([]logs.Line, batch)
			for i := range lines {
				lines[i] = logs.Line{Source: logs.SourceApp, Process: "web", Instance: "hello.web.v3.1", Stream: "stdout", Text: strings.Repeat("x", 200)}
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if _, err := s.Append("app-1", lines...); err != nil {
					b.Fatal(err)
				}
				n += batch
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	s := open(b, b.TempDir(), logs.Options{})
	line := logs.Line{Source: logs.SourceApp, Process: "web", Instance: "hello.web.v3.1", Stream: "stdout", Text: strings.Repeat("x", 200)}
	const kept = 100_000
	for range kept {
		if _, err := s.Append("app-1", line); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("follow", func(b *testing.B) {
		n := 0
		for b.Loop() {
			for batch, err := range s.Follow(b.Context(), "app-1", logs.FollowOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
				n += len(batch.Lines)
				if batch.CaughtUp {
					break
				}
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
	})
	b.Run("tail=100", func(b *testing.B) {
		for b.Loop() {
			if lines, err := s.Tail(b.Context(), "app-1", 100); err != nil || len(lines) != 100 {
				b.Fatal(len(lines), err)
			}
		}
	})
}
