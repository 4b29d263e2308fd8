package metrics

import "github.com/slipway-paas/slipway/deployer"

// Place is where an instance stands among all.
type Place struct {
	Workload deployer.WorkloadID
	Index    int
}

// Taken is what an instance took when it was measured last.
type Taken struct {
	CPUMilli    int64 // thousandths of a core since the time before, -1 when that is not known
	MemoryBytes int64
}

// Latest gives what instances took by the newest round of measuring, which is
// every ten seconds; none before the first. It must not be written to.
func (s *Store) Latest() map[Place]Taken {
	if latest := s.latest.Load(); latest != nil {
		return *latest
	}
	return nil
}

func (s *Store) setLatest(before map[string]deployer.Usage, measured []deployer.Usage) {
	latest := make(map[Place]Taken, len(measured))
	for _, u := range measured {
		latest[Place{u.Workload, u.Index}] = Taken{milliCores(before[u.Instance], u), u.MemoryBytes}
	}
	s.latest.Store(&latest)
}
