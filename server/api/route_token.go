package api

import (
	"context"
	"net/http"
	"time"

	"github.com/slipway-paas/slipway/server/accounts"
)

func (a *API) tokenRoutes() {
	register(a, route{
		id: "list-tokens", method: http.MethodGet, path: "/tokens", tag: tagAccounts, summary: "List your API tokens", own: true,
	}, a.listTokens)
	register(a, route{
		id: "create-token", method: http.MethodPost, path: "/tokens", tag: tagAccounts, summary: "Make an API token", own: true,
		description: "Its secret is in this answer and nowhere else. It can do no more than its maker.",
		status:      http.StatusCreated, creates: true,
	}, a.createToken)
	register(a, route{
		id: "revoke-token", method: http.MethodDelete, path: "/tokens/{id}", tag: tagAccounts, summary: "Revoke an API token", own: true,
	}, a.revokeToken)
}

func (a *API) listTokens(ctx context.Context, who caller, _ *struct{}) (*body[Page[Token]], error) {
	tokens, err := a.deps.Accounts.Tokens(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	items := make([]Token, len(tokens))
	for i := range tokens {
		items[i] = wireToken(&tokens[i])
	}
	return page(items, ""), nil
}

// CreateToken is the body of create-token.
type CreateToken struct {
	Name          string   `json:"name" minLength:"1" maxLength:"100" example:"CI"`
	Scopes        []string `json:"scopes" nullable:"false" minItems:"1" maxItems:"10" doc:"read, deploy, secrets, write, admin"`
	ExpiresInDays int      `json:"expires_in_days,omitempty" minimum:"0" maximum:"3650" doc:"0 or absent: it does not expire"`
}

func (a *API) createToken(ctx context.Context, who caller, in *struct{ Body CreateToken }) (*body[NewToken], error) {
	token, secret, err := a.deps.Accounts.CreateToken(ctx, who.Actor, accounts.NewToken{
		Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresIn: time.Duration(in.Body.ExpiresInDays) * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	return answer(NewToken{Token: wireToken(token), Secret: secret}), nil
}

func (a *API) revokeToken(ctx context.Context, who caller, in *IDInput) (*nothing, error) {
	return nil, a.deps.Accounts.RevokeToken(ctx, who.Actor, in.ID)
}

// OneTimeLink is a link that works once.
type OneTimeLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) createSignInLink(ctx context.Context, who caller, _ *struct{}) (*body[OneTimeLink], error) {
	secret, expires, err := a.deps.Accounts.SignInLink(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	return answer(OneTimeLink{URL: a.deps.URL + "/sign-in?token=" + secret, ExpiresAt: expires}), nil
}
