package dockerfile

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildertest"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

// TestCacheIsDiscardedByName: of the engine's build cache goes what is named,
// whatever hangs on it, and nothing else. The engine is shared, so the test names
// what its own build made: a step with a word of its own in it.
func TestCacheIsDiscardedByName(t *testing.T) {
	f := newFixture(t)
	solver := buildkit.New(f.engine, slog.New(slog.DiscardHandler))
	token := buildertest.Token()
	mine := func() (ids []string, bytes int64) {
		t.Helper()
		records, err := solver.Records(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if strings.Contains(r.What, token) {
				ids, bytes = append(ids, r.ID), bytes+r.Bytes
				if r.CreatedAt.IsZero() || r.UsedAt.Before(r.CreatedAt) {
					t.Errorf("a record is from %s and was used at %s", r.CreatedAt, r.UsedAt)
				}
			}
		}
		return ids, bytes
	}
	_, err := f.build(t, t.Context(), map[string]string{
		"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"echo\", \"" + token + "-one\"]\nRUN [\"/tool\", \"echo\", \"" + token + "-two\"]\n",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ids, _ := mine()
	if len(ids) < 2 {
		t.Fatalf("the build left %d records", len(ids))
	}
	var cache builder.Cache = solver
	if freed, err := cache.Discard(t.Context(), []string{"no-such-record"}); err != nil || freed != 0 {
		t.Errorf("a record that is not there: %d, %v", freed, err)
	}
	if left, _ := mine(); len(left) != len(ids) {
		t.Fatalf("of %d records %d are left", len(ids), len(left))
	}
	slices.Reverse(ids) // in whatever order they hang on each other
	if _, err := cache.Discard(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	if left, _ := mine(); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}
