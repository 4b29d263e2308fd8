package router

import (
	"sync"
	"time"
)

// pools are the backends that have idle connections.
type pools struct {
	mu  sync.Mutex
	all map[*backend]bool
}

func (p *pools) add(b *backend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[*backend]bool{}
	}
	p.all[b] = true
}

// sweep closes connections that have been idle for too long.
func (p *pools) sweep(now time.Time) {
	p.mu.Lock()
	list := make([]*backend, 0, len(p.all))
	for b := range p.all {
		list = append(list, b)
	}
	p.mu.Unlock()
	for _, b := range list {
		if b.closeIdle(now.Add(-idleBackendConn)) > 0 {
			continue
		}
		p.mu.Lock()
		b.mu.Lock()
		if len(b.idle) == 0 {
			b.pooled = false
			delete(p.all, b)
		}
		b.mu.Unlock()
		p.mu.Unlock()
	}
}
