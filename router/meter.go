package router

import (
	"context"
	"sync"
	"time"
)

const (
	windowsMost = 360    // kept while the server is away: an hour
	entriesMost = 20_000 // apps in all kept windows together; about 300 bytes each
	entriesSent = 5_000  // apps in the windows of one report
)

// meter cuts what was counted into windows and keeps them until the server has
// taken them. When there are too many the oldest go.
type meter struct {
	store *store
	now   func() time.Time

	mu      sync.Mutex
	windows []Window // oldest first
	entries int      // apps in them
	last    int64    // start of the newest that was ever cut

	ready chan struct{} // holds one token when there are windows
}

func newMeter(s *store) *meter {
	return &meter{store: s, now: time.Now, ready: make(chan struct{}, 1)}
}

// run cuts a window whenever one is over, until ctx ends, and then the one
// that is not.
func (m *meter) run(ctx context.Context) {
	const length = WindowSeconds * time.Second
	for {
		now := m.now()
		start := now.Truncate(length)
		over := time.NewTimer(start.Add(length).Sub(now))
		select {
		case <-ctx.Done():
			over.Stop()
			m.cut(m.now().Truncate(length).Unix())
			return
		case <-over.C:
			m.cut(start.Unix())
		}
	}
}

// cut makes the window that began at start. Of a clock that was set back it
// waits until it has caught up: what was counted meanwhile is not lost.
func (m *meter) cut(start int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if start <= m.last {
		return
	}
	m.last = start
	w := Window{Start: start, Apps: m.store.counted()}
	m.windows = append(m.windows, w)
	m.entries += len(w.Apps)
	for len(m.windows) > 1 && (len(m.windows) > windowsMost || m.entries > entriesMost) {
		m.dropOldest()
	}
	notify(m.ready)
}

func (m *meter) dropOldest() {
	m.entries -= len(m.windows[0].Apps)
	m.windows[0] = Window{}
	m.windows = m.windows[1:]
}

// oldest gives the oldest windows, as many as fit a report.
func (m *meter) oldest() []Window {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries, n := 0, 0
	for n < len(m.windows) && (n == 0 || entries+len(m.windows[n].Apps) <= entriesSent) {
		entries += len(m.windows[n].Apps)
		n++
	}
	return append([]Window(nil), m.windows[:n]...)
}

// taken forgets the windows that the server has.
func (m *meter) taken(sent []Window) {
	if len(sent) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.windows) > 0 && m.windows[0].Start <= sent[len(sent)-1].Start {
		m.dropOldest()
	}
	if len(m.windows) > 0 {
		notify(m.ready)
	}
}

// counted gives what was counted for each app since the call before, and lets
// go of the counters of apps that have left the table.
func (s *store) counted() map[string]Traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	apps := map[string]Traffic{}
	for id, c := range s.counters {
		if t, any := c.news(); any {
			apps[id] = t
		}
		if s.apps[id] == nil {
			delete(s.counters, id)
		}
	}
	return apps
}

// counterOf gives the counter of an app. The lock is held.
func (s *store) counterOf(appID string) *counter {
	c := s.counters[appID]
	if c == nil {
		c = &counter{}
		s.counters[appID] = c
	}
	return c
}
