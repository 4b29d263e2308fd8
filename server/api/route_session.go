package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/accounts"
)

const tagAccounts = "Accounts"

func (a *API) sessionRoutes() {
	register(a, route{
		id: "get-setup", method: http.MethodGet, path: "/setup", tag: tagAccounts, summary: "Say whether the first owner is still to be made", public: true,
	}, a.getSetup)
	register(a, route{
		id: "create-owner", method: http.MethodPost, path: "/setup", tag: tagAccounts, summary: "Make the first owner with the bootstrap link's token",
		status: http.StatusCreated, public: true,
	}, a.createOwner)
	register(a, route{
		id: "sign-in", method: http.MethodPost, path: "/session", tag: tagAccounts, summary: "Sign in with e-mail address and password",
		description: "The answer sets the session's cookie. Programs use API tokens instead.", public: true,
	}, a.signIn)
	register(a, route{
		id: "sign-in-by-link", method: http.MethodPost, path: "/session/link", tag: tagAccounts, summary: "Sign in with a one-time link's token", public: true,
	}, a.signInByLink)
	register(a, route{
		id: "get-session", method: http.MethodGet, path: "/session", tag: tagAccounts, summary: "Show who is signed in", own: true,
	}, a.getSession)
	register(a, route{
		id: "sign-out", method: http.MethodDelete, path: "/session", tag: tagAccounts, summary: "Sign out", public: true,
	}, a.signOut)
	register(a, route{
		id: "list-sessions", method: http.MethodGet, path: "/sessions", tag: tagAccounts, summary: "List your sessions", own: true,
	}, a.listSessions)
	register(a, route{
		id: "revoke-session", method: http.MethodDelete, path: "/sessions/{id}", tag: tagAccounts, summary: "End one of your sessions", own: true,
	}, a.revokeSession)
	register(a, route{
		id: "create-sign-in-link", method: http.MethodPost, path: "/sign-in-links", tag: tagAccounts, summary: "Make a one-time link that signs you in", own: true,
		description: "It is good for ten minutes, once.", status: http.StatusCreated,
	}, a.createSignInLink)
	register(a, route{
		id: "update-me", method: http.MethodPatch, path: "/users/me", tag: tagAccounts, summary: "Change your name or password", own: true,
		description: "A new password ends your other sessions.",
	}, a.updateMe)
}

// Setup says whether the first owner is still to be made.
type Setup struct {
	BootstrapRequired bool   `json:"bootstrap_required"`
	Version           string `json:"version"`
}

func (a *API) getSetup(ctx context.Context, _ caller, _ *struct{}) (*body[Setup], error) {
	exists, err := a.deps.Accounts.OwnerExists(ctx)
	if err != nil {
		return nil, err
	}
	return answer(Setup{BootstrapRequired: !exists, Version: a.deps.Version}), nil
}

// UserAnswer is the body of what answers with a user.
type UserAnswer struct {
	User User `json:"user"`
}

// signedIn is the answer to signing in: the user, and the cookies of the session
// and the device.
type signedIn struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      UserAnswer
}

func (a *API) answerSignedIn(user *models.User, session accounts.NewSession) *signedIn {
	return &signedIn{SetCookie: []string{a.sessionCookie(session.Secret), a.deviceCookie(session.Device)}, Body: UserAnswer{User: wireUser(user)}}
}

// CreateOwner is the body of create-owner.
type CreateOwner struct {
	Token    string `json:"token" doc:"From the bootstrap link" maxLength:"200"`
	Email    string `json:"email" maxLength:"254" example:"you@example.com"`
	Name     string `json:"name,omitempty" maxLength:"200"`
	Password string `json:"password" doc:"At least 10 characters" maxLength:"1000"`
}

func (a *API) createOwner(ctx context.Context, who caller, in *struct{ Body CreateOwner }) (*signedIn, error) {
	user, session, err := a.deps.Accounts.Claim(ctx, peer(who), accounts.Claim{
		Secret: in.Body.Token, Email: in.Body.Email, Name: in.Body.Name, Password: in.Body.Password,
	})
	if err != nil {
		return nil, err
	}
	return a.answerSignedIn(user, session), nil
}

// SignIn is the body of sign-in.
type SignIn struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1000"`
}

func (a *API) signIn(ctx context.Context, who caller, in *struct{ Body SignIn }) (*signedIn, error) {
	user, session, err := a.deps.Accounts.SignIn(ctx, peer(who), in.Body.Email, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return a.answerSignedIn(user, session), nil
}

// SignInByLink is the body of sign-in-by-link.
type SignInByLink struct {
	Token string `json:"token" maxLength:"200"`
}

func (a *API) signInByLink(ctx context.Context, who caller, in *struct{ Body SignInByLink }) (*signedIn, error) {
	user, session, err := a.deps.Accounts.SignInByLink(ctx, peer(who), in.Body.Token)
	if err != nil {
		return nil, err
	}
	return a.answerSignedIn(user, session), nil
}

func (a *API) getSession(ctx context.Context, who caller, _ *struct{}) (*body[SignedIn], error) {
	user, err := a.deps.Accounts.User(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	rights := ActorRights{}
	if who.Scopes != nil {
		rights.Scopes = wireScopes(who.Scopes)
	}
	return answer(SignedIn{User: wireUser(user), Actor: rights}), nil
}

// cleared is an answer that takes the session's cookie away.
type cleared struct {
	SetCookie string `header:"Set-Cookie"`
}

func (a *API) signOut(ctx context.Context, who caller, _ *struct{}) (*cleared, error) {
	if who.SessionID != "" {
		if err := a.deps.Accounts.RevokeSession(ctx, who.Actor, who.SessionID); err != nil && models.KindOf(err) != models.KindNotFound {
			return nil, err
		}
	}
	return &cleared{SetCookie: a.sessionCookie("")}, nil
}

func (a *API) listSessions(ctx context.Context, who caller, _ *struct{}) (*body[Page[Session]], error) {
	sessions, err := a.deps.Accounts.Sessions(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	items := make([]Session, len(sessions))
	for i := range sessions {
		items[i] = wireSession(&sessions[i], who.SessionID)
	}
	return page(items, ""), nil
}

// IDInput names something by its ID.
type IDInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (a *API) revokeSession(ctx context.Context, who caller, in *IDInput) (*nothing, error) {
	return nil, a.deps.Accounts.RevokeSession(ctx, who.Actor, in.ID)
}

// UpdateMe is the body of update-me.
type UpdateMe struct {
	Name     *string         `json:"name,omitempty" maxLength:"200"`
	Password *ChangePassword `json:"password,omitempty"`
}

// ChangePassword is a new password and the proof that one may set it.
type ChangePassword struct {
	Current string `json:"current" maxLength:"1000"`
	New     string `json:"new" maxLength:"1000"`
}

func (a *API) updateMe(ctx context.Context, who caller, in *struct{ Body UpdateMe }) (*body[UserAnswer], error) {
	changes := accounts.Changes{Name: in.Body.Name}
	if in.Body.Password != nil {
		changes.Password = &accounts.PasswordChange{Current: in.Body.Password.Current, New: in.Body.Password.New}
	}
	user, err := a.deps.Accounts.UpdateUser(ctx, who.Actor, who.SessionID, changes)
	if err != nil {
		return nil, err
	}
	return answer(UserAnswer{User: wireUser(user)}), nil
}

func peer(who caller) accounts.Peer {
	return accounts.Peer{IP: who.IP, UserAgent: who.UserAgent, Device: who.Device}
}
