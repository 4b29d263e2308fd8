package router

import (
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
)

// roundTrip sends the request to a backend of the app as the table is now. One
// that does not accept a connection is passed over for another without the
// client noticing; so is one that closes the connection before it answered a
// request which can safely be made twice.
func (ex *exchange) roundTrip(out *http.Request) (*http.Response, error) {
	failure := errNoBackend
	for range attempts {
		b, err := ex.await()
		if err != nil {
			return nil, err
		}
		if b == nil {
			break
		}
		// Each attempt has a request of its own: an earlier transport may
		// still be looking at the one before.
		attempt := *out
		at := *out.URL
		at.Scheme, at.Host = b.scheme, b.Address
		attempt.URL = &at
		res, err := b.client().RoundTrip(&attempt)
		if err == nil {
			b.succeeded()
			return res, nil
		}
		failure = err
		if ex.in.Context().Err() != nil {
			break
		}
		if isConnectFailure(err) {
			b.failed(time.Now())
			if ex.upload != nil && !ex.upload.untouched() {
				break
			}
		} else if !repeatable(out) {
			break
		}
		ex.tried = append(ex.tried, b)
		ex.leave()
		ex.proxy.stats.retries.Add(1)
	}
	return nil, failure
}

// enter takes a backend from the table as it is now and counts the request in.
// It gives nil when the app has none that was not tried.
func (ex *exchange) enter() *backend {
	for {
		if r := ex.proxy.store.index.Load().find(ex.host); r != nil {
			ex.route = r
		}
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

// await is enter, but waits for a backend while the app is held. A backend that
// refused a connection before is tried again then: it may be a new one.
func (ex *exchange) await() (*backend, error) {
	for {
		if b := ex.enter(); b != nil || ex.route.replaced == nil {
			return b, nil
		}
		if err := ex.proxy.holds.wait(ex.in.Context(), ex.route, &ex.held); err != nil {
			return nil, err
		}
		ex.tried = nil
		if ex.proxy.store.index.Load().find(ex.host) == nil {
			return nil, errNoApp
		}
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
func repeatable(r *http.Request) bool {
	if r.Body != nil && r.Body != http.NoBody {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return r.Header.Get("Upgrade") == ""
	}
	return false
}
