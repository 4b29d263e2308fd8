package router

import (
	"log/slog"
	"path/filepath"
	"testing"
)

func TestRestComesAfterABusyTime(t *testing.T) {
	r := rest{}
	total := int64(0)
	for i, tick := range []struct {
		requests int64
		due      bool
	}{
		{10, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false}, // never busy
		{5000, false},
		{3, false},
		{3, false},
		{3, false},
		{3, false},
		{3, true},
		{3, false},
		{3, false},
		{5000, false},
		{0, false},
		{5000, false},
		{0, false},
		{0, false},
		{0, false},
		{0, false},
		{0, true},
	} {
		total += tick.requests
		if got := r.due(total); got != tick.due {
			t.Errorf("tick %d: due is %t", i, got)
		}
	}
}

// BenchmarkStart puts a table of 10,000 apps on disk in force.
func BenchmarkStart(b *testing.B) {
	file := filepath.Join(b.TempDir(), "table.json")
	kept := &cache{file: file, store: loaded(b, manyApps(10_000)), log: slog.New(slog.DiscardHandler)}
	if err := kept.save(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c := &cache{file: file, store: newStore()}
		if err := c.load(); err != nil || len(c.store.apps) != 10_000 {
			b.Fatal(len(c.store.apps), err)
		}
	}
}
