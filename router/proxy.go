package router

import (
	"net/http"
	"net/netip"
	"sync"
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
	buffers sync.Pool              // *[]byte to copy answers with
	stats   stats

	draining atomic.Bool
	active   atomic.Int64
	idle     chan struct{} // holds one token when draining and nothing is active
}

// stats are counters since the start.
type stats struct {
	requests, errors, retries, upgrades atomic.Int64
}

const copyBuffer = 32 << 10

// vouchHeader carries the router token to the platform, which then believes
// what the router says of the client. It is never passed on from a client.
const vouchHeader = "X-Slipway-Router-Token"

func newProxy(s *store, access *accessLog, cfg Config) *proxy {
	p := &proxy{store: s, access: access, trusted: cfg.TrustedProxies, stall: cfg.UploadStall, holds: newHolds(cfg), idle: make(chan struct{}, 1)}
	p.buffers.New = func() any {
		b := make([]byte, copyBuffer)
		return &b
	}
	return p
}

// ServeHTTP answers one request, from a backend or by itself.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.active.Add(1)
	defer func() {
		if p.active.Add(-1) == 0 && p.draining.Load() {
			notify(p.idle)
		}
	}()
	if isInternal(r) {
		p.serveInternal(w, r)
		return
	}
	p.stats.requests.Add(1)
	start := time.Now()
	ex := &exchange{
		proxy:  p,
		out:    recorder{ResponseWriter: w, start: start},
		in:     r,
		start:  start,
		host:   normalHost(r.Host),
		id:     requestID(r.Header),
		caller: identify(r, p.trusted),
	}
	defer ex.finish()
	ex.serve()
	ex.whole = true
}

// drain makes every answer the last one on its HTTP/1 connection.
func (p *proxy) drain() {
	p.draining.Store(true)
	if p.active.Load() == 0 {
		notify(p.idle)
	}
}
