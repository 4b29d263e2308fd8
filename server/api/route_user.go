package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/accounts"
)

func (a *API) userRoutes() {
	register(a, route{
		id: "list-users", method: http.MethodGet, path: "/users", tag: tagAccounts, summary: "List everybody", scope: models.ScopeAdmin,
	}, a.listUsers)
	register(a, route{
		id: "create-user", method: http.MethodPost, path: "/users", tag: tagAccounts, summary: "Add a user",
		description: "An owner sees every app, a member their own.",
		status:      http.StatusCreated, scope: models.ScopeAdmin, creates: true,
	}, a.createUser)
	register(a, route{
		id: "get-user", method: http.MethodGet, path: "/users/{id}", tag: tagAccounts, summary: "Show somebody", scope: models.ScopeAdmin,
	}, a.getUser)
	register(a, route{
		id: "update-user", method: http.MethodPatch, path: "/users/{id}", tag: tagAccounts, summary: "Change somebody's role",
		description: "It holds from their next request on. The last owner stays one, and nobody changes their own role. " +
			"Whoever ceases to be an owner takes the invitations along that they made.",
		scope: models.ScopeAdmin,
	}, a.updateUser)
	register(a, route{
		id: "remove-user", method: http.MethodDelete, path: "/users/{id}", tag: tagAccounts, summary: "Remove somebody",
		description: "Ends their sessions, API tokens, sign-in links and the invitations they made, at once. Their apps become " +
			"yours and go on running; what they did keeps their name. The last owner stays, and nobody removes themselves.",
		scope: models.ScopeAdmin,
	}, a.removeUser)
}

func (a *API) listUsers(ctx context.Context, who caller, _ *struct{}) (*body[Page[User]], error) {
	users, err := a.deps.Accounts.Users(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	items := make([]User, len(users))
	for i := range users {
		items[i] = wireUser(&users[i])
	}
	return page(items, ""), nil
}

// CreateUser is the body of create-user.
type CreateUser struct {
	Email    string `json:"email" maxLength:"254"`
	Name     string `json:"name,omitempty" maxLength:"200"`
	Role     string `json:"role" enum:"owner,member"`
	Password string `json:"password" doc:"At least 10 characters; they can change it" maxLength:"1000"`
}

func (a *API) createUser(ctx context.Context, who caller, in *struct{ Body CreateUser }) (*body[UserAnswer], error) {
	user, err := a.deps.Accounts.CreateUser(ctx, who.Actor, accounts.NewUser{
		Email: in.Body.Email, Name: in.Body.Name, Password: in.Body.Password, Role: models.Role(in.Body.Role),
	})
	if err != nil {
		return nil, err
	}
	return answer(UserAnswer{User: wireUser(user)}), nil
}

func (a *API) getUser(ctx context.Context, who caller, in *IDInput) (*revised[UserAnswer], error) {
	user, err := a.deps.Accounts.UserByID(ctx, who.Actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &revised[UserAnswer]{etag(user.Revision), UserAnswer{User: wireUser(user)}}, nil
}

// UpdateUser is the body of update-user.
type UpdateUser struct {
	Role string `json:"role" enum:"owner,member"`
}

type updateUserInput struct {
	IDInput
	Precondition
	Body UpdateUser
}

func (a *API) updateUser(ctx context.Context, who caller, in *updateUserInput) (*revised[UserAnswer], error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	user, err := a.deps.Accounts.SetRole(ctx, who.Actor, in.ID, revision, models.Role(in.Body.Role))
	if err != nil {
		return nil, err
	}
	return &revised[UserAnswer]{etag(user.Revision), UserAnswer{User: wireUser(user)}}, nil
}

func (a *API) removeUser(ctx context.Context, who caller, in *struct {
	IDInput
	Precondition
},
) (*nothing, error) {
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	return nil, a.deps.Accounts.RemoveUser(ctx, who.Actor, in.ID, revision)
}
