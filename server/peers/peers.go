// Package peers makes the servers on one database work as one: each knows which
// others are there, switches their routers with its own, shows them the sources
// it took, the logs it writes and what its dashboards are told. They speak
// through the database alone, so they need no way to each other. A server that
// is by itself does nothing of this but listen.
package peers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/routing"
)

// Sources are the snapshots that others may have to build.
type Sources interface {
	// Share sets whether there are others, and shows them what they may need.
	Share(ctx context.Context, others bool) error
}

// Deps are what Peers work with.
type Deps struct {
	Store    *store.Store
	Routing  *routing.Service // of this server's own routers
	Logs     *logs.Store
	Hub      *live.Hub
	Logger   *slog.Logger
	ServerID string
}

// Peers are the other servers. It is safe for concurrent use.
type Peers struct {
	Deps
	Sources Sources // to be set before Appear

	mu       sync.Mutex
	others   []store.Peer
	waiting  map[string]chan struct{} // by the ID of a call of this server's, told of answers
	deciding map[string]bool          // by the ID of a call of another's that is being answered

	lines lines
}

// New makes Peers. Appear begins it.
func New(deps Deps) *Peers {
	return &Peers{
		Deps: deps, waiting: map[string]chan struct{}{}, deciding: map[string]bool{},
		lines: lines{wake: make(chan struct{}, 1), read: map[string]int64{}},
	}
}

// How often a server says that it is there, beside when it comes and goes.
const beat = 5 * time.Second

// appearWithin is how long the connection of a process of this server that was
// just killed may take to go.
const appearWithin = 5 * time.Second

// message is what servers tell each other. One of the members beside From is
// set.
type message struct {
	From    string  `json:"from"`
	Beat    bool    `json:"beat,omitempty"`    // came, goes, or has another number of routers
	Call    bool    `json:"call,omitempty"`    // asks something
	Answer  string  `json:"answer,omitempty"`  // to the call with this ID
	Changed string  `json:"changed,omitempty"` // the app with this ID has other routes
	Lines   bool    `json:"lines,omitempty"`   // shared lines
	Events  []event `json:"events,omitempty"`
}

// event is a live.Event with what its JSON leaves out.
type event struct {
	live.Event
	AppID  string `json:"app_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

func (p *Peers) tell(ctx context.Context, m message) error {
	return p.Store.Tell(ctx, p.text(m))
}

func (p *Peers) text(m message) string {
	m.From = p.ServerID
	text, _ := json.Marshal(m) // strings and bools
	return string(text)
}

// Present says whether other servers are there.
func (p *Peers) Present() bool { return len(p.there()) > 0 }

// there lists the other servers, as they are known.
func (p *Peers) there() []store.Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others
}

// Appear begins the presence, before this server takes up work: what an earlier
// process of it held is nobody's, so nobody else may be at work under its ID.
func (p *Peers) Appear(ctx context.Context) (*store.Presence, error) {
	presence, err := p.Store.Appear(ctx, p.ServerID)
	for end := time.Now().Add(appearWithin); errors.Is(err, store.ErrPresent) && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		presence, err = p.Store.Appear(ctx, p.ServerID)
	}
	if errors.Is(err, store.ErrPresent) {
		return nil, models.Wrap(err, models.KindConflict, "another server with the same ID, %s, works on this database: its data folder is a copy of this one's. Remove the file server-id from one of the two folders", p.ServerID)
	}
	if err == nil {
		p.lines.read, err = p.Store.NewestLines(ctx)
	}
	if err == nil {
		err = p.beat(ctx, presence)
	}
	if err == nil {
		err = p.tell(ctx, message{Beat: true})
	}
	return presence, err
}

// Stay is there until ctx ends. It takes the presence over and ends it.
func (p *Peers) Stay(ctx context.Context, presence *store.Presence) {
	var group sync.WaitGroup
	group.Go(func() { p.passEvents(ctx) })
	group.Go(func() { p.passLines(ctx) })
	defer group.Wait()
	for ctx.Err() == nil {
		if presence == nil {
			presence = p.reappear(ctx)
		}
		if presence == nil {
			continue
		}
		if err := p.listen(ctx, presence); err != nil && ctx.Err() == nil {
			p.Logger.Debug("the other servers cannot be heard", "error", err)
			p.leave(ctx, presence)
			presence = nil
		}
	}
	if presence != nil {
		p.leave(ctx, presence)
	}
}

// listen hears what others tell until the next beat, and beats.
func (p *Peers) listen(ctx context.Context, presence *store.Presence) error {
	waiting, stop := context.WithTimeout(ctx, beat)
	defer stop()
	for {
		text, err := presence.Next(waiting)
		if waiting.Err() != nil && ctx.Err() == nil {
			return p.beat(ctx, presence)
		}
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.From == p.ServerID {
			continue
		}
		p.hear(ctx, m)
	}
}

func (p *Peers) hear(ctx context.Context, m message) {
	switch {
	case m.Beat:
		p.look(ctx)
	case m.Call:
		p.answerAll(ctx)
	case m.Answer != "":
		p.answered(m.Answer)
	case m.Changed != "":
		p.Routing.Changed(m.Changed)
	case m.Lines:
		p.readLines(ctx, m.From)
	}
	for _, e := range m.Events {
		e.Event.AppID, e.Event.UserID, e.Far = e.AppID, e.UserID, true
		p.Hub.Publish(e.Event)
	}
}

func (p *Peers) beat(ctx context.Context, presence *store.Presence) error {
	asking, stop := context.WithTimeout(ctx, beat)
	defer stop()
	if err := presence.Beat(asking, len(p.Routing.Routers())); err != nil {
		return err
	}
	p.look(asking)
	p.answerAll(ctx) // in case a word was lost
	return nil
}

// look sees who is there.
func (p *Peers) look(ctx context.Context) {
	others, err := p.Store.Peers(ctx, p.ServerID)
	if err != nil {
		return // who was there is taken to be there still
	}
	p.mu.Lock()
	before := len(p.others)
	p.others = others
	p.mu.Unlock()
	if before != len(others) {
		p.Logger.Info("the number of other servers on the database changed", "others", len(others))
	}
	if p.Sources == nil {
		return
	}
	if err := p.Sources.Share(ctx, len(others) > 0); err != nil && ctx.Err() == nil {
		p.Logger.Warn("other servers cannot have this one's sources yet", "error", err)
	}
}

// reappear begins a presence anew after Postgres was away; nil when it still is.
func (p *Peers) reappear(ctx context.Context) *store.Presence {
	asking, stop := context.WithTimeout(ctx, beat)
	defer stop()
	presence, err := p.Store.Appear(asking, p.ServerID)
	if err == nil {
		return presence
	}
	if errors.Is(err, store.ErrPresent) {
		p.Logger.Error("another server runs with a copy of this one's data folder; remove the file server-id from one of them", "server", p.ServerID)
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
	return nil
}

func (p *Peers) leave(ctx context.Context, presence *store.Presence) {
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), beat)
	defer stop()
	presence.Leave(ending)
	_ = p.tell(ending, message{Beat: true}) // who does not hear it looks soon
}

// passEvents tells the others what dashboards here are told.
func (p *Peers) passEvents(ctx context.Context) {
	for notice, err := range p.Hub.Subscribe(ctx, live.Cursor{}) {
		if err != nil {
			return
		}
		if len(p.there()) == 0 {
			continue
		}
		for _, some := range batches(notice.Events) {
			if err := p.tell(ctx, message{Events: some}); err != nil && ctx.Err() == nil {
				p.Logger.Debug("other servers' dashboards are not told", "error", err)
			}
		}
	}
}

// eventsAtOnce keeps a message below what Postgres takes, 8 kB: an event is at
// most some 300 bytes.
const eventsAtOnce = 20

// batches leaves out what came from others.
func batches(events []live.Event) [][]event {
	var all [][]event
	for _, e := range events {
		if e.Far {
			continue
		}
		if len(all) == 0 || len(all[len(all)-1]) == eventsAtOnce {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], event{Event: e, AppID: e.AppID, UserID: e.UserID})
	}
	return all
}
