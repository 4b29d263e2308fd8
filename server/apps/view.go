package apps

import (
	"context"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// View is an app with what people ask of it at a glance.
type View struct {
	App     models.App
	Live    *models.Release    // nil before the first; as store.Glance reads it
	Last    *models.Deployment // nil before the first; as store.Glance reads it
	Status  string             // new, deploying, live, down, stopped or failed
	URLs    []string           // where it answers, its own name first
	Running int                // instances of the live release that run
	Wanted  int
}

// Get gives one app.
func (s *Service) Get(ctx context.Context, actor models.Actor, name string) (*View, error) {
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	views, err := s.views(ctx, []models.App{*app}, app.ID)
	if err != nil {
		return nil, err
	}
	return &views[0], nil
}

// List lists the actor's apps by name.
func (s *Service) List(ctx context.Context, actor models.Actor, page store.Page) ([]View, string, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, "", err
	}
	apps, next, err := s.store.Apps(ctx, actor, page)
	if err != nil || len(apps) == 0 {
		return nil, "", err
	}
	views, err := s.views(ctx, apps, "")
	return views, next, err
}

// views puts apps together with what belongs to them, in a handful of queries
// however many there are. It looks for instances of one app by its ID, or of all.
func (s *Service) views(ctx context.Context, apps []models.App, of string) ([]View, error) {
	// An engine that is away must not hide the apps, nor make them look down.
	instances, away := s.running(ctx, apps, of)
	glance, err := s.store.Glance(ctx, apps)
	if err != nil {
		return nil, err
	}
	running := map[deployer.WorkloadID]int{}
	for _, instance := range instances {
		if instance.State != deployer.StateExited {
			running[instance.Workload]++
		}
	}
	views := make([]View, 0, len(apps))
	for _, app := range apps {
		view := View{App: app, URLs: s.urls(&app, glance.Domains[app.ID])}
		if release, ok := glance.Live[app.ID]; ok {
			view.Live = release
			for _, process := range release.Processes {
				view.Wanted += app.Instances(process.Name)
				view.Running += running[deployer.WorkloadID{App: app.ID, Process: process.Name, Release: release.Version}]
			}
		}
		if d, ok := glance.Last[app.ID]; ok {
			view.Last = d
		}
		view.Status = status(&view, away == nil)
		views = append(views, view)
	}
	return views, nil
}

// running gives the instances of apps: as they were last seen, where somebody
// follows the cluster's events, and otherwise by asking the cluster, of one app
// by its ID or of all.
func (s *Service) running(ctx context.Context, apps []models.App, of string) ([]deployer.Instance, error) {
	var all []deployer.Instance
	for _, app := range apps {
		if app.LiveRelease == 0 {
			continue // nothing is counted before the first
		}
		instances, seen := s.seen(app.ID)
		if !seen {
			return s.pipeline.Instances(ctx, of)
		}
		all = append(all, instances...)
	}
	return all, nil
}

// status puts a view into a word. Unless it is known what runs, an app that went
// live counts as such: its instances need no engine to go on.
func status(v *View, known bool) string {
	switch {
	case v.Last != nil && !v.Last.State.Terminal():
		return "deploying"
	case v.Live == nil && v.Last != nil:
		return "failed"
	case v.Live == nil:
		return "new"
	case v.Wanted == 0:
		return "stopped"
	case v.Running == 0 && known:
		return "down"
	}
	return "live"
}

func (s *Service) urls(app *models.App, domains []models.Domain) []string {
	urls := []string{s.addresses.URL(app.Name + "." + s.addresses.Domain)}
	for _, domain := range domains {
		urls = append(urls, s.addresses.URL(domain.Host))
	}
	return urls
}

// URL gives the address an app answers at without any domains of its own.
func (s *Service) URL(app *models.App) string {
	return s.addresses.URL(app.Name + "." + s.addresses.Domain)
}
