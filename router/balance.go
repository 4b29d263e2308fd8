package router

import (
	"math/rand/v2"
	"slices"
	"time"
)

// choose takes two backends at random and gives the one with fewer requests in
// flight, which spreads load nearly as well as looking at all of them and
// never sends everyone to the same one at once. It leaves out those that were
// tried already, and those that just refused a connection unless all did. It
// gives nil when nothing is left.
func choose(backends []*backend, tried []*backend) *backend {
	n := len(backends)
	switch n {
	case 0:
		return nil
	case 1:
		if slices.Contains(tried, backends[0]) {
			return nil
		}
		return backends[0]
	}
	now := time.Now().UnixNano()
	start := rand.IntN(n)
	a := next(backends, tried, start, now)
	if a == nil {
		return next(backends, tried, start, 0)
	}
	b := next(backends, tried, start+1+rand.IntN(n-1), now)
	if b.inFlight.Load() < a.inFlight.Load() {
		return b
	}
	return a
}

// next gives the first backend from start on that may be used. With now at 0
// the ones that refused a connection may be used too.
func next(backends []*backend, tried []*backend, start int, now int64) *backend {
	for i := range backends {
		b := backends[(start+i)%len(backends)]
		if (now == 0 || b.ejected.Load() <= now) && !slices.Contains(tried, b) {
			return b
		}
	}
	return nil
}
