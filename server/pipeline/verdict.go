package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/server/metrics"
)

// When a release does so much worse than the one before that Slipway goes back.
// To go back without need is worse than to go back late, so it takes several
// windows in a row, with so many requests in them.
const (
	watchRun = 2 // windows with requests, one after the other

	watchErrorRequests = 20   // at least so many in the run
	watchErrors        = 5    // of which at least so many failed
	watchErrorFloor    = 0.05 // no rate below it counts as bad
	watchErrorFactor   = 3    // times the rate before
	watchErrorMargin   = 0.02 // and so much on top

	watchLatencyRequests = 50 // at least so many in the run, and before
	watchLatencyFactor   = 3  // times the time before
	watchLatencyMargin   = 500 * time.Millisecond
)

// worse says in words how a release does worse than the one before, by what was
// served before and after the switch; "" when it does not, or there is too
// little to tell. Windows are oldest first; none before means that nothing is
// known of that time.
func worse(before, after []metrics.Window) string {
	if len(before) == 0 {
		return ""
	}
	old := metrics.Sum(before)
	limit := max(watchErrorFloor, watchErrorFactor*old.ErrorRate()+watchErrorMargin)
	run := lastRun(after, func(w *metrics.Window) bool { return w.ErrorRate() > limit })
	if sum := metrics.Sum(run); len(run) >= watchRun && sum.Requests >= watchErrorRequests && sum.Errors >= watchErrors {
		return fmt.Sprintf("%d of %d requests failed in %s, where %s failed before",
			sum.Errors, sum.Requests, lasted(run), percent(old.ErrorRate()))
	}
	if old.Requests < watchLatencyRequests || len(after) == 0 {
		return ""
	}
	slow := max(watchLatencyFactor*old.P95(), old.P95()+watchLatencyMargin)
	// What has just started is slow at first.
	run = lastRun(after[1:], func(w *metrics.Window) bool { return w.P95() > slow })
	if sum := metrics.Sum(run); len(run) >= watchRun && sum.Requests >= watchLatencyRequests && sum.P95() > slow {
		return fmt.Sprintf("95 of 100 requests took up to %s in %s, where it was %s before",
			sum.P95().Round(time.Millisecond), lasted(run), old.P95().Round(time.Millisecond))
	}
	return ""
}

// lastRun gives the last windows for which something holds one after the other.
// A window without requests says nothing and ends no run.
func lastRun(windows []metrics.Window, holds func(*metrics.Window) bool) []metrics.Window {
	var run []metrics.Window
	for i := len(windows) - 1; i >= 0; i-- {
		switch w := &windows[i]; {
		case w.Requests == 0:
		case holds(w):
			run = append(run, *w)
		default:
			slices.Reverse(run)
			return run
		}
	}
	slices.Reverse(run)
	return run
}

// lasted says how long a run of windows took.
func lasted(run []metrics.Window) string {
	return run[len(run)-1].Start.Add(metrics.WindowLength).Sub(run[0].Start).String()
}

// sideBySide says what a verdict rests on.
func sideBySide(before, after []metrics.Window) string {
	old, now := metrics.Sum(before), metrics.Sum(after)
	text := fmt.Sprintf("%d requests, %s failed, 95 of 100 within %s", now.Requests, percent(now.ErrorRate()), now.P95().Round(time.Millisecond))
	if old.Requests == 0 {
		return text + "; none before to compare with"
	}
	return text + fmt.Sprintf("; before: %d, %s, %s", old.Requests, percent(old.ErrorRate()), old.P95().Round(time.Millisecond))
}

func percent(rate float64) string { return fmt.Sprintf("%.1f %%", 100*rate) }
