package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/metrics"
)

// served makes windows of which each is given as requests, errors and how long
// they took.
func served(windows ...[3]int) []metrics.Window {
	start := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	out := make([]metrics.Window, len(windows))
	for i, w := range windows {
		out[i] = metrics.Window{Start: start.Add(time.Duration(i) * metrics.WindowLength), Requests: int64(w[0]), Errors: int64(w[1])}
		if bucket := router.LatencyBucket(time.Duration(w[2]) * time.Millisecond); w[0] > 0 {
			out[i].Latency = make([]int64, bucket+1)
			out[i].Latency[bucket] = int64(w[0])
		}
	}
	return out
}

func TestWorse(t *testing.T) {
	good := served([3]int{1000, 1, 20}, [3]int{1000, 0, 20})
	for _, c := range []struct {
		name          string
		before, after []metrics.Window
		want          string // "" for no worse
	}{
		{"nothing yet", good, nil, ""},
		{"as before", good, served([3]int{1000, 1, 20}, [3]int{1000, 2, 20}), ""},
		{"nothing known of before", nil, served([3]int{100, 100, 20}, [3]int{100, 100, 20}), ""},
		{"idle before, broken now", served([3]int{}, [3]int{}), served([3]int{100, 100, 20}, [3]int{100, 100, 20}), "200 of 200 requests failed in 20s"},
		{"one bad window", good, served([3]int{100, 0, 20}, [3]int{100, 90, 20}), ""},
		{"a bad window that passed", good, served([3]int{100, 90, 20}, [3]int{100, 90, 20}, [3]int{100, 0, 20}), ""},
		{"two bad windows", good, served([3]int{100, 0, 20}, [3]int{100, 9, 20}, [3]int{100, 11, 20}), "20 of 200 requests failed in 20s, where 0.1 % failed before"},
		{"just under the floor", good, served([3]int{100, 5, 20}, [3]int{100, 5, 20}), ""},
		{"few requests", good, served([3]int{5, 5, 20}, [3]int{5, 5, 20}), ""},
		{"few requests for long", good, served([3]int{5, 5, 20}, [3]int{5, 5, 20}, [3]int{}, [3]int{5, 5, 20}, [3]int{5, 5, 20}), "20 of 20 requests failed in 50s"},
		{"few errors", good, served([3]int{20, 2, 20}, [3]int{20, 2, 20}), ""},
		{"bad before", served([3]int{1000, 200, 20}), served([3]int{100, 60, 20}, [3]int{100, 60, 20}), ""},
		{"much worse than bad", served([3]int{1000, 100, 20}), served([3]int{100, 60, 20}, [3]int{100, 60, 20}), "120 of 200"},
		{"broken before", served([3]int{1000, 900, 20}), served([3]int{100, 100, 20}, [3]int{100, 100, 20}), ""},
		{"slow", good, served([3]int{50, 0, 20}, [3]int{50, 0, 900}, [3]int{50, 0, 900}), "95 of 100 requests took up to"},
		{"slow at the start only", good, served([3]int{50, 0, 900}, [3]int{50, 0, 900}, [3]int{50, 0, 20}), ""},
		{"slow in the first window and one more", good, served([3]int{50, 0, 900}, [3]int{50, 0, 900}), ""},
		{"slower by less than the margin", good, served([3]int{50, 0, 20}, [3]int{50, 0, 400}, [3]int{50, 0, 400}), ""},
		{"slower by less than the factor", served([3]int{1000, 0, 2000}), served([3]int{50, 0, 20}, [3]int{50, 0, 4000}, [3]int{50, 0, 4000}), ""},
		{"slow with few requests", good, served([3]int{50, 0, 20}, [3]int{20, 0, 900}, [3]int{20, 0, 900}), ""},
		{"slow with few requests before", served([3]int{40, 0, 20}), served([3]int{50, 0, 20}, [3]int{50, 0, 900}, [3]int{50, 0, 900}), ""},
	} {
		got := worse(c.before, c.after)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q instead of %q", c.name, got, c.want)
		}
	}
}

func TestSideBySide(t *testing.T) {
	got := sideBySide(served([3]int{1000, 1, 20}), served([3]int{100, 2, 20}, [3]int{100, 0, 20}))
	if !strings.HasPrefix(got, "200 requests, 1.0 % failed, ") || !strings.Contains(got, "; before: 1000, 0.1 %, ") {
		t.Error(got)
	}
	if got := sideBySide(served([3]int{}), served([3]int{100, 2, 20})); !strings.HasSuffix(got, "; none before to compare with") {
		t.Error(got)
	}
}
