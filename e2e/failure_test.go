package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// says fails the test for each text that the pusher does not get to read.
func says(t *testing.T, terminal string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		found := false
		for line := range strings.Lines(terminal) {
			found = found || strings.HasPrefix(line, "remote:") && strings.Contains(line, text)
		}
		if !found {
			t.Errorf("the pusher does not see %q:\n%s", text, terminal)
		}
	}
}

// A Dockerfile that fails: the push is refused, says why, and leaves nothing.
func TestFailingDockerfile(t *testing.T) {
	in := installed(t)
	repo := newRepository(t, testApp(t, step("fail")))
	out, err := repo.push(in, "broken")
	if err == nil {
		t.Fatalf("the push is accepted:\n%s", out)
	}
	says(t, out, "the last thing before it breaks", "it broke for a good reason", "7")
	if !strings.Contains(out, "pre-receive hook declined") {
		t.Errorf("git does not say that the push is declined:\n%s", out)
	}
	api := in.api(t)
	if d := api.deployment("broken", 1); d.State != "failed" || !strings.Contains(d.Reason, "7") || d.Build == nil || d.Build.State != "failed" {
		t.Errorf("the deployment is %+v", d)
	}
	if h := in.appHolds(t, "broken"); !h.empty() {
		t.Errorf("a failed build leaves %v", h)
	}
	if refs, err := repo.try("ls-remote", strings.Replace(in.url, "://", "://x:"+in.token+"@", 1)+"/broken.git"); err != nil || refs != "" {
		t.Errorf("a refused push leaves refs: %q, %v", refs, err)
	}
	if status, _, err := in.visit("broken", "/"); err != nil || status < 500 || status == 200 {
		t.Errorf("an app that never was live answers %d, %v", status, err)
	}

	// The same repository, mended, goes through.
	repo.commit("Mend it", files{"Dockerfile": dockerfile("ENV VERSION=mended")})
	repo.deploy(in, "broken")
	in.shows(t, "broken", "/", "version mended")
}

// A source that nothing knows to build is told what would make it buildable.
func TestNothingToBuild(t *testing.T) {
	in := installed(t)
	out, err := newRepository(t, files{"README": "only words"}).push(in, "words")
	if err == nil {
		t.Fatalf("the push is accepted:\n%s", out)
	}
	says(t, out, "Dockerfile", "index.html")
}

// What cannot be built or run is refused in the words of who sent it, never as
// an accident inside Slipway.
func TestSourcesThatCannotRun(t *testing.T) {
	in := installed(t)
	for name, c := range map[string]struct {
		source files
		says   string
	}{
		"no-command":  {files{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"}, "CMD"},
		"not-there":   {files{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\nCMD [\"/nowhere\"]\n"}, "127"},
		"bad-name":    {files{"Dockerfile": "FROM ../../x\n"}, "invalid reference format"},
		"no-words":    {files{"Dockerfile": "\x01\x02\n"}, "Dockerfile"},
		"copies-none": {files{"Dockerfile": "FROM scratch\nCOPY nowhere /\n"}, "nowhere"},
		"no-settings": {files{"index.html": "x", "slipway.yaml": "processes: [1, 2"}, "slipway.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := newRepository(t, c.source).push(in, name)
			if err == nil {
				t.Fatalf("the push is accepted:\n%s", out)
			}
			says(t, out, c.says)
			if strings.Contains(out, "inside Slipway") {
				t.Errorf("the fault is not told from one of Slipway's own:\n%s", out)
			}
			in.settles(t, name)
		})
	}
	leaving := newRepository(t, files{"index.html": "x"})
	if err := os.Symlink("/etc/passwd", filepath.Join(leaving.dir, "out")); err != nil {
		t.Fatal(err)
	}
	leaving.commit("A link out", nil)
	out, err := leaving.push(in, "leaving")
	if err == nil {
		t.Fatalf("a link out of the source is accepted:\n%s", out)
	}
	says(t, out, "leads out of the source")
}

// A release that exits, or that never listens, never gets the traffic: the one
// before it goes on serving, and the pusher reads what went wrong.
func TestBadReleaseNeverServes(t *testing.T) {
	in := install(t, "SLIPWAY_HEALTH_TIMEOUT=10s")
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=good"))
	repo.deploy(in, "steady")
	load := in.load(t, "steady")

	repo.commit("Exit", files{"Dockerfile": dockerfile(`ENV VERSION=bad SAY="these are" COMPLAIN="my last words" EXIT=41`)})
	out, err := repo.push(in, "steady")
	if err == nil {
		t.Fatalf("a release that exits is accepted:\n%s", out)
	}
	says(t, out, "these are", "my last words", "41")
	if d := api.deployment("steady", 2); d.State != "failed" || !strings.Contains(d.Reason, "41") {
		t.Errorf("the deployment is %+v", d)
	}

	began := time.Now()
	repo.commit("Never listen", files{"Dockerfile": dockerfile(`ENV VERSION=bad SAY="I shall not listen" LISTEN=no`)})
	out, err = repo.push(in, "steady")
	if err == nil {
		t.Fatalf("a release that never listens is accepted:\n%s", out)
	}
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("it took %s to give up, with a health time-out of 10 s", took)
	}
	says(t, out, "I shall not listen")

	load.lost(t, 0)
	in.shows(t, "steady", "/", "version good release v1")
	in.settles(t, "steady", "web v1")
	if a := api.app("steady"); a.Status != "live" || a.LiveRelease.Version != 1 {
		t.Errorf("the app is %+v", a)
	}
}

// A request that takes longer than draining may is cut off: the old release is
// gone in time, whatever still hangs on it.
func TestDrainingEnds(t *testing.T) {
	in := install(t, "SLIPWAY_DRAIN_TIMEOUT=5s")
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "clingy")
	// A release that is kept warm would run on, and cut nothing off.
	in.api(t).patch("/api/v1/apps/clingy", map[string]any{"warm_minutes": 0}).want(200)
	ended := make(chan time.Time, 1)
	go func() {
		// A GET would be sent once more, to the new release.
		resp, err := in.visitor().Post(in.address("clingy", "/slow?ms=600000"), "text/plain", strings.NewReader("x"))
		if err == nil {
			_ = resp.Body.Close() // how it is cut off is the router's to say
		}
		ended <- time.Now()
	}()
	eventually(t, 30*time.Second, "the request is under way", func() error {
		if text := in.api(t).textOf("apps/clingy/logs"); !strings.Contains(text, "taking 600000 ms") {
			return errors.New(text)
		}
		return nil
	})
	repo.commit("Second", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "clingy")
	deployed := time.Now()
	in.shows(t, "clingy", "/", "version 2")
	in.settles(t, "clingy", "web v2")
	if took := (<-ended).Sub(deployed); took < 2*time.Second || took > 25*time.Second {
		t.Errorf("a request on the old release was cut off after %s, and draining may take 5 s", took)
	}
}
