package deployer

import (
	"context"
	"time"
)

// Usage is what one running instance takes of its machine.
type Usage struct {
	Instance    string // the engine's ID of it; a restart keeps it
	Workload    WorkloadID
	AppName     string
	Index       int
	At          time.Time     // when the engine measured it
	CPU         time.Duration // processor time since the instance was started; falls when it is started again
	MemoryBytes int64         // working set: what could not be given up, so without the page cache
	MemoryLimit int64         // bytes, 0 for none
	CPULimit    int64         // thousandths of a core, 0 for none
}

// Meter is a Cluster whose engine measures. Its methods change nothing and are
// safe for concurrent use.
type Meter interface {
	// Usage measures every running instance, in no particular order. One that
	// cannot be measured is left out. It returns when ctx ends, at the latest,
	// with what it has until then and ctx's error; an engine that cannot be
	// reached gives an error for which errors.Is(err, ErrUnavailable) holds.
	Usage(ctx context.Context) ([]Usage, error)
}
