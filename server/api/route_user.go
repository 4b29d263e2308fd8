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
