package models

import "slices"

// Role is what a user is in the installation.
type Role string

// The roles.
const (
	RoleOwner  Role = "owner"  // everything, every app
	RoleMember Role = "member" // their own apps
)

// Scope is what an API token may do with its user's rights.
type Scope string

// The scopes, each of which includes those that Implies lists.
const (
	ScopeRead    Scope = "read"    // see apps, deployments, logs; never config values
	ScopeDeploy  Scope = "deploy"  // push, deploy, roll back, cancel, restart, scale; includes read
	ScopeSecrets Scope = "secrets" // read config values
	ScopeWrite   Scope = "write"   // create, change and destroy apps and their config; includes deploy
	ScopeAdmin   Scope = "admin"   // accounts and tokens too; includes all
)

// Scopes are all scopes, least first.
var scopes = []Scope{ScopeRead, ScopeDeploy, ScopeSecrets, ScopeWrite, ScopeAdmin}

// ParseScope refuses what is not a scope.
func ParseScope(s string) (Scope, error) {
	if slices.Contains(scopes, Scope(s)) {
		return Scope(s), nil
	}
	return "", Invalid("scopes", "%q is not a scope; use read, deploy, secrets, write or admin", s)
}

func (s Scope) includes(wanted Scope) bool {
	switch s {
	case ScopeAdmin:
		return true
	case ScopeWrite:
		return wanted == ScopeWrite || wanted == ScopeDeploy || wanted == ScopeRead
	case ScopeDeploy:
		return wanted == ScopeDeploy || wanted == ScopeRead
	default:
		return s == wanted
	}
}

// Actor is who asks: a user in a browser session, an API token of a user, or
// the system itself. Every store call that loads an app takes one, and sees no
// further than it.
type Actor struct {
	UserID  string
	Email   string
	Role    Role
	Scopes  []Scope // nil: a session or the system, which are not narrowed
	TokenID string  // the API token used, "" in a session
	IP      string  // where the request came from, "" when unknown
	System  bool    // Slipway itself: jobs, reconcilers, verified webhooks
}

// SystemActor is Slipway acting on its own behalf.
func SystemActor() Actor { return Actor{System: true, Role: RoleOwner, Email: "slipway"} }

// Can says whether the actor has a scope at all. Which apps it may use it on is
// the store's to say (see SeesAll).
func (a Actor) Can(wanted Scope) bool {
	if a.System {
		return true
	}
	if a.UserID == "" {
		return false
	}
	if wanted == ScopeAdmin && a.Role != RoleOwner {
		return false
	}
	if a.Scopes == nil {
		return true
	}
	return slices.ContainsFunc(a.Scopes, func(s Scope) bool { return s.includes(wanted) })
}

// SeesAll says whether the actor sees every app rather than its own only.
func (a Actor) SeesAll() bool { return a.System || a.Role == RoleOwner }

// Require gives a KindForbidden error unless the actor has the scope, and a
// KindUnauthenticated one when nobody is signed in.
func (a Actor) Require(wanted Scope) error {
	if a.Can(wanted) {
		return nil
	}
	if a.UserID == "" {
		return Errorf(KindUnauthenticated, "sign in first, or send an API token")
	}
	return Errorf(KindForbidden, "this needs the scope %q, which you do not have", wanted)
}
