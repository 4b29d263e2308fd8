//go:build swarm

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"
	docker "github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/deployer/clustertest"
)

func TestOnSwarm(t *testing.T) {
	t.Run("push to browser", func(t *testing.T) { swarmSite(t).pushToBrowser(t) })
	t.Run("bad days", func(t *testing.T) {
		s := swarmSite(t)
		s.badDays(t, func(*testing.T, *installation, *repository, *load) {})
	})
	t.Run("a node is lost", func(t *testing.T) { swarmSite(t).losesANode(t) })
}

// bedOf reads what the test bed's script tells.
func bedOf(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("no test bed (%s is not set): use `make test-swarm`", name)
	}
	return value
}

// manager is the swarm seen directly, not through Slipway.
func manager(t *testing.T) *docker.Client {
	t.Helper()
	client, err := docker.NewClientWithOpts(docker.WithHost(bedOf(t, "SLIPWAY_TEST_SWARM")), docker.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func swarmSite(t *testing.T) *site {
	engine := manager(t)
	path := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	door := clustertest.OpenDoorway(t, listener, "unix", strings.TrimPrefix(bedOf(t, "SLIPWAY_TEST_SWARM"), "unix://"))
	t.Cleanup(func() { powerUp(t, engine) })
	return &site{
		kind: "swarm", host: bedOf(t, "SLIPWAY_TEST_SWARM_HOST"), flags: []string{"--endpoint", "unix://" + path},
		nodes: []string{"node1", "node2", "node3"}, door: door, full: "no suitable node",
		trust: func(*testing.T, string) {}, // the bed's engines trust all of its network
		closed: func(t *testing.T, closed bool) {
			t.Helper()
			makeAll(t, engine, map[bool]swarm.NodeAvailability{true: swarm.NodeAvailabilityPause, false: swarm.NodeAvailabilityActive}[closed])
		},
		holds: func(t *testing.T, in *installation) (names []string) {
			t.Helper()
			list, err := engine.ServiceList(t.Context(), swarm.ServiceListOptions{Filters: filters.NewArgs(filters.Arg("label", "slipway.installation="+in.name))})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				names = append(names, s.Spec.Name)
			}
			return names
		},
	}
}

// makeAll says whether nodes take anything new.
func makeAll(t *testing.T, engine *docker.Client, availability swarm.NodeAvailability) {
	t.Helper()
	list, err := engine.NodeList(context.Background(), swarm.NodeListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		eventually(t, 10*time.Second, "the node is changed", func() error { // it changes by itself as well
			now, _, err := engine.NodeInspectWithRaw(context.Background(), n.ID)
			if err != nil {
				return err
			}
			now.Spec.Availability = availability
			return engine.NodeUpdate(context.Background(), n.ID, now.Version, now.Spec)
		})
	}
}

// powerUp makes all nodes as they were before a test.
func powerUp(t *testing.T, engine *docker.Client) {
	t.Helper()
	for i := 1; i <= 3; i++ {
		power(t, "start", fmt.Sprint("node", i))
	}
	makeAll(t, engine, swarm.NodeAvailabilityActive)
	eventually(t, 60*time.Second, "all nodes are ready", func() error {
		list, err := engine.NodeList(context.Background(), swarm.NodeListOptions{})
		for _, n := range list {
			if n.Status.State != swarm.NodeStateReady {
				return fmt.Errorf("%s is %s", n.Description.Hostname, n.Status.State)
			}
		}
		return err
	})
}

// power has the test bed do something to a node.
func power(t *testing.T, what, node string) {
	t.Helper()
	script := exec.Command(bedOf(t, "SLIPWAY_TEST_SWARM_SCRIPT"), what, strings.TrimPrefix(node, "node"))
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", what, node, err, out)
	}
}

// visitors is how many a load has.
const visitors = 6

// losesANode loses one in the middle of a rollout. What was under way on it is
// lost with it; nothing else is, and the release comes up on the others.
func (s *site) losesANode(t *testing.T) {
	in := openSite(t, s)
	in.slipway(t, "create", "shop")
	in.slipway(t, "move", "shop", "--to", "far")
	in.slipway(t, "ps", "scale", "-a", "shop", "web=3")
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "shop")
	s.running(t, in, "shop", 3)
	load := in.load(t, "shop")
	repo.version("on what is left", "ENV DELAY=3s")
	pushed := repo.pushing(in, "shop")
	eventually(t, 60*time.Second, "the rollout is on its way", func() error {
		if d := in.api(t).deployments("shop")[0]; d.State != "deploying" || len(s.holds(t, in)) < 6 {
			return fmt.Errorf("it is %s", d.State)
		}
		return nil
	})
	before := load.mark(t, "the rollout began")
	power(t, "kill", "node3")
	pushed.goesLive(t)
	in.shows(t, "shop", "/", "version on what is left")
	// Each visitor has one request under way at most.
	load.lost(t, visitors)
	if load.requests < before+100 {
		t.Errorf("%d requests before, %d after", before, load.requests)
	}
}
