package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// pushing is a git push that is under way.
type pushing struct {
	done chan struct{}
	out  string
	err  error
}

func (r *repository) pushing(in *installation, name string) *pushing {
	p := &pushing{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.out, p.err = r.push(in, name)
	}()
	r.t.Cleanup(func() { <-p.done })
	return p
}

// says waits until a deployment's log has some text.
func (c *client) says(name string, number int, text string) {
	c.t.Helper()
	eventually(c.t, 60*time.Second, fmt.Sprintf("deployment #%d of %s says %q", number, name, text), func() error {
		path := fmt.Sprintf("apps/%s/deployments/%d", name, number)
		if r := c.get("/api/v1/" + path); r.status != 200 {
			return fmt.Errorf("%d %s", r.status, r.body)
		}
		if said := c.textOf(path + "/logs"); !strings.Contains(said, text) {
			return fmt.Errorf("it says %q", said)
		}
		return nil
	})
}

// takesUp waits until the server that was just started takes up a deployment
// that it worked on when it died. It must not wait for its own lease of 8
// seconds, of which at most 2 have passed when a server dies.
func (in *installation) takesUp(t *testing.T, number int) {
	t.Helper()
	when := func(line string) time.Time {
		_, rest, _ := strings.Cut(line, "time=")
		at, err := time.Parse(time.RFC3339Nano, strings.Fields(rest + " -")[0])
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		return at
	}
	eventually(t, 60*time.Second, fmt.Sprintf("deployment #%d is taken up again", number), func() error {
		var up, taken string
		for line := range strings.Lines(string(in.serverLog(t))) {
			switch {
			case strings.Contains(line, `msg="Slipway is up"`):
				up = line
			case strings.Contains(line, `msg="deployment taken up"`) && strings.Contains(line, fmt.Sprintf(" number=%d ", number)) && strings.Contains(line, "fence=2"):
				taken = line
			}
		}
		if taken == "" {
			return fmt.Errorf("it is not")
		}
		if waited := when(taken).Sub(when(up)); waited > 3*time.Second {
			t.Errorf("the server waited for %s before it went on with its own deployment", waited)
		}
		return nil
	})
}

// A server that dies in the middle of a deployment takes it up again when it is
// back and brings it to its end, wherever it died. Meanwhile visitors notice
// nothing, and afterwards nothing too many is left.
func TestServerDiesDuringDeployment(t *testing.T) {
	in := install(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=0"))
	repo.deploy(in, "phoenix")
	load := in.load(t, "phoenix")

	for i, moment := range []struct {
		name       string
		dockerfile []string
		reached    func(number int)
	}{
		{"in a build", []string{step("nap", "1500ms")}, func(number int) {
			api.says("phoenix", number, "taking a nap")
		}},
		{"as a new instance starts", []string{"ENV DELAY=2s"}, func(number int) {
			name := fmt.Sprintf("%s-phoenix-web-v%d-1", in.name, number)
			eventually(t, 60*time.Second, name+" runs", func() error {
				h, err := in.holds("")
				if err == nil && !strings.Contains(fmt.Sprint(h.containers), name) {
					err = fmt.Errorf("it has %v", h.containers)
				}
				return err
			})
		}},
		{"as the old instance drains", nil, func(number int) {
			eventually(t, 60*time.Second, "the new release is live", func() error {
				if live := api.app("phoenix").LiveRelease.Version; live != number {
					return fmt.Errorf("v%d is", live)
				}
				return nil
			})
		}},
	} {
		t.Run(moment.name, func(t *testing.T) {
			number := i + 2
			version := fmt.Sprint("ENV VERSION=", number)
			repo.commit(moment.name, files{"Dockerfile": dockerfile(append(moment.dockerfile, version)...)})
			push := repo.pushing(in, "phoenix")
			moment.reached(number)
			in.kill(t)
			<-push.done
			load.mark(t, "a death "+moment.name)

			in.start(t)
			if moment.name != "as the old instance drains" {
				in.takesUp(t, number)
			}
			if d := api.ended("phoenix", number); d.State != "succeeded" {
				t.Fatalf("the deployment ended as %+v", d)
			}
			in.shows(t, "phoenix", "/", fmt.Sprintf("version %d release v%d", number, number))
			in.settles(t, "phoenix", fmt.Sprint("web v", number))
			live := 0
			var page struct{ Items []struct{ Live bool } }
			api.get("/api/v1/apps/phoenix/releases").want(200).into(&page)
			for _, release := range page.Items {
				if release.Live {
					live++
				}
			}
			if live != 1 || len(page.Items) != number || len(api.deployments("phoenix")) != number {
				t.Errorf("%d live of %d releases by %d deployments, want 1 of %d by %d", live, len(page.Items), len(api.deployments("phoenix")), number, number)
			}
			if left := processes(t, "/app\x00nap\x001500ms\x00"+nonce); len(left) > 0 {
				t.Errorf("build steps go on: %v", left)
			}
			load.mark(t, "the recovery of a death "+moment.name)
		})
	}
	load.lost(t, 0)

	// What a push that broke off left behind does not stand in the next one's way.
	repo.commit("After all", files{"Dockerfile": dockerfile("ENV VERSION=last")})
	repo.deploy(in, "phoenix")
	in.shows(t, "phoenix", "/", "version last")
}
