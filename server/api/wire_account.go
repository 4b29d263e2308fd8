package api

import (
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// User is a person with an account.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,member"`
	CreatedAt time.Time `json:"created_at"`
}

// SignedIn is who is signed in now.
type SignedIn struct {
	User  User        `json:"user"`
	Actor ActorRights `json:"actor"`
}

// ActorRights says what the credential in use may do.
type ActorRights struct {
	Scopes []string `json:"scopes" nullable:"true" doc:"null in a browser session, which may do all that its user may"`
}

// Session is one signed-in browser.
type Session struct {
	ID         string    `json:"id"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	Current    bool      `json:"current" doc:"The session that asks"`
}

// Token is an API token without its secret.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Hint       string     `json:"hint" doc:"Its first characters, to recognise it by"`
	Scopes     []string   `json:"scopes" nullable:"false"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty" doc:"Absent: it does not expire"`
}

// NewToken is an API token as it is shown once.
type NewToken struct {
	Token
	Secret string `json:"token" doc:"The token itself; it is not shown again" example:"slw_…"`
}

// Invitation is a link that makes one more user, without its secret.
type Invitation struct {
	ID        string    `json:"id"`
	Role      string    `json:"role" enum:"owner,member" doc:"What it makes who uses it"`
	Email     string    `json:"email" doc:"The only address that it is for; empty: any"`
	InvitedBy string    `json:"invited_by" doc:"E-mail address of who made it"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewInvitation is an invitation as it is shown once.
type NewInvitation struct {
	Invitation
	URL string `json:"url" doc:"The link to hand on; it is not shown again"`
}

func wireInvitation(i *store.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Role: string(i.Role), Email: i.Email, InvitedBy: i.InvitedBy,
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}
}

func wireUser(u *models.User) User {
	return User{ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role), CreatedAt: u.CreatedAt}
}

func wireSession(s *models.Session, current string) Session {
	return Session{
		ID: s.ID, IP: s.IP, UserAgent: s.UserAgent, CreatedAt: s.CreatedAt,
		LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt, Current: s.ID == current,
	}
}

func wireToken(t *models.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Hint: t.Hint, Scopes: wireScopes(t.Scopes),
		CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt, ExpiresAt: t.ExpiresAt,
	}
}

func wireScopes(scopes []models.Scope) []string {
	wire := make([]string, len(scopes))
	for i, s := range scopes {
		wire[i] = string(s)
	}
	return wire
}
