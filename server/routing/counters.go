package routing

import (
	"strings"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// Counters are what the routers served for one app since this server started.
type Counters struct {
	Requests int64         // all that ended
	Errors   int64         // with a status of 500 or more, or broken off
	Bytes    int64         // of answers' bodies
	Duration time.Duration // of all requests together
	InFlight int           // now, as far as reported
}

// count adds a served request. The lock is held.
func (s *Service) count(line router.Access) {
	c := s.counters[line.AppID]
	if c == nil {
		c = &Counters{}
		s.counters[line.AppID] = c
	}
	c.Requests++
	c.Bytes += line.Bytes
	c.Duration += line.Duration
	if line.Status >= 500 || line.Error != "" {
		c.Errors++
	}
}

// Counters gives an app's counters, zero for one that served nothing.
func (s *Service) Counters(appID string) Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Counters
	if known := s.counters[appID]; known != nil {
		c = *known
	}
	for _, se := range s.sessions {
		if !se.connected {
			continue
		}
		for workload, n := range se.inFlight {
			if rest, ok := strings.CutPrefix(workload, appID); ok && strings.HasPrefix(rest, "/") {
				c.InFlight += n
			}
		}
	}
	return c
}

// RouterStatus is one router as the server sees it.
type RouterStatus struct {
	ID      string
	Applied uint64 // version in force, 0 before its first report
	Current bool   // whether that is the newest
}

// Routers gives the connected routers in no particular order.
func (s *Service) Routers() []RouterStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []RouterStatus{}
	for id, se := range s.sessions {
		if se.connected {
			list = append(list, RouterStatus{ID: id, Applied: se.applied, Current: se.applied == s.version})
		}
	}
	return list
}
