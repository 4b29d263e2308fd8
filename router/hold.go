package router

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultHoldTimeout = 30 * time.Second
	defaultHoldPerApp  = 1000
	defaultHoldTotal   = 10_000

	// When the wait is over, requests come to the new instance a few at a time:
	// many programs do not let a thousand connect in one moment.
	passAtOnce = 50
	passAfter  = 250 * time.Millisecond // then the next may follow, whatever became of the one before
)

var (
	errHeldTooLong = errors.New("the app was not back in time")
	errHeldTooMany = errors.New("too many requests wait for the app")
)

// holds bounds how many requests wait, and for how long. A request that waits
// has a connection and its header in memory, nothing of its body.
type holds struct {
	timeout time.Duration
	perApp  int64
	total   int64
	now     atomic.Int64 // waiting, for all apps
}

func newHolds(cfg Config) *holds {
	h := &holds{timeout: cfg.HoldTimeout, perApp: int64(cfg.HoldPerApp), total: int64(cfg.HoldTotal)}
	if h.timeout == 0 {
		h.timeout = defaultHoldTimeout
	}
	if h.perApp == 0 {
		h.perApp = defaultHoldPerApp
	}
	if h.total == 0 {
		h.total = defaultHoldTotal
	}
	return h
}

// enter takes a place among those that wait for an app. Who gets one gives it
// back by leave.
func (h *holds) enter(c *counter) bool {
	if c.held.Add(1) > h.perApp {
		c.held.Add(-1)
		return false
	}
	if h.now.Add(1) > h.total {
		h.leave(c)
		return false
	}
	return true
}

func (h *holds) leave(c *counter) {
	c.held.Add(-1)
	h.now.Add(-1)
}

// held is how long one request has waited, and may wait in all.
type held struct {
	until time.Time // zero before the first wait
	spent time.Duration
}

// wait returns when the channel is closed: the app's route is another. It
// returns an error when a limit is over or ctx ends.
func (h *holds) wait(ctx context.Context, changed <-chan struct{}, c *counter, state *held) error {
	began := time.Now()
	if state.until.IsZero() {
		state.until = began.Add(h.timeout)
	}
	if !h.enter(c) {
		return errHeldTooMany
	}
	defer h.leave(c)
	over := time.NewTimer(state.until.Sub(began))
	defer over.Stop()
	defer func() { state.spent += time.Since(began) }()
	select {
	case <-changed:
		return nil
	case <-over.C:
		return errHeldTooLong
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pass lets a request that has waited go on, when its turn has come. done says
// that the app has taken it, and may be called again and from any goroutine.
func (h *holds) pass(ctx context.Context, c *counter) (done func(), err error) {
	c.gateMade.Do(func() { c.gate = make(chan struct{}, passAtOnce) })
	select {
	case c.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	done = sync.OnceFunc(func() { <-c.gate })
	time.AfterFunc(passAfter, done)
	return done, nil
}
