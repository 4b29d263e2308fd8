package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Going back to the release before starts nothing: its instance still runs.
func TestRollbackToWhatIsWarm(t *testing.T) {
	in := install(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "lukewarm")
	load := in.load(t, "lukewarm")
	repo.commit("Next", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "lukewarm")
	warm := func(release int) {
		t.Helper()
		eventually(t, 30*time.Second, fmt.Sprintf("v%d is warm", release), func() error {
			now := api.app("lukewarm")
			running := fmt.Sprintf("%s-lukewarm-web-v%d-1", in.name, release)
			if now.WarmRelease == nil || now.WarmRelease.Version != release {
				return fmt.Errorf("%+v", now)
			}
			h, err := in.holds(now.ID)
			if err == nil && (len(h.containers) != 2 || h.containers[release-1] != running) {
				err = fmt.Errorf("it has %v", h.containers)
			}
			return err
		})
	}
	warm(1)
	for _, release := range []int{1, 2, 1} {
		api.deployed(api.post("/api/v1/apps/lukewarm/rollback", map[string]any{}).want(202))
		in.shows(t, "lukewarm", "/", fmt.Sprintf("version %d release v%d", release, release))
		warm(3 - release)
	}
	listed := regexp.MustCompile(`web\.1 +healthy \(warm\) +v2 `)
	if code, out, complaint := in.run(t, "ps", "--app", "lukewarm"); code != 0 || !listed.MatchString(out) || strings.Count(out, "(warm)") != 1 {
		t.Errorf("exit %d: %s%s", code, out, complaint)
	}
	api.patch("/api/v1/apps/lukewarm", map[string]any{"warm_minutes": 0}).want(200)
	in.settles(t, "lukewarm", "web v1")
	load.lost(t, 0)
}

// An app of which only one instance may run at a time is replaced while its
// visitors wait, and a release that does not come up leaves the old one running.
func TestStopFirstLosesNoRequest(t *testing.T) {
	in := install(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "single")
	load := in.load(t, "single")
	var change struct{ Deployment *deployment }
	api.post("/api/v1/apps/single/volumes", map[string]any{"name": "data", "path": "/data"}).want(201).into(&change)
	if change.Deployment == nil {
		t.Fatal("the volume is brought about by no deployment")
	}
	if d := api.ended("single", change.Deployment.Number); d.State != "succeeded" {
		t.Fatalf("it ended as %+v", d)
	}
	load.mark(t, "the volume")
	for i := 3; i <= 5; i++ {
		repo.commit(fmt.Sprint("Version ", i), files{"Dockerfile": dockerfile(fmt.Sprint("ENV VERSION=", i))})
		repo.deploy(in, "single")
		in.shows(t, "single", "/", fmt.Sprintf("version %d release v%d", i, i))
		in.settles(t, "single", fmt.Sprint("web v", i))
		load.mark(t, fmt.Sprint("deployment ", i))
	}
	repo.commit("Broken", files{"Dockerfile": dockerfile("ENV EXIT=41")})
	push := repo.pushing(in, "single")
	<-push.done
	if d := api.ended("single", 6); d.State != "failed" {
		t.Errorf("it ended as %+v", d)
	}
	in.shows(t, "single", "/", "version 5 release v5")
	in.settles(t, "single", "web v5")
	api.patch("/api/v1/apps/single/scale", map[string]int{"web": 2}).want(409)
	load.lost(t, 0)
	api.delete("/api/v1/apps/single?confirm=single").want(422)
	api.delete("/api/v1/apps/single?confirm=single&confirm_volumes=data").want(204)
}
