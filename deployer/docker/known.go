package docker

import (
	"net"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"github.com/slipway-paas/slipway/deployer"
)

// knownInstances remembers what inspecting told of instances that are settled:
// healthy once, and running. All there is to change in such a one comes with a
// new start, which the list shows by its "Up 5 minutes", and the events, where
// somebody watches them, at once. What is forgotten is asked for again.
type knownInstances struct {
	mu   sync.Mutex
	by   map[string]*details // by container ID; the details are never written to
	all  whole
	told int64 // goes up with all that is told of any
}

// whole is all instances that ran at a time, when all of them were known.
type whole struct {
	instances []*details
	at        time.Time
	told      int64 // what was told by then
}

// wholeFor is how long all of them are believed in while nothing is told: events
// are lost now and then, and not always is there somebody who watches.
const wholeFor = time.Minute

// everything gives all running instances, if nothing was told of any since they
// were listed, and nil otherwise.
func (k *knownInstances) everything() []*details {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all.told != k.told || time.Since(k.all.at) > wholeFor {
		return nil
	}
	return k.all.instances
}

// begin gives a whole to be filled with what is listed from now on, and kept.
func (k *knownInstances) begin() whole {
	k.mu.Lock()
	defer k.mu.Unlock()
	return whole{at: time.Now(), told: k.told}
}

// keep takes what was filled: all that runs.
func (k *knownInstances) keep(all whole) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = all
}

func (k *knownInstances) get(s container.Summary) *details {
	k.mu.Lock()
	d := k.by[s.ID]
	k.mu.Unlock()
	if d == nil || s.State != container.StateRunning || s.Status != "Up "+units.HumanDuration(time.Since(d.instance.StartedAt)) {
		return nil
	}
	if d.instance.Address == "" {
		return d
	}
	host, _, err := net.SplitHostPort(d.instance.Address)
	if err != nil || s.NetworkSettings == nil {
		return nil
	}
	for _, endpoint := range s.NetworkSettings.Networks {
		if endpoint.IPAddress == host {
			return d
		}
	}
	return nil
}

func (k *knownInstances) put(d *details) {
	if !d.proven || !d.running {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[string]*details{}
	}
	if k.by[d.instance.ID] == nil {
		k.told++
	}
	k.by[d.instance.ID] = d
}

func (k *knownInstances) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.by, id)
	k.told++
}

// healthyStarts remembers which starts of which instances were seen healthy.
// It only saves probes: what it has forgotten is probed again.
type healthyStarts struct {
	mu     sync.Mutex
	starts map[string]time.Time // by container ID
}

func (h *healthyStarts) has(i deployer.Instance) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	start, ok := h.starts[i.ID]
	return ok && start.Equal(i.StartedAt)
}

func (h *healthyStarts) add(i deployer.Instance) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.starts == nil {
		h.starts = map[string]time.Time{}
	}
	h.starts[i.ID] = i.StartedAt
}

func (h *healthyStarts) forget(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.starts, id)
}
