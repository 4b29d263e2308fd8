package e2e

import (
	"fmt"
	"testing"
	"time"
)

// Whatever people do to an app that works, its visitors notice nothing: ten
// deployments, a rollback, a restart, a changed config var, more instances,
// fewer instances, and a server that is killed and started again.
func TestNoRequestIsLost(t *testing.T) {
	in := install(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=0"))
	repo.deploy(in, "busy")
	load := in.load(t, "busy")
	for i := 1; i <= 10; i++ {
		repo.commit(fmt.Sprint("Version ", i), files{"Dockerfile": dockerfile(fmt.Sprint("ENV VERSION=", i))})
		repo.deploy(in, "busy")
		in.shows(t, "busy", "/", fmt.Sprintf("version %d release v%d", i, i+1))
		load.mark(t, fmt.Sprint("deployment ", i))
	}

	api.deployed(api.post("/api/v1/apps/busy/rollback", map[string]any{}).want(202))
	in.shows(t, "busy", "/", "version 9 release v10")
	load.mark(t, "the rollback")

	api.deployed(api.post("/api/v1/apps/busy/restart", nil).want(202))
	in.shows(t, "busy", "/", "version 9 release v12")
	load.mark(t, "the restart")

	api.deployed(api.patch("/api/v1/apps/busy/config", map[string]any{"set": map[string]string{"GREETING": "ahoy"}}).want(200, 202))
	in.shows(t, "busy", "/env?name=GREETING", "ahoy")
	load.mark(t, "the config var")

	for _, n := range []int{3, 1} {
		api.patch("/api/v1/apps/busy/scale", map[string]int{"web": n}).want(200, 202)
		in.settles(t, "busy", []string{"web v13", "web v13", "web v13"}[:n]...)
		load.mark(t, fmt.Sprint("scaling to ", n))
	}

	in.kill(t)
	before := load.mark(t, "the server's death")
	eventually(t, 10*time.Second, "the router serves without a server", func() error {
		if after := load.mark(t, "the server's death"); after < before+200 {
			return fmt.Errorf("%d requests since", after-before)
		}
		return nil
	})
	in.start(t)
	load.mark(t, "the server's new start")

	repo.commit("After", files{"Dockerfile": dockerfile("ENV VERSION=after")})
	repo.deploy(in, "busy")
	in.shows(t, "busy", "/", "version after release v14")
	in.settles(t, "busy", "web v14")
	load.lost(t, 0)
}
