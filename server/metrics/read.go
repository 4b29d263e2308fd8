package metrics

import (
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// arrival is how long after its end a slot is taken to be told of.
const arrival = 3 * time.Second

// Read gives an app's figures of the last hour in steps of 10 s, of the last 6
// hours in steps of a minute or of the last 24 hours in steps of 5 minutes,
// whichever is the shortest that holds span. since is when the app was made:
// before it nothing is known. The last step may not be over.
func (s *Store) Read(appID string, since time.Time, span time.Duration) (*Series, error) {
	level := slices.IndexFunc(tiers[:], func(t tier) bool { return span <= t.keep })
	st := s.app(appID)
	if level < 0 || st == nil {
		return nil, models.Invalid("range", "figures are kept for a day")
	}
	t, now := &tiers[level], s.now()
	last := t.slotOf(now.Add(-arrival))
	if level == finest {
		last-- // only those that are over
	}
	first := last - int64(span/t.step()) + 1
	points, err := st.read(t, first, last, now)
	if err != nil {
		return nil, err
	}
	routers, err := s.routers.read(t, first, last, now)
	if err != nil {
		return nil, err
	}
	routers = slices.DeleteFunc(routers, func(p point) bool { return (p.slot+1)*int64(t.step()/time.Second) <= since.Unix() })
	return series(t.step(), first, last, points, routers), nil
}

// read gives the slots of a tier, one point each, with those that are not
// made yet.
func (st *appState) read(t *tier, first, last int64, now time.Time) ([]point, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if t.times == 1 {
		points, err := t.read(st.dir, first, last)
		return flat(merge(points, 1)), err
	}
	points, err := t.read(st.dir, first, last)
	if err != nil {
		return nil, err
	}
	from := t.slotOf(now.Add(-settle)) - 1
	if n := len(points); n > 0 {
		from = min(from, points[n-1].slot+1)
	}
	open, err := st.sums(t, max(first, from), last, now)
	return once(append(points, open...)), err
}

// flat counts a slot as covered once, however many routers told of it.
func flat(points []point) []point {
	for i := range points {
		points[i].covered = min(points[i].covered, 1)
	}
	return points
}

// Recent is what an app served of late.
type Recent struct {
	Requests Column // in each step
	Errors   Column
}

// The steps of an Overview.
const (
	recentStep  = 2 * time.Minute
	recentSteps = 30
)

// Overview is the last hour of many apps.
type Overview struct {
	Step  time.Duration
	Times []int64           // Unix seconds at which each step begins
	Apps  map[string]Recent // by ID
}

// Recent gives what each of the apps served in the last hour, in steps of 2
// minutes of which the last is not over. What no router told of is NaN.
func (s *Store) Recent(appIDs []string) (*Overview, error) {
	fine, now := &tiers[finest], s.now()
	per := int64(recentStep / fine.step())
	last := fine.slotOf(now.Add(-arrival)) / per
	first := last - recentSteps + 1
	out := &Overview{Step: recentStep, Times: make([]int64, recentSteps), Apps: make(map[string]Recent, len(appIDs))}
	for i := range out.Times {
		out.Times[i] = (first + int64(i)) * per * router.WindowSeconds
	}
	covered := newColumn(recentSteps)
	points, err := fine.read(s.routers.dir, first*per, (last+1)*per-1)
	if err != nil {
		return nil, err
	}
	for _, p := range points {
		covered[p.slot/per-first] = 0
	}
	for _, id := range appIDs {
		r := Recent{Requests: slices.Clone(covered), Errors: slices.Clone(covered)}
		if st := s.app(id); st != nil {
			points, err := st.read(&tiers[1], first*per/tiers[1].times, (last+1)*per/tiers[1].times-1, now)
			if err != nil {
				return nil, err
			}
			for _, p := range points {
				i := p.slot*tiers[1].times/per - first
				if p.covered == 0 {
					continue
				}
				r.Requests[i] = known(r.Requests[i]) + float64(p.traffic.Requests())
				r.Errors[i] = known(r.Errors[i]) + float64(p.traffic.Errors)
			}
		}
		out.Apps[id] = r
	}
	return out, nil
}

func known(v float64) float64 {
	if v != v { // NaN
		return 0
	}
	return v
}
