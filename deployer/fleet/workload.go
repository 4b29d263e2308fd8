package fleet

import (
	"context"
	"iter"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// Ensure implements deployer.Cluster.
func (f *Fleet) Ensure(ctx context.Context, w deployer.Workload) error {
	m, err := f.of(ctx, w.ID.App, w.ID.Release)
	if err != nil {
		return err
	}
	m.saw(w.ID.App)
	return f.named(m, m.Cluster.Ensure(ctx, w))
}

// WaitHealthy implements deployer.Cluster.
func (f *Fleet) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	m, err := f.of(ctx, id.App, id.Release)
	if err != nil {
		return err
	}
	return f.named(m, m.Cluster.WaitHealthy(ctx, id))
}

// Remove implements deployer.Cluster.
func (f *Fleet) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	m, err := f.of(ctx, id.App, id.Release)
	if err != nil {
		return err
	}
	return f.named(m, m.Cluster.Remove(ctx, id, grace))
}

// Run implements deployer.Cluster.
func (f *Fleet) Run(ctx context.Context, t deployer.Task, streams deployer.TaskIO) (int, error) {
	m, err := f.of(ctx, t.Workload.ID.App, t.Workload.ID.Release)
	if err != nil {
		return 0, err
	}
	code, err := m.Cluster.Run(ctx, t, streams)
	return code, f.named(m, err)
}

// Logs implements deployer.Cluster.
func (f *Fleet) Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) {
		m, id, err := f.owner(q.InstanceID)
		if err != nil {
			return // the member is gone, and its instances with it
		}
		q.InstanceID = id
		m.Cluster.Logs(ctx, q)(yield)
	}
}

// LogsFrom implements deployer.LogFiles where the instance's member does.
func (f *Fleet) LogsFrom(ctx context.Context, instance string, place deployer.LogPlace) iter.Seq2[deployer.LogBatch, error] {
	return func(yield func(deployer.LogBatch, error) bool) {
		m, id, err := f.owner(instance)
		if err != nil {
			return
		}
		files, ok := m.Cluster.(deployer.LogFiles)
		if !ok {
			yield(deployer.LogBatch{}, deployer.ErrNoLogFile)
			return
		}
		files.LogsFrom(ctx, id, place)(yield)
	}
}

// named says which member an error comes from, where there is more than one.
func (f *Fleet) named(m *member, err error) error {
	if err == nil || m.ID == f.home {
		return err
	}
	return &deployer.ClusterError{Cluster: m.Name, Err: err}
}

// Spec implements deployer.Census. A workload whose member cannot be told has
// none that anything was made from.
func (f *Fleet) Spec(w deployer.Workload) string {
	m, err := f.of(context.Background(), w.ID.App, w.ID.Release)
	if err != nil {
		return "unknown"
	}
	census, ok := m.Cluster.(deployer.Census)
	if !ok {
		return "unknown"
	}
	return census.Spec(w)
}
