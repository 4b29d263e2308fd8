package router

import (
	"net/netip"
	"sync/atomic"
	"time"
)

const defaultUploadStall = time.Minute

// proxy is the handler of the public listeners.
type proxy struct {
	store   *store
	access  *accessLog
	trusted []netip.Prefix
	stall   time.Duration
	holds   *holds
	token   func() (string, error) // the router token, nil when the platform need not be told who passes requests on
	stats   stats

	draining atomic.Bool
	active   atomic.Int64
	idle     chan struct{} // holds one token when draining and nothing is active
}

// stats are counters since the start.
type stats struct {
	requests, errors, retries, upgrades atomic.Int64
}

// vouchHeader carries the router token to the platform, which then believes
// what the router says of the client. It is never passed on from a client.
const vouchHeader = "X-Slipway-Router-Token"

const requestIDHeader = "X-Request-Id"

func newProxy(s *store, access *accessLog, cfg Config) *proxy {
	return &proxy{store: s, access: access, trusted: cfg.TrustedProxies, stall: cfg.UploadStall, holds: newHolds(cfg), idle: make(chan struct{}, 1)}
}

// serve answers one request, from a backend or by itself. It reports whether
// the answer was given to its end.
func (p *proxy) serve(ex *exchange) (whole bool) {
	p.active.Add(1)
	defer func() {
		if p.active.Add(-1) == 0 && p.draining.Load() {
			notify(p.idle)
		}
	}()
	ex.id = ex.req.appendID(ex.id)
	if ex.internal() {
		p.serveInternal(ex)
		return !ex.broken
	}
	p.stats.requests.Add(1)
	ex.serve()
	ex.finish()
	return !ex.broken
}

// drain makes every answer the last one on its HTTP/1 connection.
func (p *proxy) drain() {
	p.draining.Store(true)
	if p.active.Load() == 0 {
		notify(p.idle)
	}
}
