package fleet

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// news is what one member's events said.
type news struct {
	event deployer.Event
	err   error
}

// watch is one Watch under way.
type watch struct {
	*Fleet
	ctx     context.Context
	heard   chan news
	group   sync.WaitGroup
	running map[*member]context.CancelFunc
}

// Watch implements deployer.Cluster. It begins when every member's events are
// followed, or when one that is away was waited for long enough. A member that
// comes or goes brings an EventResync.
func (f *Fleet) Watch(ctx context.Context) iter.Seq2[deployer.Event, error] {
	return func(yield func(deployer.Event, error) bool) {
		watching, stop := context.WithCancel(ctx)
		w := &watch{Fleet: f, ctx: watching, heard: make(chan news), running: map[*member]context.CancelFunc{}}
		defer func() {
			stop()
			w.group.Wait()
		}()
		members, changed := f.all()
		w.begin(members)
		if ctx.Err() == nil && !yield(deployer.Event{Type: deployer.EventResync}, nil) {
			return
		}
		for w.pass(changed, yield) {
			members, changed = f.all()
			for _, m := range members {
				if w.running[m] == nil {
					w.follow(m, nil)
				}
			}
			if w.leave(members) && !yield(deployer.Event{Type: deployer.EventResync}, nil) {
				return
			}
		}
	}
}

// begin follows the members and waits for their first word.
func (w *watch) begin(members []*member) {
	var first sync.WaitGroup
	for _, m := range members {
		first.Add(1)
		w.follow(m, first.Done)
	}
	all := make(chan struct{})
	go func() { first.Wait(); close(all) }()
	patience := time.NewTimer(awayTimeout)
	defer patience.Stop()
	select {
	case <-all:
	case <-patience.C:
	case <-w.ctx.Done():
	}
}

// leave follows no longer who is not among the members.
func (w *watch) leave(members []*member) (some bool) {
	there := map[*member]bool{}
	for _, m := range members {
		there[m] = true
	}
	for m, end := range w.running {
		if !there[m] {
			end()
			delete(w.running, m)
			some = true
		}
	}
	return some
}

// pass yields what is heard until members come or go; false when it is over.
func (w *watch) pass(changed <-chan struct{}, yield func(deployer.Event, error) bool) bool {
	for {
		select {
		case <-w.ctx.Done():
			yield(deployer.Event{}, w.ctx.Err())
			return false
		case <-changed:
			return true
		case n := <-w.heard:
			if !yield(n.event, n.err) {
				return false
			}
		}
	}
}

// follow passes on one member's events. With begun it is told of the first word
// instead, when that is what every stream begins with.
func (w *watch) follow(m *member, begun func()) {
	ctx, end := context.WithCancel(w.ctx)
	w.running[m] = end
	w.group.Go(func() {
		defer func() {
			if begun != nil {
				begun()
			}
		}()
		for event, err := range m.Cluster.Watch(ctx) {
			if ctx.Err() != nil {
				return
			}
			if begun != nil {
				begun()
				begun = nil
				if err == nil && event.Type == deployer.EventResync {
					continue
				}
			}
			if event.Instance.Workload.App != "" {
				m.saw(event.Instance.Workload.App)
				event.Instance = w.mark(m, event.Instance)
			}
			select {
			case w.heard <- news{event, w.named(m, err)}:
			case <-ctx.Done():
				return
			}
		}
	})
}
