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

// Volumes lists an app's volumes by name, without those that were given up.
func (s *Store) Volumes(ctx context.Context, appID string) ([]models.Volume, error) {
	volumes := []models.Volume{}
	return volumes, translate(s.with(ctx).Where("app_id = ? AND removed_at IS NULL", appID).Order("name").Find(&volumes).Error)
}

// GiveUpVolume marks a volume of an app as one that is to go; a KindNotFound
// error when there is none of that name.
func (s *Store) GiveUpVolume(ctx context.Context, appID, name string) error {
	result := s.with(ctx).Model(&models.Volume{}).Where("app_id = ? AND name = ? AND removed_at IS NULL", appID, name).
		Update("removed_at", time.Now().UTC())
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.NotFound("volume", name)
	}
	return nil
}

// VolumesGivenUp lists the names of an app's volumes that are to go.
func (s *Store) VolumesGivenUp(ctx context.Context, appID string) ([]string, error) {
	names := []string{}
	err := s.with(ctx).Raw(`SELECT name FROM volumes WHERE app_id = ? AND removed_at IS NOT NULL ORDER BY name`, appID).Scan(&names).Error
	return names, translate(err)
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
