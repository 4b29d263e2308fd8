package store

import (
	"context"
	"time"

	"gorm.io/gorm"
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

// Invitation is a link that makes one more user, with who made it.
type Invitation struct {
	models.Link
	InvitedBy string // e-mail address
}

// invitations asks for the invitations that are there to be used.
func (s *Store) invitations(ctx context.Context) *gorm.DB {
	return s.with(ctx).Table("links").Select("links.*, users.email AS invited_by").Joins("JOIN users ON users.id = links.user_id").
		Where("links.purpose = ? AND links.expires_at > ?", models.LinkInvitation, time.Now().UTC())
}

// Invitations lists the invitations that can still be used, newest first.
func (s *Store) Invitations(ctx context.Context) ([]Invitation, error) {
	list := []Invitation{}
	return list, translate(s.invitations(ctx).Order("links.id DESC").Find(&list).Error)
}

// InvitationByHash gives the invitation with a secret's hash if it can still be
// used.
func (s *Store) InvitationByHash(ctx context.Context, hash []byte) (*Invitation, error) {
	var invitation Invitation
	if err := s.invitations(ctx).Where("links.secret_hash = ?", hash).Take(&invitation).Error; err != nil {
		return nil, found(err, "link", "")
	}
	return &invitation, nil
}

// DeleteInvitation takes an invitation back and gives what it was.
func (s *Store) DeleteInvitation(ctx context.Context, id string) (*models.Link, error) {
	var links []models.Link
	err := s.with(ctx).Clauses(clause.Returning{}).Where("purpose = ? AND id = ?", models.LinkInvitation, id).Delete(&links).Error
	if err != nil {
		return nil, translate(err)
	}
	if len(links) == 0 {
		return nil, models.NotFound("invitation", id)
	}
	return &links[0], nil
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
