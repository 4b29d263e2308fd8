package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCan(t *testing.T) {
	owner, member := Actor{UserID: "o", Role: RoleOwner}, Actor{UserID: "m", Role: RoleMember}
	with := func(a Actor, scopes ...Scope) Actor { a.Scopes = scopes; return a }
	for _, c := range []struct {
		name  string
		actor Actor
		can   []Scope
	}{
		{"nobody", Actor{}, nil},
		{"nobody with scopes", with(Actor{}, ScopeAdmin), nil},
		{"slipway", SystemActor(), scopes},
		{"owner", owner, scopes},
		{"member", member, []Scope{ScopeRead, ScopeDeploy, ScopeSecrets, ScopeWrite}},
		{"token without scopes", with(owner, []Scope{}...), scopes[:0]},
		{"read", with(owner, ScopeRead), []Scope{ScopeRead}},
		{"deploy", with(owner, ScopeDeploy), []Scope{ScopeRead, ScopeDeploy}},
		{"secrets", with(owner, ScopeSecrets), []Scope{ScopeSecrets}},
		{"write", with(owner, ScopeWrite), []Scope{ScopeRead, ScopeDeploy, ScopeWrite}},
		{"admin", with(owner, ScopeAdmin), scopes},
		{"admin of a member", with(member, ScopeAdmin), []Scope{ScopeRead, ScopeDeploy, ScopeSecrets, ScopeWrite}},
	} {
		if c.actor.Scopes == nil && c.name == "token without scopes" {
			c.actor.Scopes = []Scope{}
		}
		for _, scope := range scopes {
			if got := c.actor.Can(scope); got != slices.Contains(c.can, scope) {
				t.Errorf("%s: Can(%s) is %v", c.name, scope, got)
			}
			err := c.actor.Require(scope)
			switch {
			case c.actor.Can(scope) != (err == nil):
				t.Errorf("%s: Require(%s) gives %v", c.name, scope, err)
			case err != nil && c.actor.UserID == "" && KindOf(err) != KindUnauthenticated,
				err != nil && c.actor.UserID != "" && KindOf(err) != KindForbidden:
				t.Errorf("%s: Require(%s) gives kind %s", c.name, scope, KindOf(err))
			}
		}
	}
	if member.SeesAll() || (Actor{}).SeesAll() || !owner.SeesAll() || !SystemActor().SeesAll() {
		t.Error("who sees every app is wrong")
	}
}

func TestParseScope(t *testing.T) {
	for _, scope := range scopes {
		if got, err := ParseScope(string(scope)); err != nil || got != scope {
			t.Errorf("%s: %v, %v", scope, got, err)
		}
	}
	for _, wrong := range []string{"", "Read", "root", "read ", "read,write"} {
		if _, err := ParseScope(wrong); KindOf(err) != KindInvalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("connection to 10.0.0.3 refused")
	err := error(&Error{Kind: KindUnavailable, Message: "away", Err: cause})
	wrapped := fmt.Errorf("reading: %w", err)
	if KindOf(wrapped) != KindUnavailable || SafeMessage(wrapped) != "away" || !errors.Is(wrapped, cause) {
		t.Errorf("%v: kind %s, message %q", wrapped, KindOf(wrapped), SafeMessage(wrapped))
	}
	if strings.Contains(SafeMessage(cause), "10.0.0.3") || KindOf(cause) != KindInternal {
		t.Errorf("an unknown error shows its cause: %q", SafeMessage(cause))
	}
	if Wrap(nil, KindInternal, "x") != nil {
		t.Error("wrapping nothing gives an error")
	}
	if got := Wrap(err, KindInternal, "other"); !errors.Is(got, err) || KindOf(got) != KindUnavailable {
		t.Errorf("wrapping changed the kind: %v", got)
	}
	if got := Wrap(cause, KindFailed, "it %s", "broke"); KindOf(got) != KindFailed || SafeMessage(got) != "it broke" {
		t.Errorf("wrapped: %v", got)
	}
	var invalid *Error
	if !errors.As(error(Invalid("name", "no %d", 1)), &invalid) || invalid.Field != "name" || invalid.Message != "no 1" {
		t.Errorf("%+v", invalid)
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	var last string
	for range 200 {
		id := NewID()
		if len(id) != 26 || strings.Trim(id, "0123456789abcdefghjkmnpqrstvwxyz") != "" || seen[id] {
			t.Fatalf("%q is no good as an ID", id)
		}
		seen[id] = true
		if last != "" && id[:12] < last[:12] { // 60 of the 64 bits of the time
			t.Fatalf("%s was made after %s and sorts before it", id, last)
		}
		last = id
	}
	next := NewID()
	for deadline := time.Now().Add(10 * time.Second); next[:12] == last[:12] && time.Now().Before(deadline); { // until the clock has moved on
		next = NewID()
	}
	if next[:12] <= last[:12] {
		t.Errorf("%s was made after %s and does not sort after it", next, last)
	}
}

func TestDeploymentStates(t *testing.T) {
	terminal := []DeploymentState{DeploymentSucceeded, DeploymentFailed, DeploymentCancelled, DeploymentSuperseded}
	active := []DeploymentState{DeploymentBuilding, DeploymentReleasing, DeploymentDeploying}
	for _, state := range append(append([]DeploymentState{DeploymentQueued}, terminal...), active...) {
		if state.Terminal() != slices.Contains(terminal, state) || state.Active() != slices.Contains(active, state) {
			t.Errorf("%s: terminal %v, active %v", state, state.Terminal(), state.Active())
		}
	}
	for trigger, builds := range map[Trigger]bool{
		TriggerPush: true, TriggerUpload: true, TriggerGit: true, TriggerWebhook: true, TriggerImage: true,
		TriggerConfig: false, TriggerRollback: false, TriggerSettings: false, TriggerRestart: false,
	} {
		if (&Deployment{Trigger: trigger}).NeedsBuild() != builds {
			t.Errorf("%s: NeedsBuild is not %v", trigger, builds)
		}
	}
}
