package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/models"
)

// userID gives the ID of whoever has an e-mail address.
func (c *client) userID(email string) string {
	c.t.Helper()
	for _, item := range c.get("/api/v1/users").want(200).items() {
		if user := item.(map[string]any); user["email"] == email {
			return user["id"].(string)
		}
	}
	c.t.Fatalf("there is no %s", email)
	return ""
}

func TestInviteAndJoin(t *testing.T) {
	h := open(t)
	owner, nobody := h.owner(t), h.nobody(t)
	keyed := owner.with("Idempotency-Key", "one")
	made := keyed.post("/api/v1/invitations", map[string]any{"role": "member", "email": "Grace@example.com"}).want(201)
	token, ok := strings.CutPrefix(made.text("url"), h.url+"/join?token=")
	if !ok || made.text("email") != "grace@example.com" || made.text("invited_by") != ownerEmail {
		t.Fatalf("%s", made.body)
	}
	again := keyed.post("/api/v1/invitations", map[string]any{"role": "member", "email": "Grace@example.com"}).want(201)
	if again.text("url") != made.text("url") || again.header.Get(replayedHeader) != "true" {
		t.Errorf("the same request once more gives %s", again.body)
	}
	listed := owner.token("admin").get("/api/v1/invitations").want(200)
	if len(listed.items()) != 1 || strings.Contains(string(listed.body), token) {
		t.Errorf("%s", listed.body)
	}
	if shown := nobody.post("/api/v1/join/invitation", map[string]any{"token": token}).want(200); shown.text("role") != "member" || shown.text("email") != "grace@example.com" {
		t.Errorf("%s", shown.body)
	}
	join := map[string]any{"token": token, "email": "linus@example.com", "name": "Grace", "password": password}
	if p := nobody.post("/api/v1/join", join).problem(422, models.KindInvalid); p.Field != "email" {
		t.Errorf("%+v", p)
	}
	join["email"] = "grace@example.com"
	joined := nobody.post("/api/v1/join", join).want(201)
	grace := nobody.with("Cookie", joined.cookie())
	if me := grace.get("/api/v1/session").want(200); me.text("user", "role") != "member" || me.text("user", "name") != "Grace" {
		t.Errorf("%s", me.body)
	}
	nobody.post("/api/v1/join", join).problem(401, models.KindUnauthenticated)
	nobody.post("/api/v1/join/invitation", map[string]any{"token": token}).problem(401, models.KindUnauthenticated)
	if strings.Contains(h.log.String(), token) {
		t.Error("the link's token is in the log")
	}

	grace.get("/api/v1/invitations").problem(403, models.KindForbidden)
	grace.post("/api/v1/invitations", map[string]any{"role": "owner"}).problem(403, models.KindForbidden)
	owner.post("/api/v1/invitations", map[string]any{"role": "king"}).problem(422, models.KindInvalid)
	owner.post("/api/v1/invitations", map[string]any{"role": "member", "email": "nobody"}).problem(422, models.KindInvalid)
	owner.post("/api/v1/invitations", map[string]any{"role": "member", "email": "grace@example.com"}).problem(409, models.KindConflict)
	other := owner.post("/api/v1/invitations", map[string]any{"role": "owner"}).want(201)
	owner.delete("/api/v1/invitations/" + other.text("id")).want(204)
	owner.delete("/api/v1/invitations/"+other.text("id")).problem(404, models.KindNotFound)
	join["token"] = strings.TrimPrefix(other.text("url"), h.url+"/join?token=")
	nobody.post("/api/v1/join", join).problem(401, models.KindUnauthenticated)
}

func TestRolesHonourETags(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	member := h.member(t, "m@example.com")
	at := "/api/v1/users/" + owner.userID("m@example.com")
	member.get(at).problem(403, models.KindForbidden)
	member.patch(at, map[string]any{"role": "owner"}).problem(403, models.KindForbidden)
	member.delete(at).problem(403, models.KindForbidden)

	first := owner.get(at).want(200).header.Get("ETag")
	changed := owner.with("If-Match", first).patch(at, map[string]any{"role": "owner"}).want(200)
	if changed.text("user", "role") != "owner" || changed.header.Get("ETag") == first {
		t.Errorf("%s %s", changed.header.Get("ETag"), changed.body)
	}
	owner.with("If-Match", first).patch(at, map[string]any{"role": "member"}).problem(412, models.KindPrecondition)
	owner.with("If-Match", first).delete(at).problem(412, models.KindPrecondition)
	owner.patch(at, map[string]any{"role": "king"}).problem(422, models.KindInvalid)
	owner.patch("/api/v1/users/nobody", map[string]any{"role": "member"}).problem(404, models.KindNotFound)
	member.get("/api/v1/users").want(200) // the role holds at once

	self := "/api/v1/users/" + owner.userID(ownerEmail)
	if p := owner.delete(self).problem(409, models.KindConflict); !strings.Contains(p.Detail, "yourself") {
		t.Errorf("%+v", p)
	}
	owner.patch(self, map[string]any{"role": "member"}).problem(409, models.KindConflict)
	owner.patch("/api/v1/users/me", map[string]any{"name": "Still me"}).want(200)
	owner.with("If-Match", changed.header.Get("ETag")).delete(at).want(204)
	member.get("/api/v1/session").problem(401, models.KindUnauthenticated)
}

// Whoever is removed, made less, or signed out hears no more from then on,
// without a heartbeat between.
func TestSocketsEndWithTheRight(t *testing.T) {
	h := open(t)
	owner, member := h.owner(t), h.member(t, "m@example.com")
	id := owner.userID("m@example.com")
	h.app(t, "theirs", "m@example.com")
	all := owner.listen("/api/v1/live")
	all.live()

	own, logs := member.listen("/api/v1/live"), member.listen("/api/v1/apps/theirs/logs/stream")
	hello := own.live()
	owner.patch("/api/v1/users/"+id, map[string]any{"role": "owner"}).want(200)
	own.closed(websocket.CloseServiceRestart)
	logs.closed(websocket.CloseServiceRestart)

	promoted := member.listen(fmt.Sprintf("/api/v1/live?epoch=%s&after=%d", hello.Epoch, hello.Seq))
	promoted.live()
	if f := promoted.live(); f.Topic != "user" || f.ID != id {
		t.Errorf("connected again they hear %+v", f)
	}
	owner.patch("/api/v1/users/"+id, map[string]any{"role": "member"}).want(200)
	promoted.closed(websocket.CloseServiceRestart)

	token := member.token("read").listen("/api/v1/apps/theirs/logs/stream")
	session := member.listen("/api/v1/apps/theirs/logs/stream")
	owner.delete("/api/v1/users/" + id).want(204)
	token.closed(websocket.ClosePolicyViolation)
	session.closed(websocket.ClosePolicyViolation)

	heard := map[string]bool{}
	for !heard["user removed"] {
		f := all.live()
		heard[f.Topic+" "+f.Action] = true
	}
	if !heard["user changed"] || !heard["app changed"] {
		t.Errorf("the owner heard %v", heard)
	}
	h.app(t, "late", ownerEmail)

	elsewhere := h.nobody(t).with("Cookie", h.nobody(t).post("/api/v1/session", map[string]any{"email": ownerEmail, "password": password}).want(200).cookie())
	open := elsewhere.listen("/api/v1/live")
	open.live()
	owner.patch("/api/v1/users/me", map[string]any{"password": map[string]any{"current": password, "new": "another passphrase"}}).want(200)
	open.closed(websocket.ClosePolicyViolation)
}
