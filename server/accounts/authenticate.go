package accounts

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// CookieName is the browser's cookie that holds a session's secret.
const CookieName = "slipway_session"

// Credentials are what a request carries to say who sends it. Token wins when
// both are there.
type Credentials struct {
	Session string // a session's secret
	Token   string // an API token
}

// CredentialsOf reads a request: a Bearer token, the password of HTTP Basic
// (which is all that git can send), or the session's cookie.
func CredentialsOf(r *http.Request) Credentials {
	if header := r.Header.Get("Authorization"); header != "" {
		if scheme, rest, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
			return Credentials{Token: strings.TrimSpace(rest)}
		}
		if _, password, ok := r.BasicAuth(); ok {
			return Credentials{Token: password}
		}
		return Credentials{Token: "unreadable"} // whoever sent it did not mean to be nobody
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		return Credentials{Session: cookie.Value}
	}
	return Credentials{}
}

// Empty says whether there are no credentials at all.
func (c Credentials) Empty() bool { return c.Session == "" && c.Token == "" }

// Identity is who sends a request.
type Identity struct {
	Actor     models.Actor
	SessionID string // the browser session in use, "" with a token
	Renewed   bool   // the session lives longer now; so should its cookie
}

// Identify finds out who has the credentials. With none, or with ones that are
// not valid, it gives a KindUnauthenticated error.
func (s *Service) Identify(ctx context.Context, c Credentials, ip string) (Identity, error) {
	switch {
	case c.Token != "":
		return s.byToken(ctx, c.Token, ip)
	case c.Session != "":
		return s.bySession(ctx, c.Session, ip)
	default:
		return Identity{}, models.Errorf(models.KindUnauthenticated, "sign in first, or send an API token")
	}
}

// Authenticate gives the actor of an API token, for doors such as git's that
// take nothing else.
func (s *Service) Authenticate(ctx context.Context, token, ip string) (models.Actor, error) {
	identity, err := s.Identify(ctx, Credentials{Token: token}, ip)
	return identity.Actor, err
}

func (s *Service) byToken(ctx context.Context, secret, ip string) (Identity, error) {
	refused := models.Errorf(models.KindUnauthenticated, "this API token is not valid: it may have been revoked, or mistyped")
	if !wellFormed(tokenPrefix, secret) {
		return Identity{}, refused
	}
	hash := hashSecret(secret)
	token, user, err := s.store.TokenByHash(ctx, hash)
	if models.KindOf(err) == models.KindNotFound || (err == nil && !sameHash(token.SecretHash, hash)) {
		return Identity{}, refused
	}
	if err != nil {
		return Identity{}, err
	}
	now := time.Now().UTC()
	if token.ExpiresAt != nil && !token.ExpiresAt.After(now) {
		return Identity{}, models.Errorf(models.KindUnauthenticated, "this API token expired on %s", token.ExpiresAt.Format("2 January 2006"))
	}
	if token.LastUsedAt == nil || now.Sub(*token.LastUsedAt) >= touchEvery {
		if err := s.store.TouchToken(ctx, token.ID, now); err != nil {
			return Identity{}, err
		}
	}
	actor := actorOf(user, Peer{IP: ip})
	actor.TokenID, actor.Scopes = token.ID, token.Scopes
	if actor.Scopes == nil {
		actor.Scopes = []models.Scope{} // nil would mean all
	}
	return Identity{Actor: actor}, nil
}

func (s *Service) bySession(ctx context.Context, secret, ip string) (Identity, error) {
	refused := models.Errorf(models.KindUnauthenticated, "your session has ended; sign in again")
	if !wellFormed(sessionPrefix, secret) {
		return Identity{}, refused
	}
	hash := hashSecret(secret)
	session, err := s.store.SessionByHash(ctx, hash)
	if err != nil {
		return Identity{}, gone(err, refused)
	}
	if !sameHash(session.SecretHash, hash) {
		return Identity{}, refused
	}
	user, err := s.store.UserByID(ctx, session.UserID)
	if err != nil {
		return Identity{}, gone(err, refused)
	}
	identity := Identity{Actor: actorOf(user, Peer{IP: ip}), SessionID: session.ID}
	if now := time.Now().UTC(); now.Sub(session.LastUsedAt) >= touchEvery {
		if err := s.store.TouchSession(ctx, session.ID, now, now.Add(sessionLife)); err != nil {
			return Identity{}, err
		}
		identity.Renewed = true
	}
	return identity, nil
}

// gone turns "no such …" into a refusal and leaves other errors alone.
func gone(err error, refused *models.Error) error {
	if models.KindOf(err) == models.KindNotFound {
		return refused
	}
	return err
}
