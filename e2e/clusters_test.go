//go:build swarm || kubernetes

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer/clustertest"
)

// site is a cluster of several nodes beside the server's own engine.
type site struct {
	kind  string
	host  string   // this machine as the nodes reach it
	flags []string // with which it is added
	nodes []string
	door  *clustertest.Doorway // leads to its API
	api   string               // where the door is, for one that is reached by a URL

	full   string                                        // what is said when no node takes an instance
	closed func(t *testing.T, closed bool)               // whether its nodes take nothing new
	trust  func(t *testing.T, registry string)           // lets nodes take images from there without TLS
	holds  func(t *testing.T, in *installation) []string // what the installation has there
}

// openSite makes a Slipway whose registry the site's nodes reach, and adds the
// site to it as the cluster "far".
func openSite(t *testing.T, s *site) *installation {
	t.Helper()
	in := prepare(t)
	_, port, _ := net.SplitHostPort(in.listen)
	in.env = append(in.env, "SLIPWAY_LISTEN=0.0.0.0:"+port, "SLIPWAY_URL="+in.url)
	in.publishAt(s.host + ":" + port)
	s.trust(t, s.host+":"+port)
	in.start(t)
	in.claim(t)
	eventually(t, 10*time.Second, "the server listens to the network", func() error {
		conn, err := net.Dial("tcp", s.host+":"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	out := in.slipway(t, append([]string{"clusters", "add", s.kind, "far"}, s.flags...)...)
	for _, node := range s.nodes {
		if !strings.Contains(out, node) {
			t.Errorf("the cluster that was added shows no %s:\n%s", node, out)
		}
	}
	return in
}

// publishAt says under which address nodes reach the server's registry.
func (in *installation) publishAt(address string) {
	in.env = append(in.env, "SLIPWAY_REGISTRY_ADDRESS="+address)
}

// slipway runs a verb of the command line client, which must succeed.
func (in *installation) slipway(t *testing.T, args ...string) string {
	t.Helper()
	code, out, complaint := in.run(t, args...)
	if code != 0 {
		t.Fatalf("slipway %s: %d\n%s%s", strings.Join(args, " "), code, out, complaint)
	}
	return out
}

// version is a commit of the test app that says which one it is.
func (r *repository) version(n any, lines ...string) {
	r.t.Helper()
	r.commit(fmt.Sprint("Version ", n), files{"Dockerfile": dockerfile(append(lines, fmt.Sprintf("ENV VERSION=%q", fmt.Sprint(n)))...)})
}

// fails pushes what cannot go live, and sees that the pusher and the deployment
// are told why in these words and that what was live is as it was.
func (r *repository) fails(in *installation, name string, words ...string) {
	r.t.Helper()
	_, before, err := in.visit(name, "/")
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := r.push(in, name)
	if err == nil {
		r.t.Fatalf("it went live, and should not for %q:\n%s", words, out)
	}
	d := in.api(r.t).deployments(name)[0]
	r.t.Logf("#%d %s: %s", d.Number, d.State, d.Reason)
	for _, word := range words {
		if d.State != "failed" || !strings.Contains(d.Reason, word) {
			r.t.Errorf("deployment #%d is %s and says %q, want %q", d.Number, d.State, d.Reason, word)
		}
		if !strings.Contains(out, word) {
			r.t.Errorf("the pusher is not told %q:\n%s", word, out)
		}
	}
	in.shows(r.t, name, "/", before)
}

// goesLive waits for the end of a push, which must have succeeded.
func (p *pushing) goesLive(t *testing.T) {
	t.Helper()
	<-p.done
	if p.err != nil {
		t.Errorf("git push: %v\n%s", p.err, p.out)
	}
}

// running waits until the site runs these of an app and nothing else of it,
// besides what is kept warm.
func (s *site) running(t *testing.T, in *installation, name string, instances int) {
	t.Helper()
	eventually(t, 60*time.Second, fmt.Sprintf("%s runs %d times", name, instances), func() error {
		if a := in.api(t).app(name); a.Instances.Running != instances || a.Instances.Wanted != instances {
			return fmt.Errorf("it has %+v", a.Instances)
		}
		return nil
	})
}

// pushToBrowser: an app is pushed to a cluster of several nodes, looked at,
// scaled, rolled back and brought home, and its visitors notice nothing.
func (s *site) pushToBrowser(t *testing.T) {
	in := openSite(t, s)
	in.slipway(t, "create", "shop")
	in.slipway(t, "move", "shop", "--to", "far")
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	out := repo.deploy(in, "shop")
	if !strings.Contains(out, "Live at "+in.address("shop", "")) {
		t.Errorf("the pusher is not told where it is:\n%s", out)
	}
	in.shows(t, "shop", "/", "version 1 release v1")
	if holdings, err := in.holds(in.api(t).app("shop").ID); err != nil || len(holdings.containers) > 0 {
		t.Errorf("the server's own engine runs %v, %v", holdings.containers, err)
	}
	if len(s.holds(t, in)) == 0 {
		t.Error("the cluster has nothing of it")
	}
	in.inBrowser(t, "shop", "version 1 release v1", s.nodes)

	load := in.load(t, "shop")
	in.slipway(t, "ps", "scale", "-a", "shop", "web=3")
	s.running(t, in, "shop", 3)
	load.mark(t, "scaling to 3")
	repo.version(2)
	repo.deploy(in, "shop")
	in.shows(t, "shop", "/", "version 2 release v2")
	load.mark(t, "the second push")
	in.slipway(t, "rollback", "-a", "shop")
	in.shows(t, "shop", "/", "version 1")
	load.mark(t, "the rollback")
	in.slipway(t, "ps", "scale", "-a", "shop", "web=1")
	s.running(t, in, "shop", 1)
	load.mark(t, "scaling to 1")

	if code, _, complaint := in.run(t, "clusters", "remove", "far"); code == 0 || !strings.Contains(complaint, "shop") {
		t.Errorf("a cluster that an app needs could be removed: %d %s", code, complaint)
	}
	in.slipway(t, "settings", "-a", "shop", "--warm-minutes", "0") // or the cluster is needed for as long
	in.slipway(t, "move", "shop", "--to", "local")
	in.shows(t, "shop", "/", "version 1")
	load.mark(t, "the move to the server's own engine")
	eventually(t, 60*time.Second, "nothing of it is left on the cluster", func() error {
		if left := s.holds(t, in); len(left) > 0 {
			return fmt.Errorf("there are %v", left)
		}
		return nil
	})
	in.slipway(t, "clusters", "remove", "far")
	in.shows(t, "shop", "/", "version 1")
	load.lost(t, 0)
}

// badDays is what can go wrong with a cluster. Each ends in a deployment that
// says what to do, and nobody who visits the app notices.
func (s *site) badDays(t *testing.T, more func(t *testing.T, in *installation, repo *repository, load *load)) {
	in := openSite(t, s)
	in.slipway(t, "create", "shop")
	in.slipway(t, "move", "shop", "--to", "far")
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "shop")
	load := in.load(t, "shop")

	s.closed(t, true)
	repo.version("that no node takes")
	repo.fails(in, "shop", s.full)
	s.closed(t, false)
	load.mark(t, "no node had room")

	// The API is away before a rollout, and in the middle of one.
	s.door.Cut(true)
	repo.version("that waits")
	pushed := repo.pushing(in, "shop")
	eventually(t, 60*time.Second, "the deployment says what it waits for", func() error {
		if d := in.api(t).deployments("shop")[0]; !strings.Contains(d.Reason, "waiting for the cluster far, which is not answering") {
			return fmt.Errorf("it is %s: %s", d.State, d.Reason)
		}
		return nil
	})
	if code, _, complaint := in.run(t, "clusters", "test", "far"); code != 5 || !strings.Contains(complaint, "not answering") {
		t.Errorf("a cluster that is away: %d %s", code, complaint)
	}
	in.shows(t, "shop", "/", "version 1 ")
	s.door.Cut(false)
	pushed.goesLive(t)
	in.shows(t, "shop", "/", "version that waits")
	load.mark(t, "the API was away before a rollout")
	repo.version("after a cut", "ENV DELAY=5s")
	pushed = repo.pushing(in, "shop")
	eventually(t, 60*time.Second, "the rollout is on its way", func() error {
		if d := in.api(t).deployments("shop")[0]; d.State != "deploying" {
			return fmt.Errorf("it is %s", d.State)
		}
		return nil
	})
	s.door.Cut(true)
	load.mark(t, "the API was lost in the middle of a rollout")
	s.door.Cut(false)
	pushed.goesLive(t)
	in.shows(t, "shop", "/", "version after a cut")
	load.mark(t, "the API was lost in the middle of a rollout")

	address := s.host + ":9" // where nobody is
	restart := func(registry string) {
		if err := in.stop(); err != nil {
			t.Fatal(err)
		}
		in.publishAt(registry)
		in.start(t)
		load.mark(t, "the server's restart")
	}
	_, port, _ := net.SplitHostPort(in.listen)
	restart(address)
	repo.version("that no node can pull")
	repo.fails(in, "shop", address, "connection refused")
	load.mark(t, "no node could pull")
	restart(s.host + ":" + port)

	more(t, in, repo, load)
	repo.version("after all that")
	repo.deploy(in, "shop")
	in.shows(t, "shop", "/", "version after all that")
	load.lost(t, 0)
}

// inBrowser has a real browser look at an app: at its page, at the dashboard's
// page of its cluster, and at its log as it is written.
func (in *installation) inBrowser(t *testing.T, name, text string, nodes []string) {
	t.Helper()
	look := exec.Command("node", append([]string{"browser/on_cluster.mjs", in.url, name, in.address(name, ""), text, "far"}, nodes...)...)
	look.Env = append(slices.DeleteFunc(os.Environ(), func(one string) bool { return strings.HasPrefix(one, "SLIPWAY_") }), "SLIPWAY_TOKEN="+in.token)
	if out, err := look.CombinedOutput(); err != nil {
		t.Errorf("in the browser: %v\n%s", err, out)
	}
}
