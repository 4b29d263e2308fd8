package router

import (
	"hash/maphash"
	"maps"
	"strings"
)

// shards is how many parts the host map has. Changing one app copies the array
// of parts and only those parts its hosts are in, so that the cost of an
// update hardly grows with the number of hosts.
const shards = 256

var hashSeed = maphash.MakeSeed()

func shardOf(key string) int { return int(maphash.String(hashSeed, key) % shards) }

// index finds an app's route by host. Once published it never changes, so
// requests read it without a lock. A wildcard's key starts with a dot.
type index struct {
	version   uint64
	loaded    bool // false before the first table
	wildcards int  // how many keys are wildcards; at 0 a miss is one look-up
	parts     [shards]map[string]*route
}

// route is one app as requests see it: immutable, but for the counters that
// its backends point to.
type route struct {
	backends []*backend
	counter  *counter      // nil for the platform
	replaced chan struct{} // closed when the route is no longer in force; nil when no request waits for that
	platform bool
	app      App
	keys     []string // what it is found under

	one    [1]*backend // room for backends and keys, as most apps have one of each
	oneKey [1]string
}

// find gives the route for a normal host, nil when there is none. An exact
// name wins over a wildcard, and a longer wildcard over a shorter one.
// *.example.com stands for every name below example.com, at any depth.
func (ix *index) find(host string) *route {
	if r := ix.get(host); r != nil || ix.wildcards == 0 {
		return r
	}
	for rest := host; ; {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return nil
		}
		if r := ix.get(rest[dot:]); r != nil {
			return r
		}
		rest = rest[dot+1:]
	}
}

func (ix *index) get(key string) *route { return ix.parts[shardOf(key)][key] }

// draft is an index being made from an older one.
type draft struct {
	ix    *index
	owned [shards]bool // parts that are the draft's own to write
}

func newDraft(from *index) *draft {
	ix := *from
	return &draft{ix: &ix}
}

func (d *draft) part(key string) map[string]*route {
	n := shardOf(key)
	if !d.owned[n] {
		d.owned[n] = true
		if d.ix.parts[n] = maps.Clone(d.ix.parts[n]); d.ix.parts[n] == nil {
			d.ix.parts[n] = map[string]*route{}
		}
	}
	return d.ix.parts[n]
}

// put lets a route answer for its keys. The last one to claim a key has it.
func (d *draft) put(r *route) {
	for _, key := range r.keys {
		part := d.part(key)
		if part[key] == nil && key[0] == '.' {
			d.ix.wildcards++
		}
		part[key] = r
	}
}

// drop takes away the keys that still belong to a route. One that another app
// has claimed meanwhile stays with that app.
func (d *draft) drop(r *route) {
	for _, key := range r.keys {
		if d.ix.get(key) != r {
			continue
		}
		delete(d.part(key), key)
		if key[0] == '.' {
			d.ix.wildcards--
		}
	}
}
