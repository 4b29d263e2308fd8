package deployer

import (
	"context"
	"sync"
)

// Locks are mutexes by key that exist only while somebody holds or wants them,
// and that can be waited for no longer than a context lasts. The zero value is
// ready.
type Locks[K comparable] struct {
	mu   sync.Mutex
	held map[K]*lock
}

type lock struct {
	token chan struct{}
	users int
}

// Acquire waits for the key's lock, and gives ctx's error when that ends first.
// The caller calls release once.
func (l *Locks[K]) Acquire(ctx context.Context, key K) (release func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[K]*lock{}
	}
	k := l.held[key]
	if k == nil {
		k = &lock{token: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.held, key)
		}
	}
	if ctx.Err() != nil {
		leave()
		return nil, ctx.Err()
	}
	select {
	case k.token <- struct{}{}:
		return func() { <-k.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
