package accounts

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

const password = "a long enough passphrase"

var here = Peer{IP: "192.0.2.1", UserAgent: "a browser"}

func open(t *testing.T) (*Service, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), pgtest.New(t, migrations.Apply), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return New(s, live.NewHub(0), slog.New(slog.DiscardHandler)), s
}

// owned gives a service whose owner is signed in.
func owned(t *testing.T) (*Service, *store.Store, models.Actor, NewSession) {
	t.Helper()
	s, db := open(t)
	link, err := s.BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	user, session, err := s.Claim(t.Context(), here, Claim{Secret: link, Email: "Owner@Example.com", Name: "The Owner", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return s, db, actorOf(user, here), session
}

func wantKind(t *testing.T, err error, kind models.Kind) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
}

func TestClaimMakesOneOwner(t *testing.T) {
	s, _ := open(t)
	first, err := s.BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	claim := Claim{Secret: first, Email: "a@example.com", Password: password}
	_, _, err = s.Claim(t.Context(), here, claim)
	wantKind(t, err, models.KindUnauthenticated) // the second link replaced it

	claim.Secret = second
	const racers = 6
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			mine := claim
			mine.Email = string(rune('a'+i)) + "@example.com"
			_, _, errs[i] = s.Claim(t.Context(), here, mine)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case models.KindOf(err) != models.KindConflict && models.KindOf(err) != models.KindUnauthenticated:
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d claims succeeded, want 1", won, racers)
	}
	users, err := s.Users(t.Context(), models.SystemActor())
	if err != nil || len(users) != 1 {
		t.Fatalf("there are %d users (%v), want 1", len(users), err)
	}
	_, err = s.BootstrapLink(t.Context())
	wantKind(t, err, models.KindConflict)
}

func TestSignInTellsNothing(t *testing.T) {
	s, db, owner, _ := owned(t)
	_, session, err := s.SignIn(t.Context(), here, " OWNER@example.com ", password)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := s.Identify(t.Context(), Credentials{Session: session.Secret}, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	if identity.Actor.UserID != owner.UserID || identity.Actor.IP != "192.0.2.9" || identity.Actor.Scopes != nil || identity.SessionID != session.Session.ID {
		t.Errorf("the session gives %+v", identity)
	}
	_, _, wrong := s.SignIn(t.Context(), here, "owner@example.com", "not the passphrase")
	_, _, unknown := s.SignIn(t.Context(), here, "nobody@example.com", "not the passphrase")
	wantKind(t, wrong, models.KindUnauthenticated)
	wantKind(t, unknown, models.KindUnauthenticated)
	if wrong.Error() != unknown.Error() {
		t.Errorf("a wrong password says %q, an unknown address %q", wrong, unknown)
	}
	// No secret is in the database in readable form.
	var readable int64
	row := db.Pool().QueryRow(t.Context(), "SELECT count(*) FROM sessions WHERE encode(secret_hash, 'escape') LIKE '%' || $1 || '%'", session.Secret)
	if err := row.Scan(&readable); err != nil || readable != 0 {
		t.Errorf("%d sessions hold their secret (%v)", readable, err)
	}
}

// A stranger who fails at an account is stopped, and its owner is not.
func TestSignInIsThrottledForWhoFails(t *testing.T) {
	s, _, _, _ := owned(t)
	stranger := Peer{IP: "198.51.100.1"}
	guess := func(peer Peer) error {
		_, _, err := s.SignIn(t.Context(), peer, "owner@example.com", "wrong password")
		return err
	}
	for range 10 {
		wantKind(t, guess(stranger), models.KindUnauthenticated)
	}
	err := guess(stranger)
	wantKind(t, err, models.KindRateLimited)
	var limited *models.Error
	if limited = err.(*models.Error); limited.RetryAfter <= 0 || limited.RetryAfter > 30*time.Second {
		t.Errorf("come back after %s, want up to 30 s", limited.RetryAfter)
	}
	_, _, err = s.SignIn(t.Context(), stranger, "owner@example.com", password)
	wantKind(t, err, models.KindRateLimited)
	if _, _, err := s.SignIn(t.Context(), here, "owner@example.com", password); err != nil {
		t.Errorf("from another address: %v", err)
	}
	// Of one address all accounts count together.
	for i := range 30 {
		_, _, err = s.SignIn(t.Context(), Peer{IP: "203.0.113.9"}, fmt.Sprintf("nobody%d@example.com", i), "wrong password")
		wantKind(t, err, models.KindUnauthenticated)
	}
	wantKind(t, guess(Peer{IP: "203.0.113.9"}), models.KindRateLimited)
	// Every address of an IPv6 network counts as the same peer.
	for i := range 11 {
		err = guess(Peer{IP: fmt.Sprintf("2001:db8:1:2::%x", i+1)})
	}
	wantKind(t, err, models.KindRateLimited)
}

// A crowd is slowed at one account, and does not stop a browser that has signed
// in to it before.
func TestKnownBrowserIsNotStoppedByACrowd(t *testing.T) {
	s, _, owner, session := owned(t)
	crowd := 0
	guess := func(device string) error {
		crowd++
		_, _, err := s.SignIn(t.Context(), Peer{IP: fmt.Sprintf("198.51.%d.%d", crowd/250, crowd%250), Device: device}, "owner@example.com", "wrong password")
		return err
	}
	// Neither an invented device nor that of somebody else helps.
	user, err := s.CreateUser(t.Context(), owner, NewUser{Email: "member@example.com", Password: password, Role: models.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	invented := []string{"", "x", ".", session.Device + "x", newDevice(user), newDevice(&models.User{ID: owner.UserID})}
	for i := range 100 {
		wantKind(t, guess(invented[i%len(invented)]), models.KindUnauthenticated)
	}
	for _, device := range invented {
		wantKind(t, guess(device), models.KindRateLimited)
	}
	_, _, err = s.SignIn(t.Context(), Peer{IP: "203.0.113.77"}, "owner@example.com", password)
	wantKind(t, err, models.KindRateLimited)
	known := Peer{IP: "203.0.113.77", Device: session.Device}
	if _, _, err := s.SignIn(t.Context(), known, "owner@example.com", password); err != nil {
		t.Fatalf("a browser that it knows: %v", err)
	}
	// Which may not guess without end either, wherever it is.
	for i := range 10 {
		_, _, err := s.SignIn(t.Context(), Peer{IP: fmt.Sprintf("203.0.113.%d", i), Device: session.Device}, "owner@example.com", "wrong password")
		wantKind(t, err, models.KindUnauthenticated)
	}
	_, _, err = s.SignIn(t.Context(), known, "owner@example.com", password)
	wantKind(t, err, models.KindRateLimited)
	// Nor is whoever is signed in stopped from changing the password, after
	// which the devices of before are strangers.
	if _, err := s.UpdateUser(t.Context(), owner, "", Changes{Password: &PasswordChange{Current: password, New: "another passphrase"}}); err != nil {
		t.Fatal(err)
	}
	wantKind(t, guess(session.Device), models.KindRateLimited)
}

func TestSuccessCostsNothing(t *testing.T) {
	s, _, _, _ := owned(t)
	for range 11 {
		if _, _, err := s.SignIn(t.Context(), here, "owner@example.com", password); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTokens(t *testing.T) {
	s, db, owner, _ := owned(t)
	token, secret, err := s.CreateToken(t.Context(), owner, NewToken{Name: "CI", Scopes: []string{"deploy", "deploy"}, ExpiresIn: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, "slw_") || !strings.HasPrefix(secret, token.Hint) || len(token.Scopes) != 1 {
		t.Errorf("the token is %+v", token)
	}
	identity, err := s.Identify(t.Context(), Credentials{Token: secret}, "")
	if err != nil {
		t.Fatal(err)
	}
	if a := identity.Actor; a.Can(models.ScopeWrite) || a.Can(models.ScopeSecrets) || !a.Can(models.ScopeRead) || a.TokenID != token.ID {
		t.Errorf("the token may %+v", a)
	}
	_, _, err = s.CreateToken(t.Context(), identity.Actor, NewToken{Name: "more", Scopes: []string{"read"}})
	wantKind(t, err, models.KindForbidden)
	_, err = s.Sessions(t.Context(), identity.Actor)
	wantKind(t, err, models.KindForbidden)

	// Last use is exact to a minute and not written more often.
	used := func() time.Time {
		tokens, err := s.Tokens(t.Context(), owner)
		if err != nil || len(tokens) != 1 || tokens[0].LastUsedAt == nil {
			t.Fatalf("tokens: %+v, %v", tokens, err)
		}
		return *tokens[0].LastUsedAt
	}
	before := used()
	if _, err := s.Identify(t.Context(), Credentials{Token: secret}, ""); err != nil {
		t.Fatal(err)
	}
	if !used().Equal(before) {
		t.Error("last use was written twice within a minute")
	}

	if _, err := db.Pool().Exec(t.Context(), "UPDATE tokens SET expires_at = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Identify(t.Context(), Credentials{Token: secret}, "")
	wantKind(t, err, models.KindUnauthenticated)
	if !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired token is refused with %q", err)
	}
	if err := s.RevokeToken(t.Context(), identity.Actor, token.ID); err != nil {
		t.Fatalf("a token may end itself: %v", err)
	}
	_, err = s.Identify(t.Context(), Credentials{Token: secret}, "")
	wantKind(t, err, models.KindUnauthenticated)
	_, err = s.Identify(t.Context(), Credentials{Token: secret[:len(secret)-1] + "!"}, "")
	wantKind(t, err, models.KindUnauthenticated)
}

func TestMemberGivesNoMoreThanItHas(t *testing.T) {
	s, _, owner, _ := owned(t)
	member, err := s.CreateUser(t.Context(), owner, NewUser{Email: "m@example.com", Password: password, Role: models.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	actor := actorOf(member, here)
	_, _, err = s.CreateToken(t.Context(), actor, NewToken{Name: "x", Scopes: []string{"admin"}})
	wantKind(t, err, models.KindForbidden)
	_, err = s.CreateUser(t.Context(), actor, NewUser{Email: "n@example.com", Password: password, Role: models.RoleMember})
	wantKind(t, err, models.KindForbidden)
	_, err = s.CreateUser(t.Context(), owner, NewUser{Email: "M@example.com", Password: password, Role: models.RoleMember})
	wantKind(t, err, models.KindConflict)
}

func TestSignInLinkWorksOnce(t *testing.T) {
	s, db, owner, _ := owned(t)
	secret, expires, err := s.SignInLink(t.Context(), owner)
	if err != nil || time.Until(expires) > linkLife {
		t.Fatal(expires, err)
	}
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, _, errs[i] = s.SignInByLink(t.Context(), here, secret) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantKind(t, err, models.KindUnauthenticated)
		}
	}
	if won != 1 {
		t.Errorf("the link worked %d times, want once", won)
	}
	late, _, err := s.SignInLink(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(t.Context(), "UPDATE links SET expires_at = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.SignInByLink(t.Context(), here, late)
	wantKind(t, err, models.KindUnauthenticated)
	// A link that signs in is none that makes owners, and the other way round.
	other, _, _ := s.SignInLink(t.Context(), owner)
	_, _, err = s.Claim(t.Context(), here, Claim{Secret: other, Email: "x@example.com", Password: password})
	wantKind(t, err, models.KindConflict)
}

func TestSessionsAreListedRevokedAndSlide(t *testing.T) {
	s, db, owner, session := owned(t)
	_, other, err := s.SignIn(t.Context(), Peer{IP: "192.0.2.2", UserAgent: "bad\xffagent\x01" + strings.Repeat("x", 999)}, owner.Email, password)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := s.Sessions(t.Context(), owner)
	if err != nil || len(sessions) != 2 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	if err := s.RevokeSession(t.Context(), owner, other.Session.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Identify(t.Context(), Credentials{Session: other.Secret}, "")
	wantKind(t, err, models.KindUnauthenticated)

	if _, err := db.Pool().Exec(t.Context(), "UPDATE sessions SET last_used_at = now() - interval '2 minutes', expires_at = now() + interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	identity, err := s.Identify(t.Context(), Credentials{Session: session.Secret}, "")
	if err != nil || !identity.Renewed {
		t.Fatalf("a session used after two minutes is not renewed: %v", err)
	}
	if sessions, _ = s.Sessions(t.Context(), owner); time.Until(sessions[0].ExpiresAt) < sessionLife-time.Minute {
		t.Errorf("it expires at %s", sessions[0].ExpiresAt)
	}
	if identity, _ = s.Identify(t.Context(), Credentials{Session: session.Secret}, ""); identity.Renewed {
		t.Error("it was renewed twice within a minute")
	}
	if _, err := db.Pool().Exec(t.Context(), "UPDATE sessions SET expires_at = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Identify(t.Context(), Credentials{Session: session.Secret}, "")
	wantKind(t, err, models.KindUnauthenticated)
	if err := s.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := db.Pool().QueryRow(t.Context(), "SELECT count(*) FROM sessions").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d sessions are left after pruning (%v)", left, err)
	}
}

func TestPasswordChange(t *testing.T) {
	s, _, owner, session := owned(t)
	_, other, err := s.SignIn(t.Context(), here, owner.Email, password)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.UpdateUser(t.Context(), owner, session.Session.ID, Changes{Password: &PasswordChange{Current: "wrong", New: "another passphrase"}})
	wantKind(t, err, models.KindInvalid)
	name := "New Name"
	user, err := s.UpdateUser(t.Context(), owner, session.Session.ID, Changes{Name: &name, Password: &PasswordChange{Current: password, New: "another passphrase"}})
	if err != nil || user.Name != name {
		t.Fatal(user, err)
	}
	if _, err := s.Identify(t.Context(), Credentials{Session: session.Secret}, ""); err != nil {
		t.Errorf("the session that changed it ended: %v", err)
	}
	_, err = s.Identify(t.Context(), Credentials{Session: other.Secret}, "")
	wantKind(t, err, models.KindUnauthenticated)
	_, _, err = s.SignIn(t.Context(), here, owner.Email, password)
	wantKind(t, err, models.KindUnauthenticated)
	if _, _, err := s.SignIn(t.Context(), here, owner.Email, "another passphrase"); err != nil {
		t.Error(err)
	}
}

func TestEveryChangeLeavesAnEvent(t *testing.T) {
	s, db, owner, _ := owned(t)
	token, secret, err := s.CreateToken(t.Context(), owner, NewToken{Name: "CI", Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeToken(t.Context(), owner, token.ID); err != nil {
		t.Fatal(err)
	}
	link, _, err := s.SignInLink(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	events, _, err := db.Events(t.Context(), owner, nil, store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action)
		if text := e.Target + e.Detail["token"]; strings.Contains(text, secret) || strings.Contains(text, link) || e.IP != here.IP {
			t.Errorf("event %+v", e)
		}
	}
	slices.Sort(actions) // those of one millisecond come in any order
	if got := strings.Join(actions, " "); got != "session.create sign_in_link.create token.create token.revoke user.create" {
		t.Errorf("the events are %s", got)
	}
}
