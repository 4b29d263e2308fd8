package accounts

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func invite(t *testing.T, s *Service, actor models.Actor, wanted NewInvitation) (*store.Invitation, string) {
	t.Helper()
	invitation, secret, err := s.Invite(t.Context(), actor, wanted)
	if err != nil {
		t.Fatal(err)
	}
	return invitation, secret
}

// joined makes somebody an account by invitation and gives its actor.
func joined(t *testing.T, s *Service, inviter models.Actor, role models.Role, email string) (models.Actor, NewSession) {
	t.Helper()
	_, secret := invite(t, s, inviter, NewInvitation{Role: role})
	user, session, err := s.Join(t.Context(), here, Joining{Secret: secret, Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return actorOf(user, here), session
}

// actions lists what the audit trail says was done to a target, oldest first.
func actions(t *testing.T, db *store.Store, target string) []string {
	t.Helper()
	events, _, err := db.Events(t.Context(), models.SystemActor(), nil, store.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, e := range slices.Backward(events) {
		if e.Target == target {
			done = append(done, e.Actor+" "+e.Action)
		}
	}
	return done
}

func TestInvitationMakesOneUser(t *testing.T) {
	s, db, owner, _ := owned(t)
	invitation, secret := invite(t, s, owner, NewInvitation{Role: models.RoleMember, Email: " Grace@Example.com "})
	if invitation.Email != "grace@example.com" || invitation.InvitedBy != owner.Email || !strings.HasPrefix(secret, linkPrefix) {
		t.Fatalf("the invitation is %+v", invitation)
	}
	if left := time.Until(invitation.ExpiresAt); left < inviteLife-time.Minute || left > inviteLife {
		t.Errorf("it is good for %s", left)
	}
	var readable int
	row := db.Pool().QueryRow(t.Context(), "SELECT count(*) FROM links WHERE encode(secret_hash, 'escape') LIKE '%' || $1 || '%'", secret)
	if err := row.Scan(&readable); err != nil || readable != 0 {
		t.Errorf("%d links hold their secret (%v)", readable, err)
	}
	if shown, err := s.Invitation(t.Context(), here, secret); err != nil || shown.Role != models.RoleMember || shown.InvitedBy != owner.Email {
		t.Errorf("its secret shows %+v, %v", shown, err)
	}

	// What is refused leaves the invitation as it is.
	join := Joining{Secret: secret, Email: "linus@example.com", Name: "Grace", Password: password}
	_, _, err := s.Join(t.Context(), here, join)
	wantKind(t, err, models.KindInvalid)
	join.Email, join.Password = "grace@example.com", "short"
	_, _, err = s.Join(t.Context(), here, join)
	wantKind(t, err, models.KindInvalid)
	join.Password = password

	const racers = 4
	errs := make([]error, racers)
	sessions := make([]NewSession, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() { _, sessions[i], errs[i] = s.Join(t.Context(), here, join) })
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case err == nil:
			t.Error("two joined with one link")
		case models.KindOf(err) != models.KindUnauthenticated:
			t.Errorf("a loser got %v", err)
		}
	}
	if won < 0 {
		t.Fatalf("nobody joined: %v", errs)
	}
	identity, err := s.Identify(t.Context(), Credentials{Session: sessions[won].Secret}, here.IP)
	if err != nil || identity.Actor.Role != models.RoleMember || identity.Actor.Email != "grace@example.com" {
		t.Errorf("the session gives %+v, %v", identity, err)
	}
	if open, err := s.Invitations(t.Context(), owner); err != nil || len(open) != 0 {
		t.Errorf("%d invitations are open, %v", len(open), err)
	}
	want := []string{"owner@example.com invitation.create", "grace@example.com user.create", "grace@example.com session.create"}
	if got := actions(t, db, "grace@example.com"); !slices.Equal(got, want) {
		t.Errorf("the audit trail says %q, want %q", got, want)
	}
	_, _, err = s.Invite(t.Context(), owner, NewInvitation{Role: models.RoleMember, Email: "GRACE@example.com"})
	wantKind(t, err, models.KindConflict)
}

// An address that is taken uses the invitation not up.
func TestJoiningWithATakenAddress(t *testing.T) {
	s, _, owner, _ := owned(t)
	_, secret := invite(t, s, owner, NewInvitation{Role: models.RoleOwner})
	_, _, err := s.Join(t.Context(), here, Joining{Secret: secret, Email: owner.Email, Password: password})
	wantKind(t, err, models.KindConflict)
	user, _, err := s.Join(t.Context(), here, Joining{Secret: secret, Email: "second@example.com", Password: password})
	if err != nil || user.Role != models.RoleOwner {
		t.Errorf("%+v, %v", user, err)
	}
}

func TestInvitationsEnd(t *testing.T) {
	s, db, owner, _ := owned(t)
	refused := func(what, secret string) {
		t.Helper()
		_, _, err := s.Join(t.Context(), here, Joining{Secret: secret, Email: "x@example.com", Password: password})
		if models.KindOf(err) != models.KindUnauthenticated {
			t.Errorf("%s: %v", what, err)
		}
	}
	revoked, secret := invite(t, s, owner, NewInvitation{Role: models.RoleMember})
	if err := s.RevokeInvitation(t.Context(), owner, revoked.ID); err != nil {
		t.Fatal(err)
	}
	refused("revoked", secret)
	wantKind(t, s.RevokeInvitation(t.Context(), owner, revoked.ID), models.KindNotFound)
	if got := actions(t, db, revoked.ID); len(got) != 2 || got[1] != owner.Email+" invitation.revoke" {
		t.Errorf("the audit trail says %q", got)
	}

	late, secret := invite(t, s, owner, NewInvitation{Role: models.RoleMember})
	if _, err := db.Pool().Exec(t.Context(), "UPDATE links SET expires_at = now() WHERE id = $1", late.ID); err != nil {
		t.Fatal(err)
	}
	refused("expired", secret)
	if open, err := s.Invitations(t.Context(), owner); err != nil || len(open) != 0 {
		t.Errorf("%d invitations are open, %v", len(open), err)
	}
	if err := s.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}

	// One of somebody who is no owner any more is no way back in.
	second, _ := joined(t, s, owner, models.RoleOwner, "second@example.com")
	_, demoted := invite(t, s, second, NewInvitation{Role: models.RoleOwner})
	if _, err := s.SetRole(t.Context(), owner, second.UserID, 0, models.RoleMember); err != nil {
		t.Fatal(err)
	}
	refused("of one who was made a member", demoted)
	third, _ := joined(t, s, owner, models.RoleOwner, "third@example.com")
	_, removed := invite(t, s, third, NewInvitation{Role: models.RoleOwner})
	if err := s.RemoveUser(t.Context(), owner, third.UserID, 0); err != nil {
		t.Fatal(err)
	}
	refused("of one who was removed", removed)

	// The kinds of link are not each other's.
	_, secret = invite(t, s, owner, NewInvitation{Role: models.RoleMember})
	_, _, err := s.SignInByLink(t.Context(), here, secret)
	wantKind(t, err, models.KindUnauthenticated)
	signIn, _, err := s.SignInLink(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	refused("a sign-in link", signIn)
}

func TestOnlyOwnersInvite(t *testing.T) {
	s, _, owner, _ := owned(t)
	member, _ := joined(t, s, owner, models.RoleMember, "m@example.com")
	narrowed := owner
	narrowed.Scopes = []models.Scope{models.ScopeWrite}
	for _, actor := range []models.Actor{member, narrowed} {
		_, _, err := s.Invite(t.Context(), actor, NewInvitation{Role: models.RoleMember})
		wantKind(t, err, models.KindForbidden)
		_, err = s.Invitations(t.Context(), actor)
		wantKind(t, err, models.KindForbidden)
		wantKind(t, s.RevokeInvitation(t.Context(), actor, "x"), models.KindForbidden)
		_, err = s.SetRole(t.Context(), actor, member.UserID, 0, models.RoleOwner)
		wantKind(t, err, models.KindForbidden)
		wantKind(t, s.RemoveUser(t.Context(), actor, member.UserID, 0), models.KindForbidden)
	}
	for _, bad := range []NewInvitation{{}, {Role: "king"}, {Role: models.RoleMember, Email: "nobody"}} {
		_, _, err := s.Invite(t.Context(), owner, bad)
		wantKind(t, err, models.KindInvalid)
	}
	// One who was an owner when the request came is not when it is done.
	second, _ := joined(t, s, owner, models.RoleOwner, "second@example.com")
	if _, err := s.SetRole(t.Context(), owner, second.UserID, 0, models.RoleMember); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Invite(t.Context(), second, NewInvitation{Role: models.RoleOwner})
	wantKind(t, err, models.KindForbidden)
}

func TestGuessingInvitationsIsThrottled(t *testing.T) {
	s, _, owner, _ := owned(t)
	_, secret := invite(t, s, owner, NewInvitation{Role: models.RoleMember})
	guesser := Peer{IP: "198.51.100.7"}
	var err error
	for range 31 {
		_, err = s.Invitation(t.Context(), guesser, newSecret(linkPrefix))
	}
	wantKind(t, err, models.KindRateLimited)
	_, _, err = s.Join(t.Context(), guesser, Joining{Secret: secret, Email: "x@example.com", Password: password})
	wantKind(t, err, models.KindRateLimited)
	if _, err := s.Invitation(t.Context(), here, secret); err != nil {
		t.Errorf("from another address: %v", err)
	}
}
