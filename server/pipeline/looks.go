package pipeline

import (
	"context"
	"sync"
	"time"
)

// everything stands for all apps among those to look at.
const everything = ""

// looks are the apps to look at, each once. One that is being looked at is given
// out again only after that.
type looks struct {
	mu      sync.Mutex
	order   []string
	waiting map[string]bool
	busy    map[string]bool
	later   map[string]bool // a timer is set
	news    chan struct{}   // holds a token when something may be taken
}

func newLooks() *looks {
	return &looks{waiting: map[string]bool{}, busy: map[string]bool{}, later: map[string]bool{}, news: make(chan struct{}, 1)}
}

func (l *looks) add(appID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waiting[appID] {
		l.waiting[appID] = true
		l.order = append(l.order, appID)
		l.notify()
	}
}

// addLater adds an app after a pause; what is set already stands.
func (l *looks) addLater(appID string, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.later[appID] {
		return
	}
	l.later[appID] = true
	time.AfterFunc(pause, func() {
		l.mu.Lock()
		delete(l.later, appID)
		l.mu.Unlock()
		l.add(appID)
	})
}

func (l *looks) notify() {
	select {
	case l.news <- struct{}{}:
	default: // one is there
	}
}

// take waits for an app to look at. It gives false when ctx ends.
func (l *looks) take(ctx context.Context) (appID string, ok bool) {
	for {
		l.mu.Lock()
		for i, id := range l.order {
			if l.busy[id] {
				continue
			}
			l.order = append(l.order[:i], l.order[i+1:]...)
			delete(l.waiting, id)
			l.busy[id] = true
			if len(l.order) > 0 {
				l.notify()
			}
			l.mu.Unlock()
			return id, true
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", false
		case <-l.news:
		}
	}
}

func (l *looks) done(appID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, appID)
	if l.waiting[appID] {
		l.notify()
	}
}
