package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// hook sends GitHub's push event for a commit, signed with a secret.
func (c *client) hook(app, secret, delivery, ref, commit string) *reply {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{
		"ref": ref, "after": commit, "repository": map[string]string{"default_branch": "main"},
		"head_commit": map[string]string{"message": "From the forge"},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	stranger := *c
	stranger.token = "" // the signature is all that lets a webhook in
	return stranger.send("POST", "/webhooks/github/"+app, json.RawMessage(body), map[string]string{
		"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)),
		"X-GitHub-Delivery":   delivery, "X-GitHub-Event": "push",
	})
}

// A push to the forge is deployed: what the repository holds by then, once for
// each delivery, and only if the secret is right.
func TestWebhook(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	upstream := newRepository(t, files{"index.html": "from the forge"})
	api.post("/api/v1/apps", map[string]any{"name": "hooked", "source": map[string]string{"url": "file://" + upstream.dir, "branch": "main"}}).want(201)
	var made struct{ URL, Secret string }
	api.post("/api/v1/apps/hooked/webhook-secret", nil).want(201).into(&made)
	if made.URL != in.url+"/webhooks/github/hooked" || len(made.Secret) < 32 {
		t.Errorf("the webhook is %+v", made)
	}
	commit := upstream.git("rev-parse", "HEAD")

	// A wrong secret, an app that is not there and one without a webhook all
	// get the same answer.
	var answers []string
	for _, r := range []*reply{
		api.hook("hooked", "wrong", "wrong-1", "refs/heads/main", commit),
		api.hook("nobody", made.Secret, "wrong-2", "refs/heads/main", commit),
		api.hook("hooked", "", "wrong-3", "refs/heads/main", commit),
	} {
		answers = append(answers, r.want(401).refused(401).Detail)
	}
	if answers[0] != answers[1] || answers[0] != answers[2] {
		t.Errorf("the answers tell strangers apart: %q", answers)
	}
	if n := len(api.deployments("hooked")); n != 0 {
		t.Fatalf("%d deployments without a signature", n)
	}

	var taken struct {
		Deployment deployment
		Duplicate  bool
	}
	api.hook("hooked", made.Secret, "delivery-1", "refs/heads/main", commit).want(202).into(&taken)
	if d := api.ended("hooked", taken.Deployment.Number); d.State != "succeeded" || d.Trigger != "webhook" || d.Commit != commit {
		t.Errorf("the deployment is %+v", d)
	}
	in.shows(t, "hooked", "/", "from the forge")

	// The same delivery again, and pushes that are not for us, deploy nothing.
	api.hook("hooked", made.Secret, "delivery-1", "refs/heads/main", commit).want(200).into(&taken)
	if !taken.Duplicate || taken.Deployment.Number != 1 {
		t.Errorf("the second delivery: %+v", taken)
	}
	for _, ref := range []string{"refs/heads/other", "refs/tags/v1"} {
		if r := api.hook("hooked", made.Secret, "ref-"+ref[len("refs/"):][:4], ref, commit).want(200); !strings.Contains(string(r.body), "ignored") {
			t.Errorf("%s: %s", ref, r.body)
		}
	}
	api.hook("hooked", made.Secret, "delivery-2", "refs/heads/main", strings.Repeat("0", 40)).want(200)
	if n := len(api.deployments("hooked")); n != 1 {
		t.Errorf("%d deployments, want 1", n)
	}

	// What the webhook claims is a hint: the branch is looked up anew.
	upstream.commit("Later", files{"index.html": "a later one"})
	api.hook("hooked", made.Secret, "delivery-3", "refs/heads/main", commit).want(202).into(&taken)
	if d := api.ended("hooked", taken.Deployment.Number); d.State != "succeeded" || d.Commit != upstream.git("rev-parse", "HEAD") {
		t.Errorf("the deployment is %+v", d)
	}
	in.shows(t, "hooked", "/", "a later one")

	// A new secret ends the old one.
	before := made.Secret
	api.post("/api/v1/apps/hooked/webhook-secret", nil).want(201).into(&made)
	api.hook("hooked", before, "delivery-4", "refs/heads/main", commit).refused(401)

	// A repository that is away fails the deployment, in words.
	api.post("/api/v1/apps", map[string]any{"name": "astray", "source": map[string]string{"url": "file:///nowhere/at/all"}}).want(201)
	var d deployment
	api.post("/api/v1/apps/astray/deployments", map[string]any{"git": map[string]string{}}).want(202).into(&d)
	if d = api.ended("astray", d.Number); d.State != "failed" || d.Reason == "" {
		t.Errorf("the deployment is %+v", d)
	}
}
