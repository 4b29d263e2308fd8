package kubernetes

import (
	"context"
	"sync"
)

// locks are mutexes by key that exist only while somebody holds or wants them,
// and that can be waited for no longer than a context lasts.
type locks[K comparable] struct {
	mu   sync.Mutex
	held map[K]chan struct{} // closed when let go
}

// acquire waits for the key's lock. The caller calls release once.
func (l *locks[K]) acquire(ctx context.Context, key K) (release func(), err error) {
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		l.mu.Lock()
		if l.held == nil {
			l.held = map[K]chan struct{}{}
		}
		held, busy := l.held[key]
		if !busy {
			mine := make(chan struct{})
			l.held[key] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, key)
				l.mu.Unlock()
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
}
