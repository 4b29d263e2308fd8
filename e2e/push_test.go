package e2e

import (
	"strings"
	"testing"
)

// A folder with an index.html is all that a site needs.
func TestPushStaticSite(t *testing.T) {
	in := installed(t)
	site := newRepository(t, files{"index.html": "<h1>Ahoy</h1>", "404.html": "lost at sea", "deep/page.html": "deep"})
	out := site.deploy(in, "site")
	for _, want := range []string{"remote: -----> ", "static", "Live at " + in.address("site", "")} {
		if !strings.Contains(out, want) {
			t.Errorf("the pusher does not see %q:\n%s", want, out)
		}
	}
	// It is live when the push says so: no second try.
	in.shows(t, "site", "/", "Ahoy")
	in.shows(t, "site", "/deep/page.html", "deep")
	if status, body, err := in.visit("site", "/nowhere"); err != nil || status != 404 || !strings.Contains(body, "lost at sea") {
		t.Errorf("a missing page: %d %q, %v", status, body, err)
	}

	site.commit("Second", files{"index.html": "<h1>Ahoy again</h1>"})
	site.deploy(in, "site")
	in.shows(t, "site", "/", "Ahoy again")
	if a := in.api(t).app("site"); a.Status != "live" || a.LiveRelease == nil || a.LiveRelease.Version != 2 || a.Branch != "main" {
		t.Errorf("the app is %+v", a)
	}
}

// A Dockerfile FROM scratch around a program needs no registry.
func TestPushDockerfile(t *testing.T) {
	in := installed(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=one"))
	out := repo.deploy(in, "docked")
	if !strings.Contains(out, "Dockerfile") {
		t.Errorf("the pusher is not told why it is built as it is:\n%s", out)
	}
	in.shows(t, "docked", "/", "version one release v1")
	d := in.api(t).deployment("docked", 1)
	if d.State != "succeeded" || d.Trigger != "push" || d.Commit != repo.git("rev-parse", "HEAD") || d.Build == nil || d.Build.Builder != "dockerfile" {
		t.Errorf("the deployment is %+v", d)
	}
	if d.PhaseDeadline != nil {
		t.Errorf("it is over, and is to be given up at %v", d.PhaseDeadline)
	}
	var release struct {
		Size int64 `json:"image_size_bytes"`
	}
	in.api(t).get("/api/v1/apps/docked/releases/1").want(200).into(&release)
	if release.Size < 1<<20 {
		t.Errorf("the image of a program of some megabytes has %d bytes", release.Size)
	}
}
