package swarm

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// restInterval is the time between two looks while nothing is in motion. A
	// crash is noticed no later.
	restInterval = 2 * time.Second
	// motionInterval is that time while an instance comes or goes.
	motionInterval = 150 * time.Millisecond
	// motionLasts is how long things count as in motion after a change.
	motionLasts = 3 * time.Second
	// Where a look takes long, because there are many instances, looking is
	// bounded to a part of the time: one so many times as long passes between.
	restShare, motionShare = 10, 2
	// lateFor is how long is remembered how an instance ended that is gone.
	lateFor = time.Minute
)

// hub looks at the installation's instances and tasks for all who want to know of
// changes: at intervals, and at once when the manager tells of a change to a
// service or node. It looks only as long as somebody wants to know.
type hub struct {
	cluster *Cluster

	mu      sync.Mutex
	users   int
	stop    context.CancelFunc
	stopped chan struct{}
	now     *sighting
	news    chan struct{} // closed when now changes
	prod    chan struct{} // asks for a look at once
}

// sighting is one look of the hub's.
type sighting struct {
	*view
	broken int              // how often the engine was away before
	late   map[string]*seat // of those that went in the last minute, what was seen last
	lateAt map[string]time.Time
}

// enter makes the hub look until leave is called.
func (h *hub) enter() (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users++
	if h.users == 1 {
		ctx, cancel := context.WithCancel(context.Background())
		h.now, h.news, h.prod = nil, make(chan struct{}), make(chan struct{}, 1)
		before, stopped := h.stopped, make(chan struct{})
		h.stop, h.stopped = cancel, stopped
		prod := h.prod
		go func() {
			defer close(stopped)
			if before != nil {
				<-before
			}
			h.run(ctx, prod)
		}()
	}
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.users--; h.users == 0 {
			h.stop()
		}
	})
}

// next gives what was seen after a sighting, nil for any, once it is there.
func (h *hub) next(ctx context.Context, after *sighting) (*sighting, error) {
	for {
		h.mu.Lock()
		now, news := h.now, h.news
		h.mu.Unlock()
		if now != nil && now != after {
			return now, ctx.Err()
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// see returns when the hub has looked after a moment, if it looks at all.
func (h *hub) see(ctx context.Context, moment time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, restInterval)
	defer cancel()
	var seen *sighting
	for {
		h.mu.Lock()
		idle, prod := h.users == 0, h.prod
		h.mu.Unlock()
		if idle {
			return nil
		}
		poke(prod)
		var err error
		if seen, err = h.next(ctx, seen); err != nil {
			if context.Cause(ctx) == context.DeadlineExceeded {
				return nil // it is only that somebody may miss an exit code
			}
			return err
		}
		if seen.at.After(moment) {
			return nil
		}
	}
}

func poke(prod chan struct{}) {
	select {
	case prod <- struct{}{}:
	default: // somebody has already
	}
}

func (h *hub) run(ctx context.Context, prod chan struct{}) {
	c := h.cluster
	go c.listen(ctx, prod)
	var moved time.Time
	var seen *sighting
	broken, away := 0, false
	var backoff deployer.Backoff
	for ctx.Err() == nil {
		v, err := c.look(ctx, c.ours(""))
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			if !away {
				c.log.Warn("the manager cannot be asked for its tasks; asking again", "error", err)
				away = true
				broken++
			}
			_ = pause(ctx, 10*backoff.Next()) // the loop ends with ctx
			continue
		}
		away, backoff = false, deployer.Backoff{}
		next := &sighting{view: v, broken: broken}
		next.remember(seen)
		for id, at := range next.lateAt {
			if at.Equal(next.at) { // another server may have removed it
				c.forget(id)
			}
		}
		if seen == nil || v.moving() || next.differs(seen) {
			moved = time.Now()
		}
		seen = next
		h.tell(seen)
		interval := max(restInterval, restShare*v.took)
		if time.Since(moved) < motionLasts {
			interval = max(motionInterval, motionShare*v.took)
		}
		timer := time.NewTimer(interval)
		select {
		case <-timer.C:
		case <-prod:
			_ = pause(ctx, min(v.took, motionInterval)) // several come at once
			moved = time.Now()
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (h *hub) tell(s *sighting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = s
	close(h.news)
	h.news = make(chan struct{})
}

// remember keeps what was last seen of those that are gone.
func (s *sighting) remember(before *sighting) {
	s.late, s.lateAt = map[string]*seat{}, map[string]time.Time{}
	if before == nil {
		return
	}
	for id, at := range before.lateAt {
		if s.at.Sub(at) < lateFor {
			s.late[id], s.lateAt[id] = before.late[id], at
		}
	}
	for _, one := range before.seats {
		if s.seat(one.id) == nil {
			s.late[one.id], s.lateAt[one.id] = one, s.at
		}
	}
}

// differs says whether tasks came, went or changed.
func (s *sighting) differs(before *sighting) bool {
	if len(s.seats) != len(before.seats) {
		return true
	}
	for i, one := range s.seats {
		other := before.seats[i]
		a, b := one.newest(), other.newest()
		if one.id != other.id || (a == nil) != (b == nil) || a != nil && (a.ID != b.ID || a.Version != b.Version) {
			return true
		}
	}
	return false
}

// moving says whether the engine is about to start or stop an instance.
func (v *view) moving() bool {
	for _, s := range v.seats {
		for _, t := range s.tasks {
			starting := !leaving(t) && !ended(t) && t.Status.State != swarm.TaskStateRunning && t.NodeID != ""
			if starting && !v.down(t.NodeID) || leaving(t) && s.runs(t) {
				return true
			}
		}
	}
	return false
}

// listen asks for a look whenever the manager tells of something.
func (c *Cluster) listen(ctx context.Context, prod chan struct{}) {
	filter := filters.NewArgs(
		filters.Arg("type", string(events.ServiceEventType)), filters.Arg("type", string(events.NodeEventType)))
	var backoff deployer.Backoff
	for ctx.Err() == nil {
		messages, broken := c.engine.API.Events(ctx, events.ListOptions{Filters: filter})
		for open := true; open; {
			select {
			case <-messages:
				backoff = deployer.Backoff{}
				poke(prod)
			case err := <-broken:
				if ctx.Err() == nil {
					c.log.Debug("the manager's events broke off", "error", failed(ctx, "watch", err))
				}
				open = false
			}
		}
		_ = pause(ctx, 10*backoff.Next()) // the loop ends with ctx
		poke(prod)
	}
}
