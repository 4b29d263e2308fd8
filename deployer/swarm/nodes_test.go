//go:build swarm

package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	engine "github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/swarm"
)

// Tests that change nodes run beside no other, and TestMain's
// swarm is whole again after each.

// power loses a node, or gives it back.
func power(t *testing.T, verb, node string) {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), bed("SLIPWAY_TEST_SWARM_SCRIPT"), verb, strings.TrimPrefix(node, "node")).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", verb, node, err, out)
	}
}

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second) // cleanups wait too
	defer cancel()
	var backoff deployer.Backoff
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: did not come true in time", what)
		case <-time.After(backoff.Next()):
		}
	}
}

func nodeNamed(t testing.TB, c *swarm.Cluster, name string) deployer.Node {
	t.Helper()
	list, err := c.Nodes(t.Context())
	ok(t, err)
	i := slices.IndexFunc(list, func(n deployer.Node) bool { return n.Name == name })
	if i < 0 {
		t.Fatalf("no %s among %+v", name, list)
	}
	return list[i]
}

// whole waits until all nodes take instances.
func whole(t testing.TB, c *swarm.Cluster) {
	t.Helper()
	eventually(t, "all nodes are ready", func() bool {
		list, err := c.Nodes(context.Background())
		return err == nil && len(list) == 3 && !slices.ContainsFunc(list, func(n deployer.Node) bool { return n.State != deployer.NodeReady })
	})
}

func nodesOf(list []deployer.Instance) []string {
	var names []string
	for _, in := range list {
		names = append(names, in.Node)
	}
	slices.Sort(names)
	return names
}

func TestNodes(t *testing.T) {
	c := newCluster(t, options(installation()))
	list, err := c.Nodes(t.Context())
	ok(t, err)
	if len(list) != 3 {
		t.Fatalf("there are %+v", list)
	}
	for i, n := range list {
		want := fmt.Sprintf("10.77.0.1%d", i+1)
		if n.Name != fmt.Sprintf("node%d", i+1) || n.Address != want || n.Manager != (i == 0) || n.State != deployer.NodeReady ||
			n.ID == "" || n.Version == "" || n.CPUMilli < 1000 || n.MemoryBytes < 1<<28 {
			t.Errorf("node %d is %+v", i+1, n)
		}
	}
	command, hint, err := c.JoinCommand(t.Context())
	ok(t, err)
	if len(command) != 6 || strings.Join(command[:4], " ") != "docker swarm join --token" ||
		!strings.HasPrefix(command[4], "SWMTKN-") || command[5] != "10.77.0.11:2377" || !strings.Contains(hint, "4789") {
		t.Errorf("to join: %q, %q", command, hint)
	}
	if err := c.Drain(t.Context(), "node9", true); !errors.Is(err, deployer.ErrNoNode) {
		t.Errorf("a node that is not there: %v", err)
	}
}

// TestSpread puts instances on nodes of their own, as far as there are any.
func TestSpread(t *testing.T) {
	t.Parallel()
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 3)
	if got := nodesOf(up(t, c, w)); !slices.Equal(got, []string{"node1", "node2", "node3"}) {
		t.Errorf("three instances are on %v", got)
	}
	w.Instances = 5
	got := nodesOf(up(t, c, w))
	for _, node := range []string{"node1", "node2", "node3"} {
		if n := len(slices.DeleteFunc(slices.Clone(got), func(one string) bool { return one != node })); n < 1 || n > 2 {
			t.Errorf("five instances are on %v", got)
		}
	}
}

// TestDrain moves what a node has elsewhere, away from its siblings, and lets
// the node take instances again.
func TestDrain(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 2)
	list := up(t, c, w)
	stays, goes := list[0], list[1]
	if goes.Node == "node1" { // which is the only manager, but may be drained as well
		stays, goes = goes, stays
	}
	t.Cleanup(func() { ok(t, c.Drain(context.Background(), goes.Node, false)); whole(t, c) })
	ok(t, c.Drain(t.Context(), goes.Node, true))
	if n := nodeNamed(t, c, goes.Node); n.State != deployer.NodeDrained {
		t.Errorf("it is %+v", n)
	}
	var now []deployer.Instance
	eventually(t, "the instance runs elsewhere", func() bool {
		now = instances(t, c, w.ID)
		return len(now) == 2 && now[goes.Index-1].Node != goes.Node && now[goes.Index-1].State == deployer.StateHealthy
	})
	if now[stays.Index-1] != stays {
		t.Errorf("the other is %+v, was %+v", now[stays.Index-1], stays)
	}
	if now[goes.Index-1].Node == stays.Node {
		t.Errorf("both are on %s, and a node was free", stays.Node)
	}
	if now[goes.Index-1].ID != goes.ID {
		t.Errorf("it is %+v, was %+v", now[goes.Index-1], goes)
	}
	ok(t, c.Drain(t.Context(), goes.Node, false))
	ok(t, c.Drain(t.Context(), goes.Node, false))
	if n := nodeNamed(t, c, goes.Node); n.State != deployer.NodeReady {
		t.Errorf("it is %+v", n)
	}
}

// label gives a node a label for as long as the test lasts.
func label(t *testing.T, c *swarm.Cluster, node, key, value string) {
	t.Helper()
	set := func(ctx context.Context, change func(map[string]string)) {
		list, err := c.Engine().API.NodeList(ctx, engine.NodeListOptions{})
		ok(t, err)
		for _, n := range list {
			if n.Description.Hostname == node {
				if n.Spec.Labels == nil {
					n.Spec.Labels = map[string]string{}
				}
				change(n.Spec.Labels)
				ok(t, c.Engine().API.NodeUpdate(ctx, n.ID, n.Version, n.Spec))
			}
		}
	}
	set(t.Context(), func(labels map[string]string) { labels[key] = value })
	t.Cleanup(func() { set(context.Background(), func(labels map[string]string) { delete(labels, key) }) })
}

// TestPlacement: only nodes with the labels run it, and where none has them the
// reason is told long before the time-out.
func TestPlacement(t *testing.T) {
	c := newCluster(t, options(installation()))
	label(t, c, "node3", "disk", "ssd")
	w := workload("web", 1, 2)
	w.Placement = map[string]string{"disk": "ssd"}
	if got := nodesOf(up(t, c, w)); !slices.Equal(got, []string{"node3", "node3"}) {
		t.Errorf("it is on %v", got)
	}
	if n := nodeNamed(t, c, "node3"); n.Labels["disk"] != "ssd" {
		t.Errorf("node3 is %+v", n)
	}
	nowhere, big := workload("web", 2, 2), workload("web", 3, 2)
	nowhere.Placement = map[string]string{"disk": "tape"}
	big.Reserve = deployer.Reserve{MemoryBytes: 1 << 50}
	for want, w := range map[string]deployer.Workload{"scheduling constraints not satisfied": nowhere, "insufficient resources": big} {
		w.Health.Timeout = 5 * time.Minute
		began := time.Now()
		ok(t, c.Ensure(t.Context(), w))
		err := c.WaitHealthy(t.Context(), w.ID)
		if !errors.Is(err, deployer.ErrNoRoom) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "hello.web.v") {
			t.Errorf("it gave %v, want %q", err, want)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("that took %v", took)
		}
		ok(t, c.Remove(t.Context(), w.ID, 0))
	}
}
