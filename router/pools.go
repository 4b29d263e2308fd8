package router

import (
	"sync"
	"sync/atomic"
	"time"
)

// idleInAll is how many connections to all addresses together are kept idle.
// Each takes a file descriptor and, with what the kernel has of it, some 10 kB.
const idleInAll = 4096

// pools are the idle connections to all backends, by address: ten thousand
// hosts that lead to one program need no more of them than one host does.
type pools struct {
	idle  atomic.Int64 // connections
	clock atomic.Int64 // goes on by one with each backend that the table gets

	mu     sync.Mutex
	all    map[place]*pool
	listed map[*pool]bool // those that may have idle connections
}

func newPools() *pools {
	return &pools{all: map[place]*pool{}, listed: map[*pool]bool{}}
}

// join makes a backend that the table gets one of those that share its
// address's pool.
func (p *pools) join(b *backend, scheme string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := place{scheme, b.Address}
	if p.all[at] == nil {
		p.all[at] = &pool{place: at, all: p}
	}
	b.pool = p.all[at]
	b.pool.backends++
	b.joined = p.clock.Add(1)
}

// leave takes back join. With the last backend at an address its idle
// connections are closed: whoever gets the address next is somebody else.
func (p *pools) leave(b *backend) {
	p.mu.Lock()
	b.pool.backends--
	last := b.pool.backends == 0
	if last {
		delete(p.all, b.pool.place)
		b.pool.mu.Lock()
		b.pool.closed = true
		b.pool.mu.Unlock()
	}
	p.mu.Unlock()
	if last {
		b.pool.closeIdle()
	}
}

// room takes the place of one more idle connection if there is one.
func (p *pools) room() bool {
	if p.idle.Add(1) > idleInAll {
		p.idle.Add(-1)
		return false
	}
	return true
}

func (p *pools) list(one *pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed[one] = true
}

// sweep closes connections that have been idle for too long.
func (p *pools) sweep(now time.Time) {
	p.mu.Lock()
	list := make([]*pool, 0, len(p.listed))
	for one := range p.listed {
		list = append(list, one)
	}
	p.mu.Unlock()
	for _, one := range list {
		if one.closeOld(now.Add(-idleBackendConn)) > 0 {
			continue
		}
		p.mu.Lock()
		one.mu.Lock()
		if len(one.idle) == 0 {
			one.listed = false
			delete(p.listed, one)
		}
		one.mu.Unlock()
		p.mu.Unlock()
	}
}
