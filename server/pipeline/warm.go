package pipeline

import (
	"context"
	"errors"
	"fmt"
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
	keep, err := keptOn(ctx, p.Cluster, app)
	if err != nil || len(keep) > 0 {
		return keep, err
	}
	return nil, p.Store.EndWarm(ctx, app.ID, app.WarmRelease)
}

// keptOn is kept for a cluster, without its consequences.
func keptOn(ctx context.Context, cluster deployer.Cluster, app *models.App) ([]deployer.WorkloadID, error) {
	if warmNow(app) == 0 {
		return nil, nil
	}
	web := deployer.WorkloadID{App: app.ID, Process: models.WebProcess, Release: app.WarmRelease}
	instances, err := cluster.Instances(ctx, app.ID)
	if err == nil && slices.ContainsFunc(instances, func(in deployer.Instance) bool { return in.Workload == web }) {
		return []deployer.WorkloadID{web}, nil
	}
	return nil, err
}

// rewarm starts what is kept warm again where somebody stopped it: then going
// back to it is the switch alone, as is said of it. What does not come up again is
// warm no longer. It gives what is left to be kept.
func (p *Pipeline) rewarm(ctx context.Context, app *models.App, keep []deployer.WorkloadID) ([]deployer.WorkloadID, error) {
	census, ok := p.Cluster.(deployer.Census)
	if !ok || len(keep) == 0 {
		return keep, nil
	}
	seen, err := census.Census(ctx, app.ID)
	if err != nil {
		return keep, err
	}
	id := keep[0]
	found, last := cooled(seen, id)
	if found.count == 0 {
		return keep, nil
	}
	err = p.startWarm(ctx, p.Cluster, app, id, last)
	switch {
	case err == nil:
		p.tellDrift(ctx, app, []wrong{found}, nil)
		return keep, nil
	case ctx.Err() != nil, errors.Is(err, deployer.ErrUnavailable), errors.Is(err, store.ErrAway):
		return keep, err
	}
	p.tellDrift(ctx, app, []wrong{found}, map[string]string{
		"failed": storable(err.Error(), maxReason), "then": fmt.Sprintf("v%d is kept warm no longer", id.Release),
	})
	return nil, p.Store.EndWarm(ctx, app.ID, id.Release)
}

// cooled gives what is wrong with the instances of a workload, and the highest
// index of one.
func cooled(seen []deployer.Seen, id deployer.WorkloadID) (found wrong, last int) {
	found.process = fmt.Sprintf("%s v%d (warm)", id.Process, id.Release)
	for _, one := range seen {
		if one.Workload != id {
			continue
		}
		found.of++
		last = max(last, one.Index)
		if one.Condition != deployer.ConditionFine {
			found.count++
			found.what = string(one.Condition)
		}
	}
	return found, last
}

func (p *Pipeline) startWarm(ctx context.Context, cluster deployer.Cluster, app *models.App, id deployer.WorkloadID, instances int) error {
	release, err := p.Store.Release(ctx, app.ID, id.Release)
	if err != nil {
		return err
	}
	plan, err := p.plan(ctx, app, release)
	if err != nil {
		return err
	}
	for _, w := range plan.Workloads {
		if w.ID != id {
			continue
		}
		w.Instances = instances
		if err := cluster.Ensure(ctx, w); err != nil {
			return err
		}
		return cluster.WaitHealthy(ctx, id)
	}
	return fmt.Errorf("v%d has no process %s", id.Release, id.Process)
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
