package accounts

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// NewInvitation says what an invitation should give.
type NewInvitation struct {
	Role  models.Role
	Email string // the only address it is for, "" for any
}

// Invite makes a one-time link with which somebody makes themselves an account,
// and gives its secret, which is kept nowhere. It is good for 7 days, and for as
// long as who made it is an owner.
func (s *Service) Invite(ctx context.Context, actor models.Actor, wanted NewInvitation) (*store.Invitation, string, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, "", err
	}
	if actor.UserID == "" {
		return nil, "", models.Errorf(models.KindForbidden, "only a person can invite")
	}
	if err := checkRole(wanted.Role); err != nil {
		return nil, "", err
	}
	email, err := wanted.Email, error(nil)
	if email != "" {
		if email, err = checkEmail(email); err != nil {
			return nil, "", err
		}
	}
	secret := newSecret(linkPrefix)
	link := models.Link{
		Purpose: models.LinkInvitation, UserID: &actor.UserID, SecretHash: hashSecret(secret),
		Role: wanted.Role, Email: email, ExpiresAt: time.Now().UTC().Add(inviteLife),
	}
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if err := administer(ctx, tx, actor); err != nil {
			return err
		}
		if err := invitable(ctx, tx, email); err != nil {
			return err
		}
		if err := tx.CreateLink(ctx, &link); err != nil {
			return err
		}
		return tx.AddEvent(ctx, invitationEvent(actor, "invitation.create", &link))
	})
	if err != nil {
		return nil, "", err
	}
	s.tell(live.TopicInvitation, "", link.ID, live.ActionCreated)
	return &store.Invitation{Link: link, InvitedBy: actor.Email}, secret, nil
}

// invitable refuses to invite who is there already, and too many.
func invitable(ctx context.Context, tx *store.Store, email string) error {
	if email != "" {
		_, err := tx.UserByEmail(ctx, email)
		if err == nil {
			return &models.Error{Kind: models.KindConflict, Field: "email", Message: "somebody has that e-mail address already"}
		}
		if models.KindOf(err) != models.KindNotFound {
			return err
		}
	}
	open, err := tx.Invitations(ctx)
	if err == nil && len(open) >= maxInvited {
		return models.Errorf(models.KindConflict, "%d invitations are open; revoke some before you make another", len(open))
	}
	return err
}

func invitationEvent(actor models.Actor, action string, link *models.Link) models.Event {
	target := link.Email
	if target == "" {
		target = link.ID
	}
	event := store.EventFor(actor, nil, action, target)
	event.Detail = map[string]string{"role": string(link.Role), "invitation": link.ID}
	return event
}

// Invitations lists the invitations that can still be used, newest first. The
// actor must be allowed to administer accounts.
func (s *Service) Invitations(ctx context.Context, actor models.Actor) ([]store.Invitation, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	return s.store.Invitations(ctx)
}

// RevokeInvitation makes an invitation worthless. The actor must be allowed to
// administer accounts.
func (s *Service) RevokeInvitation(ctx context.Context, actor models.Actor, id string) error {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return err
	}
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		if err := administer(ctx, tx, actor); err != nil {
			return err
		}
		link, err := tx.DeleteInvitation(ctx, id)
		if err != nil {
			return err
		}
		return tx.AddEvent(ctx, invitationEvent(actor, "invitation.revoke", link))
	})
	if err == nil {
		s.tell(live.TopicInvitation, "", id, live.ActionRemoved)
	}
	return err
}

// Invitation says what an invitation gives to whoever has its secret, and
// leaves it as it is.
func (s *Service) Invitation(ctx context.Context, peer Peer, secret string) (*store.Invitation, error) {
	if err := s.checkLink(ctx, peer, models.LinkInvitation, secret); err != nil {
		return nil, err
	}
	invitation, err := s.store.InvitationByHash(ctx, hashSecret(secret))
	if err != nil {
		return nil, badLink(err)
	}
	return invitation, nil
}

// Joining is how somebody who was invited makes their account.
type Joining struct {
	Secret   string // of the invitation
	Email    string
	Name     string
	Password string
}

// Join uses an invitation up: it makes the user and signs it in. Of two at once
// one succeeds. What is refused leaves the invitation as it is.
func (s *Service) Join(ctx context.Context, peer Peer, joining Joining) (*models.User, NewSession, error) {
	// Whoever does not have the link learns nothing, and costs no hash.
	invitation, err := s.Invitation(ctx, peer, joining.Secret)
	if err != nil {
		return nil, NewSession{}, err
	}
	if email, err := checkEmail(joining.Email); err == nil && invitation.Email != "" && invitation.Email != email {
		return nil, NewSession{}, models.Invalid("email", "this invitation is for %s", invitation.Email)
	}
	user, err := s.newUser(ctx, NewUser{Email: joining.Email, Name: joining.Name, Password: joining.Password, Role: invitation.Role})
	if err != nil {
		return nil, NewSession{}, err
	}
	// That an address is taken counts as a guess: the link is no key to who is here.
	forgive, err := s.guesses.takePeer(peer)
	if err != nil {
		return nil, NewSession{}, err
	}
	session, err := s.join(ctx, peer, user, hashSecret(joining.Secret))
	if models.KindOf(err) != models.KindConflict {
		forgive()
	}
	if err != nil {
		return nil, NewSession{}, err
	}
	s.tell(live.TopicUser, "", user.ID, live.ActionCreated)
	s.tell(live.TopicInvitation, "", invitation.ID, live.ActionRemoved)
	return user, session, nil
}

func (s *Service) join(ctx context.Context, peer Peer, user *models.User, hash []byte) (session NewSession, err error) {
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.LockAccounts(ctx); err != nil {
			return err
		}
		// Read once more: who made it may have ceased to be an owner.
		invitation, err := tx.InvitationByHash(ctx, hash)
		if err != nil {
			return badLink(err)
		}
		if _, err := tx.UseLink(ctx, models.LinkInvitation, hash); err != nil {
			return badLink(err)
		}
		if err := tx.CreateUser(ctx, user); err != nil {
			return err
		}
		event := store.EventFor(actorOf(user, peer), nil, "user.create", user.Email)
		event.Detail = map[string]string{"role": string(user.Role), "invited_by": invitation.InvitedBy, "invitation": invitation.ID}
		if err := tx.AddEvent(ctx, event); err != nil {
			return err
		}
		session, err = startSession(ctx, tx, user, peer, "invitation")
		return err
	})
	return session, err
}
