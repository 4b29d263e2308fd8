package store

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// LockAccounts keeps other transactions that make users or bootstrap links
// waiting until this one ends. It is how two servers, or two people with the
// same link, make one owner.
func (s *Store) LockAccounts(ctx context.Context) error {
	return translate(s.with(ctx).Exec("SELECT pg_advisory_xact_lock(hashtext('slipway.accounts'))").Error)
}

// OwnerExists says whether an owner has been made.
func (s *Store) OwnerExists(ctx context.Context) (bool, error) {
	var exists bool
	err := s.with(ctx).Raw("SELECT EXISTS (SELECT 1 FROM users WHERE role = ?)", models.RoleOwner).Scan(&exists).Error
	return exists, translate(err)
}

// CreateUser writes a new user. An e-mail address that is taken, in whatever
// case, gives a KindConflict error.
func (s *Store) CreateUser(ctx context.Context, user *models.User) error {
	now := time.Now().UTC()
	user.ID, user.CreatedAt, user.UpdatedAt = models.NewID(), now, now
	err := translate(s.with(ctx).Create(user).Error)
	if models.KindOf(err) == models.KindConflict {
		return &models.Error{Kind: models.KindConflict, Field: "email", Message: "somebody has that e-mail address already", Err: err}
	}
	return err
}

// UserByID gives a user.
func (s *Store) UserByID(ctx context.Context, id string) (*models.User, error) {
	var user models.User
	if err := s.with(ctx).Where("id = ?", id).Take(&user).Error; err != nil {
		return nil, found(err, "user", id)
	}
	return &user, nil
}

// UserByEmail gives the user with an e-mail address, whatever its case.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	var user models.User
	if err := s.with(ctx).Where("lower(email) = ?", strings.ToLower(email)).Take(&user).Error; err != nil {
		return nil, found(err, "user", email)
	}
	return &user, nil
}

// Users lists all users, oldest first.
func (s *Store) Users(ctx context.Context) ([]models.User, error) {
	users := []models.User{}
	return users, translate(s.with(ctx).Order("id").Find(&users).Error)
}

// SetUserName changes a user's name.
func (s *Store) SetUserName(ctx context.Context, id, name string) error {
	return translate(s.with(ctx).Model(&models.User{}).Where("id = ?", id).
		Updates(map[string]any{"name": name, "updated_at": time.Now().UTC()}).Error)
}

// SetPasswordHash changes a user's password hash if it still is the one that
// the caller saw; otherwise somebody changed it meanwhile: a KindConflict error.
func (s *Store) SetPasswordHash(ctx context.Context, id, before, after string) error {
	result := s.with(ctx).Model(&models.User{}).Where("id = ? AND password_hash = ?", id, before).
		Updates(map[string]any{"password_hash": after, "updated_at": time.Now().UTC()})
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.Errorf(models.KindConflict, "the password was changed at the same moment; sign in again")
	}
	return nil
}
