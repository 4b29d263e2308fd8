package api

import (
	"strings"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestSameKeyMakesOneThing(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	body := map[string]any{"name": "CI", "scopes": []string{"read"}}
	keyed := owner.with("Idempotency-Key", "make-ci")
	first := keyed.post("/api/v1/tokens", body).want(201)
	again := keyed.post("/api/v1/tokens", body).want(201)
	if string(first.body) != string(again.body) || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
		t.Errorf("first %s, then %s (%v)", first.body, again.body, again.header)
	}
	keyed.post("/api/v1/tokens", map[string]any{"name": "CD", "scopes": []string{"read"}}).problem(422, models.KindInvalid)
	if n := len(owner.get("/api/v1/tokens").items()); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
	// The kept answer holds the token, so nobody who reads the database may.
	var sealed []byte
	if err := h.store.Pool().QueryRow(t.Context(), "SELECT response FROM idempotency_keys").Scan(&sealed); err != nil || strings.Contains(string(sealed), "slw_") {
		t.Errorf("the answer is kept in the clear (%v)", err)
	}
	// Somebody else's key is another key.
	h.member(t, "m@example.com").with("Idempotency-Key", "make-ci").post("/api/v1/tokens", body).want(201)
}

func TestFailureFreesTheKey(t *testing.T) {
	h := open(t)
	keyed := h.owner(t).with("Idempotency-Key", "k")
	keyed.post("/api/v1/tokens", map[string]any{"name": " ", "scopes": []string{"read"}}).problem(422, models.KindInvalid)
	keyed.post("/api/v1/tokens", map[string]any{"name": "fine", "scopes": []string{"read"}}).want(201)
	h.owner2(t, keyed).with("Idempotency-Key", "ümlaut").post("/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{"read"}}).problem(422, models.KindInvalid)
}

// owner2 gives the same caller without its key.
func (h *house) owner2(t *testing.T, c *client) *client {
	return h.nobody(t).with("Cookie", c.headers.Get("Cookie"))
}

func TestSameKeyAtOnceMakesOneThing(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	keyed := owner.with("Idempotency-Key", "together")
	var wg sync.WaitGroup
	replies := make([]*reply, 8)
	for i := range replies {
		wg.Go(func() {
			replies[i] = keyed.post("/api/v1/tokens", map[string]any{"name": "one", "scopes": []string{"read"}})
		})
	}
	wg.Wait()
	for _, r := range replies {
		if r.status == 409 && r.header.Get("Retry-After") != "" {
			continue
		}
		r.want(201)
	}
	if n := len(owner.get("/api/v1/tokens").items()); n != 1 {
		t.Errorf("%d tokens were made", n)
	}
}
