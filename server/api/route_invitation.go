package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/accounts"
)

func (a *API) invitationRoutes() {
	register(a, route{
		id: "list-invitations", method: http.MethodGet, path: "/invitations", tag: tagAccounts, summary: "List open invitations", scope: models.ScopeAdmin,
		description: "Those that have been used or have expired are gone.",
	}, a.listInvitations)
	register(a, route{
		id: "create-invitation", method: http.MethodPost, path: "/invitations", tag: tagAccounts, summary: "Invite somebody",
		description: "The link is in this answer and nowhere else; no mail is sent. Whoever opens it makes themselves an account, " +
			"once, within 7 days, as long as you are an owner.",
		status: http.StatusCreated, scope: models.ScopeAdmin, creates: true,
	}, a.createInvitation)
	register(a, route{
		id: "revoke-invitation", method: http.MethodDelete, path: "/invitations/{id}", tag: tagAccounts, summary: "Make an invitation worthless", scope: models.ScopeAdmin,
	}, a.revokeInvitation)
	register(a, route{
		id: "read-invitation", method: http.MethodPost, path: "/join/invitation", tag: tagAccounts, summary: "Show what an invitation's token is good for",
		description: "It can still be used afterwards.", public: true,
	}, a.readInvitation)
	register(a, route{
		id: "join", method: http.MethodPost, path: "/join", tag: tagAccounts, summary: "Make yourself an account with an invitation's token",
		description: "The answer sets the session's cookie.", status: http.StatusCreated, public: true,
	}, a.join)
}

func (a *API) listInvitations(ctx context.Context, who caller, _ *struct{}) (*body[Page[Invitation]], error) {
	invitations, err := a.deps.Accounts.Invitations(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	items := make([]Invitation, len(invitations))
	for i := range invitations {
		items[i] = wireInvitation(&invitations[i])
	}
	return page(items, ""), nil
}

// CreateInvitation is the body of create-invitation.
type CreateInvitation struct {
	Role  string `json:"role" enum:"owner,member"`
	Email string `json:"email,omitempty" maxLength:"254" doc:"The only address that it is for; absent: any"`
}

func (a *API) createInvitation(ctx context.Context, who caller, in *struct{ Body CreateInvitation }) (*body[NewInvitation], error) {
	invitation, secret, err := a.deps.Accounts.Invite(ctx, who.Actor, accounts.NewInvitation{Role: models.Role(in.Body.Role), Email: in.Body.Email})
	if err != nil {
		return nil, err
	}
	return answer(NewInvitation{Invitation: wireInvitation(invitation), URL: a.deps.URL + "/join?token=" + secret}), nil
}

func (a *API) revokeInvitation(ctx context.Context, who caller, in *IDInput) (*nothing, error) {
	return nil, a.deps.Accounts.RevokeInvitation(ctx, who.Actor, in.ID)
}

// ReadInvitation is the body of read-invitation.
type ReadInvitation struct {
	Token string `json:"token" maxLength:"200"`
}

func (a *API) readInvitation(ctx context.Context, who caller, in *struct{ Body ReadInvitation }) (*body[Invitation], error) {
	invitation, err := a.deps.Accounts.Invitation(ctx, peer(who), in.Body.Token)
	if err != nil {
		return nil, err
	}
	return answer(wireInvitation(invitation)), nil
}

// Join is the body of join.
type Join struct {
	Token    string `json:"token" doc:"From the invitation's link" maxLength:"200"`
	Email    string `json:"email" maxLength:"254" example:"you@example.com"`
	Name     string `json:"name,omitempty" maxLength:"200"`
	Password string `json:"password" doc:"At least 10 characters" maxLength:"1000"`
}

func (a *API) join(ctx context.Context, who caller, in *struct{ Body Join }) (*signedIn, error) {
	user, session, err := a.deps.Accounts.Join(ctx, peer(who), accounts.Joining{
		Secret: in.Body.Token, Email: in.Body.Email, Name: in.Body.Name, Password: in.Body.Password,
	})
	if err != nil {
		return nil, err
	}
	return a.answerSignedIn(user, session), nil
}
