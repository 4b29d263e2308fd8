package routing

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// appState is what is known of one app.
type appState struct {
	route     Route
	instances []deployer.Instance
	asked     uint64            // which look at the cluster this is from
	switched  *deployer.Targets // set by Switch until the store says the same
	published router.App
	again     time.Duration // pause before the next look, while instances are coming up
	look      *time.Timer
}

// see takes over a look at the store and the cluster, and publishes the app if
// that changes its routes. The lock is held.
func (s *Service) see(asked uint64, route Route, instances []deployer.Instance) {
	st := s.apps[route.AppID]
	if st == nil {
		st = &appState{}
		s.apps[route.AppID] = st
	}
	if asked < st.asked {
		return
	}
	st.asked, st.route, st.instances = asked, route, instances
	st.settleSwitch()
	s.publish(st)
}

// publish sends the app to the routers if its routes changed. The lock is held.
func (s *Service) publish(st *appState) {
	app := st.app()
	if reflect.DeepEqual(app, st.published) {
		s.lookAgain(st)
		return
	}
	st.published = app
	s.version++
	s.send(router.Update{Version: s.version, App: &app})
	s.lookAgain(st)
}

// forget takes an app out of the table. The lock is held.
func (s *Service) forget(appID string) {
	st := s.apps[appID]
	if st == nil {
		return
	}
	if st.look != nil {
		st.look.Stop()
	}
	delete(s.apps, appID)
	delete(s.counters, appID)
	s.version++
	s.send(router.Update{Version: s.version, RemoveApp: appID})
}

// lookAgain sees to another look while an instance that should serve does not
// yet: that it has become healthy is no event. The lock is held.
func (s *Service) lookAgain(st *appState) {
	if st.look != nil {
		st.look.Stop()
	}
	target := st.target()
	coming := slices.ContainsFunc(st.instances, func(in deployer.Instance) bool {
		return target.takes(in) && (in.State == deployer.StateStarting || in.State == deployer.StateUnhealthy)
	})
	if !coming {
		st.again = 0
		return
	}
	st.again = min(max(2*st.again, pauseFirst), pauseMost)
	st.look = s.work.addLater(task{app: st.route.AppID}, st.again)
}

// target is which instances get an app's requests.
type target deployer.Targets

func (t target) takes(in deployer.Instance) bool {
	return !t.Hold && t.Release != 0 && in.Workload.Release == t.Release && in.Workload.Process == t.Process &&
		(t.Upto == 0 || in.Index <= t.Upto)
}

// settleSwitch forgets a switch that the store has caught up with. A hold it
// cannot catch up with: only the next switch ends it.
func (st *appState) settleSwitch() {
	if st.switched != nil && st.switched.Release == st.route.LiveRelease && st.switched.Upto == 0 && !st.switched.Hold {
		st.switched = nil
	}
}

// target gives what Switch said last or, when that is written down, the live
// release. If nothing at all is left of the live release but another one
// serves, a server has died between switching to that one and writing it down:
// then it is the one.
func (st *appState) target() target {
	if st.switched != nil {
		return target(*st.switched)
	}
	live := target{Release: st.route.LiveRelease, Process: models.WebProcess}
	if live.Release == 0 || st.route.WantedInstances == 0 || slices.ContainsFunc(st.instances, live.takes) {
		return live
	}
	newest := live
	for _, in := range st.instances {
		if in.Workload.Process == models.WebProcess && serves(in) && (newest == live || in.Workload.Release > newest.Release) {
			newest.Release = in.Workload.Release
		}
	}
	return newest
}

// serves says whether an instance can take requests. Only a healthy one can:
// the cluster says so once its probe has passed since it was last started.
func serves(in deployer.Instance) bool {
	if in.State != deployer.StateHealthy {
		return false
	}
	at, err := netip.ParseAddrPort(in.Address)
	return err == nil && at.Port() != 0
}

// app gives the app as routers see it.
func (st *appState) app() router.App { return st.appFor(st.target()) }

func (st *appState) appFor(t target) router.App {
	app := router.App{ID: st.route.AppID, Name: st.route.Name, Release: t.Release, Hosts: []string{}, Backends: []router.Backend{}}
	for _, host := range st.route.Hosts {
		if host = strings.ToLower(host); router.ValidHost(host) && !slices.Contains(app.Hosts, host) {
			app.Hosts = append(app.Hosts, host)
		}
	}
	starting := false
	for _, in := range st.instances {
		if !t.takes(in) {
			continue
		}
		if serves(in) {
			app.Backends = append(app.Backends, router.Backend{ID: in.ID, Name: in.Name, Address: in.Address, Workload: in.Workload.String()})
		}
		starting = starting || in.State == deployer.StateStarting
	}
	// A server that has just started knows of a hold by the store alone.
	app.Hold = t.Hold || st.route.Replacing && len(app.Backends) == 0
	switch {
	case len(app.Backends) > 0:
		app.Status = router.AppLive
	case app.Hold:
		app.Status = router.AppStarting
	case st.route.LiveRelease == 0 && t.Release == 0:
		app.Status = router.AppNew
	case st.route.WantedInstances == 0 || t.Release == 0:
		app.Status = router.AppStopped
	case starting:
		app.Status = router.AppStarting
	default:
		app.Status = router.AppDown
	}
	return app
}
