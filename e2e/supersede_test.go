package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tip gives where main of an app's repository is.
func (r *repository) tip(in *installation, name string) string {
	r.t.Helper()
	at, _, _ := strings.Cut(r.git("-c", "http.extraHeader=Authorization: Bearer "+in.token, "ls-remote", in.url+"/"+name+".git", "refs/heads/main"), "\t")
	return at
}

// archive packs what is committed.
func (r *repository) archive() []byte {
	r.t.Helper()
	out, err := r.command("archive", "--format=tar.gz", "HEAD").Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// is waits until a deployment is in a state.
func (c *client) is(name string, number int, state string) {
	c.t.Helper()
	eventually(c.t, 60*time.Second, fmt.Sprintf("deployment #%d of %s is %s", number, name, state), func() error {
		var d deployment
		r := c.get(fmt.Sprintf("/api/v1/apps/%s/deployments/%d", name, number))
		if r.status != 200 {
			return fmt.Errorf("%d %s", r.status, r.body)
		}
		if r.into(&d); d.State != state {
			return fmt.Errorf("it is %+v", d)
		}
		return nil
	})
}

// aloud is a push that can be heard while it runs.
type aloud struct {
	done chan struct{}
	path string // of what the terminal shows
	err  error  // git's, once it is done
}

func (p *aloud) soFar() string {
	said, _ := os.ReadFile(p.path) // nothing, if there is nothing
	return string(said)
}

func (r *repository) pushingAloud(in *installation, name string) *aloud {
	r.t.Helper()
	p := &aloud{done: make(chan struct{}), path: filepath.Join(r.t.TempDir(), "said")}
	file, err := os.Create(p.path)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := r.command(r.pushArgs(in, name)...)
	cmd.Stdout, cmd.Stderr = file, file
	go func() {
		defer close(p.done)
		p.err = errors.Join(cmd.Run(), file.Close())
	}()
	r.t.Cleanup(func() { <-p.done })
	return p
}

// superseded waits for the end of a push whose place another took.
func (p *pushing) superseded(t *testing.T, by string) {
	t.Helper()
	if <-p.done; p.err == nil {
		t.Errorf("a superseded push is accepted:\n%s", p.out)
	}
	says(t, p.out, "was superseded: a newer deployment, "+by+", came")
}

// Of three pushes of somebody in a hurry only the last goes live. The builds of
// those before are stopped, and their pushers are told why.
func TestPushInAHurry(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=calm"))
	repo.deploy(in, "hasty")
	calm := repo.git("rev-parse", "HEAD")
	api.patch("/api/v1/apps/hasty", map[string]any{"supersede_building": true}).want(200)

	repo.commit("One", files{"Dockerfile": dockerfile("ENV VERSION=one", step("sleep", "hasty-one"))})
	one := repo.pushing(in, "hasty")
	api.says("hasty", 2, "fast asleep")
	repo.commit("Two", files{"Dockerfile": dockerfile("ENV VERSION=two", step("sleep", "hasty-two"))})
	two := repo.pushing(in, "hasty")
	one.superseded(t, "#3")
	if left := processes(t, "/app\x00sleep\x00hasty-one\x00"+nonce); len(left) > 0 {
		t.Errorf("a superseded build goes on: %v", left)
	}
	api.says("hasty", 3, "fast asleep")
	if at := repo.tip(in, "hasty"); at != calm {
		t.Errorf("main is at %s before anything newer is live", at)
	}

	// The last one says something else altogether, by force.
	repo.git("reset", "-q", "--hard", calm)
	repo.commit("Three", files{"Dockerfile": dockerfile("ENV VERSION=three")})
	out, err := repo.try(append(repo.pushArgs(in, "hasty"), "--force")...)
	if err != nil {
		t.Fatalf("the last push: %v\n%s", err, out)
	}
	two.superseded(t, "#4")
	if at := repo.tip(in, "hasty"); at != repo.git("rev-parse", "HEAD") {
		t.Errorf("main is at %s", at)
	}
	in.shows(t, "hasty", "/", "version three release v2")
	for number, want := range map[int]string{2: "superseded", 3: "superseded", 4: "succeeded"} {
		if d := api.ended("hasty", number); d.State != want {
			t.Errorf("deployment #%d is %+v", number, d)
		}
	}
}

// A push that waits for something else gives way to a newer one, and one that
// goes live does not: then the newer one waits, and is to be made again.
func TestPushBehindAnother(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=first"))
	repo.deploy(in, "patient")

	var source struct {
		ID string `json:"source_id"`
	}
	api.upload("patient", newRepository(t, testApp(t, "ENV VERSION=hangs LISTEN=no")).archive()).want(201).into(&source)
	api.post("/api/v1/apps/patient/deployments", map[string]any{"source_id": source.ID}).want(202)
	api.is("patient", 2, "deploying")
	repo.commit("Waits", files{"Dockerfile": dockerfile("ENV VERSION=waits")})
	waits := repo.pushing(in, "patient")
	api.is("patient", 3, "queued")
	repo.commit("Comes", files{"Dockerfile": dockerfile("ENV VERSION=comes LISTEN=no")})
	comes := repo.pushing(in, "patient")
	waits.superseded(t, "#4")
	api.is("patient", 4, "queued")
	api.post("/api/v1/apps/patient/deployments/2/cancel", nil).want(202)

	api.is("patient", 4, "deploying")
	repo.commit("Late", files{"Dockerfile": dockerfile("ENV VERSION=late")})
	late := repo.pushingAloud(in, "patient")
	eventually(t, 30*time.Second, "the last push waits", func() error {
		if said := late.soFar(); !strings.Contains(said, "Waiting for another push to patient to end") {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
	if all := api.deployments("patient"); len(all) != 4 {
		t.Errorf("a push that waits has a deployment: %+v", all)
	}
	api.post("/api/v1/apps/patient/deployments/4/cancel", nil).want(202)
	if <-comes.done; comes.err == nil {
		t.Errorf("the push of a cancelled deployment is accepted:\n%s", comes.out)
	}
	says(t, comes.out, "cancelled by ada@example.com")
	// What it waited for moved nothing, so it goes on.
	if <-late.done; late.err != nil {
		t.Errorf("%v\n%s", late.err, late.soFar())
	}
	in.shows(t, "patient", "/", "version late release")
	if at := repo.tip(in, "patient"); at != repo.git("rev-parse", "HEAD") {
		t.Errorf("main is at %s", at)
	}
}
