package store

import (
	"context"

	"github.com/slipway-paas/slipway/models"
)

// Replacing lists the IDs of apps whose web instances may be down on purpose:
// they stop before the new ones start, by the app's setting or because of a
// volume, and a deployment has come that far. With appID not "" it looks at
// that app alone.
func (s *Store) Replacing(ctx context.Context, appID string) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`
		SELECT DISTINCT d.app_id FROM deployments d JOIN apps a ON a.id = d.app_id
		WHERE d.state = ? AND (? = '' OR d.app_id = ?)
		AND (a.stop_first OR EXISTS (SELECT 1 FROM volumes v WHERE v.app_id = a.id AND v.process = ?))`,
		models.DeploymentDeploying, appID, appID, models.WebProcess).Scan(&ids).Error
	return ids, translate(err)
}
