package accounts

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// SignInLink makes a one-time link that signs the actor's user in, and gives
// its secret and until when it is good.
func (s *Service) SignInLink(ctx context.Context, actor models.Actor) (string, time.Time, error) {
	if err := ownAccount(actor); err != nil {
		return "", time.Time{}, err
	}
	secret, expires := newSecret(linkPrefix), time.Now().UTC().Add(linkLife)
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		err := tx.CreateLink(ctx, &models.Link{
			Purpose: models.LinkSignIn, UserID: &actor.UserID, SecretHash: hashSecret(secret), ExpiresAt: expires,
		})
		if err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, nil, "sign_in_link.create", actor.Email))
	})
	return secret, expires, err
}

// SignInByLink uses a sign-in link up.
func (s *Service) SignInByLink(ctx context.Context, peer Peer, secret string) (*models.User, NewSession, error) {
	if err := s.checkLink(ctx, peer, models.LinkSignIn, secret); err != nil {
		return nil, NewSession{}, err
	}
	var user *models.User
	var session NewSession
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		link, err := tx.UseLink(ctx, models.LinkSignIn, hashSecret(secret))
		if err != nil {
			return badLink(err)
		}
		if link.UserID == nil {
			return badLink(models.NotFound("link", ""))
		}
		if user, err = tx.UserByID(ctx, *link.UserID); err != nil {
			return badLink(err)
		}
		session, err = startSession(ctx, tx, user, peer, "sign-in link")
		return err
	})
	if err != nil {
		return nil, NewSession{}, err
	}
	s.tell(live.TopicSession, user.ID, session.Session.ID, live.ActionCreated)
	return user, session, nil
}

// checkLink refuses a link that cannot be used, and counts the attempt.
func (s *Service) checkLink(ctx context.Context, peer Peer, purpose models.LinkPurpose, secret string) error {
	forgive, err := s.guesses.takePeer(peer)
	if err != nil {
		return err
	}
	if !wellFormed(linkPrefix, secret) {
		return badLink(models.NotFound("link", ""))
	}
	valid, err := s.store.LinkValid(ctx, purpose, hashSecret(secret))
	if err != nil {
		return err
	}
	if !valid {
		return badLink(models.NotFound("link", ""))
	}
	forgive()
	return nil
}

func badLink(err error) error {
	if models.KindOf(err) != models.KindNotFound {
		return err
	}
	return &models.Error{
		Kind: models.KindUnauthenticated, Field: "token", Err: err,
		Message: "this link is not valid: it works once and for a limited time; ask for a new one",
	}
}
