package accounts

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// NewSession is a session that has just been made. Its secret goes into the
// browser's cookie and is kept nowhere else; so does the device.
type NewSession struct {
	Secret  string
	Device  string // for DeviceCookieName
	Session *models.Session
}

// SignIn checks a password and starts a session. Whether the address is unknown
// or the password wrong cannot be told from the answer or its time.
func (s *Service) SignIn(ctx context.Context, peer Peer, email, password string) (*models.User, NewSession, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	forgivePeer, err := s.guesses.takePeer(peer)
	if err != nil {
		return nil, NewSession{}, err
	}
	user, err := s.store.UserByEmail(ctx, email)
	if err != nil && models.KindOf(err) != models.KindNotFound {
		forgivePeer()
		return nil, NewSession{}, err
	}
	forgive, err := s.guesses.take(email, user, peer)
	if err != nil {
		return nil, NewSession{}, err
	}
	hash := ""
	if user != nil {
		hash = user.PasswordHash
	}
	ok, err := s.hasher.Verify(ctx, hash, password)
	if err != nil {
		forgivePeer()
		forgive()
		return nil, NewSession{}, err
	}
	if !ok {
		s.logger.InfoContext(ctx, "a sign-in failed", "ip", peer.IP)
		return nil, NewSession{}, models.Errorf(models.KindUnauthenticated, "the e-mail address or the password is wrong")
	}
	forgivePeer()
	forgive()
	var session NewSession
	err = s.store.Transact(ctx, func(tx *store.Store) error {
		session, err = startSession(ctx, tx, user, peer, "password")
		return err
	})
	if err != nil {
		return nil, NewSession{}, err
	}
	s.tell(live.TopicSession, user.ID, session.Session.ID, live.ActionCreated)
	return user, session, nil
}

// startSession writes a session and its audit event in the caller's transaction.
func startSession(ctx context.Context, tx *store.Store, user *models.User, peer Peer, by string) (NewSession, error) {
	now := time.Now().UTC()
	secret := newSecret(sessionPrefix)
	session := &models.Session{
		UserID: user.ID, SecretHash: hashSecret(secret), IP: peer.IP, UserAgent: tidy(peer.UserAgent, 300),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(sessionLife),
	}
	if err := tx.CreateSession(ctx, session, maxSessions); err != nil {
		return NewSession{}, err
	}
	event := store.EventFor(actorOf(user, peer), nil, "session.create", user.Email)
	event.Detail = map[string]string{"by": by}
	return NewSession{Secret: secret, Device: newDevice(user), Session: session}, tx.AddEvent(ctx, event)
}

// Sessions lists the actor's own sessions, last used first.
func (s *Service) Sessions(ctx context.Context, actor models.Actor) ([]models.Session, error) {
	if err := ownAccount(actor); err != nil {
		return nil, err
	}
	return s.store.Sessions(ctx, actor.UserID)
}

// RevokeSession ends one of the actor's own sessions.
func (s *Service) RevokeSession(ctx context.Context, actor models.Actor, id string) error {
	if err := ownAccount(actor); err != nil {
		return err
	}
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.DeleteSession(ctx, actor.UserID, id); err != nil {
			return err
		}
		return tx.AddEvent(ctx, store.EventFor(actor, nil, "session.revoke", id))
	})
	if err == nil {
		s.tell(live.TopicSession, actor.UserID, id, live.ActionRemoved)
	}
	return err
}

// tidy makes a text from outside fit to be kept: valid UTF-8, no control
// characters, at most max bytes.
func tidy(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.TrimSpace(s)
}
