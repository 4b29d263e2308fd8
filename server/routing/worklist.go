package routing

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 5 * time.Second
)

// task is something to make anew: all apps, or one.
type task struct {
	all   bool
	app   string
	route bool // ask the store too
}

// worklist holds what is to be made anew, each app once. An app that is being
// worked on is not given out a second time; what is added meanwhile is given
// out after that.
type worklist struct {
	mu      sync.Mutex
	waiting map[string]task // by app, "" for all
	order   []string
	busy    map[string]bool
	pauses  map[string]time.Duration
	wake    chan struct{} // holds one token when something may be taken
}

func newWorklist() *worklist {
	return &worklist{waiting: map[string]task{}, busy: map[string]bool{}, pauses: map[string]time.Duration{}, wake: make(chan struct{}, 1)}
}

func (l *worklist) add(t task) {
	if t.app == "" && !t.all {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old, there := l.waiting[t.app]
	if !there {
		l.order = append(l.order, t.app)
	}
	t.route = t.route || old.route
	l.waiting[t.app] = t
	l.notify()
}

func (l *worklist) notify() {
	select {
	case l.wake <- struct{}{}:
	default: // a token is there already
	}
}

// take waits for something to do. It gives false when ctx ends.
func (l *worklist) take(ctx context.Context) (task, bool) {
	for {
		l.mu.Lock()
		for i, app := range l.order {
			if l.busy[app] {
				continue
			}
			t := l.waiting[app]
			delete(l.waiting, app)
			l.order = append(l.order[:i], l.order[i+1:]...)
			l.busy[app] = true
			if len(l.order) > 0 {
				l.notify() // for another worker
			}
			l.mu.Unlock()
			return t, true
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return task{}, false
		case <-l.wake:
		}
	}
}

// done says that a task taken is over.
func (l *worklist) done(t task, well bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, t.app)
	if well {
		delete(l.pauses, t.app)
	}
	l.notify()
}

// failed puts a task back for later, and gives when.
func (l *worklist) failed(t task) time.Duration {
	l.mu.Lock()
	pause := min(max(2*l.pauses[t.app], 2*pauseFirst), pauseMost)
	l.pauses[t.app] = pause
	l.mu.Unlock()
	pause = pause/2 + rand.N(pause/2)
	l.addLater(t, pause)
	return pause
}

func (l *worklist) addLater(t task, pause time.Duration) *time.Timer {
	return time.AfterFunc(pause, func() { l.add(t) })
}
