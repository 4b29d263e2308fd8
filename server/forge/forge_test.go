package forge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/slipway-paas/slipway/models"
)

const (
	secret = "It's a Secret to Everybody"
	commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
)

func event(ref string) string {
	return `{"ref":"` + ref + `","after":"` + commit + `","repository":{"clone_url":"https://github.com/ann/hello.git","default_branch":"main"},` +
		`"head_commit":{"message":"Say hello\n\nLoudly."},"pusher":{"name":"ann"}}`
}

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// The example of GitHub's own documentation.
func TestVerifyGitHub(t *testing.T) {
	body, good := []byte("Hello, World!"), "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if err := VerifyGitHub([]byte(secret), body, good); err != nil {
		t.Fatal(err)
	}
	for what, header := range map[string]string{
		"none": "", "another": strings.Replace(good, "757", "758", 1), "short": good[:20], "bare": good[7:],
		"sha1": strings.Replace(good, "sha256", "sha1", 1), "not hex": "sha256=zz", "empty": "sha256=",
	} {
		if err := VerifyGitHub([]byte(secret), body, header); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
	mac := hmac.New(sha256.New, nil)
	_, _ = mac.Write(body)
	if err := VerifyGitHub(nil, body, "sha256="+hex.EncodeToString(mac.Sum(nil))); !errors.Is(err, ErrSignature) {
		t.Errorf("without a secret: %v", err)
	}
}

func TestParseGitHubPush(t *testing.T) {
	got, err := ParseGitHubPush([]byte(event("refs/heads/feature/one")))
	want := Push{
		Ref: "refs/heads/feature/one", Branch: "feature/one", After: commit, Repository: "https://github.com/ann/hello.git",
		DefaultBranch: "main", Message: "Say hello", Pusher: "ann",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := ParseGitHubPush([]byte(event("refs/tags/v1"))); err != nil || got.Branch != "" {
		t.Errorf("a tag: %+v, %v", got, err)
	}
	if got, err := ParseGitHubPush([]byte(`{"ref":"refs/heads/main","after":"0000000000000000000000000000000000000000"}`)); err != nil || !got.Deleted {
		t.Errorf("deleted: %+v, %v", got, err)
	}
	for _, body := range []string{"", "null", "[]", `{"zen":"ping"}`, `{"ref":7}`, `{"ref":"main","after":"` + commit + `"}`, `{"ref":"refs/heads/main","after":"short"}`, `{"ref":"refs/heads/ma\u0000in","after":"` + commit + `"}`} {
		if _, err := ParseGitHubPush([]byte(body)); models.KindOf(err) != models.KindInvalid {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzParseGitHubPush(f *testing.F) {
	for _, seed := range []string{event("refs/heads/main"), event("refs/tags/v1"), `{"ref":"refs/heads/x","deleted":true}`, `{}`, `{"ref":"refs/heads/\ud800","after":"` + commit + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		push, err := ParseGitHubPush(body)
		if err != nil {
			if models.KindOf(err) != models.KindInvalid {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		for _, s := range []string{push.Ref, push.Branch, push.After, push.Repository, push.DefaultBranch, push.Message, push.Pusher} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < 0x80 && unicode.IsControl(r) }) {
				t.Fatalf("%q gives %q", body, s)
			}
		}
		if !push.Deleted && !isHash(push.After) {
			t.Fatalf("%q gives the commit %q", body, push.After)
		}
	})
}

func FuzzVerifyGitHub(f *testing.F) {
	f.Add([]byte("body"), "sha256=00")
	f.Add([]byte("{}"), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		if err := VerifyGitHub([]byte(secret), body, header); err == nil && !strings.EqualFold(header, sign(string(body))) {
			t.Fatalf("%q is taken for %q", header, body)
		}
	})
}

// yard stands in for the apps: hello tracks main of a git URL, fresh tracks
// nothing yet, plain has no URL, mute no webhook.
type yard struct {
	made map[string]*models.Deployment
	away error
}

func (y *yard) App(_ context.Context, name string) (*models.App, error) {
	app := &models.App{ID: name, Name: name, SourceURL: "https://github.com/ann/hello.git", Branch: "main"}
	switch {
	case y.away != nil:
		return nil, y.away
	case name == "plain":
		app.SourceURL = ""
	case name == "fresh":
		app.Branch = ""
	case name != "hello" && name != "mute":
		return nil, models.NotFound("app", name)
	}
	return app, nil
}

func (y *yard) WebhookSecret(_ context.Context, app *models.App) ([]byte, error) {
	if app.Name == "mute" {
		return nil, nil
	}
	return []byte(secret), nil
}

func (y *yard) Deploy(_ context.Context, app *models.App, delivery string, push Push) (*models.Deployment, bool, error) {
	if d, ok := y.made[delivery]; ok {
		return d, true, nil
	}
	d := &models.Deployment{ID: delivery, Number: len(y.made) + 1, State: models.DeploymentQueued, SourceRef: push.Branch, Commit: push.After, AppID: app.ID}
	y.made[delivery] = d
	return d, false, nil
}

type response struct {
	Status     int
	Raw        string
	Ignored    string
	Detail     string
	Duplicate  bool
	Deployment struct {
		Number int
		URL    string
	}
}

// deliver sends a signed webhook, changed as the test likes.
func deliver(t *testing.T, y *yard, app, body string, change func(*http.Request)) response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/webhooks/github/"+app, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hub-Signature-256", sign(body))
	r.Header.Set("X-GitHub-Event", "push")
	r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	(&Handler{Apps: y, URL: "http://slipway.test", Logger: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
	got := response{Status: w.Code, Raw: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, got.Raw)
	}
	return got
}

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func TestWebhookDeploysOnce(t *testing.T) {
	y := &yard{made: map[string]*models.Deployment{}}
	got := deliver(t, y, "hello", event("refs/heads/main"), nil)
	if got.Status != 202 || got.Deployment.Number != 1 || got.Deployment.URL != "http://slipway.test/apps/hello/deployments/1" {
		t.Errorf("first: %+v", got)
	}
	got = deliver(t, y, "hello", event("refs/heads/main"), nil)
	if got.Status != 200 || got.Deployment.Number != 1 || !got.Duplicate {
		t.Errorf("again: %+v", got)
	}
	got = deliver(t, y, "hello", event("refs/heads/main"), header("X-GitHub-Delivery", "another"))
	if got.Status != 202 || got.Deployment.Number != 2 {
		t.Errorf("another: %+v", got)
	}
	form := "payload=" + url.QueryEscape(event("refs/heads/main"))
	got = deliver(t, y, "fresh", form, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-GitHub-Delivery", "third")
	})
	if got.Status != 202 {
		t.Errorf("as a form, to an app that tracks nothing: %+v", got)
	}
}

func TestWebhookIgnores(t *testing.T) {
	for what, test := range map[string]struct {
		app, body string
		change    func(*http.Request)
	}{
		"another branch":   {"hello", event("refs/heads/next"), nil},
		"a tag":            {"hello", event("refs/tags/main"), nil},
		"a deleted one":    {"hello", `{"ref":"refs/heads/main","deleted":true}`, nil},
		"a ping":           {"hello", `{"zen":"Keep it logically awesome."}`, header("X-GitHub-Event", "ping")},
		"another event":    {"hello", `{}`, header("X-GitHub-Event", "issues")},
		"an app of pushes": {"plain", event("refs/heads/main"), nil},
	} {
		y := &yard{made: map[string]*models.Deployment{}}
		if got := deliver(t, y, test.app, test.body, test.change); got.Status != 200 || got.Ignored == "" || len(y.made) != 0 {
			t.Errorf("%s: %+v, %v", what, got, y.made)
		}
	}
}

func TestWebhookRefuses(t *testing.T) {
	good := event("refs/heads/main")
	for what, test := range map[string]struct {
		status int
		app    string
		body   string
		change func(*http.Request)
	}{
		"no delivery":       {400, "hello", good, header("X-GitHub-Delivery", "")},
		"odd delivery":      {400, "hello", good, header("X-GitHub-Delivery", "a b")},
		"no JSON":           {400, "hello", "{", nil},
		"too large":         {413, "hello", `"` + strings.Repeat("x", maxBody) + `"`, nil},
		"another method":    {405, "hello", good, func(r *http.Request) { r.Method = http.MethodPut }},
		"unsigned rubbish":  {401, "hello", "{", header("X-Hub-Signature-256", "")},
		"another signature": {401, "hello", good, header("X-Hub-Signature-256", sign("other"))},
	} {
		y := &yard{made: map[string]*models.Deployment{}}
		if got := deliver(t, y, test.app, test.body, test.change); got.Status != test.status || got.Detail == "" || len(y.made) != 0 {
			t.Errorf("%s: %+v, %v", what, got, y.made)
		}
	}
	y := &yard{away: &models.Error{Kind: models.KindUnavailable, Message: "the database is not answering"}}
	if got := deliver(t, y, "hello", good, nil); got.Status != 503 {
		t.Errorf("away: %+v", got)
	}
}

// Who has no secret learns nothing of which apps there are.
func TestWebhookTellsStrangersNothing(t *testing.T) {
	y := &yard{made: map[string]*models.Deployment{}}
	wrong := header("X-Hub-Signature-256", sign("something else"))
	want := deliver(t, y, "hello", event("refs/heads/main"), wrong)
	for _, app := range []string{"mute", "plain", "nothing", "", "../hello", "nothing%00"} {
		if got := deliver(t, y, app, event("refs/heads/main"), wrong); got.Status != 401 || got.Raw != want.Raw {
			t.Errorf("%q: %+v, want %+v", app, got, want)
		}
	}
	// Nor with the secret that stands in for a missing app's.
	body := event("refs/heads/main")
	mac := hmac.New(sha256.New, nobody)
	_, _ = mac.Write([]byte(body))
	if got := deliver(t, y, "nothing", body, header("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))); got.Raw != want.Raw {
		t.Errorf("%+v", got)
	}
}
