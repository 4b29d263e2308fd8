package clusters

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// broken stands for a cluster whose driver could not be opened: it is away.
type broken struct{ why error }

func (b broken) err() error { return fmt.Errorf("%w: %w", deployer.ErrUnavailable, b.why) }

// Ensure implements deployer.Cluster.
func (b broken) Ensure(context.Context, deployer.Workload) error { return b.err() }

// WaitHealthy implements deployer.Cluster.
func (b broken) WaitHealthy(context.Context, deployer.WorkloadID) error { return b.err() }

// Remove implements deployer.Cluster.
func (b broken) Remove(context.Context, deployer.WorkloadID, time.Duration) error { return b.err() }

// Instances implements deployer.Cluster.
func (b broken) Instances(context.Context, string) ([]deployer.Instance, error) {
	return nil, b.err()
}

// Census implements deployer.Census.
func (b broken) Census(context.Context, string) ([]deployer.Seen, error) { return nil, b.err() }

// Spec implements deployer.Census.
func (b broken) Spec(deployer.Workload) string { return "unknown" }

// Watch implements deployer.Cluster.
func (b broken) Watch(ctx context.Context) iter.Seq2[deployer.Event, error] {
	return func(yield func(deployer.Event, error) bool) {
		<-ctx.Done()
		yield(deployer.Event{}, ctx.Err())
	}
}

// Logs implements deployer.Cluster.
func (b broken) Logs(context.Context, deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) { yield(deployer.LogLine{}, b.err()) }
}

// Run implements deployer.Cluster.
func (b broken) Run(context.Context, deployer.Task, deployer.TaskIO) (int, error) { return 0, b.err() }
