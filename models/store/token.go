package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/models"
)

// CreateToken writes an API token, unless the user has most of them already.
func (s *Store) CreateToken(ctx context.Context, token *models.Token, most int) error {
	var have int64
	if err := s.with(ctx).Model(&models.Token{}).Where("user_id = ?", token.UserID).Count(&have).Error; err != nil {
		return translate(err)
	}
	if have >= int64(most) {
		return models.Errorf(models.KindConflict, "you have %d API tokens; revoke one before you make another", have)
	}
	token.ID, token.CreatedAt = models.NewID(), time.Now().UTC()
	return translate(s.with(ctx).Create(token).Error)
}

// TokenByHash gives the token with a secret's hash, expired or not, and whose
// it is.
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (*models.Token, *models.User, error) {
	var token models.Token
	var user models.User
	to := userColumns.into(&user, tokenColumns.into(&token, nil))
	err := s.direct(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, tokenAndUser, hash).Scan(to...) })
	if err != nil {
		return nil, nil, found(err, "token", "")
	}
	return &token, &user, nil
}

var tokenAndUser = "SELECT " + tokenColumns.list + ", " + userColumns.list +
	" FROM tokens JOIN users ON users.id = tokens.user_id WHERE tokens.secret_hash = $1"

// TouchToken notes that a token was used.
func (s *Store) TouchToken(ctx context.Context, id string, used time.Time) error {
	return translate(s.with(ctx).Model(&models.Token{}).Where("id = ?", id).Update("last_used_at", used).Error)
}

// Tokens lists a user's API tokens, newest first.
func (s *Store) Tokens(ctx context.Context, userID string) ([]models.Token, error) {
	tokens := []models.Token{}
	return tokens, translate(s.with(ctx).Where("user_id = ?", userID).Order("id DESC").Find(&tokens).Error)
}

// DeleteToken revokes a user's token and gives what it was.
func (s *Store) DeleteToken(ctx context.Context, userID, id string) (*models.Token, error) {
	var token models.Token
	if err := s.with(ctx).Where("user_id = ? AND id = ?", userID, id).Take(&token).Error; err != nil {
		return nil, found(err, "token", id)
	}
	return &token, translate(s.with(ctx).Delete(&token).Error)
}
