package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// AddVolume writes a new volume of an app. A name or path that is taken gives a
// KindConflict error.
func (s *Store) AddVolume(ctx context.Context, v *models.Volume) error {
	v.ID, v.CreatedAt = models.NewID(), time.Now().UTC()
	err := translate(s.with(ctx).Create(v).Error)
	if models.KindOf(err) == models.KindConflict {
		return &models.Error{Kind: models.KindConflict, Field: "name", Message: "the app has a volume of that name, or at that path, already", Err: err}
	}
	return err
}

// Volumes lists an app's volumes by name.
func (s *Store) Volumes(ctx context.Context, appID string) ([]models.Volume, error) {
	volumes := []models.Volume{}
	return volumes, translate(s.with(ctx).Where("app_id = ?", appID).Order("name").Find(&volumes).Error)
}

// DeleteVolume takes a volume's row away; a KindNotFound error when there is
// none of that name.
func (s *Store) DeleteVolume(ctx context.Context, appID, name string) error {
	result := s.with(ctx).Where("app_id = ? AND name = ?", appID, name).Delete(&models.Volume{})
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.NotFound("volume", name)
	}
	return nil
}
