package metrics

import (
	"math"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/router"
)

// Column is one value for each time. NaN stands for what is not known.
type Column []float64

func newColumn(n int) Column {
	c := make(Column, n)
	for i := range c {
		c[i] = math.NaN()
	}
	return c
}

// Series are an app's figures over a stretch of time.
type Series struct {
	Step     time.Duration
	Times    []int64 // Unix seconds at which each step begins, without holes
	Requests Column  // a second
	Errors   Column  // a second: 5xx, and answers that broke off
	Own      Column  // a second: of the errors, those that the router answered itself or the app broke off
	Bytes    Column  // a second, of answers' bodies
	Classes  [router.Classes]Column
	P50      Column // milliseconds to the answer's header
	P95      Column
	P99      Column
	Usage    []InstanceSeries // in the order of process, release and index
	Total    Total
}

// Total is the traffic of a whole Series.
type Total struct {
	Requests, Errors, Bytes int64
	P50, P95, P99           float64 // milliseconds; NaN without requests
}

// InstanceSeries are the figures of one instance.
type InstanceSeries struct {
	Process     string
	Release     int
	Index       int
	MemoryLimit int64  // bytes, as last known; 0 for none
	CPULimit    int64  // thousandths of a core; 0 for none
	CPU         Column // thousandths of a core, the mean of the step
	Memory      Column // bytes, the highest of the step
}

// Name is what the instance of an app is called.
func (s *InstanceSeries) Name(app string) string {
	return deployer.InstanceName(app, deployer.WorkloadID{Process: s.Process, Release: s.Release}, s.Index)
}

// series puts the points of an app and of the routers, of one slot each, into
// columns.
func series(step time.Duration, first, last int64, points, routers []point) *Series {
	n := int(max(last-first+1, 0))
	s := &Series{
		Step: step, Times: make([]int64, n),
		Requests: newColumn(n), Errors: newColumn(n), Own: newColumn(n), Bytes: newColumn(n),
		P50: newColumn(n), P95: newColumn(n), P99: newColumn(n),
	}
	for i := range s.Classes {
		s.Classes[i] = newColumn(n)
	}
	for i := range s.Times {
		s.Times[i] = (first + int64(i)) * int64(step/time.Second)
	}
	covered := make([]int64, n)
	for _, p := range routers {
		if i := p.slot - first; i >= 0 && i < int64(n) {
			covered[i] = p.covered
			s.setTraffic(int(i), &router.Traffic{}, p.covered)
		}
	}
	var total router.Traffic
	for _, p := range points {
		i := p.slot - first
		if i < 0 || i >= int64(n) {
			continue
		}
		addTraffic(&total, &p.traffic)
		if c := max(covered[i], p.covered); c > 0 {
			s.setTraffic(int(i), &p.traffic, c)
		}
		for _, u := range p.usage {
			s.setUsage(int(i), u)
		}
	}
	slices.SortFunc(s.Usage, func(a, b InstanceSeries) int {
		return compareUsage(usage{process: a.Process, release: a.Release, index: a.Index}, usage{process: b.Process, release: b.Release, index: b.Index})
	})
	s.Total = Total{
		Requests: total.Requests(), Errors: total.Errors, Bytes: total.Bytes,
		P50: quantile(total.Latency, 0.5), P95: quantile(total.Latency, 0.95), P99: quantile(total.Latency, 0.99),
	}
	return s
}

// setTraffic sets the columns of one step of which so many of the finest slots
// are covered.
func (s *Series) setTraffic(i int, t *router.Traffic, covered int64) {
	seconds := float64(covered * router.WindowSeconds)
	s.Requests[i] = float64(t.Requests()) / seconds
	s.Errors[i] = float64(t.Errors) / seconds
	s.Own[i] = float64(t.Own) / seconds
	s.Bytes[i] = float64(t.Bytes) / seconds
	for class, n := range t.Responses {
		s.Classes[class][i] = float64(n) / seconds
	}
	s.P50[i] = quantile(t.Latency, 0.5)
	s.P95[i] = quantile(t.Latency, 0.95)
	s.P99[i] = quantile(t.Latency, 0.99)
}

func (s *Series) setUsage(i int, u usage) {
	at := slices.IndexFunc(s.Usage, func(known InstanceSeries) bool {
		return known.Process == u.process && known.Release == u.release && known.Index == u.index
	})
	if at < 0 {
		n := len(s.Times)
		s.Usage = append(s.Usage, InstanceSeries{Process: u.process, Release: u.release, Index: u.index, CPU: newColumn(n), Memory: newColumn(n)})
		at = len(s.Usage) - 1
	}
	in := &s.Usage[at]
	in.MemoryLimit, in.CPULimit = u.limit, u.cpuLimit
	in.Memory[i] = float64(u.memory)
	if u.cpu >= 0 {
		in.CPU[i] = float64(u.cpu)
	}
}

// quantile gives the milliseconds within which a part of the requests was
// answered, NaN when there are none. Within a bucket the requests are taken to
// lie evenly, so it is off by less than a bucket's width.
func quantile(latency []int64, part float64) float64 {
	var all int64
	for _, n := range latency {
		all += n
	}
	if all == 0 {
		return math.NaN()
	}
	wanted := part * float64(all)
	var below float64
	for i, n := range latency {
		if n == 0 || below+float64(n) < wanted {
			below += float64(n)
			continue
		}
		upper := milliseconds(router.LatencyBound(i))
		lower := 0.0
		if i > 0 {
			lower = milliseconds(router.LatencyBound(i - 1))
		}
		return lower + (upper-lower)*max(wanted-below, 0)/float64(n)
	}
	return milliseconds(router.LatencyBound(len(latency) - 1))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
