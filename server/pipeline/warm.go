package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// A warm release is the one that was live before: its web instances run on
// without traffic for a while, so that going back to it is a switch of the
// routers' tables. Its other processes do not: the work they do would be done
// twice. The app's row says which release it is and until when.

// keepWarm says which release stays warm, and until when, now that a deployment
// takes the place of the one that was live; 0 and nil for none. The app is as it
// is locked.
func keepWarm(app *models.App, d *models.Deployment, stopsFirst []string, now time.Time) (version int, until *time.Time) {
	switch {
	case app.LiveRelease == d.Release:
		return app.WarmRelease, app.WarmUntil // it takes nobody's place
	case app.WarmMinutes <= 0, app.LiveRelease == 0:
		return 0, nil
	case slices.Contains(stopsFirst, models.WebProcess):
		return 0, nil // two of its instances never run at once
	case d.Trigger == models.TriggerRestart, d.Trigger == models.TriggerReturn:
		return 0, nil // what runs is what somebody, or Slipway, wanted to be rid of
	}
	ends := now.Add(time.Duration(app.WarmMinutes) * time.Minute)
	return app.LiveRelease, &ends
}

// warmNow gives the release of an app that is warm at present, 0 for none.
func warmNow(app *models.App) int {
	if app.WarmUntil == nil || !time.Now().Before(*app.WarmUntil) || app.WarmRelease == app.LiveRelease {
		return 0
	}
	return app.WarmRelease
}

// kept lists what ClearAway leaves running of an app. A release whose time is
// over, or of which nothing runs any more, is no longer warm, and its row says
// so before anything is removed.
func (p *Pipeline) kept(ctx context.Context, app *models.App) ([]deployer.WorkloadID, error) {
	if app.WarmRelease == 0 {
		return nil, nil
	}
	web := deployer.WorkloadID{App: app.ID, Process: models.WebProcess, Release: app.WarmRelease}
	if warmNow(app) != 0 {
		instances, err := p.Cluster.Instances(ctx, app.ID)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(instances, func(in deployer.Instance) bool { return in.Workload == web }) {
			return []deployer.WorkloadID{web}, nil
		}
	}
	return nil, p.Store.EndWarm(ctx, app.ID, app.WarmRelease)
}

// makeRoom lets warm releases go when the engine had no room to start
// something, the given app's own at once, and says whether there was one.
func (p *Pipeline) makeRoom(ctx context.Context, app *models.App, release int) (bool, error) {
	var others []string
	err := p.Store.Transact(ctx, func(tx *store.Store) error {
		var err error
		if others, err = tx.EndAllWarm(ctx); err != nil {
			return err
		}
		for _, id := range others {
			if id == app.ID {
				continue // it is being worked on
			}
			if err := p.Queue.Wake(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !slices.Contains(others, app.ID) || app.WarmRelease == release {
		return len(others) > 0, err
	}
	return true, p.remove(ctx, p.Cluster, app.ID, func(id deployer.WorkloadID) bool { return id.Release == app.WarmRelease })
}
