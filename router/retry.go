package router

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// attempts is how many backends one request is offered to.
const attempts = 4

var (
	errNoBackend = errors.New("the app has no backend")
	errNoApp     = errors.New("the app was removed while the request waited")
	errSilent    = errors.New("the backend closed the connection without a word")
)

// roundTrip sends the request to a backend of the app as the table is now, and
// reads the header of the answer. A backend that does not accept a connection
// is passed over for another without the client noticing; so is one that
// closes the connection before it answered a request which can safely be made
// twice.
func (ex *exchange) roundTrip() error {
	failure := errNoBackend
	for range attempts {
		b, err := ex.await()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if err = ex.offer(b); err == nil {
			b.succeeded()
			return nil
		}
		failure = err
		if ex.ctx.Err() != nil {
			break
		}
		if isConnectFailure(err) {
			b.failed(time.Now())
		}
		if !ex.again(err) {
			break
		}
		ex.tried = append(ex.tried, b)
		ex.leave()
		ex.proxy.stats.retries.Add(1)
	}
	return failure
}

// again says whether the request may be sent another time after an error.
func (ex *exchange) again(err error) bool {
	if isConnectFailure(err) || errors.Is(err, errUnsent) {
		return ex.upload == nil || ex.upload.untouched()
	}
	return errors.Is(err, errSilent) && ex.repeatable()
}

// offer sends the request to one backend. A connection that was used before may
// have been closed by the other side at any moment, so a second one is made.
func (ex *exchange) offer(b *backend) error {
	u, err := b.connect(ex.ctx, !ex.repeatable(), ex.start)
	if err != nil {
		return err
	}
	reused := u.used
	if err = ex.try(u); err == nil || !reused || !ex.again(err) || ex.ctx.Err() != nil {
		return err
	}
	b.pool.closeIdle() // they are no better
	if u, err = b.pool.dial(ex.ctx); err != nil {
		return err
	}
	return ex.try(u)
}

// try sends the request over one connection and reads up to the end of the
// answer's header. After an error the connection is closed.
func (ex *exchange) try(u *upstream) error {
	ex.bind(u)
	u.out = ex.appendRequest(u.out[:0])
	var whole []byte
	if ex.upload != nil {
		whole = ex.upload.whole
	}
	err := u.send(whole)
	if err == nil {
		ex.sent(u)
		err = ex.awaitAnswer(u)
	}
	if err == nil {
		return nil
	}
	if ex.pumping == nil { // else release waits for the end of pumping
		ex.unbind()
		ex.up = nil
		u.drop()
	}
	return err
}

// sent sees to what is left of the body once the header is on its way.
func (ex *exchange) sent(u *upstream) {
	switch {
	case ex.upload == nil:
	case ex.upload.whole != nil:
		ex.upload.sent()
	default:
		if ex.req.expect {
			ex.interim.Lock()
			ex.said = make(chan struct{})
			ex.interim.Unlock()
		}
		ex.pumping = make(chan struct{})
		go ex.pump(u, ex.pumping)
	}
}

// awaitAnswer reads up to the header of the final answer.
func (ex *exchange) awaitAnswer(u *upstream) error {
	for {
		if err := u.header(); err != nil {
			if u.silent(err) {
				return errSilent
			}
			return err
		}
		if status := u.res.status; status >= 200 || status == http.StatusSwitchingProtocols {
			return nil
		}
		ex.passEarly(&u.res)
	}
}

// enter takes a backend from the table as it is now and counts the request in.
// It gives nil when the app has none that was not tried.
func (ex *exchange) enter() *backend {
	for {
		if ix := ex.proxy.store.index.Load(); ix != ex.found {
			if r := ix.find(ex.host); r != nil {
				ex.route = r
			}
		}
		ex.found = nil // a request that lasts must not keep an old table in memory
		b := choose(ex.route.backends, ex.tried)
		if b == nil {
			return nil
		}
		ex.backend = b
		if b.use() {
			return b
		}
		ex.leave() // the table has changed since it was read: read it again
		if ex.proxy.store.index.Load().find(ex.host) == nil {
			return nil // and the app is gone
		}
	}
}

// await is enter, but waits for a backend while the app is held. So it does
// when every backend refused a connection and the table may be old. A backend
// that refused before is tried again then: it may be a new one.
func (ex *exchange) await() (*backend, error) {
	for {
		seen := ex.proxy.store.index.Load()
		if b := ex.enter(); b != nil {
			return b, nil
		}
		changed := (<-chan struct{})(ex.route.replaced)
		if changed == nil {
			if len(ex.tried) == 0 || ex.route.platform || !ex.proxy.store.mayBeOld(time.Now()) {
				return nil, nil
			}
			changed = ex.proxy.store.next(seen)
		}
		ex.passed()
		ex.holding(true)
		err := ex.proxy.holds.wait(ex.ctx, changed, ex.route.counter, &ex.held)
		if err == nil {
			ex.pass, err = ex.proxy.holds.pass(ex.ctx, ex.route.counter)
		}
		ex.holding(false)
		switch {
		case err == nil:
		case ex.route.replaced == nil && ex.ctx.Err() == nil:
			return nil, nil // there was no newer table: they are down
		default:
			return nil, err
		}
		ex.tried = ex.tried[:0]
		if ex.proxy.store.index.Load().find(ex.host) == nil {
			return nil, errNoApp
		}
	}
}

// passed says that the app has taken a request which had waited, or will not.
func (ex *exchange) passed() {
	if ex.pass != nil {
		ex.pass()
		ex.pass = nil
	}
}

// holding lets a client's going away be noticed although its body is not read.
func (ex *exchange) holding(is bool) {
	if ex.conn != nil {
		ex.conn.wait(func(l *link) { l.holding = is })
	}
}

// leave counts the request out of its backend.
func (ex *exchange) leave() {
	if ex.backend != nil {
		if ex.backend.release() {
			notify(ex.proxy.store.drained)
		}
		ex.backend = nil
	}
}

// isConnectFailure says whether an error means that no byte of the request was
// sent, since there was nobody to send it to.
func isConnectFailure(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// repeatable says whether making the request twice is the same as once.
func (ex *exchange) repeatable() bool {
	if ex.upload != nil || ex.upgrade != nil {
		return false
	}
	switch ex.req.name {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

func contextAfter(ctx context.Context, f func()) func() bool { return context.AfterFunc(ctx, f) }
