package store

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// ErrSuperseded is given to a worker whose deployment a newer one has made
// needless: it must stop, and nothing of it may go live.
var ErrSuperseded = errors.New("a newer deployment has made this one needless")

var buildTriggers = []models.Trigger{
	models.TriggerPush, models.TriggerUpload, models.TriggerGit, models.TriggerWebhook, models.TriggerImage,
}

// Supersede ends the app's older deployments that wait and need a build, which
// the given new one makes needless, and, if the app asks for it, marks the one
// that is building: its worker ends it. It gives those that it changed, oldest
// first. Call it in the transaction that adds the new one: that one has the
// app's lock, so none of these is claimed meanwhile.
func (s *Store) Supersede(ctx context.Context, by *models.Deployment, reason string) ([]models.Deployment, error) {
	var rows []models.Deployment
	err := s.with(ctx).Raw(`
		WITH changed AS (
			UPDATE deployments SET
				superseded_by = @by,
				state = CASE state WHEN 'queued' THEN 'superseded' ELSE state END,
				reason = CASE state WHEN 'queued' THEN @reason ELSE reason END,
				finished_at = CASE state WHEN 'queued' THEN @now ELSE finished_at END
			WHERE app_id = @app AND number < @by AND trigger IN @builds
				AND state IN ('queued', 'building')
				AND (state = 'queued' OR superseded_by = 0 AND cancelled_at IS NULL
					AND (SELECT supersede_building FROM apps WHERE id = @app))
			RETURNING *)
		SELECT * FROM changed ORDER BY number`,
		map[string]any{"by": by.Number, "app": by.AppID, "reason": reason, "now": time.Now().UTC(), "builds": buildTriggers}).
		Scan(&rows).Error
	return rows, translate(err)
}

// MaySupersede says whether Supersede would end a deployment, or have it
// stopped, as things are now.
func (s *Store) MaySupersede(ctx context.Context, deploymentID string) (bool, error) {
	var may bool
	err := s.with(ctx).Raw(`
		SELECT EXISTS (SELECT 1 FROM deployments d JOIN apps a ON a.id = d.app_id
			WHERE d.id = ? AND d.trigger IN ? AND (d.state = 'queued'
				OR d.state = 'building' AND d.superseded_by = 0 AND d.cancelled_at IS NULL AND a.supersede_building))`,
		deploymentID, buildTriggers).Scan(&may).Error
	return may, translate(err)
}
