package store

import (
	"context"

	"github.com/slipway-paas/slipway/models"
)

// Watched lists the deployments that are live, are watched and have no verdict.
func (s *Store) Watched(ctx context.Context) ([]models.Deployment, error) {
	var rows []models.Deployment
	err := s.with(ctx).Where("watch_until IS NOT NULL AND watch_verdict = ''").Order("watch_until").Find(&rows).Error
	return rows, translate(err)
}

// Judge writes the verdict on a watched deployment, and says whether it was this
// call that did: there is one verdict, whoever watches.
func (s *Store) Judge(ctx context.Context, deploymentID string, verdict models.WatchVerdict, note string) (bool, error) {
	result := s.with(ctx).Model(&models.Deployment{}).
		Where("id = ? AND watch_until IS NOT NULL AND watch_verdict = ''", deploymentID).
		Updates(map[string]any{"watch_verdict": verdict, "watch_note": note})
	return result.RowsAffected > 0, translate(result.Error)
}

// LiveBefore gives the deployment that made the app's release live which the
// given one took the place of, nil when there is none.
func (s *Store) LiveBefore(ctx context.Context, d *models.Deployment) (*models.Deployment, error) {
	var rows []models.Deployment
	err := s.with(ctx).Where("app_id = ? AND number < ? AND state = ? AND release > 0", d.AppID, d.Number, models.DeploymentSucceeded).
		Order("number DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, translate(err)
	}
	return &rows[0], nil
}
