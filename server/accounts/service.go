// Package accounts is who may come in: users and their passwords, browser
// sessions, API tokens, one-time links, and the throttling of guesses. It
// turns what a request carries into a models.Actor.
package accounts

import (
	"context"
	"log/slog"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

const (
	sessionLife   = 30 * 24 * time.Hour // since it was last used
	linkLife      = 10 * time.Minute    // of a sign-in link
	bootstrapLife = 30 * 24 * time.Hour // a new one is made at every start
	inviteLife    = 7 * 24 * time.Hour  // of an invitation
	touchEvery    = time.Minute         // how exact "last used" is
	keepKeys      = 24 * time.Hour      // how long idempotency keys are kept
	maxSessions   = 50                  // per user
	maxTokens     = 100                 // per user
	maxInvited    = 200                 // invitations open at once
)

// Service is safe for concurrent use.
type Service struct {
	store   *store.Store
	hub     *live.Hub
	logger  *slog.Logger
	hasher  *hasher
	guesses guesses
}

// New makes a Service. The hub hears of changes to sessions and tokens.
func New(store *store.Store, hub *live.Hub, logger *slog.Logger) *Service {
	return &Service{store: store, hub: hub, logger: logger, hasher: newHasher(), guesses: newGuesses()}
}

// Peer is where a request came from.
type Peer struct {
	IP        string
	UserAgent string
	Device    string // what the browser's DeviceCookieName says, "" for nothing
}

// Prune removes what has expired. Call it now and then.
func (s *Service) Prune(ctx context.Context) error {
	return s.store.PruneAccounts(ctx, time.Now().UTC().Add(-keepKeys))
}

// tell lets the user's own dashboards know that something of theirs changed, or
// those of all owners when userID is "".
func (s *Service) tell(topic, userID, id, action string) {
	s.hub.Publish(live.Event{Topic: topic, UserID: userID, ID: id, Action: action})
}

// ownAccount lets an actor at its own account: somebody in a browser session,
// or a token with the scope for it.
func ownAccount(actor models.Actor) error {
	if actor.UserID == "" {
		return actor.Require(models.ScopeAdmin)
	}
	if actor.Scopes == nil {
		return nil
	}
	for _, scope := range actor.Scopes {
		if scope == models.ScopeAdmin {
			return nil
		}
	}
	return models.Errorf(models.KindForbidden, "this needs a browser session, or a token with the scope %q", models.ScopeAdmin)
}

// actorOf is a user who has just proved who it is.
func actorOf(user *models.User, peer Peer) models.Actor {
	return models.Actor{UserID: user.ID, Email: user.Email, Role: user.Role, IP: peer.IP}
}
