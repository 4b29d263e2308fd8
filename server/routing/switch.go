package routing

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// Switch implements deployer.Router. It stays in force until the store names
// the same release as live. It refuses to leave instances that serve for ones
// of which none does.
//
// With to.Hold no instance gets a request once it returns, and new requests
// wait in the routers. That stays so until the next Switch, or until this
// server ends: the next one sends requests to what is healthy of the live
// release, and lets them wait where there is nothing and Route.Replacing says
// that there will be.
//
// A router that is connected and does not acknowledge within AckTimeout is
// named in the error; the change stays in force, since some routers have it.
// One that is not connected is waited for no longer than Grace: when it comes
// back, the first thing it gets is the whole table. Where a router is kept,
// Switch changes nothing while none is connected: it would send requests to
// what is removed next. With other servers it is theirs to see to that.
func (s *Service) Switch(ctx context.Context, app string, to deployer.Targets) error {
	asked := s.ask()
	route, err := s.source.Route(ctx, app)
	if err != nil {
		known, ok := s.knownRoute(app)
		if !ok || models.KindOf(err) == models.KindNotFound {
			return err
		}
		route = known
	}
	instances, err := s.cluster.Instances(ctx, app)
	if err != nil {
		return err
	}
	timeout, cancel := context.WithTimeout(ctx, s.opts.AckTimeout)
	defer cancel()
	if err := s.awaitRouter(timeout); err != nil {
		return err
	}
	version, err := s.redirect(asked, route, instances, to)
	if err != nil {
		return err
	}
	late := s.await(timeout, s.opts.Grace, func(se *session) bool { return se.applied >= version })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(late) > 0:
		return models.Errorf(models.KindUnavailable, "the change of routes was not acknowledged within %s by the router %s",
			deployer.Seconds(s.opts.AckTimeout), strings.Join(late, ", "))
	}
	return nil
}

// awaitRouter waits until a router is connected, where one is kept.
func (s *Service) awaitRouter(ctx context.Context) error {
	for s.opts.Kept && (s.opts.Elsewhere == nil || !s.opts.Elsewhere()) {
		s.mu.Lock()
		news := s.news
		s.mu.Unlock()
		if len(s.Routers()) > 0 {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return models.Errorf(models.KindUnavailable, "no router is connected to the server, so the traffic stays where it is")
		}
	}
	return nil
}

// redirect puts a switch in force and gives the version that has it.
func (s *Service) redirect(asked uint64, route Route, instances []deployer.Instance, to deployer.Targets) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.apps[route.AppID]
	if st == nil {
		st = &appState{}
		s.apps[route.AppID] = st
	}
	if asked >= st.asked {
		st.asked, st.route, st.instances = asked, route, instances
	}
	there := slices.ContainsFunc(st.instances, target(to).takes)
	if there && !to.Hold && len(st.appFor(target(to)).Backends) == 0 && len(st.app().Backends) > 0 {
		s.publish(st)
		return 0, models.Errorf(models.KindFailed, "no instance of v%d is healthy, so the traffic stays where it is", to.Release)
	}
	st.switched = &to
	st.settleSwitch()
	s.publish(st)
	return s.version, nil
}

// Drained implements deployer.Router. It does not take the workload out of the
// table: Switch does. A router that is cut off may go on with the table it has,
// so it is waited for until its Lease is over.
func (s *Service) Drained(ctx context.Context, id deployer.WorkloadID) error {
	workload, version := id.String(), s.versionNow()
	s.await(ctx, s.opts.Lease, func(se *session) bool { return se.applied >= version && se.inFlight[workload] == 0 })
	return ctx.Err()
}

// DrainedAbove implements deployer.InstanceDrainer.
func (s *Service) DrainedAbove(ctx context.Context, id deployer.WorkloadID, last int) error {
	version := s.versionNow()
	instances, err := s.cluster.Instances(ctx, id.App)
	if err != nil {
		return err
	}
	var leaving []string
	for _, in := range instances {
		if in.Workload == id && in.Index > last {
			leaving = append(leaving, in.ID)
		}
	}
	s.await(ctx, s.opts.Lease, func(se *session) bool {
		return se.applied >= version && !slices.ContainsFunc(leaving, func(in string) bool { return se.draining[in] > 0 })
	})
	return ctx.Err()
}

// await waits until the condition holds for every router that is connected or
// was within the patience, or ctx ends. It gives those for which it does not.
func (s *Service) await(ctx context.Context, patience time.Duration, holds func(*session) bool) (late []string) {
	for {
		late, news, recheck := s.lagging(patience, holds)
		if len(late) == 0 {
			return nil
		}
		timer := time.NewTimer(recheck)
		select {
		case <-news:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return late
		}
		timer.Stop()
	}
}

// lagging gives the routers for which a condition does not hold, but for those
// that have been gone for too long, and says when the next of them will be.
func (s *Service) lagging(patience time.Duration, holds func(*session) bool) (late []string, news <-chan struct{}, recheck time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recheck = time.Minute
	for id, se := range s.sessions {
		if !se.connected {
			gone := time.Since(se.lost)
			if gone > s.opts.Lease {
				delete(s.sessions, id)
				continue
			}
			left := patience - gone
			if left <= 0 {
				continue
			}
			recheck = min(recheck, left)
		}
		if !holds(se) {
			late = append(late, id)
		}
	}
	slices.Sort(late)
	return late, s.news, recheck
}
