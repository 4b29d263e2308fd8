package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// CreateSession writes a session and drops the user's oldest ones beyond keep.
func (s *Store) CreateSession(ctx context.Context, session *models.Session, keep int) error {
	session.ID = models.NewID()
	if err := s.with(ctx).Create(session).Error; err != nil {
		return translate(err)
	}
	return translate(s.with(ctx).Exec(`
		DELETE FROM sessions WHERE user_id = ? AND id NOT IN (
			SELECT id FROM sessions WHERE user_id = ? ORDER BY last_used_at DESC, id DESC LIMIT ?)`,
		session.UserID, session.UserID, keep).Error)
}

// SessionByHash gives the session with a secret's hash if it has not expired.
func (s *Store) SessionByHash(ctx context.Context, hash []byte) (*models.Session, error) {
	var session models.Session
	err := s.with(ctx).Where("secret_hash = ? AND expires_at > ?", hash, time.Now().UTC()).Take(&session).Error
	if err != nil {
		return nil, found(err, "session", "")
	}
	return &session, nil
}

// TouchSession notes that a session was used and until when it lives now.
func (s *Store) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	return translate(s.with(ctx).Model(&models.Session{}).Where("id = ?", id).
		Updates(map[string]any{"last_used_at": used, "expires_at": expires}).Error)
}

// Sessions lists a user's sessions that have not expired, last used first.
func (s *Store) Sessions(ctx context.Context, userID string) ([]models.Session, error) {
	sessions := []models.Session{}
	err := s.with(ctx).Where("user_id = ? AND expires_at > ?", userID, time.Now().UTC()).
		Order("last_used_at DESC, id DESC").Find(&sessions).Error
	return sessions, translate(err)
}

// DeleteSession ends one session of a user.
func (s *Store) DeleteSession(ctx context.Context, userID, id string) error {
	result := s.with(ctx).Where("user_id = ? AND id = ?", userID, id).Delete(&models.Session{})
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.NotFound("session", id)
	}
	return nil
}

// DeleteOtherSessions ends all sessions of a user but one ("" to spare none).
func (s *Store) DeleteOtherSessions(ctx context.Context, userID, spared string) error {
	return translate(s.with(ctx).Where("user_id = ? AND id <> ?", userID, spared).Delete(&models.Session{}).Error)
}
