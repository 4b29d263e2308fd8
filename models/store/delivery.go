package store

import (
	"context"
	"time"
)

// AddDelivery writes down a webhook's delivery ID and the deployment it made.
// One that is there already gives a KindConflict error. Call it in the
// transaction that writes the deployment.
func (s *Store) AddDelivery(ctx context.Context, appID, deliveryID, deploymentID string) error {
	return translate(s.with(ctx).Exec(
		`INSERT INTO webhook_deliveries (app_id, delivery_id, deployment_id, created_at) VALUES (?, ?, ?, ?)`,
		appID, deliveryID, deploymentID, time.Now().UTC()).Error)
}

// Delivery gives the ID of the deployment that a webhook's delivery made, ""
// when it has not been seen.
func (s *Store) Delivery(ctx context.Context, appID, deliveryID string) (string, error) {
	var id string
	err := s.with(ctx).Raw(`SELECT deployment_id FROM webhook_deliveries WHERE app_id = ? AND delivery_id = ?`,
		appID, deliveryID).Scan(&id).Error
	return id, translate(err)
}
