package registry

import (
	"slices"
	"strings"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/distribution/reference"
)

// maxScopes bounds what one request for a token may ask for. A push of an image
// asks for two at most: where it goes, and where a layer of it may be already.
const maxScopes = 50

const (
	typeRepository = "repository"
	actionPull     = "pull"
	actionPush     = "push"
)

// parseScope reads one scope, type:name:action,action. The name may hold colons
// of its own. What is not a scope, or is none of a repository, gives ok false.
func parseScope(text string) (scope token.ResourceActions, ok bool) {
	kind, rest, found := strings.Cut(text, ":")
	last := strings.LastIndexByte(rest, ':')
	if !found || last < 0 || kind != typeRepository {
		return token.ResourceActions{}, false
	}
	name := rest[:last]
	if named, err := reference.WithName(name); err != nil || named.Name() != name {
		return token.ResourceActions{}, false
	}
	scope = token.ResourceActions{Type: typeRepository, Name: name}
	for action := range strings.SplitSeq(rest[last+1:], ",") {
		if (action == actionPull || action == actionPush) && !slices.Contains(scope.Actions, action) {
			scope.Actions = append(scope.Actions, action)
		}
	}
	return scope, len(scope.Actions) > 0
}

// parseScopes reads the scopes of a request, each of which may be several with
// spaces between. Those that are none are left out, as the protocol wants it:
// who asks for too much gets a token for less.
func parseScopes(texts []string) []token.ResourceActions {
	var scopes []token.ResourceActions
	for _, text := range texts {
		for one := range strings.FieldsSeq(text) {
			if len(scopes) == maxScopes {
				return scopes
			}
			if scope, ok := parseScope(one); ok {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes
}

// narrow keeps of the scopes what a holder may do.
func (h holder) narrow(scopes []token.ResourceActions) []*token.ResourceActions {
	granted := []*token.ResourceActions{} // "access": [], not null
	for _, scope := range scopes {
		scope.Actions = slices.DeleteFunc(scope.Actions, func(action string) bool { return !h.may(scope.Name, action) })
		if len(scope.Actions) > 0 {
			granted = append(granted, &scope)
		}
	}
	return granted
}
