package apps

import (
	"context"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// Destroy removes an app and all that belongs to it: deployments that run are
// cancelled, then its instances and network go, then its row, then its
// repository, sources and logs. Its volumes go too, and each of them must be
// named. It may be repeated after a failure.
func (s *Service) Destroy(ctx context.Context, actor models.Actor, name string, ifRevision int64, volumes ...string) error {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return err
	}
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return err
	}
	if ifRevision != 0 && ifRevision != app.Revision {
		return models.Errorf(models.KindPrecondition, "%s has changed since you read it; look at it again", app.Name)
	}
	if err := s.confirmVolumes(ctx, s.store, app, volumes); err != nil {
		return err
	}
	// Nobody who goes away in the middle leaves a half-destroyed app behind.
	ctx = context.WithoutCancel(ctx)
	var sources, deployments []string
	err = s.pipeline.Clear(ctx, actor, app, func() error {
		return s.store.Transact(ctx, func(tx *store.Store) error {
			// Whatever somebody else has just begun comes before the end.
			if _, err := tx.LockApp(ctx, actor, app.ID); err != nil {
				return err
			}
			if sources, err = tx.SourcesToDrop(ctx, app.ID, 0); err != nil {
				return err
			}
			if deployments, err = tx.DeploymentIDs(ctx, app.ID); err != nil {
				return err
			}
			if err := tx.AddEvent(ctx, store.EventFor(actor, app, "app.destroy", app.Name)); err != nil {
				return err
			}
			return tx.DeleteApp(ctx, app.ID)
		})
	})
	if err != nil {
		return err
	}
	s.changed(app, live.TopicApp, live.ActionRemoved)
	s.pipeline.DropSources(sources)
	s.pipeline.DropLogs(deployments)
	if err := s.remains.Forget(ctx, app.ID); err != nil {
		s.logger.Warn("files of a destroyed app are left", "app", app.ID, "error", err)
	}
	return nil
}
