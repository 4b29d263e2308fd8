package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/accounts"
)

func TestFirstOwner(t *testing.T) {
	h := open(t)
	nobody := h.nobody(t)
	if r := nobody.get("/api/v1/setup").want(200); r.value("bootstrap_required") != true || r.text("version") != "test" {
		t.Errorf("%s", r.body)
	}
	link, err := h.accounts.BootstrapLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	claim := func(token, email string) *reply {
		return nobody.post("/api/v1/setup", map[string]any{"token": token, "email": email, "password": password})
	}
	claim("sll_guess", ownerEmail).problem(401, models.KindUnauthenticated)
	if p := claim(link, "no address").problem(422, models.KindInvalid); p.Field != "email" {
		t.Errorf("%+v", p)
	}
	nobody.post("/api/v1/setup", map[string]any{"token": link, "email": ownerEmail, "password": "short"}).problem(422, models.KindInvalid)

	var wg sync.WaitGroup
	statuses := make([]int, 4)
	for i := range statuses {
		wg.Go(func() { statuses[i] = claim(link, string(rune('a'+i))+"@example.com").status })
	}
	wg.Wait()
	made := 0
	for _, status := range statuses {
		switch status {
		case 201:
			made++
		case 401, 409:
		default:
			t.Errorf("a claim got %d", status)
		}
	}
	if made != 1 {
		t.Errorf("%d owners were made: %v", made, statuses)
	}
	claim(link, "z@example.com").problem(409, models.KindConflict)
	if nobody.get("/api/v1/setup").value("bootstrap_required") != false {
		t.Error("it still asks for an owner")
	}
}

func TestSessionCookie(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	r := h.nobody(t).post("/api/v1/session", map[string]any{"email": ownerEmail, "password": password}).want(200)
	cookie := r.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	if r.text("user", "email") != ownerEmail || strings.Contains(string(r.body), "hash") {
		t.Errorf("%s", r.body)
	}
	me := h.nobody(t).with("Cookie", r.cookie())
	if r := me.get("/api/v1/session").want(200); r.value("actor", "scopes") != nil {
		t.Errorf("a session is narrowed: %s", r.body)
	}
	sessions := me.get("/api/v1/sessions").want(200).items()
	if len(sessions) != 2 {
		t.Fatalf("%d sessions", len(sessions))
	}
	current := 0
	for _, s := range sessions {
		if s := s.(map[string]any); s["current"] == true {
			current++
		} else {
			me.delete("/api/v1/sessions/" + s["id"].(string)).want(204)
		}
	}
	if current != 1 {
		t.Errorf("%d sessions are the current one", current)
	}
	owner.get("/api/v1/session").problem(401, models.KindUnauthenticated)
	out := me.delete("/api/v1/session").want(204)
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signing out leaves the cookie: %q", out.header.Get("Set-Cookie"))
	}
	me.get("/api/v1/session").problem(401, models.KindUnauthenticated)
	me.delete("/api/v1/session").want(204) // twice does no harm
}

func TestSignInLink(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	r := owner.post("/api/v1/sign-in-links", nil).want(201)
	url := r.text("url")
	token, ok := strings.CutPrefix(url, h.url+"/sign-in?token=")
	if !ok {
		t.Fatalf("the link is %s", url)
	}
	signedIn := h.nobody(t).post("/api/v1/session/link", map[string]any{"token": token}).want(200)
	h.nobody(t).with("Cookie", signedIn.cookie()).get("/api/v1/session").want(200)
	h.nobody(t).post("/api/v1/session/link", map[string]any{"token": token}).problem(401, models.KindUnauthenticated)
	owner.token("write").post("/api/v1/sign-in-links", nil).problem(403, models.KindForbidden)
	owner.token("admin").post("/api/v1/sign-in-links", nil).want(201)
}

func TestSignInIsThrottledWhateverTheHeadersSay(t *testing.T) {
	h := open(t)
	h.owner(t)
	var last *reply
	for i := range 40 {
		last = h.nobody(t).with("X-Forwarded-For", "203.0.113."+string(rune('0'+i%10))).
			with("X-Real-Ip", "198.51.100."+string(rune('0'+i%10))).
			post("/api/v1/session", map[string]any{"email": ownerEmail, "password": "wrong password"})
		if last.status == http.StatusTooManyRequests {
			break
		}
		last.problem(401, models.KindUnauthenticated)
	}
	last.problem(429, models.KindRateLimited)
	if last.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
}

// A browser that has signed in before is known by its cookie, which scripts
// cannot read and which leaves with nothing but a sign-in.
func TestBrowserIsKnownAgain(t *testing.T) {
	h := open(t)
	h.owner(t)
	signIn := map[string]any{"email": ownerEmail, "password": password}
	var device *http.Cookie
	for _, c := range h.nobody(t).post("/api/v1/session", signIn).want(200).cookies {
		if c.Name == accounts.DeviceCookieName {
			device = c
		}
	}
	if device == nil || !device.HttpOnly || device.SameSite != http.SameSiteStrictMode || device.Path != "/api/v1/session" || device.MaxAge != deviceAge {
		t.Fatalf("the device's cookie is %+v", device)
	}
	wrong := map[string]any{"email": ownerEmail, "password": "wrong password"}
	for range 10 {
		h.nobody(t).post("/api/v1/session", wrong).problem(401, models.KindUnauthenticated)
	}
	h.nobody(t).post("/api/v1/session", signIn).problem(429, models.KindRateLimited)
	h.nobody(t).with("Cookie", device.Name+"="+device.Value).post("/api/v1/session", signIn).want(200)
}

func TestTokens(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	made := owner.post("/api/v1/tokens", map[string]any{"name": "CI", "scopes": []string{"read"}, "expires_in_days": 30}).want(201)
	secret := made.text("token")
	listed := owner.get("/api/v1/tokens").want(200)
	if strings.Contains(string(listed.body), secret) || len(listed.items()) != 1 {
		t.Errorf("%s", listed.body)
	}
	bearer := h.nobody(t).with("Authorization", "Bearer "+secret)
	if r := bearer.get("/api/v1/session").want(200); len(r.value("actor", "scopes").([]any)) != 1 {
		t.Errorf("%s", r.body)
	}
	bearer.post("/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{"read"}}).problem(403, models.KindForbidden)
	bearer.get("/api/v1/tokens").problem(403, models.KindForbidden)
	owner.delete("/api/v1/tokens/" + made.text("id")).want(204)
	r := bearer.get("/api/v1/session")
	r.problem(401, models.KindUnauthenticated)
	if r.header.Get("WWW-Authenticate") == "" {
		t.Error("a 401 does not say how to authenticate")
	}
	owner.delete("/api/v1/tokens/"+made.text("id")).problem(404, models.KindNotFound)
	for _, body := range []any{
		map[string]any{"name": "x", "scopes": []string{"root"}},
		map[string]any{"name": "x", "scopes": []string{}},
		map[string]any{"name": "  ", "scopes": []string{"read"}},
		map[string]any{"name": "x", "scopes": []string{"read"}, "expires_in_days": -1},
		map[string]any{"name": "x"},
	} {
		owner.post("/api/v1/tokens", body).problem(422, models.KindInvalid)
	}
}

func TestPasswordChange(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.patch("/api/v1/users/me", map[string]any{"password": map[string]any{"current": "wrong", "new": "another passphrase"}}).problem(422, models.KindInvalid)
	r := owner.patch("/api/v1/users/me", map[string]any{"name": "New", "password": map[string]any{"current": password, "new": "another passphrase"}}).want(200)
	if r.text("user", "name") != "New" {
		t.Errorf("%s", r.body)
	}
	h.nobody(t).post("/api/v1/session", map[string]any{"email": ownerEmail, "password": password}).problem(401, models.KindUnauthenticated)
	h.nobody(t).post("/api/v1/session", map[string]any{"email": ownerEmail, "password": "another passphrase"}).want(200)
}

func TestOtherSitesCannotUseTheCookie(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	for _, header := range [][2]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		owner.with(header[0], header[1]).post("/api/v1/sign-in-links", nil).problem(403, models.KindForbidden)
		owner.with(header[0], header[1]).delete("/api/v1/session").problem(403, models.KindForbidden)
	}
	owner.with("Sec-Fetch-Site", "same-origin").with("Origin", h.url).post("/api/v1/sign-in-links", nil).want(201)
	owner.post("/api/v1/sign-in-links", nil).want(201) // a program, not a browser
	if r := owner.with("Origin", "https://evil.example").get("/api/v1/session"); r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other origins may read")
	}
}

func TestOnlyAnOwnerAddsUsers(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	body := map[string]any{"email": "New@Example.com", "role": "member", "password": password}
	if r := owner.token("admin").post("/api/v1/users", body).want(201); r.text("user", "email") != "new@example.com" {
		t.Errorf("%s", r.body)
	}
	owner.post("/api/v1/users", body).problem(409, models.KindConflict)
	owner.post("/api/v1/users", map[string]any{"email": "x@example.com", "role": "root", "password": password}).problem(422, models.KindInvalid)
	if n := len(owner.get("/api/v1/users").want(200).items()); n != 2 {
		t.Errorf("%d users", n)
	}
	member := h.member(t, "m@example.com")
	member.get("/api/v1/users").problem(403, models.KindForbidden)
	member.post("/api/v1/users", body).problem(403, models.KindForbidden)
	owner.token("write").get("/api/v1/users").problem(403, models.KindForbidden)
}
