package accounts

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// OwnerExists says whether the installation has been claimed.
func (s *Service) OwnerExists(ctx context.Context) (bool, error) { return s.store.OwnerExists(ctx) }

// BootstrapLink makes the link that makes the first owner, and gives its
// secret. Earlier ones stop working. Once there is an owner it gives a
// KindConflict error.
func (s *Service) BootstrapLink(ctx context.Context) (string, error) {
	secret := newSecret(linkPrefix)
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		if err := unclaimed(ctx, tx); err != nil {
			return err
		}
		if err := tx.DeleteLinks(ctx, models.LinkBootstrap, ""); err != nil {
			return err
		}
		return tx.CreateLink(ctx, &models.Link{
			Purpose: models.LinkBootstrap, SecretHash: hashSecret(secret), ExpiresAt: time.Now().UTC().Add(bootstrapLife),
		})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// unclaimed takes the accounts' lock and refuses when there is an owner.
func unclaimed(ctx context.Context, tx *store.Store) error {
	if err := tx.LockAccounts(ctx); err != nil {
		return err
	}
	exists, err := tx.OwnerExists(ctx)
	if err != nil {
		return err
	}
	if exists {
		return models.Errorf(models.KindConflict, "this Slipway has an owner already; sign in instead")
	}
	return nil
}

// Claim is how somebody becomes the first owner.
type Claim struct {
	Secret   string // of the bootstrap link
	Email    string
	Name     string
	Password string
}

// Claim makes the first owner and signs it in. Of two at once one succeeds.
func (s *Service) Claim(ctx context.Context, peer Peer, claim Claim) (*models.User, NewSession, error) {
	if exists, err := s.store.OwnerExists(ctx); err != nil {
		return nil, NewSession{}, err
	} else if exists {
		return nil, NewSession{}, models.Errorf(models.KindConflict, "this Slipway has an owner already; sign in instead")
	}
	// Whoever does not have the link learns nothing, and costs no hash.
	if err := s.checkLink(ctx, peer, models.LinkBootstrap, claim.Secret); err != nil {
		return nil, NewSession{}, err
	}
	user, err := s.newUser(ctx, NewUser{Email: claim.Email, Name: claim.Name, Password: claim.Password, Role: models.RoleOwner})
	if err != nil {
		return nil, NewSession{}, err
	}
	var session NewSession
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if err := unclaimed(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.UseLink(ctx, models.LinkBootstrap, hashSecret(claim.Secret)); err != nil {
			return badLink(err)
		}
		if err := tx.CreateUser(ctx, user); err != nil {
			return err
		}
		actor := actorOf(user, peer)
		if err := tx.AddEvent(ctx, store.EventFor(actor, nil, "user.create", user.Email)); err != nil {
			return err
		}
		session, err = startSession(ctx, tx, user, peer, "bootstrap link")
		return err
	})
	if err != nil {
		return nil, NewSession{}, err
	}
	s.logger.InfoContext(ctx, "the owner has been made", "user", user.ID)
	return user, session, nil
}
