package pipeline

import (
	"context"
	"sync"
	"time"
)

// bustle counts this process's deployments that are under way. What nobody waits
// for, as taking away what was live before, lets them go first: on a machine that
// is busy with several deployments it takes time from all of them.
type bustle struct {
	mu    sync.Mutex
	count int
	over  chan struct{} // closed when count gets 0
}

// courtesy is for how long at most: the instances of before use memory meanwhile.
const courtesy = 5 * time.Second

// begin counts a deployment until end is called.
func (b *bustle) begin() (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count++; b.count == 1 {
		b.over = make(chan struct{})
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.count--; b.count == 0 {
			close(b.over)
		}
	}
}

// subsides returns when no deployment is under way, after courtesy, or with ctx.
func (b *bustle) subsides(ctx context.Context) {
	b.mu.Lock()
	over, busy := b.over, b.count > 0
	b.mu.Unlock()
	if !busy {
		return
	}
	limit := time.NewTimer(courtesy)
	defer limit.Stop()
	select {
	case <-over:
	case <-limit.C:
	case <-ctx.Done():
	}
}
