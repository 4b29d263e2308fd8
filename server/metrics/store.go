// Package metrics keeps the figures of each app for a day: what routers served
// for it, and what its instances take of the machine.
//
// They lie in small files that are only added to, in three finenesses. A point
// that is told twice counts once, so routers may repeat what they are not sure
// has arrived, over any number of restarts on either side.
package metrics

import (
	"errors"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// Store keeps figures in a folder that nobody else writes to. It is safe for
// concurrent use. Run must be running for it to keep more than the last hour.
type Store struct {
	dir string
	log *slog.Logger
	now func() time.Time

	latest atomic.Pointer[map[Place]Taken] // by the newest round of measuring

	mu        sync.Mutex
	apps      map[string]*appState
	forgotten map[string]time.Time // apps that were removed, against what arrives late
	routers   *appState            // which slots a router told of
}

// appState is one app, or the routers. Its lock guards its files.
type appState struct {
	dir string

	mu      sync.Mutex
	gone    bool
	checked map[string]bool      // files that were looked at for half written records
	dirty   [len(tiers)]slotSpan // slots of these that must be made anew
	resumed bool                 // dirty tells of an earlier process's slots too
}

// slotSpan is a row of slots; last is below first when there are none.
type slotSpan struct{ first, last int64 }

// Open opens the store in dir, making it if need be.
func Open(dir string, log *slog.Logger) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "apps"), 0o700); err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot make the folder for figures, %s", dir)
	}
	s := &Store{dir: dir, log: log, now: time.Now, apps: map[string]*appState{}, forgotten: map[string]time.Time{}}
	s.routers = newAppState(filepath.Join(dir, "routers"))
	entries, err := os.ReadDir(filepath.Join(dir, "apps"))
	if err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot read the folder for figures, %s", dir)
	}
	for _, entry := range entries {
		if idPattern.MatchString(entry.Name()) {
			s.apps[entry.Name()] = newAppState(s.appDir(entry.Name()))
		}
	}
	return s, nil
}

func newAppState(dir string) *appState {
	st := &appState{dir: dir, checked: map[string]bool{}}
	for i := range st.dirty {
		st.dirty[i] = slotSpan{0, -1}
	}
	return st
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func (s *Store) appDir(id string) string { return filepath.Join(s.dir, "apps", id) }

// app gives an app's state, nil for one that is known not to be any more.
func (s *Store) app(id string) *appState {
	if !idPattern.MatchString(id) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, gone := s.forgotten[id]; gone {
		return nil
	}
	st := s.apps[id]
	if st == nil {
		st = newAppState(s.appDir(id))
		s.apps[id] = st
	}
	return st
}

// all lists the states of the apps.
func (s *Store) all() []*appState {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*appState, 0, len(s.apps))
	for _, st := range s.apps {
		list = append(list, st)
	}
	return list
}

// Forget removes an app's figures. It may be called again.
func (s *Store) Forget(appID string) error {
	if !idPattern.MatchString(appID) {
		return models.Invalid("app", "%.70q is no app's ID", appID)
	}
	s.mu.Lock()
	st := s.apps[appID]
	delete(s.apps, appID)
	s.forgotten[appID] = s.now()
	s.mu.Unlock()
	if st != nil {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.gone = true
	}
	return os.RemoveAll(s.appDir(appID))
}

// AddWindows takes over what a router served. Windows that it has told before
// change nothing. An error means that not all of it is on disk; to tell it
// again is right then.
func (s *Store) AddWindows(routerID string, windows []router.Window) error {
	source := max(crc32.ChecksumIEEE([]byte(routerID)), fromEngine+1)
	var failures []error
	for _, w := range windows {
		slot := w.Start / router.WindowSeconds
		if !s.plausible(slot) {
			continue
		}
		for id, traffic := range w.Apps {
			if len(traffic.Latency) > router.LatencyBuckets {
				continue
			}
			if st := s.app(id); st != nil {
				failures = append(failures, st.add(&point{slot: slot, source: source, covered: 1, traffic: traffic}))
			}
		}
		// Last, so that what is told again after a failure is not taken for known.
		failures = append(failures, s.routers.add(&point{slot: slot, source: source, covered: 1}))
	}
	return errors.Join(failures...)
}

// plausible says whether a slot can still be put in its place. A router's clock
// may be a little ahead.
func (s *Store) plausible(slot int64) bool {
	now := s.now()
	return slot >= tiers[finest].oldest(now) && slot <= tiers[finest].slotOf(now)+1
}

// add writes a point of the finest tier.
func (st *appState) add(p *point) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.gone {
		return nil
	}
	err := tiers[finest].add(st.dir, p, st.checked)
	if errors.Is(err, errFull) {
		return nil // telling it again would not help
	}
	if err != nil {
		return err
	}
	for i := finest + 1; i < len(tiers); i++ {
		slot, d := p.slot/tiers[i].times, &st.dirty[i]
		if d.last < d.first {
			*d = slotSpan{slot, slot}
		} else {
			d.first, d.last = min(d.first, slot), max(d.last, slot)
		}
	}
	return nil
}
