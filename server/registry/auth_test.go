package registry_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// ask sends a request to the registry and gives its answer, with the body read.
func (b *bench) ask(method, path, user, password, bearer string) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, "http://127.0.0.1:"+b.port+path, nil)
	ok(b.t, err)
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	ok(b.t, err)
	body, err := io.ReadAll(response.Body)
	ok(b.t, err)
	_ = response.Body.Close()
	return response, string(body)
}

// token gives a token for scopes, "" when none is given.
func (b *bench) token(user, password string, scopes ...string) string {
	b.t.Helper()
	query := url.Values{"service": {"slipway/" + b.options.Installation}, "scope": scopes}
	response, body := b.ask("GET", "/v2/token?"+query.Encode(), user, password, "")
	if response.StatusCode != http.StatusOK {
		return ""
	}
	var answer struct {
		Token, AccessToken string
		ExpiresIn          int `json:"expires_in"`
	}
	ok(b.t, json.Unmarshal([]byte(body), &answer))
	if answer.ExpiresIn < 60 || answer.ExpiresIn > 900 {
		b.t.Errorf("a token is good for %d s", answer.ExpiresIn)
	}
	return answer.Token
}

func TestChallenges(t *testing.T) {
	b := newBench(t)
	repository := b.options.Installation + "/hello"
	ref := b.publish("hello", b.image("web:one", 1000))
	_, content, _ := strings.Cut(ref, "@")
	page := "/v2/" + repository + "/manifests/" + content
	realm := fmt.Sprintf(`Bearer realm="http://127.0.0.1:%s/v2/token",service="slipway/%s"`, b.port, b.options.Installation)

	response, _ := b.ask("GET", "/v2/", "", "", "")
	if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || got != realm {
		t.Errorf("the base page answers %s, %s", response.Status, got)
	}
	for sent, scheme := range map[string]string{"https": "https", "HTTP": "http", "javascript": "http", "x\"y": "http"} { // by a proxy, or a client
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+b.port+"/v2/", nil)
		ok(t, err)
		request.Header.Set("X-Forwarded-Proto", sent)
		request.Host = "slipway.example.com"
		response, err := http.DefaultClient.Do(request)
		ok(t, err)
		_ = response.Body.Close()
		if got, want := response.Header.Get("WWW-Authenticate"), `realm="`+scheme+`://slipway.example.com/v2/token"`; !strings.Contains(got, want) {
			t.Errorf("by %q: %s", sent, got)
		}
	}
	for method, actions := range map[string][]string{"GET": {"pull"}, "HEAD": {"pull"}, "PUT": {"pull,push", "push,pull"}, "DELETE": {"delete"}} {
		response, _ := b.ask(method, page, "", "", "")
		got := response.Header.Get("WWW-Authenticate")
		right := false
		for _, a := range actions {
			right = right || got == realm+`,scope="repository:`+repository+`:`+a+`"`
		}
		if response.StatusCode != 401 || !right {
			t.Errorf("%s answers %s, %s", method, response.Status, got)
		}
	}
	user, password, err := b.PullAuth(t.Context(), ref)
	ok(t, err)
	if response, _ := b.ask("GET", page, user, password, ""); response.StatusCode != 401 {
		t.Errorf("a password instead of a token: %s", response.Status)
	}
	pull := b.token(user, password, "repository:"+repository+":pull")
	if response, _ := b.ask("GET", page, "", "", pull); response.StatusCode != 200 {
		t.Errorf("a right token: %s", response.Status)
	}
	response, _ = b.ask("GET", "/v2/_catalog", "", "", pull)
	if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || !strings.Contains(got, `error="insufficient_scope"`) {
		t.Errorf("the catalogue answers %s, %s", response.Status, got)
	}

	// Nobody else than a push that goes on writes, whatever the token is for.
	all := b.token(user, password, "repository:"+repository+":pull,push,delete,*", "registry:catalog:*")
	for method, path := range map[string]string{"PUT": page, "DELETE": page, "POST": "/v2/" + repository + "/blobs/uploads/"} {
		if response, _ := b.ask(method, path, "", "", all); response.StatusCode != 403 {
			t.Errorf("%s with an app's token: %s", method, response.Status)
		}
	}
	if response, _ := b.ask("GET", page, "", "", all); response.StatusCode != 200 {
		t.Errorf("a token for what it may of all it asks for: %s", response.Status)
	}
	if response, _ := b.ask("PATCH", "/v2/token", user, password, ""); response.StatusCode != 405 {
		t.Errorf("PATCH of the token's page: %s", response.Status)
	}
	if response, _ := b.ask("GET", "/v2/token?service=other", user, password, ""); response.StatusCode != 400 {
		t.Errorf("another service: %s", response.Status)
	}
}

func TestWrongPasswords(t *testing.T) {
	b := newBench(t)
	repository := b.options.Installation + "/hello"
	ref := b.publish("hello", b.image("web:one", 1000))
	user, password, err := b.PullAuth(t.Context(), ref)
	ok(t, err)
	other, otherPassword, err := b.PullAuth(t.Context(), strings.Replace(ref, "/hello@", "/other@", 1))
	ok(t, err)
	for _, c := range [][2]string{
		{"", ""},
		{user, ""},
		{user, "x"},
		{user, password + "x"},
		{user, password[1:]},
		{user, otherPassword},
		{other, password},
		{"push-", ""},
		{"push-x", "x"},
		{"hello", password},
		{b.options.Installation, password},
		{"other/hello", password},
	} {
		response, _ := b.ask("GET", "/v2/token?scope=repository:"+repository+":pull", c[0], c[1], "")
		if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || !strings.HasPrefix(got, "Basic realm=") {
			t.Errorf("%q: %s, %s", c[0], response.Status, got)
		}
	}
	if err := b.pull(ref, user, "wrong"); err == nil || !strings.Contains(err.Error(), "unauthorized") {
		t.Errorf("the engine pulled with a wrong password: %v", err)
	}
	if err := b.pull(ref, "", ""); err == nil {
		t.Error("the engine pulled without a password")
	}
	if err := b.pull(ref, other, otherPassword); err == nil {
		t.Error("the engine pulled with another app's password")
	}
	theirs := b.token(other, otherPassword, "repository:"+repository+":pull")
	response, _ := b.ask("GET", "/v2/"+repository+"/tags/list", "", "", theirs)
	if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != 401 || !strings.Contains(got, `error="insufficient_scope"`) {
		t.Errorf("another app's token: %s, %s", response.Status, got)
	}
	ok(t, b.pull(ref, user, password))
}

// TestGrantByForm is the way of containerd, which asks by POST first.
func TestGrantByForm(t *testing.T) {
	b := newBench(t)
	ref := b.publish("hello", b.image("web:one", 1000))
	user, password, err := b.PullAuth(t.Context(), ref)
	ok(t, err)
	for status, form := range map[int]url.Values{
		200: {"grant_type": {"password"}, "username": {user}, "password": {password}, "scope": {"repository:" + user + ":pull"}},
		401: {"grant_type": {"password"}, "username": {user}, "password": {"x"}},
		400: {"grant_type": {"refresh_token"}, "refresh_token": {password}},
		413: {"grant_type": {"password"}, "username": {strings.Repeat("x", 100_000)}},
	} {
		response, err := http.PostForm("http://127.0.0.1:"+b.port+"/v2/token", form)
		ok(t, err)
		body, err := io.ReadAll(response.Body)
		ok(t, err)
		_ = response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%v gave %s %s", form, response.Status, body)
		}
		if status == 200 {
			var answer map[string]any
			ok(t, json.Unmarshal(body, &answer))
			bearer, _ := answer["access_token"].(string)
			if response, _ := b.ask("GET", "/v2/"+user+"/tags/list", "", "", bearer); response.StatusCode != 200 {
				t.Errorf("the token is refused: %s", response.Status)
			}
		}
	}
}

func TestForgedTokens(t *testing.T) {
	b := newBench(t)
	ref := b.publish("hello", b.image("web:one", 1000))
	user, password, err := b.PullAuth(t.Context(), ref)
	ok(t, err)
	good := b.token(user, password, "repository:"+user+":pull")
	parsed, err := jwt.ParseSigned(good, []jose.SignatureAlgorithm{jose.EdDSA})
	ok(t, err)
	keyID := parsed.Headers[0].KeyID
	claims := token.ClaimSet{
		Issuer: "slipway", Subject: user, Audience: token.AudienceList{"slipway/" + b.options.Installation},
		NotBefore: time.Now().Unix(), Expiration: time.Now().Add(time.Hour).Unix(),
		Access: []*token.ResourceActions{{Type: "repository", Name: user, Actions: []string{"pull", "push"}}},
	}
	sign := func(algorithm jose.SignatureAlgorithm, key any, c token.ClaimSet) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, nil)
		ok(t, err)
		made, err := jwt.Signed(signer).Claims(c).Serialize()
		ok(t, err)
		return made
	}
	stranger := []byte(strings.Repeat("k", 32))
	unsigned := strings.Join([]string{"eyJhbGciOiJub25lIn0", strings.Split(good, ".")[1], ""}, ".")
	for name, forged := range map[string]string{
		"HMAC": sign(jose.HS256, stranger, claims), "another key": sign(jose.EdDSA, newKey(stranger), claims),
		"unsigned": unsigned, "cut": good[:len(good)-4], "none": "x.y.z",
	} {
		for _, method := range []string{"GET", "DELETE"} {
			response, _ := b.ask(method, "/v2/"+user+"/manifests/latest", "", "", forged)
			if response.StatusCode != 401 || response.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: %s", name, method, response.Status)
			}
		}
	}
	// The installation's own key makes good ones, and only for a while.
	own := newKey(b.options.Keys.Key("registry tokens of " + b.options.Installation))
	if response, _ := b.ask("GET", "/v2/"+user+"/tags/list", "", "", sign(jose.EdDSA, own, claims)); response.StatusCode != 200 {
		t.Errorf("signed with the right key: %s", response.Status)
	}
	claims.Expiration = time.Now().Add(-2 * time.Minute).Unix()
	if response, _ := b.ask("GET", "/v2/"+user+"/tags/list", "", "", sign(jose.EdDSA, own, claims)); response.StatusCode != 401 {
		t.Errorf("over: %s", response.Status)
	}
	claims.Expiration, claims.Audience = time.Now().Add(time.Hour).Unix(), token.AudienceList{"slipway/another"}
	if response, _ := b.ask("GET", "/v2/"+user+"/tags/list", "", "", sign(jose.EdDSA, own, claims)); response.StatusCode != 401 {
		t.Errorf("for another installation: %s", response.Status)
	}
}

// TestPushEnds: what a push could do is over with it.
func TestPushEnds(t *testing.T) {
	b := newBench(t)
	var used atomic.Value
	b.before = func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			used.Store(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		}
	}
	b.publish("hello", b.image("web:one", 1000))
	bearer, _ := used.Load().(string)
	for _, app := range []string{"hello", "other"} {
		response, body := b.ask("POST", "/v2/"+b.options.Installation+"/"+app+"/blobs/uploads/", "", "", bearer)
		if response.StatusCode != 403 || !strings.Contains(body, "DENIED") {
			t.Errorf("%s: %s %s", app, response.Status, body)
		}
	}
}

// TestServersAgree: two servers with one secret key accept each other's
// passwords and tokens.
func TestServersAgree(t *testing.T) {
	b := newBench(t)
	ref := b.publish("hello", b.image("web:one", 1000))
	user, password, err := b.PullAuth(t.Context(), ref)
	ok(t, err)
	bearer := b.token(user, password, "repository:"+user+":pull")
	b.start()
	if again, same, err := b.PullAuth(t.Context(), ref); err != nil || again != user || same != password {
		t.Errorf("another server says %s, %v", again, err)
	}
	if response, _ := b.ask("GET", "/v2/"+user+"/tags/list", "", "", bearer); response.StatusCode != 200 {
		t.Errorf("another server's token: %s", response.Status)
	}
	for _, ref := range []string{
		"", "x", "sha256:" + strings.Repeat("0", 64), "docker.io/library/x@sha256:" + strings.Repeat("0", 64), strings.Replace(ref, "localhost", "example.com", 1),
		strings.Replace(ref, b.options.Installation, "another", 1), strings.Split(ref, "@")[0] + ":latest",
	} {
		if user, password, err := b.PullAuth(t.Context(), ref); user != "" || password != "" || err != nil {
			t.Errorf("%q gave credentials of %s, %v", ref, user, err)
		}
	}
}

func newKey(seed []byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed) }
