package accounts

import (
	"context"
	"net/mail"
	"strings"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// NewUser says who a user should be.
type NewUser struct {
	Email    string
	Name     string
	Password string
	Role     models.Role
}

// newUser checks what is wanted and hashes the password; it writes nothing.
func (s *Service) newUser(ctx context.Context, wanted NewUser) (*models.User, error) {
	email, err := checkEmail(wanted.Email)
	if err != nil {
		return nil, err
	}
	if err := checkRole(wanted.Role); err != nil {
		return nil, err
	}
	if err := checkPassword("password", wanted.Password, email); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, wanted.Password)
	if err != nil {
		return nil, err
	}
	return &models.User{Email: email, Name: tidy(wanted.Name, 200), PasswordHash: hash, Role: wanted.Role}, nil
}

// CreateUser adds a user. The actor must be allowed to administer accounts.
func (s *Service) CreateUser(ctx context.Context, actor models.Actor, wanted NewUser) (*models.User, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	user, err := s.newUser(ctx, wanted)
	if err != nil {
		return nil, err
	}
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if err := administer(ctx, tx, actor); err != nil {
			return err
		}
		if err := tx.CreateUser(ctx, user); err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "user.create", user.Email)
		event.Detail = map[string]string{"role": string(user.Role)}
		return tx.AddEvent(ctx, event)
	})
	if err != nil {
		return nil, err
	}
	s.tell(live.TopicUser, "", user.ID, live.ActionCreated)
	return user, nil
}

// administer begins a change of who may come in: it takes the accounts' lock
// and refuses an actor who has ceased to be an owner since the request came.
func administer(ctx context.Context, tx *store.Store, actor models.Actor) error {
	if err := tx.LockAccounts(ctx); err != nil {
		return err
	}
	if actor.System {
		return nil
	}
	user, err := tx.UserByID(ctx, actor.UserID)
	if err != nil && models.KindOf(err) != models.KindNotFound {
		return err
	}
	if err != nil || user.Role != models.RoleOwner {
		return models.Errorf(models.KindForbidden, "you are no longer an owner")
	}
	return nil
}

// Users lists everybody. The actor must be allowed to administer accounts.
func (s *Service) Users(ctx context.Context, actor models.Actor) ([]models.User, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	return s.store.Users(ctx)
}

// UserByID gives anybody's user. The actor must be allowed to administer
// accounts.
func (s *Service) UserByID(ctx context.Context, actor models.Actor, id string) (*models.User, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	return s.store.UserByID(ctx, id)
}

// User gives the actor's own user.
func (s *Service) User(ctx context.Context, actor models.Actor) (*models.User, error) {
	if actor.UserID == "" {
		return nil, actor.Require(models.ScopeRead)
	}
	return s.store.UserByID(ctx, actor.UserID)
}

// Changes are changes to one's own user; nil members stay.
type Changes struct {
	Name     *string
	Password *PasswordChange
}

// PasswordChange is a new password and the present one.
type PasswordChange struct {
	Current, New string
}

// UpdateUser changes the actor's own name or password. A new password ends all
// of the user's sessions but the one named; API tokens stay.
func (s *Service) UpdateUser(ctx context.Context, actor models.Actor, session string, changes Changes) (*models.User, error) {
	if err := ownAccount(actor); err != nil {
		return nil, err
	}
	user, err := s.store.UserByID(ctx, actor.UserID)
	if err != nil {
		return nil, err
	}
	hash := ""
	if changes.Password != nil {
		if hash, err = s.changedPassword(ctx, user, changes.Password); err != nil {
			return nil, err
		}
	}
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if changes.Name != nil {
			if err := tx.SetUserName(ctx, user.ID, tidy(*changes.Name, 200)); err != nil {
				return err
			}
			if err := tx.AddEvent(ctx, store.EventFor(actor, nil, "user.update", user.Email)); err != nil {
				return err
			}
		}
		if hash != "" {
			if err := tx.SetPasswordHash(ctx, user.ID, user.PasswordHash, hash); err != nil {
				return err
			}
			if err := tx.DeleteOtherSessions(ctx, user.ID, session); err != nil {
				return err
			}
			if err := tx.DeleteLinks(ctx, models.LinkSignIn, user.ID); err != nil {
				return err
			}
			if err := tx.AddEvent(ctx, store.EventFor(actor, nil, "password.change", user.Email)); err != nil {
				return err
			}
		}
		user, err = tx.UserByID(ctx, user.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.tell(live.TopicUser, "", user.ID, live.ActionChanged)
	if hash != "" {
		s.tell(live.TopicSession, user.ID, "", live.ActionRemoved)
	}
	return user, nil
}

// changedPassword checks the present password, counting failures as sign-ins,
// and gives the hash of the new one.
func (s *Service) changedPassword(ctx context.Context, user *models.User, change *PasswordChange) (string, error) {
	forgive, err := s.guesses.takeOwn(strings.ToLower(user.Email))
	if err != nil {
		return "", err
	}
	ok, err := s.hasher.Verify(ctx, user.PasswordHash, change.Current)
	if err != nil || ok {
		forgive()
	}
	if err != nil {
		return "", err
	}
	if !ok {
		return "", models.Invalid("password.current", "that is not your present password")
	}
	if err := checkPassword("password.new", change.New, user.Email); err != nil {
		return "", err
	}
	return s.hasher.Hash(ctx, change.New)
}

func checkRole(role models.Role) error {
	if role != models.RoleOwner && role != models.RoleMember {
		return models.Invalid("role", "%.20q is not a role; use owner or member", role)
	}
	return nil
}

// checkEmail gives an address in the form it is kept in: bare, lower case.
func checkEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 || strings.ContainsAny(email, " \t\"<>") || tidy(email, 254) != email {
		return "", models.Invalid("email", "%.60q is not an e-mail address", email)
	}
	return email, nil
}
