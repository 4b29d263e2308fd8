package models

import (
	"slices"
	"testing"
	"time"
)

func TestNewIDSortsByTime(t *testing.T) {
	seen := map[string]bool{}
	var ids []string
	for range 200 {
		id := NewID()
		if len(id) != 26 || seen[id] {
			t.Fatalf("%q is not a new identifier of 26 characters", id)
		}
		seen[id] = true
		ids = append(ids, id)
		for began := time.Now(); time.Since(began) < time.Microsecond; { // the clock's next tick
		}
	}
	if !slices.IsSorted(ids) {
		t.Fatal("identifiers do not sort by the time they were made")
	}
}
