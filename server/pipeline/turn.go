package pipeline

import (
	"context"
	"time"
)

// turn is the one goroutine of this process that works off an app's queue. Who
// finds it taken leaves a note to look once more. Its members are guarded by
// the pipeline's lock.
type turn struct {
	again bool
	leave bool               // somebody wants the app for themselves: finish, and look no more
	nudge context.CancelFunc // ends what can wait in favour of new work; nil when nothing can
	ended chan struct{}
}

// takeTurn gives the caller the app's turn, or, when it is taken, leaves a note
// with whoever has it.
func (p *Pipeline) takeTurn(appID string) (at *turn, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, taken := p.turns[appID]; taken {
		at.again = true
		at.hurry()
		return nil, false
	}
	at = &turn{ended: make(chan struct{})}
	p.turns[appID] = at
	return at, true
}

func (t *turn) hurry() {
	if t.nudge != nil {
		t.nudge()
	}
}

// turnOf gives what is closed when the turn ends that somebody has with the app,
// nil when nobody has.
func (p *Pipeline) turnOf(appID string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, taken := p.turns[appID]; taken {
		return at.ended
	}
	return nil
}

// nudge leaves a note with whoever has the app's turn, and says whether anybody
// has.
func (p *Pipeline) nudge(appID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, taken := p.turns[appID]
	if taken {
		at.again = true
		at.hurry()
	}
	return taken
}

// onceMore says whether a note was left meanwhile that may be followed. If not,
// the turn is over.
func (p *Pipeline) onceMore(appID string, at *turn, may bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if may && at.again && !at.leave {
		at.again = false
		return true
	}
	delete(p.turns, appID)
	close(at.ended)
	return false
}

// untilNudged gives a context that ends when there is new work for the app, for
// what may be broken off and done later. The caller has the app's turn.
func (p *Pipeline) untilNudged(ctx context.Context, appID string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.turns[appID]
	if at.again || at.leave {
		cancel()
	}
	at.nudge = cancel
	return ctx, func() {
		p.mu.Lock()
		at.nudge = nil
		p.mu.Unlock()
		cancel()
	}
}

// alone takes the app's turn for something that is no deployment's work: it
// asks who has it to leave, and waits for a second. done is nil when somebody
// still has it.
func (p *Pipeline) alone(ctx context.Context, appID string) (done func(), err error) {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	for {
		mine := &turn{ended: make(chan struct{})}
		p.mu.Lock()
		at, taken := p.turns[appID]
		if taken {
			at.leave = true
			at.hurry()
		} else {
			p.turns[appID] = mine
		}
		p.mu.Unlock()
		if !taken {
			return func() { p.onceMore(appID, mine, false) }, nil
		}
		select {
		case <-at.ended:
		case <-patience.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// wanted says whether somebody wants the turn that is being had.
func (p *Pipeline) wanted(at *turn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return at.leave
}

// unsettle notes that an app's instances are not what they should be yet, and
// settled that they are.
func (p *Pipeline) unsettle(appID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsettled[appID] = time.Now().Add(settleAgain)
}

func (p *Pipeline) settled(appID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unsettled, appID)
}

// settleAgain is how long to wait before an engine that refused is asked again.
const settleAgain = 3 * time.Second

// unsettledNow lists the apps whose instances it is time to look at again. Whom
// somebody is looking at is left out: what takes long, such as draining, would
// never end if it were begun again and again.
func (p *Pipeline) unsettledNow() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []string
	for id, at := range p.unsettled {
		if _, taken := p.turns[id]; !taken && time.Now().After(at) {
			due = append(due, id)
			p.unsettled[id] = time.Now().Add(settleAgain)
		}
	}
	return due
}
