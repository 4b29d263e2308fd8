package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// CreateLink writes a one-time link.
func (s *Store) CreateLink(ctx context.Context, link *models.Link) error {
	link.ID, link.CreatedAt = models.NewID(), time.Now().UTC()
	return translate(s.with(ctx).Create(link).Error)
}

// LinkValid says whether a link is there to be used.
func (s *Store) LinkValid(ctx context.Context, purpose models.LinkPurpose, hash []byte) (bool, error) {
	var count int64
	err := s.with(ctx).Model(&models.Link{}).
		Where("purpose = ? AND secret_hash = ? AND expires_at > ?", purpose, hash, time.Now().UTC()).Count(&count).Error
	return count > 0, translate(err)
}

// UseLink takes a link out and gives it. Of two callers at once one gets it and
// the other a KindNotFound error, as does who comes too late.
func (s *Store) UseLink(ctx context.Context, purpose models.LinkPurpose, hash []byte) (*models.Link, error) {
	var links []models.Link
	err := s.with(ctx).Clauses(clause.Returning{}).
		Where("purpose = ? AND secret_hash = ? AND expires_at > ?", purpose, hash, time.Now().UTC()).Delete(&links).Error
	if err != nil {
		return nil, translate(err)
	}
	if len(links) == 0 {
		return nil, models.NotFound("link", "")
	}
	return &links[0], nil
}

// DeleteLinks removes the links of a purpose: a user's, or all when userID is "".
func (s *Store) DeleteLinks(ctx context.Context, purpose models.LinkPurpose, userID string) error {
	query := s.with(ctx).Where("purpose = ?", purpose)
	if userID != "" {
		query = query.Where("user_id = ?", userID)
	}
	return translate(query.Delete(&models.Link{}).Error)
}

// PruneAccounts removes sessions and links that have expired, and idempotency
// keys made before a time.
func (s *Store) PruneAccounts(ctx context.Context, keysBefore time.Time) error {
	now := time.Now().UTC()
	if err := s.with(ctx).Where("expires_at < ?", now).Delete(&models.Session{}).Error; err != nil {
		return translate(err)
	}
	if err := s.with(ctx).Where("expires_at < ?", now).Delete(&models.Link{}).Error; err != nil {
		return translate(err)
	}
	return translate(s.with(ctx).Exec("DELETE FROM idempotency_keys WHERE created_at < ?", keysBefore).Error)
}
