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
	mu sync.Mutex
	by map[string]*details // by container ID; the details are never written to
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
	k.by[d.instance.ID] = d
}

func (k *knownInstances) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.by, id)
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
