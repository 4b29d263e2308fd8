package router

import (
	"slices"
	"sync"
	"time"
)

// idleMost is how many connections to one address are kept idle.
const idleMost = 1024

// pool is the idle connections to one address. All backends that have the
// address share it.
type pool struct {
	place
	all      *pools
	backends int // in the table, with this address; guarded by the pools' lock

	mu     sync.Mutex
	idle   []*upstream // the one used last at the end
	listed bool        // the pools know that some are idle
	closed bool        // no backend has the address any more
}

// place is where connections lead.
type place struct{ scheme, address string }

// take gives the idle connection that was used last, nil when there is none.
func (p *pool) take() *upstream {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	u := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	p.all.idle.Add(-1)
	return u
}

// keep puts a connection by, unless there are too many or nobody is left to
// use it.
func (p *pool) keep(u *upstream, now time.Time) {
	u.since, u.used = now.UnixNano(), true
	u.rest()
	p.mu.Lock()
	kept := !p.closed && len(p.idle) < idleMost && p.all.room()
	first := kept && !p.listed
	if kept {
		p.idle = append(p.idle, u)
		p.listed = true
	}
	p.mu.Unlock()
	if !kept {
		u.drop()
	}
	if first {
		p.all.list(p)
	}
}

// closeIdle closes all idle connections.
func (p *pool) closeIdle() {
	p.mu.Lock()
	old := p.idle
	p.idle = nil
	p.mu.Unlock()
	p.drop(old)
}

// closeOld closes the connections that have been idle since before a time, and
// gives the number of those that are left.
func (p *pool) closeOld(before time.Time) (left int) {
	p.mu.Lock()
	limit, n := before.UnixNano(), 0
	for n < len(p.idle) && p.idle[n].since < limit { // the oldest are in front
		n++
	}
	old := slices.Clone(p.idle[:n])
	if p.idle = slices.Delete(p.idle, 0, n); len(p.idle) == 0 {
		p.idle = nil
	}
	left = len(p.idle)
	p.mu.Unlock()
	p.drop(old)
	return left
}

// drop closes connections that were idle.
func (p *pool) drop(list []*upstream) {
	p.all.idle.Add(-int64(len(list)))
	for _, u := range list {
		u.drop()
	}
}
