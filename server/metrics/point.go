package metrics

import (
	"cmp"
	"slices"

	"github.com/slipway-paas/slipway/router"
)

// point is what is known of one app in one slot of a tier. In the finest tier a
// slot has a point from each source that tells of it, in the others one from
// all together, which a later one replaces.
type point struct {
	slot    int64  // the time divided by the tier's step
	source  uint32 // who tells it: a router's mark, or one of those below
	covered int64  // how many of the finest slots a router told of
	traffic router.Traffic
	usage   []usage
}

const (
	fromAll    uint32 = 0 // of all sources, in the coarser tiers
	fromEngine uint32 = 1
)

// usage is what one instance took in a slot.
type usage struct {
	process  string
	release  int
	index    int
	cpu      int64 // thousandths of a core, -1 when not known
	memory   int64 // bytes, the highest in the slot
	limit    int64 // bytes
	cpuLimit int64 // thousandths of a core
}

func (u *usage) same(other *usage) bool {
	return u.process == other.process && u.release == other.release && u.index == other.index
}

func compareUsage(a, b usage) int {
	return cmp.Or(cmp.Compare(a.process, b.process), cmp.Compare(a.release, b.release), cmp.Compare(a.index, b.index))
}

// addTraffic adds b to a.
func addTraffic(a *router.Traffic, b *router.Traffic) {
	for i, n := range b.Responses {
		a.Responses[i] += n
	}
	a.Errors += b.Errors
	a.Own += b.Own
	a.Bytes += b.Bytes
	if n := len(b.Latency); n > len(a.Latency) {
		a.Latency = append(a.Latency, make([]int64, n-len(a.Latency))...)
	}
	for i, n := range b.Latency {
		a.Latency[i] += n
	}
}

// once leaves of the points with the same slot and source the one that came
// last, in the order of slots. A router that was not sure whether its report
// arrived tells again.
func once(points []point) []point {
	slices.SortStableFunc(points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), cmp.Compare(a.source, b.source))
	})
	out := points[:0]
	for _, p := range points {
		if n := len(out); n > 0 && out[n-1].slot == p.slot && out[n-1].source == p.source {
			out[n-1] = p
			continue
		}
		out = append(out, p)
	}
	return out
}

// merge makes one point of all those that fall into each slot which is
// times as long. The points come from once.
func merge(points []point, times int64) []point {
	var out []point
	var cpu map[int]count // of the last one out, by place in its usage
	for _, p := range points {
		slot := p.slot / times
		if n := len(out); n == 0 || out[n-1].slot != slot {
			out = append(out, point{slot: slot, source: fromAll})
			cpu = map[int]count{}
		}
		into := &out[len(out)-1]
		into.covered += p.covered
		addTraffic(&into.traffic, &p.traffic)
		for _, u := range p.usage {
			into.addUsage(u, cpu)
		}
	}
	for i := range out {
		slices.SortFunc(out[i].usage, compareUsage)
	}
	return out
}

// count makes a mean.
type count struct{ sum, n int64 }

// addUsage takes the mean of the processor time and the highest of the memory.
func (p *point) addUsage(u usage, cpu map[int]count) {
	at := slices.IndexFunc(p.usage, func(known usage) bool { return known.same(&u) })
	if at < 0 {
		p.usage = append(p.usage, u)
		at = len(p.usage) - 1
	}
	into := &p.usage[at]
	into.memory = max(into.memory, u.memory)
	into.limit, into.cpuLimit = u.limit, u.cpuLimit
	if u.cpu >= 0 {
		c := cpu[at]
		c.sum, c.n = c.sum+u.cpu, c.n+1
		cpu[at] = c
		into.cpu = c.sum / c.n
	}
}
