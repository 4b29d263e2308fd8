package metrics

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-paas/slipway/router"
)

const (
	// settle is how long after its end a slot of a coarser tier is made. What
	// comes later makes it anew.
	settle = 15 * time.Second
	// sweepEvery is how often what is too old is removed.
	sweepEvery = 10 * time.Minute
	// rememberGone is how long the store knows of an app that it was removed: what
	// routers and engine still tell of it comes within minutes.
	rememberGone = time.Hour
)

// Run makes the coarser tiers and removes what is too old, until ctx ends.
func (s *Store) Run(ctx context.Context) {
	s.sweep()
	swept := s.now()
	tick := time.NewTicker(router.WindowSeconds * time.Second)
	defer tick.Stop()
	for {
		s.coarsen()
		if s.now().Sub(swept) >= sweepEvery {
			s.sweep()
			swept = s.now()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Store) coarsen() {
	now := s.now()
	for _, st := range append(s.all(), s.routers) {
		if err := st.coarsen(now); err != nil {
			s.log.Warn("figures cannot be summed up", "dir", st.dir, "error", err)
		}
	}
}

// coarsen makes the slots of the coarser tiers that are over and were told of.
func (st *appState) coarsen(now time.Time) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.gone {
		return nil
	}
	if err := st.resume(now); err != nil {
		return err
	}
	for i := finest + 1; i < len(tiers); i++ {
		t, d := &tiers[i], &st.dirty[i]
		last := min(d.last, t.slotOf(now.Add(-settle))-1)
		if last < d.first {
			continue
		}
		points, err := st.sums(t, d.first, last, now)
		if err != nil {
			return err
		}
		for n := range points {
			if err := t.add(st.dir, &points[n], st.checked); err != nil && !errors.Is(err, errFull) {
				return err
			}
		}
		d.first = last + 1
	}
	return nil
}

// sums makes the slots of a tier from the finest one. A slot whose beginning is
// no longer there is left as it was made before.
func (st *appState) sums(t *tier, first, last int64, now time.Time) ([]point, error) {
	fine := &tiers[finest]
	if whole := (fine.oldest(now) + t.times - 1) / t.times; first < whole {
		first = whole
	}
	points, err := fine.read(st.dir, first*t.times, (last+1)*t.times-1)
	return merge(flat(merge(points, 1)), t.times), err
}

// resume finds out, once, where an earlier process left off.
func (st *appState) resume(now time.Time) error {
	if st.resumed {
		return nil
	}
	for i := finest + 1; i < len(tiers); i++ {
		t := &tiers[i]
		points, err := t.read(st.dir, t.oldest(now), t.slotOf(now))
		if err != nil {
			return err
		}
		// What the last one had told of after it was made must be seen too.
		first := t.slotOf(now.Add(-tiers[finest].keep))
		if n := len(points); n > 0 {
			first = max(first, points[n-1].slot)
		}
		if d := &st.dirty[i]; d.last < d.first {
			*d = slotSpan{first, t.slotOf(now)}
		} else {
			d.first, d.last = min(d.first, first), max(d.last, t.slotOf(now))
		}
	}
	st.resumed = true
	return nil
}

// sweep removes what is too old, on disk and in memory.
func (s *Store) sweep() {
	now := s.now()
	dirs, err := filepath.Glob(filepath.Join(s.dir, "apps", "*"))
	if err != nil {
		s.log.Warn("old figures cannot be looked for", "error", err)
	}
	for _, dir := range append(dirs, s.routers.dir) {
		if err := sweep(dir, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("old figures are left", "dir", dir, "error", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, at := range s.forgotten {
		if now.Sub(at) > rememberGone {
			delete(s.forgotten, id)
		}
	}
	for _, st := range s.apps {
		st.mu.Lock()
		for path := range st.checked {
			if _, err := os.Stat(path); err != nil {
				delete(st.checked, path)
			}
		}
		st.mu.Unlock()
	}
}
