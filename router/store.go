package router

import (
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// lostLately is how long after losing the server a router takes it that there
// may be a newer table, which it will get.
const lostLately = time.Minute

// store holds the table in force. Requests read it without a lock; changes
// are made one at a time and each is visible whole or not at all.
type store struct {
	index atomic.Pointer[index]

	mu        sync.Mutex
	apps      map[string]*route // by app ID
	platform  *Platform
	workloads map[string]*workload
	counters  map[string]*counter // by app ID
	draining  map[*backend]bool   // left the table with requests in flight
	pools     *pools

	cutSince atomic.Int64  // when the server was lost, in Unix nanoseconds; 0 while it is there
	news     chan struct{} // closed by the next change; nil when nobody waits for one; guarded by mu

	changed chan struct{} // holds one token when the table changed
	drained chan struct{} // holds one token when a retired backend drained
}

func newStore() *store {
	s := &store{
		apps:      map[string]*route{},
		workloads: map[string]*workload{},
		counters:  map[string]*counter{},
		draining:  map[*backend]bool{},
		pools:     newPools(),
		changed:   make(chan struct{}, 1),
		drained:   make(chan struct{}, 1),
	}
	s.index.Store(&index{})
	s.cut(time.Now())
	return s
}

// cut notes that the table may be older than what the server has by now.
func (s *store) cut(now time.Time) { s.cutSince.CompareAndSwap(0, now.UnixNano()) }

// joined notes that the table is the server's.
func (s *store) joined() { s.cutSince.Store(0) }

// mayBeOld says whether the server was lost a short time ago, so that the app's
// instances may be others by now. When it stays away nobody changes them.
func (s *store) mayBeOld(now time.Time) bool {
	since := s.cutSince.Load()
	return since != 0 && now.UnixNano()-since < int64(lostLately)
}

// next gives a channel that the next change of the table closes, unless the one
// in force is not the one that was seen.
func (s *store) next(seen *index) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.Load() != seen {
		return closed
	}
	if s.news == nil {
		s.news = make(chan struct{})
	}
	return s.news
}

var closed = func() <-chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// apply puts a checked update in force. It reports whether the table's version
// changed, which is what the server wants acknowledged.
func (s *store) apply(u Update) (bool, error) {
	if u.Ping {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.index.Load()
	if u.Table == nil {
		if !old.loaded {
			return false, fmt.Errorf("the first update must be a whole table")
		}
		if u.Version <= old.version {
			return false, nil // seen already
		}
	}
	var gone []*route
	d := newDraft(old)
	switch {
	case u.Table != nil:
		d, gone = s.replaceAll(u.Table)
	case u.App != nil:
		gone = s.replace(d, *u.App)
	default:
		if r := s.apps[u.RemoveApp]; r != nil {
			delete(s.apps, u.RemoveApp)
			d.drop(r)
			gone = []*route{r}
		}
	}
	d.ix.version, d.ix.loaded = u.Version, true
	s.index.Store(d.ix)
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
	s.retire(gone)
	notify(s.changed)
	return true, nil
}

func (s *store) replaceAll(t *Table) (*draft, []*route) {
	old := s.apps
	gone := make([]*route, 0, len(old)+1)
	for _, r := range old {
		gone = append(gone, r)
	}
	if r := s.platformRoute(); r != nil {
		gone = append(gone, r)
	}
	d := newDraft(&index{})
	s.apps = make(map[string]*route, len(t.Apps))
	for _, app := range t.Apps {
		r := s.newRoute(app, old[app.ID])
		s.apps[app.ID] = r
		d.put(r)
	}
	if s.platform = t.Platform; t.Platform != nil {
		d.put(s.newPlatformRoute(t.Platform)) // last, so that no app can take its host
	}
	return d, gone
}

func (s *store) replace(d *draft, app App) []*route {
	old := s.apps[app.ID]
	r := s.newRoute(app, old)
	s.apps[app.ID] = r
	var gone []*route
	if old != nil {
		d.drop(old)
		gone = []*route{old}
	}
	platform := s.platformRoute()
	d.put(r)
	if platform != nil && d.ix.get(platform.keys[0]) != platform {
		d.put(platform)
	}
	return gone
}

// newRoute makes a route that goes on counting with the backends of the old
// one that did not change.
func (s *store) newRoute(app App, old *route) *route {
	r := &route{app: app, counter: s.counterOf(app.ID)}
	r.keys = append(r.oneKey[:0], make([]string, len(app.Hosts))...)
	r.backends = append(r.one[:0], make([]*backend, len(app.Backends))...)
	if app.Hold {
		r.replaced = make(chan struct{})
	}
	for i, host := range app.Hosts {
		r.keys[i], _ = hostPattern(host)
	}
	for i, b := range app.Backends {
		if r.backends[i] = old.same(b); r.backends[i] == nil {
			r.backends[i] = &backend{Backend: b}
			s.pools.join(r.backends[i], "http")
		}
		s.refer(r.backends[i], b.Workload)
	}
	return r
}

func (s *store) newPlatformRoute(p *Platform) *route {
	at, _ := url.Parse(p.URL) // checked with the update
	b := &backend{Backend: Backend{ID: "slipway", Name: "slipway", Address: at.Host, Workload: "slipway"}}
	s.pools.join(b, at.Scheme)
	s.refer(b, b.Workload)
	return &route{app: App{Name: "slipway", Status: AppLive}, keys: []string{p.Host}, backends: []*backend{b}, platform: true}
}

func (s *store) platformRoute() *route {
	if s.platform == nil {
		return nil
	}
	if r := s.index.Load().get(s.platform.Host); r != nil && r.platform {
		return r
	}
	return nil
}

func (r *route) same(b Backend) *backend {
	if r == nil {
		return nil
	}
	for _, known := range r.backends {
		if known.Backend == b {
			return known
		}
	}
	return nil
}

func (s *store) refer(b *backend, id string) {
	w := s.workloads[id]
	if w == nil {
		w = &b.own
		w.id = id
		s.workloads[id] = w
	}
	w.refs++
	b.workload = w
}

// retire lets go of routes that are no longer in the published index. Every
// backend of a route holds one reference on its workload; a backend that the
// new route took over has one more and is left alone.
func (s *store) retire(gone []*route) {
	for _, r := range gone {
		if r.replaced != nil {
			close(r.replaced)
		}
		now := s.apps[r.app.ID]
		for _, b := range r.backends {
			if now.same(b.Backend) != b {
				if b.retired.CompareAndSwap(false, true) { // a route may have it twice
					s.pools.leave(b)
				}
				if b.inFlight.Load() > 0 {
					s.draining[b] = true
				}
			}
			if b.workload.refs--; b.workload.refs == 0 && b.workload.inFlight.Load() == 0 {
				delete(s.workloads, b.workload.id)
			}
		}
	}
}

// inFlight counts the requests in flight by workload and, for the backends
// that have left the table, by backend ID. It leaves out 0, and forgets what
// has drained.
func (s *store) inFlight() (workloads, draining map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	workloads, draining = map[string]int{}, map[string]int{}
	for id, w := range s.workloads {
		if n := w.inFlight.Load(); n > 0 {
			workloads[id] = int(n)
		} else if w.refs == 0 {
			delete(s.workloads, id)
		}
	}
	for b := range s.draining {
		if n := b.inFlight.Load(); n > 0 {
			draining[b.ID] += int(n)
		} else {
			delete(s.draining, b)
		}
	}
	return workloads, draining
}

// table gives a copy of the table in force.
func (s *store) table() Table {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := Table{Version: s.index.Load().version, Apps: make([]App, 0, len(s.apps)), Platform: s.platform}
	for _, r := range s.apps {
		t.Apps = append(t.Apps, r.app)
	}
	return t
}

func notify(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // a token is there already
	}
}
