package metrics

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/router"
)

// measureFor bounds one round of measuring, so that an engine that hangs has
// at most one round waiting on it.
const measureFor = 8 * time.Second

// Collect measures all instances at the end of every slot, until ctx ends. It
// never has more than one call of the meter under way.
func (s *Store) Collect(ctx context.Context, meter deployer.Meter) {
	before := map[string]deployer.Usage{}
	away := false
	for {
		now := s.now()
		wait := now.Truncate(router.WindowSeconds * time.Second).Add(router.WindowSeconds * time.Second).Sub(now)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		slot := tiers[finest].slotOf(s.now()) - 1 // the one that has just ended
		round, stop := context.WithTimeout(ctx, measureFor)
		measured, err := meter.Usage(round)
		stop()
		if ctx.Err() != nil {
			return
		}
		if err != nil && !away {
			s.log.Warn("instances cannot be measured just now", "error", err)
		}
		away = err != nil
		if err := s.addUsage(slot, before, measured); err != nil {
			s.log.Warn("what instances use cannot be kept", "error", err)
		}
		s.setLatest(before, measured)
		remember(before, measured)
	}
}

// staleAfter is how long a measurement is good to compare a later one with.
const staleAfter = time.Minute

// remember keeps what was measured for the next round, and of what was not
// measured this time what was measured lately.
func remember(before map[string]deployer.Usage, measured []deployer.Usage) {
	newest := time.Time{}
	for _, u := range measured {
		before[u.Instance] = u
		if u.At.After(newest) {
			newest = u.At // the engine's clock, not ours
		}
	}
	maps.DeleteFunc(before, func(_ string, u deployer.Usage) bool { return newest.Sub(u.At) > staleAfter })
}

// addUsage keeps one round of measuring.
func (s *Store) addUsage(slot int64, before map[string]deployer.Usage, measured []deployer.Usage) error {
	byApp := map[string][]usage{}
	for _, u := range measured {
		byApp[u.Workload.App] = append(byApp[u.Workload.App], usage{
			process: u.Workload.Process, release: u.Workload.Release, index: u.Index,
			cpu: milliCores(before[u.Instance], u), memory: u.MemoryBytes, limit: u.MemoryLimit, cpuLimit: u.CPULimit,
		})
	}
	var failures []error
	for id, list := range byApp {
		if st := s.app(id); st != nil {
			failures = append(failures, st.add(&point{slot: slot, source: fromEngine, usage: list}))
		}
	}
	return errors.Join(failures...)
}

// milliCores gives what an instance took between two measurements, -1 when
// there are no two, or it was started again in between.
func milliCores(before, now deployer.Usage) int64 {
	passed := now.At.Sub(before.At)
	if before.At.IsZero() || passed <= 0 || now.CPU < before.CPU {
		return -1
	}
	return int64(1000 * float64(now.CPU-before.CPU) / float64(passed))
}
