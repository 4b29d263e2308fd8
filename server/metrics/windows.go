package metrics

import (
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// Window is what was served for an app in one stretch of WindowLength.
type Window struct {
	Start    time.Time
	Requests int64
	Errors   int64   // 5xx, and answers that broke off
	Latency  []int64 // counts by router.LatencyBucket, without the zeros at the end
}

// WindowLength is how long a Window is.
const WindowLength = router.WindowSeconds * time.Second

// Windows gives what was served for an app in those windows that lie between two
// times, oldest first. Those that no router has told of are missing, also when
// they are merely not over; at most those of the last hour are known.
func (s *Store) Windows(appID string, from, to time.Time) ([]Window, error) {
	st := s.app(appID)
	if st == nil {
		return nil, models.NotFound("app", appID)
	}
	t, now := &tiers[finest], s.now()
	first := t.slotOf(from.Add(WindowLength - 1)) // the first that begins no earlier
	last := t.slotOf(to) - 1
	if last < first {
		return nil, nil
	}
	known, err := s.routers.read(t, first, last, now)
	if err != nil {
		return nil, err
	}
	points, err := st.read(t, first, last, now)
	if err != nil {
		return nil, err
	}
	windows := make([]Window, 0, len(known))
	for _, k := range known {
		w := Window{Start: time.Unix(k.slot*router.WindowSeconds, 0).UTC()}
		if at := slices.IndexFunc(points, func(p point) bool { return p.slot == k.slot }); at >= 0 {
			served := &points[at].traffic
			w.Requests, w.Errors, w.Latency = served.Requests(), served.Errors, served.Latency
		}
		windows = append(windows, w)
	}
	return windows, nil
}

// Sum gives all windows as one, which begins with the first.
func Sum(windows []Window) Window {
	var sum router.Traffic
	var out Window
	for i, w := range windows {
		if i == 0 {
			out.Start = w.Start
		}
		out.Requests += w.Requests
		out.Errors += w.Errors
		addTraffic(&sum, &router.Traffic{Latency: w.Latency})
	}
	out.Latency = sum.Latency
	return out
}

// ErrorRate gives the part of the requests that failed, 0 without any.
func (w *Window) ErrorRate() float64 {
	if w.Requests == 0 {
		return 0
	}
	return float64(w.Errors) / float64(w.Requests)
}

// P95 gives the time within which 95 of 100 requests were answered, 0 without any.
func (w *Window) P95() time.Duration {
	if w.Requests == 0 {
		return 0
	}
	return time.Duration(quantile(w.Latency, 0.95) * float64(time.Millisecond))
}
