// Package live tells dashboards what has changed. It is in memory and bounded:
// a subscriber reads at its own pace from one ring that all share, and one
// that falls off its end is told to load everything anew.
package live

import (
	"context"
	"crypto/rand"
	"iter"
	"strings"
	"sync"
)

// The topics of events.
const (
	TopicApp        = "app"
	TopicDeployment = "deployment"
	TopicInstance   = "instance"
	TopicRelease    = "release"
	TopicConfig     = "config"
	TopicDomain     = "domain"
	TopicToken      = "token"
	TopicSession    = "session"
	TopicUser       = "user"
	TopicInvitation = "invitation"
	TopicCluster    = "cluster" // or one of its nodes
	TopicSpace      = "space"   // what uses the disk; for owners
)

// The actions of events.
const (
	ActionCreated = "created"
	ActionChanged = "changed"
	ActionRemoved = "removed"
)

// Event says that something changed, and not how: who wants to know asks the
// API, which knows what they may see. AppID and UserID say whom it concerns,
// for the door to decide whether to pass it on.
type Event struct {
	Seq    int64  `json:"seq"` // given by the Hub: 1, 2, … within an epoch
	Topic  string `json:"topic"`
	App    string `json:"app,omitempty"` // the app's name
	AppID  string `json:"-"`
	UserID string `json:"-"` // of events about somebody's own account
	ID     string `json:"id"`
	Action string `json:"action"`
	Far    bool   `json:"-"` // another server published it
}

// Cursor is a place in the events of a Hub. An epoch is the life of one Hub, so
// a cursor from before a restart is known for what it is.
type Cursor struct {
	Epoch string
	Seq   int64
}

// Notice is what a subscriber gets at once.
type Notice struct {
	Events []Event
	Reset  bool   // events were missed: load everything anew; comes without Events
	Cursor Cursor // to resume from after this notice
}

// DefaultSize is how many events a Hub remembers if it is not told.
const DefaultSize = 4096

// Hub passes events on. It is safe for concurrent use, and Publish never
// waits for a subscriber.
type Hub struct {
	epoch string

	mu   sync.Mutex
	ring []Event // the event of a Seq is at Seq modulo its length
	last int64
	wake chan struct{} // closed by the next Publish; nil while nobody waits
}

// NewHub makes a Hub that remembers the last size events, 0 for DefaultSize.
func NewHub(size int) *Hub {
	if size <= 0 {
		size = DefaultSize
	}
	return &Hub{epoch: strings.ToLower(rand.Text()), ring: make([]Event, size)}
}

// Publish sets e's Seq and passes it on.
func (h *Hub) Publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	e.Seq = h.last
	h.ring[e.Seq%int64(len(h.ring))] = e
	if h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
}

// Cursor is the place after the newest event.
func (h *Hub) Cursor() Cursor {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursor()
}

func (h *Hub) cursor() Cursor { return Cursor{Epoch: h.epoch, Seq: h.last} }

// batchSize bounds a Notice.
const batchSize = 256

// Subscribe yields the events after a cursor until ctx ends, and then ctx's
// error. A zero cursor means from now on, where now is the call of Subscribe.
// A cursor of another epoch or of events that are no longer remembered gives a
// Reset and goes on from now; so does a subscriber that falls behind by more
// than the Hub remembers.
func (h *Hub) Subscribe(ctx context.Context, after Cursor) iter.Seq2[Notice, error] {
	if after == (Cursor{}) {
		after = h.Cursor()
	}
	return func(yield func(Notice, error) bool) {
		at := after
		for {
			if err := ctx.Err(); err != nil {
				yield(Notice{}, err)
				return
			}
			notice, wake := h.next(at)
			if wake != nil {
				select {
				case <-ctx.Done():
				case <-wake:
				}
				continue
			}
			if !yield(notice, nil) {
				return
			}
			at = notice.Cursor
		}
	}
}

// next gives what follows a cursor, or how to wait for it.
func (h *Hub) next(at Cursor) (Notice, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	oldest := max(0, h.last-int64(len(h.ring))) // the cursor before the oldest event
	if at.Epoch != h.epoch || at.Seq < oldest || at.Seq > h.last {
		return Notice{Reset: true, Cursor: h.cursor()}, nil
	}
	if at.Seq == h.last {
		if h.wake == nil {
			h.wake = make(chan struct{})
		}
		return Notice{}, h.wake
	}
	end := min(h.last, at.Seq+batchSize)
	events := make([]Event, 0, end-at.Seq)
	for seq := at.Seq + 1; seq <= end; seq++ {
		events = append(events, h.ring[seq%int64(len(h.ring))])
	}
	return Notice{Events: events, Cursor: Cursor{Epoch: h.epoch, Seq: end}}, nil
}
