package logs

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
)

// Every file that was written to is synced once, those of streams that were
// closed to save open files too.
func TestSyncMissesNoFile(t *testing.T) {
	s, err := Open(t.TempDir(), Options{SegmentBytes: 4 << 10, MaxOpen: 2}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	write := func(streams, lines int) {
		for i := range streams {
			for range lines {
				if _, err := s.Append(fmt.Sprint("app-", i), Line{Source: SourceApp, Text: "some text that takes room"}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	unsynced := func() (fresh []string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fresh = slices.Clone(s.fresh)
		for _, st := range s.streams {
			fresh = append(fresh, st.fresh...)
		}
		slices.Sort(fresh)
		return fresh
	}
	write(5, 100)
	var files []string
	for i := range 5 {
		segments, err := listSegments(s.streamDir(fmt.Sprint("app-", i)))
		if err != nil {
			t.Fatal(err)
		}
		for _, seg := range segments {
			files = append(files, seg.path)
		}
	}
	if got := unsynced(); !slices.Equal(got, files) || len(files) < 10 {
		t.Errorf("to be synced are\n%q, want\n%q", got, files)
	}
	if err := s.Sync(); err != nil || len(unsynced()) != 0 {
		t.Errorf("left are %q: %v", unsynced(), err)
	}
	write(1, 1)
	if got := unsynced(); len(got) != 1 {
		t.Errorf("after one more line %q", got)
	}
	write(1, 500)
	if st := s.streams["app-0"]; len(st.fresh) <= maxFresh || len(st.takeFresh()) != 0 || len(unsynced()) != 0 {
		t.Errorf("of a flooded stream %q are synced", unsynced())
	}
	if err := s.Remove("app-0"); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err != nil {
		t.Errorf("a removed stream: %v", err)
	}
}
