package accounts

import (
	"slices"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestRemovingSomebody(t *testing.T) {
	s, db, owner, _ := owned(t)
	member, session := joined(t, s, owner, models.RoleMember, "m@example.com")
	_, secret, err := s.CreateToken(t.Context(), member, NewToken{Name: "laptop", Scopes: []string{"write"}})
	if err != nil {
		t.Fatal(err)
	}
	link, _, err := s.SignInLink(t.Context(), member)
	if err != nil {
		t.Fatal(err)
	}
	app := &models.App{Name: "theirs", OwnerID: member.UserID}
	if err := db.CreateApp(t.Context(), app); err != nil {
		t.Fatal(err)
	}

	if err := s.RemoveUser(t.Context(), owner, member.UserID, 0); err != nil {
		t.Fatal(err)
	}
	for what, credentials := range map[string]Credentials{"session": {Session: session.Secret}, "token": {Token: secret}} {
		_, err := s.Identify(t.Context(), credentials, here.IP)
		if models.KindOf(err) != models.KindUnauthenticated {
			t.Errorf("the %s gives %v", what, err)
		}
	}
	_, _, err = s.SignInByLink(t.Context(), here, link)
	wantKind(t, err, models.KindUnauthenticated)
	_, _, err = s.SignIn(t.Context(), here, member.Email, password)
	wantKind(t, err, models.KindUnauthenticated)
	_, _, err = s.CreateToken(t.Context(), member, NewToken{Name: "late", Scopes: []string{"read"}}) // a request under way
	wantKind(t, err, models.KindConflict)

	kept, err := db.AppByName(t.Context(), owner, "theirs")
	if err != nil || kept.OwnerID != owner.UserID {
		t.Errorf("their app is %+v, %v", kept, err)
	}
	want := []string{"m@example.com user.create", "m@example.com session.create", "m@example.com sign_in_link.create", "owner@example.com user.remove"}
	if got := actions(t, db, "m@example.com"); !slices.Equal(got, want) {
		t.Errorf("the audit trail says %q, want %q", got, want)
	}
	if got := actions(t, db, owner.Email); !slices.Contains(got, "owner@example.com app.transfer") {
		t.Errorf("the audit trail says %q", got)
	}
	wantKind(t, s.RemoveUser(t.Context(), owner, member.UserID, 0), models.KindNotFound)
	joined(t, s, owner, models.RoleMember, "m@example.com") // the address is free again
}

func TestRoles(t *testing.T) {
	s, db, owner, _ := owned(t)
	other, session := joined(t, s, owner, models.RoleMember, "o@example.com")
	user, err := s.SetRole(t.Context(), owner, other.UserID, 1, models.RoleOwner)
	if err != nil || user.Role != models.RoleOwner || user.Revision != 2 {
		t.Fatalf("%+v, %v", user, err)
	}
	identity, err := s.Identify(t.Context(), Credentials{Session: session.Secret}, here.IP)
	if err != nil || identity.Actor.Role != models.RoleOwner {
		t.Errorf("the session gives %+v, %v", identity, err)
	}
	_, err = s.SetRole(t.Context(), owner, other.UserID, 1, models.RoleMember)
	wantKind(t, err, models.KindPrecondition)
	wantKind(t, s.RemoveUser(t.Context(), owner, other.UserID, 1), models.KindPrecondition)
	_, err = s.SetRole(t.Context(), owner, owner.UserID, 0, models.RoleMember)
	wantKind(t, err, models.KindConflict)
	wantKind(t, s.RemoveUser(t.Context(), owner, owner.UserID, 0), models.KindConflict)
	_, err = s.SetRole(t.Context(), owner, other.UserID, 0, "king")
	wantKind(t, err, models.KindInvalid)
	_, err = s.SetRole(t.Context(), owner, "nobody", 0, models.RoleOwner)
	wantKind(t, err, models.KindNotFound)

	if user, err = s.SetRole(t.Context(), owner, other.UserID, 2, models.RoleMember); err != nil || user.Role != models.RoleMember {
		t.Fatalf("%+v, %v", user, err)
	}
	same, err := s.SetRole(t.Context(), owner, other.UserID, 0, models.RoleMember)
	if err != nil || same.Revision != user.Revision {
		t.Errorf("nothing changed, and it is %+v, %v", same, err)
	}
	roles := 0
	for _, action := range actions(t, db, "o@example.com") {
		if action == "owner@example.com user.role" {
			roles++
		}
	}
	if roles != 2 {
		t.Errorf("the audit trail has %d changes of role, want 2", roles)
	}

	// Slipway itself may not take the last owner away either.
	_, err = s.SetRole(t.Context(), models.SystemActor(), owner.UserID, 0, models.RoleMember)
	wantKind(t, err, models.KindConflict)
	wantKind(t, s.RemoveUser(t.Context(), models.SystemActor(), owner.UserID, 0), models.KindConflict)
}

// Two owners who take each other's place away at once leave one, however often
// they try.
func TestTwoOwnersAtOnceLeaveOne(t *testing.T) {
	s, _, owner, _ := owned(t)
	demote := func(by, of models.Actor) error {
		_, err := s.SetRole(t.Context(), by, of.UserID, 0, models.RoleMember)
		return err
	}
	remove := func(by, of models.Actor) error { return s.RemoveUser(t.Context(), by, of.UserID, 0) }
	for round, pair := range [][2]func(by, of models.Actor) error{{demote, demote}, {remove, remove}, {demote, remove}, {demote, demote}, {remove, remove}} {
		rival, _ := joined(t, s, owner, models.RoleOwner, string(rune('a'+round))+"@example.com")
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() { errs[0] = pair[0](owner, rival) })
		both.Go(func() { errs[1] = pair[1](rival, owner) })
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v, want one to succeed", round, errs[0], errs[1])
		}
		users, err := s.Users(t.Context(), models.SystemActor())
		if err != nil {
			t.Fatal(err)
		}
		owners := 0
		for _, user := range users {
			if user.Role == models.RoleOwner {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("round %d: %d owners are left", round, owners)
		}
		if errs[0] != nil {
			wantKind(t, errs[0], models.KindForbidden)
			owner = rival
		} else {
			wantKind(t, errs[1], models.KindForbidden)
		}
	}
}

// Slipway itself and an owner, or Slipway twice, leave one owner too.
func TestTheLastOwnerStays(t *testing.T) {
	s, _, owner, _ := owned(t)
	other, _ := joined(t, s, owner, models.RoleOwner, "o@example.com")
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { errs[0] = s.RemoveUser(t.Context(), models.SystemActor(), owner.UserID, 0) })
	both.Go(func() { _, errs[1] = s.SetRole(t.Context(), models.SystemActor(), other.UserID, 0, models.RoleMember) })
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("%v and %v, want one to succeed", errs[0], errs[1])
	}
	for _, err := range errs {
		if err != nil {
			wantKind(t, err, models.KindConflict)
		}
	}
	if exists, err := s.OwnerExists(t.Context()); err != nil || !exists {
		t.Errorf("no owner is left, %v", err)
	}
}
