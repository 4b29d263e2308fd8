package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// LockAccounts keeps other transactions that make or remove users, change their
// roles, or make links for new ones, waiting until this one ends. It is how two
// servers, or two people with the same link, make one owner, and two owners who
// remove each other leave one.
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
	user.ID, user.CreatedAt, user.UpdatedAt, user.Revision = models.NewID(), now, now, 1
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
		Updates(changed(map[string]any{"name": name})).Error)
}

// changed adds to the columns of a changed user what every change sets.
func changed(columns map[string]any) map[string]any {
	columns["updated_at"], columns["revision"] = time.Now().UTC(), gorm.Expr("revision + 1")
	return columns
}

// LockUser gives a user as it is now and keeps others from changing it, and
// from making anything that belongs to it, until the transaction ends.
func (s *Store) LockUser(ctx context.Context, id string) (*models.User, error) {
	var user models.User
	err := s.with(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&user).Error
	if err != nil {
		return nil, found(err, "user", id)
	}
	return &user, nil
}

// OtherOwner gives the owner who has been there longest of all but one user,
// and a KindNotFound error when there is no other. Under LockAccounts the
// answer holds until the transaction ends.
func (s *Store) OtherOwner(ctx context.Context, id string) (*models.User, error) {
	var owner models.User
	if err := s.with(ctx).Where("role = ? AND id <> ?", models.RoleOwner, id).Order("id").Take(&owner).Error; err != nil {
		return nil, found(err, "user", "another owner")
	}
	return &owner, nil
}

// SetUserRole changes a user's role.
func (s *Store) SetUserRole(ctx context.Context, id string, role models.Role) error {
	return translate(s.with(ctx).Model(&models.User{}).Where("id = ?", id).Updates(changed(map[string]any{"role": role})).Error)
}

// GiveApps makes all apps of one user another's and gives them, by name.
func (s *Store) GiveApps(ctx context.Context, from, to string) ([]models.App, error) {
	apps := []models.App{}
	err := s.with(ctx).Model(&apps).Clauses(clause.Returning{}).Where("owner_id = ?", from).UpdateColumn("owner_id", to).Error
	slices.SortFunc(apps, func(a, b models.App) int { return strings.Compare(a.Name, b.Name) })
	return apps, translate(err)
}

// DeleteUser removes a user with all sessions, tokens and links. Apps must have
// been given away before.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return translate(s.with(ctx).Where("id = ?", id).Delete(&models.User{}).Error)
}

// SetPasswordHash changes a user's password hash if it still is the one that
// the caller saw; otherwise somebody changed it meanwhile: a KindConflict error.
func (s *Store) SetPasswordHash(ctx context.Context, id, before, after string) error {
	result := s.with(ctx).Model(&models.User{}).Where("id = ? AND password_hash = ?", id, before).
		Updates(changed(map[string]any{"password_hash": after}))
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.Errorf(models.KindConflict, "the password was changed at the same moment; sign in again")
	}
	return nil
}
