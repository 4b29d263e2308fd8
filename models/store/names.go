package store

import (
	"context"

	"github.com/slipway-paas/slipway/models"
)

// DeploymentNumbers gives the numbers of an app's deployments by their IDs.
func (s *Store) DeploymentNumbers(ctx context.Context, app *models.App, ids []string) (map[string]int, error) {
	var rows []models.Deployment
	err := s.with(ctx).Select("id", "number").Where("app_id = ? AND id IN ?", app.ID, ids).Find(&rows).Error
	numbers := make(map[string]int, len(rows))
	for _, row := range rows {
		numbers[row.ID] = row.Number
	}
	return numbers, translate(err)
}

// AppNames gives the names of apps by their IDs: of those among them that the
// actor may see.
func (s *Store) AppNames(ctx context.Context, actor models.Actor, ids []string) (map[string]string, error) {
	var rows []models.App
	err := visible(s.with(ctx), actor).Select("id", "name").Where("id IN ?", ids).Find(&rows).Error
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	return names, translate(err)
}
