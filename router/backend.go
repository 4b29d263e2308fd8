package router

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	ejectFirst = 500 * time.Millisecond
	ejectMost  = 8 * time.Second
)

// workload counts the requests in flight on the instances of one process of
// one release, over all of its backends and over table changes.
type workload struct {
	inFlight atomic.Int64
	refs     int // backends in the table; guarded by the store
	id       string
}

// backend is one instance that takes requests. It lives as long as the table
// has it with the same address, and then until its last request has ended.
//
// With ten thousand of them hardly a request finds its own in the processor's
// cache, so what each of them touches lies together.
type backend struct {
	inFlight atomic.Int64
	retired  atomic.Bool
	failures atomic.Int32 // connect failures in a row
	ejected  atomic.Int64 // not to be chosen before this time, Unix nanoseconds
	workload *workload
	pool     *pool    // of the connections to its address, which others may have too
	joined   int64    // when the table got it, by the pools' clock
	own      workload // what workload points to, unless another backend has brought it
	Backend
}

// use counts a request in. It reports false when the table has let go of the
// backend meanwhile: then another is to be taken from the table of now.
//
// The order matters. The store first publishes a table without the backend,
// then marks it retired, then looks at the count; a request first counts
// itself, then looks at the mark. So either the request sees the mark or the
// store sees the request.
func (b *backend) use() bool {
	b.inFlight.Add(1)
	b.workload.inFlight.Add(1)
	return !b.retired.Load()
}

// release counts a request out and reports whether it was the last one on a
// backend that has left the table.
func (b *backend) release() (drained bool) {
	b.workload.inFlight.Add(-1)
	return b.inFlight.Add(-1) == 0 && b.retired.Load()
}

// connect gives a connection to the backend, an idle one if there is one that
// can be trusted. sure says that the request could not be repeated if the other
// side had just closed it.
//
// A connection from before the table had the backend may lead to who had the
// address then, and that one may have gone without a word. A new one takes its
// place, so that soon there are only such as the backend can use.
func (b *backend) connect(ctx context.Context, sure bool, now time.Time) (*upstream, error) {
	for {
		u := b.pool.take()
		if u == nil {
			return b.pool.dial(ctx)
		}
		if u.opened < b.joined {
			u.drop()
			return b.pool.dial(ctx)
		}
		idle := time.Duration(now.UnixNano() - u.since)
		if idle > idleBackendConn || (sure || idle > trustIdle) && !u.quiet() {
			u.drop()
			continue
		}
		return u, nil
	}
}

// keep puts a connection by for the next request to the backend, or to another
// at its address.
func (b *backend) keep(u *upstream, now time.Time) {
	if b.retired.Load() {
		u.drop()
		return
	}
	b.pool.keep(u, now)
}

// failed notes that the backend did not accept a connection: it is left alone
// for a while that doubles with every further failure.
func (b *backend) failed(now time.Time) {
	n := min(b.failures.Add(1), 6)
	b.ejected.Store(now.Add(min(ejectFirst<<(n-1), ejectMost)).UnixNano())
}

// succeeded notes that the backend answered.
func (b *backend) succeeded() {
	if b.failures.Load() != 0 {
		b.failures.Store(0)
		b.ejected.Store(0)
	}
}
