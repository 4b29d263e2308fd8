package accounts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// NewToken says what an API token should be.
type NewToken struct {
	Name      string
	Scopes    []string
	ExpiresIn time.Duration // 0: it does not expire
}

// CreateToken makes an API token for the actor's user and gives its secret,
// which is kept nowhere. A token can do no more than who makes it.
func (s *Service) CreateToken(ctx context.Context, actor models.Actor, wanted NewToken) (*models.Token, string, error) {
	if err := ownAccount(actor); err != nil {
		return nil, "", err
	}
	token := &models.Token{UserID: actor.UserID, Name: tidy(wanted.Name, 100)}
	if token.Name == "" {
		return nil, "", models.Invalid("name", "a token needs a name, to recognise it by")
	}
	if len(wanted.Scopes) == 0 {
		return nil, "", models.Invalid("scopes", "a token needs at least one scope: read, deploy, secrets, write or admin")
	}
	for _, name := range wanted.Scopes {
		scope, err := models.ParseScope(strings.TrimSpace(name))
		if err != nil {
			return nil, "", err
		}
		if !actor.Can(scope) {
			return nil, "", &models.Error{Kind: models.KindForbidden, Field: "scopes", Message: "you cannot give a token the scope " + string(scope) + ", which you do not have"}
		}
		if !slices.Contains(token.Scopes, scope) {
			token.Scopes = append(token.Scopes, scope)
		}
	}
	if wanted.ExpiresIn < 0 {
		return nil, "", models.Invalid("expires_in_days", "a token cannot expire in the past")
	}
	if wanted.ExpiresIn > 0 {
		expires := time.Now().UTC().Add(wanted.ExpiresIn)
		token.ExpiresAt = &expires
	}
	secret := newSecret(tokenPrefix)
	token.SecretHash, token.Hint = hashSecret(secret), secret[:len(tokenPrefix)+4]

	err := s.store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.CreateToken(ctx, token, maxTokens); err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "token.create", token.Name)
		event.Detail = map[string]string{"token": token.ID, "scopes": strings.Join(wanted.Scopes, " ")}
		return tx.AddEvent(ctx, event)
	})
	if err != nil {
		return nil, "", err
	}
	s.tell(live.TopicToken, actor.UserID, token.ID, live.ActionCreated)
	return token, secret, nil
}

// Tokens lists the actor's own API tokens, newest first.
func (s *Service) Tokens(ctx context.Context, actor models.Actor) ([]models.Token, error) {
	if err := ownAccount(actor); err != nil {
		return nil, err
	}
	return s.store.Tokens(ctx, actor.UserID)
}

// RevokeToken ends one of the actor's own API tokens. Any token may end itself.
func (s *Service) RevokeToken(ctx context.Context, actor models.Actor, id string) error {
	if actor.TokenID == "" || actor.TokenID != id {
		if err := ownAccount(actor); err != nil {
			return err
		}
	}
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		token, err := tx.DeleteToken(ctx, actor.UserID, id)
		if err != nil {
			return err
		}
		event := store.EventFor(actor, nil, "token.revoke", token.Name)
		event.Detail = map[string]string{"token": id}
		return tx.AddEvent(ctx, event)
	})
	if err == nil {
		s.tell(live.TopicToken, actor.UserID, id, live.ActionRemoved)
	}
	return err
}
