package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// awayTimeout bounds how long a listing of everything waits for a member other
// than the home.
const awayTimeout = 5 * time.Second

// Instances implements deployer.Cluster.
func (f *Fleet) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	list, err := gather(ctx, f, app, func(ctx context.Context, m *member) ([]deployer.Instance, error) {
		found, err := m.Cluster.Instances(ctx, app)
		for i := range found {
			found[i] = f.mark(m, found[i])
		}
		return found, err
	}, (*member).lastInstances)
	slices.SortStableFunc(list, func(a, b deployer.Instance) int {
		return cmp.Or(
			cmp.Compare(a.Workload.App, b.Workload.App), cmp.Compare(a.Workload.Process, b.Workload.Process),
			cmp.Compare(a.Workload.Release, b.Workload.Release), cmp.Compare(a.Index, b.Index))
	})
	return list, err
}

// lastInstances keeps what a member had, or gives what it had last.
func (m *member) lastInstances(found []deployer.Instance, listed bool) ([]deployer.Instance, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !listed {
		return slices.Clone(m.all), m.listed
	}
	m.all, m.listed = slices.Clone(found), true
	m.apps = map[string]bool{}
	for _, in := range found {
		m.apps[in.Workload.App] = true
	}
	return found, true
}

// Census implements deployer.Census.
func (f *Fleet) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	return gather(ctx, f, app, func(ctx context.Context, m *member) ([]deployer.Seen, error) {
		census, ok := m.Cluster.(deployer.Census)
		if !ok {
			return nil, fmt.Errorf("the cluster %s takes no census", m.Name)
		}
		found, err := census.Census(ctx, app)
		for i := range found {
			found[i].ID = f.outer(m, found[i].ID)
		}
		return found, err
	}, (*member).lastCensus)
}

// lastCensus keeps what a member's census saw, or gives what it saw last.
func (m *member) lastCensus(found []deployer.Seen, taken bool) ([]deployer.Seen, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !taken {
		return slices.Clone(m.census), m.counted
	}
	m.census, m.counted = slices.Clone(found), true
	for _, one := range found {
		m.apps[one.Workload.App] = true
	}
	return found, true
}

// gather asks the members about an app, about all apps when app is "". A member
// that an app does not need may be away. In a listing of everything each but the
// home may, when it has been listed before.
func gather[T any](ctx context.Context, f *Fleet, app string, ask func(context.Context, *member) ([]T, error), last func(*member, []T, bool) ([]T, bool)) ([]T, error) {
	members, _ := f.all()
	needed := func(m *member) bool { return m.ID == f.home }
	if app != "" {
		var err error
		if members, needed, err = f.asked(ctx, app); err != nil {
			return nil, err
		}
	}
	if len(members) == 1 {
		found, err := ask(ctx, members[0])
		if err == nil && app == "" {
			last(members[0], found, true)
		}
		return found, f.named(members[0], err)
	}
	parts := make([][]T, len(members))
	group, together := errgroup.WithContext(ctx)
	for i, m := range members {
		group.Go(func() error {
			asking, stop := together, func() {}
			if !needed(m) {
				asking, stop = context.WithTimeout(together, awayTimeout)
			}
			defer stop()
			found, err := ask(asking, m)
			switch {
			case err == nil && app == "":
				parts[i], _ = last(m, found, true)
				return nil
			case err == nil:
				parts[i] = found
				return nil
			case needed(m) || together.Err() != nil:
				return f.named(m, err)
			case app != "":
				return nil // what is left there is found when it is back
			}
			known := false
			if parts[i], known = last(m, nil, false); !known {
				return f.named(m, away(err))
			}
			f.logger.Debug("a cluster is away; going on with what it had last", "cluster", m.Name, "error", err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := []T{}
	for _, part := range parts {
		all = append(all, part...)
	}
	return all, nil
}

// away makes an error one of an engine that is not answering: a member that took
// too long is no other.
func away(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", deployer.ErrUnavailable, err)
	}
	return err
}

// Usage implements deployer.Meter for the members that do.
func (f *Fleet) Usage(ctx context.Context) ([]deployer.Usage, error) {
	members, _ := f.all()
	var all []deployer.Usage
	var failures error
	for _, m := range members {
		meter, ok := m.Cluster.(deployer.Meter)
		if !ok {
			continue
		}
		found, err := meter.Usage(ctx)
		for _, one := range found {
			one.Instance = f.outer(m, one.Instance)
			all = append(all, one)
		}
		if m.ID == f.home {
			failures = err
		}
	}
	return all, failures
}
