package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func TestUsers(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	wantKind(t, w.CreateUser(ctx, &models.User{Email: "ANN@example.com", PasswordHash: "x", Role: models.RoleMember}), models.KindConflict)
	ann, err := w.UserByEmail(ctx, "Ann@Example.com")
	must(t, err)
	if ann.ID != w.ann.UserID {
		t.Errorf("%+v", ann)
	}
	_, err = w.UserByID(ctx, "nobody")
	wantKind(t, err, models.KindNotFound)
	must(t, w.SetUserName(ctx, ann.ID, "Ann B."))
	must(t, w.SetPasswordHash(ctx, ann.ID, "x", "y"))
	wantKind(t, w.SetPasswordHash(ctx, ann.ID, "x", "z"), models.KindConflict)
	if ann, err = w.UserByID(ctx, ann.ID); err != nil || ann.Name != "Ann B." || ann.PasswordHash != "y" {
		t.Errorf("%+v, %v", ann, err)
	}
	users, err := w.Users(ctx)
	if err != nil || len(users) != 3 {
		t.Errorf("%v, %v", users, err)
	}
	if is, err := w.OwnerExists(ctx); err != nil || !is {
		t.Errorf("%v, %v", is, err)
	}
	w.exec(t, "UPDATE users SET role = 'member'")
	if is, err := w.OwnerExists(ctx); err != nil || is {
		t.Errorf("%v, %v", is, err)
	}
}

// Of many who look for an owner and make one if there is none, one does.
func TestLockAccounts(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.exec(t, "UPDATE users SET role = 'member'")
	var made atomic.Int32
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			err := w.Transact(ctx, func(tx *store.Store) error {
				if err := tx.LockAccounts(ctx); err != nil {
					return err
				}
				if is, err := tx.OwnerExists(ctx); err != nil || is {
					return err
				}
				made.Add(1)
				return tx.CreateUser(ctx, &models.User{Email: models.NewID() + "@example.com", PasswordHash: "x", Role: models.RoleOwner})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if made.Load() != 1 {
		t.Errorf("%d owners were made", made.Load())
	}
}

func TestSessions(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	now := time.Now().UTC()
	add := func(user models.Actor, hash string, used time.Duration, expires time.Duration) *models.Session {
		t.Helper()
		s := &models.Session{UserID: user.UserID, SecretHash: []byte(hash), LastUsedAt: now.Add(used), ExpiresAt: now.Add(expires)}
		must(t, w.CreateSession(ctx, s, 2))
		return s
	}
	add(w.ann, "1", -3*time.Hour, time.Hour)
	two, three := add(w.ann, "2", -2*time.Hour, time.Hour), add(w.ann, "3", -time.Hour, time.Hour)
	his := add(w.bob, "4", 0, time.Hour)
	_, err := w.SessionByHash(ctx, []byte("1"))
	wantKind(t, err, models.KindNotFound) // the oldest went when there were three
	list, err := w.Sessions(ctx, w.ann.UserID)
	if err != nil || len(list) != 2 || list[0].ID != three.ID {
		t.Errorf("%v, %v", list, err)
	}
	must(t, w.TouchSession(ctx, two.ID, now, now.Add(-time.Second)))
	_, err = w.SessionByHash(ctx, []byte("2"))
	wantKind(t, err, models.KindNotFound) // expired
	wantKind(t, w.DeleteSession(ctx, w.ann.UserID, his.ID), models.KindNotFound)
	must(t, w.DeleteOtherSessions(ctx, w.ann.UserID, three.ID))
	if got, err := w.SessionByHash(ctx, []byte("3")); err != nil || got.ID != three.ID {
		t.Errorf("%v, %v", got, err)
	}
	must(t, w.DeleteSession(ctx, w.ann.UserID, three.ID))
	if got, err := w.SessionByHash(ctx, []byte("4")); err != nil || got.ID != his.ID {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTokens(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, hash := range []string{"1", "2"} {
		must(t, w.CreateToken(ctx, &models.Token{UserID: w.ann.UserID, Name: hash, SecretHash: []byte(hash), Scopes: []models.Scope{models.ScopeRead}}, 2))
	}
	wantKind(t, w.CreateToken(ctx, &models.Token{UserID: w.ann.UserID, SecretHash: []byte("3"), Scopes: []models.Scope{}}, 2), models.KindConflict)
	token, whose, err := w.TokenByHash(ctx, []byte("1"))
	must(t, err)
	if whose.ID != w.ann.UserID || whose.Email != w.ann.Email || token.UserID != whose.ID || !slices.Equal(token.Scopes, []models.Scope{models.ScopeRead}) || token.LastUsedAt != nil {
		t.Errorf("%+v of %+v", token, whose)
	}
	must(t, w.TouchToken(ctx, token.ID, time.Now().UTC()))
	list, err := w.Tokens(ctx, w.ann.UserID)
	if err != nil || len(list) != 2 || list[1].LastUsedAt == nil || list[1].Scopes[0] != models.ScopeRead {
		t.Errorf("%v, %v", list, err)
	}
	_, err = w.DeleteToken(ctx, w.bob.UserID, token.ID)
	wantKind(t, err, models.KindNotFound)
	if gone, err := w.DeleteToken(ctx, w.ann.UserID, token.ID); err != nil || gone.Name != "1" {
		t.Errorf("%v, %v", gone, err)
	}
	_, _, err = w.TokenByHash(ctx, []byte("1"))
	wantKind(t, err, models.KindNotFound)
}

func TestLinks(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	soon := time.Now().UTC().Add(time.Hour)
	must(t, w.CreateLink(ctx, &models.Link{Purpose: models.LinkSignIn, UserID: &w.ann.UserID, SecretHash: []byte("1"), ExpiresAt: soon}))
	must(t, w.CreateLink(ctx, &models.Link{Purpose: models.LinkBootstrap, SecretHash: []byte("2"), ExpiresAt: soon}))
	must(t, w.CreateLink(ctx, &models.Link{Purpose: models.LinkBootstrap, SecretHash: []byte("3"), ExpiresAt: time.Now().UTC().Add(-time.Second)}))
	for hash, valid := range map[string]bool{"1": false, "2": true, "3": false, "4": false} {
		if got, err := w.LinkValid(ctx, models.LinkBootstrap, []byte(hash)); err != nil || got != valid {
			t.Errorf("%s: %v, %v", hash, got, err)
		}
	}
	// It works once, whoever comes at the same time.
	var used atomic.Int32
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			link, err := w.UseLink(ctx, models.LinkSignIn, []byte("1"))
			switch {
			case err == nil && *link.UserID == w.ann.UserID:
				used.Add(1)
			case models.KindOf(err) != models.KindNotFound:
				t.Error(err)
			}
		})
	}
	done.Wait()
	if used.Load() != 1 {
		t.Errorf("a link was used %d times", used.Load())
	}
	must(t, w.CreateLink(ctx, &models.Link{Purpose: models.LinkSignIn, UserID: &w.bob.UserID, SecretHash: []byte("5"), ExpiresAt: soon}))
	must(t, w.DeleteLinks(ctx, models.LinkSignIn, w.ann.UserID))
	if got, err := w.LinkValid(ctx, models.LinkSignIn, []byte("5")); err != nil || !got {
		t.Errorf("bob's went with ann's: %v, %v", got, err)
	}
	must(t, w.DeleteLinks(ctx, models.LinkSignIn, ""))
	if got, err := w.LinkValid(ctx, models.LinkSignIn, []byte("5")); err != nil || got {
		t.Errorf("%v, %v", got, err)
	}
	must(t, w.CreateSession(ctx, &models.Session{UserID: w.ann.UserID, SecretHash: []byte("s"), ExpiresAt: time.Now().UTC().Add(-time.Second)}, 10))
	must(t, w.PruneAccounts(ctx, time.Now().UTC()))
	var left int
	must(t, w.Pool().QueryRow(ctx, "SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM sessions)").Scan(&left))
	if left != 1 { // the bootstrap link that is still good
		t.Errorf("%d are left", left)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	claim := func(actor, key, request string, abandoned time.Duration) (*store.IdempotencyKey, error) {
		return w.ClaimIdempotencyKey(ctx, actor, key, []byte(request), abandoned)
	}
	var through atomic.Int32
	var done sync.WaitGroup
	for range 10 {
		done.Go(func() {
			row, err := claim("ann", "k", "a", time.Minute)
			switch {
			case err == nil && row == nil:
				through.Add(1)
			case models.KindOf(err) != models.KindConflict:
				t.Errorf("%v, %v", row, err)
			}
		})
	}
	done.Wait()
	if through.Load() != 1 {
		t.Errorf("%d went through", through.Load())
	}
	if row, err := claim("bob", "k", "b", time.Minute); row != nil || err != nil {
		t.Errorf("another's key: %v, %v", row, err)
	}
	_, err := claim("ann", "k", "other", time.Minute)
	wantKind(t, err, models.KindInvalid)
	must(t, w.AnswerIdempotencyKey(ctx, "ann", "k", 201, []byte("answer")))
	if row, err := claim("ann", "k", "a", -time.Minute); err != nil || row == nil || row.Status != 201 || string(row.Response) != "answer" {
		t.Errorf("%v, %v", row, err)
	}
	must(t, w.DropIdempotencyKey(ctx, "ann", "k")) // answered: it stays
	if row, err := claim("ann", "k", "a", time.Minute); err != nil || row == nil {
		t.Errorf("%v, %v", row, err)
	}
	if row, err := claim("bob", "k", "b", -time.Minute); row != nil || err != nil {
		t.Errorf("one taken for dead does not make room: %v, %v", row, err)
	}
	must(t, w.DropIdempotencyKey(ctx, "bob", "k"))
	if row, err := claim("bob", "k", "c", time.Minute); row != nil || err != nil {
		t.Errorf("%v, %v", row, err)
	}
	must(t, w.PruneAccounts(ctx, time.Now().UTC().Add(time.Hour)))
	if row, err := claim("ann", "k", "new", time.Minute); row != nil || err != nil {
		t.Errorf("%v, %v", row, err)
	}
}
