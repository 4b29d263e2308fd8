package router

import (
	"sync"
	"sync/atomic"
	"time"
)

// counter counts what is served for one app, over table changes. What it counts
// with is made by the first request, since most apps of a large table are idle.
type counter struct {
	figures atomic.Pointer[figures]
	held    atomic.Int64 // requests that wait for an instance

	gateMade sync.Once
	gate     chan struct{} // has a token for each request that comes from waiting to an instance
	told     Traffic       // what windows have of it; used by the meter alone
}

// figures only ever go up. Requests add to them without a lock. What most of
// them touch lies together.
type figures struct {
	errors    atomic.Int64
	own       atomic.Int64
	responses [Classes]atomic.Int64
	bytes     atomic.Int64
	latency   [LatencyBuckets]atomic.Int64
}

// served is one request that has ended.
type served struct {
	status int
	wait   time.Duration // to the answer's header
	bytes  int64
	failed bool // 5xx, or the app broke off its answer
	own    bool // and the app did not answer, or not to the end
}

func (c *counter) count(s served) {
	f := c.figures.Load()
	if f == nil {
		c.figures.CompareAndSwap(nil, new(figures))
		f = c.figures.Load()
	}
	class := s.status/100 - 1
	if class < 0 || class >= Classes {
		class = Classes - 1
	}
	f.responses[class].Add(1)
	f.latency[LatencyBucket(s.wait)].Add(1)
	if s.bytes > 0 {
		f.bytes.Add(s.bytes)
	}
	if s.failed {
		f.errors.Add(1)
	}
	if s.own {
		f.own.Add(1)
	}
}

// news gives what was counted since the call before. A request that ends at
// this moment may be in it in part; the rest comes with the next.
func (c *counter) news() (Traffic, bool) {
	f := c.figures.Load()
	if f == nil {
		return Traffic{}, false
	}
	var t Traffic
	any := false
	since := func(now *atomic.Int64, told *int64) int64 {
		n := now.Load()
		delta := n - *told
		*told = n
		any = any || delta != 0
		return delta
	}
	for i := range f.responses {
		t.Responses[i] = since(&f.responses[i], &c.told.Responses[i])
	}
	t.Errors = since(&f.errors, &c.told.Errors)
	t.Own = since(&f.own, &c.told.Own)
	t.Bytes = since(&f.bytes, &c.told.Bytes)
	if c.told.Latency == nil {
		c.told.Latency = make([]int64, LatencyBuckets)
	}
	var latency [LatencyBuckets]int64
	used := 0
	for i := range f.latency {
		if latency[i] = since(&f.latency[i], &c.told.Latency[i]); latency[i] != 0 {
			used = i + 1
		}
	}
	t.Latency = append(make([]int64, 0, used), latency[:used]...)
	return t, any
}

// served says how the exchange counts.
func (ex *exchange) served() served {
	s := served{status: ex.status, wait: ex.wait, bytes: ex.bytes}
	if s.wait == 0 {
		s.wait = time.Since(ex.start) // there was no answer
	}
	broken := ex.reason == reasonBroken
	s.failed = broken || s.status >= 500 || s.status == 0
	s.own = broken || (ex.own && s.status >= 500)
	return s
}
