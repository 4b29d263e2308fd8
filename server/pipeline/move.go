package pipeline

import (
	"context"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Move brings an app to another cluster: its live release comes up there, gets
// the traffic, and goes here, without a lost request. An app that has no live
// release is only written down for the other; then the deployment is nil.
func (p *Pipeline) Move(ctx context.Context, actor models.Actor, appName, clusterName string) (*models.Deployment, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, err
	}
	app, cluster, err := p.movable(ctx, actor, appName, clusterName)
	if err != nil {
		return nil, err
	}
	if app.LiveRelease != 0 {
		return p.Submit(ctx, actor, app, Submission{Trigger: models.TriggerMove, ClusterID: cluster.ID})
	}
	err = p.Store.Transact(ctx, func(tx *store.Store) error {
		fresh, err := tx.LockApp(ctx, actor, app.ID)
		if err != nil {
			return err
		}
		fresh.ClusterID = cluster.ID
		if err := tx.SaveApp(ctx, fresh); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, fresh, "app.move", cluster.Name))
	})
	return nil, err
}

// movable gives the app and where it is to go, or says why it cannot.
func (p *Pipeline) movable(ctx context.Context, actor models.Actor, appName, clusterName string) (*models.App, *models.Cluster, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, nil, err
	}
	cluster, err := p.Store.ClusterByName(ctx, clusterName)
	if err != nil {
		return nil, nil, err
	}
	if app.ClusterID == cluster.ID {
		return nil, nil, models.Errorf(models.KindConflict, "%s is on %s already", app.Name, cluster.Name)
	}
	return app, cluster, p.noVolumes(ctx, app)
}

// noVolumes refuses to take an app away from what it has stored.
func (p *Pipeline) noVolumes(ctx context.Context, app *models.App) error {
	volumes, err := p.Store.Volumes(ctx, app.ID)
	if err == nil && len(volumes) > 0 {
		err = models.Errorf(models.KindConflict, "%s has the volume %s, which is on its cluster's own disk and cannot move; copy what is in it and remove it first", app.Name, volumes[0].Name)
	}
	return err
}

// mayReturn says whether a release that ran on another cluster than the app is
// on now can be made live again there.
func (p *Pipeline) mayReturn(ctx context.Context, app *models.App, release *models.Release) error {
	_, err := p.Store.ClusterByID(ctx, release.ClusterID)
	if models.KindOf(err) == models.KindNotFound && err != nil {
		return models.Errorf(models.KindConflict, "v%d ran on a cluster that is no longer there; deploy its commit anew", release.Version)
	}
	if err != nil {
		return err
	}
	return p.noVolumes(ctx, app)
}
