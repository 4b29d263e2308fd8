package swarm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

func testCluster(t testing.TB) *Cluster {
	c, err := New(Options{Installation: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testWorkload() deployer.Workload {
	return deployer.Workload{ID: deployer.WorkloadID{App: "01app", Process: "web", Release: 3}, AppName: "hello", Image: "i"}
}

func TestServiceNames(t *testing.T) {
	c, w := testCluster(t), testWorkload()
	if got := c.serviceName(w, 2, false); got != "prod-hello-web-v3-2" {
		t.Errorf("it is called %s", got)
	}
	names := map[string]bool{}
	for _, name := range []string{"a", "hello", strings.Repeat("long-", 12) + "a", strings.Repeat("long-", 12) + "b"} {
		for release := 1; release <= 2; release++ {
			for index := 1; index <= 2; index++ {
				for _, other := range []bool{false, true} {
					w.AppName, w.ID.App, w.ID.Release = name, "id-of-"+name, release
					got := c.serviceName(w, index, other)
					if len(got) > maxName || names[got] && len(name) < 20 || got != c.serviceName(w, index, other) {
						t.Errorf("%s of %s", got, name)
					}
					names[got] = true
				}
			}
		}
	}
}

func nodes(n int) *view {
	v := &view{nodes: map[string]swarm.Node{}}
	for i := range n {
		id := fmt.Sprintf("node%d", i+1)
		v.nodes[id] = swarm.Node{
			ID:     id,
			Spec:   swarm.NodeSpec{Annotations: swarm.Annotations{Labels: map[string]string{"odd": fmt.Sprint(i%2 == 0)}}, Availability: swarm.NodeAvailabilityActive},
			Status: swarm.NodeStatus{State: swarm.NodeStateReady, Addr: fmt.Sprintf("10.0.0.%d", i+1)},
		}
	}
	return v
}

// on is an instance that runs on a node.
func (v *view) on(node string, wanted ...string) *seat {
	s := &seat{
		id: "on-" + node, view: v, labels: map[string]string{labelPhase: string(phaseProven)},
		tasks: []swarm.Task{{ID: "task", NodeID: node, DesiredState: swarm.TaskStateRunning, Status: swarm.TaskStatus{State: swarm.TaskStateRunning}}},
	}
	s.service = &swarm.Service{ID: s.id, Spec: swarm.ServiceSpec{TaskTemplate: swarm.TaskSpec{Placement: &swarm.Placement{Constraints: wanted}}}}
	return s
}

func TestSpread(t *testing.T) {
	v := nodes(4)
	count := map[string]int{}
	for _, pin := range v.spread(testWorkload().ID, []*seat{v.on("node2")}, nil, 7) {
		count[pin[0]]++
	}
	if count["node.id==node1"] != 2 || count["node.id==node2"] != 1 || count["node.id==node3"] != 2 || count["node.id==node4"] != 2 {
		t.Errorf("seven beside one on node2: %v", count)
	}
	for _, pin := range v.spread(testWorkload().ID, nil, []string{"node.labels.odd==true"}, 4) {
		if pin[0] != "node.id==node1" && pin[0] != "node.id==node3" {
			t.Errorf("%v is not where it may be", pin)
		}
	}
	if pins := v.spread(testWorkload().ID, nil, nil, 1); pins[0] != nil {
		t.Errorf("a single one is kept to %v", pins)
	}
	first := map[string]bool{} // where each of many workloads begins
	for i := range 200 {
		first[v.spread(deployer.WorkloadID{App: fmt.Sprint(i), Process: "web", Release: 1}, nil, nil, 2)[0][0]] = true
	}
	if len(first) != 4 {
		t.Errorf("all begin with %v", first)
	}
}

func TestApart(t *testing.T) {
	for _, test := range []struct {
		nodes int
		want  []string
	}{
		{4, []string{"node.id!=node2", "node.id!=node3"}},
		{3, nil}, // with none to spare, two on one are better than one less
	} {
		v := nodes(test.nodes)
		siblings := []*seat{v.on("node1"), v.on("node2"), v.on("node3")}
		if got := siblings[0].apart(siblings); !slices.Equal(got, test.want) {
			t.Errorf("of %d nodes it keeps off %v", test.nodes, got)
		}
	}
	v := nodes(5)
	two := []*seat{v.on("node1", "node.labels.odd==true", "node.id!=node9"), v.on("node1")}
	if got := two[0].apart(two); len(got) != 0 {
		t.Errorf("it keeps off its own node: %v", got)
	}
	if got := two[0].wanted(); !slices.Equal(got, []string{"node.labels.odd==true"}) {
		t.Errorf("wanted are %v", got)
	}
}

// TestChanges tells what happened between two sightings.
func TestChanges(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	labels := map[string]string{docker.LabelKind: kindInstance, docker.LabelApp: "01app", labelPhase: string(phaseProven)}
	task := func(id string, state swarm.TaskState, code int) swarm.Task {
		return swarm.Task{
			ID: id, ServiceID: "one", NodeID: "node1", DesiredState: swarm.TaskStateRunning,
			Status: swarm.TaskStatus{State: state, Timestamp: at, ContainerStatus: &swarm.ContainerStatus{ContainerID: "c", ExitCode: code}},
		}
	}
	sight := func(lost bool, tasks ...swarm.Task) *sighting {
		v := nodes(2)
		v.arrange(nil, nil)
		if lost {
			n := v.nodes["node1"]
			n.Status.State = swarm.NodeStateDown
			v.nodes["node1"] = n
		}
		for i := range tasks {
			tasks[i].CreatedAt = at.Add(time.Duration(i) * time.Second)
		}
		if len(tasks) > 0 {
			v.arrange([]swarm.Service{{ID: "one", Spec: swarm.ServiceSpec{Annotations: swarm.Annotations{Labels: labels}}}}, tasks)
		}
		return &sighting{view: v, late: map[string]*seat{}}
	}
	const running, failed, preparing = swarm.TaskStateRunning, swarm.TaskStateFailed, swarm.TaskStatePreparing
	for _, test := range []struct {
		name        string
		before, now *sighting
		want        string
	}{
		{"the first", nil, sight(false), "resync"},
		{"nothing", sight(false, task("a", running, 0)), sight(false, task("a", running, 0)), ""},
		{"came up", sight(false, task("a", preparing, 0)), sight(false, task("a", running, 0)), "started"},
		{"came and went", sight(false), sight(false, task("a", failed, 3)), "started died:3"},
		{"crashed", sight(false, task("a", running, 0)), sight(false, task("a", failed, 7), task("b", preparing, 0)), "died:7"},
		{"crashed and is back", sight(false, task("a", running, 0)), sight(false, task("a", failed, 7), task("b", running, 0)), "died:7 started"},
		{"node lost", sight(false, task("a", running, 0)), sight(true, task("a", running, 0)), "died:-1"},
		{"node back", sight(true, task("a", running, 0)), sight(false, task("a", running, 0)), "started"},
		{"gone unseen", sight(false, task("a", running, 0)), sight(false), "died:-1 removed"},
		{"gone", sight(false, task("a", failed, 7)), sight(false), "removed"},
	} {
		var got []string
		for _, e := range changes(test.before, test.now) {
			word := string(e.Type)
			if e.Type == deployer.EventDied {
				word += fmt.Sprintf(":%d", e.Instance.ExitCode)
			}
			got = append(got, word)
			if e.Type != deployer.EventResync && e.Instance.ID != "one" {
				t.Errorf("%s: %+v", test.name, e)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
}

// FuzzClean: the engine's words become one short line, whatever they are.
func FuzzClean(f *testing.F) {
	for _, words := range []string{"", "no suitable node (insufficient resources on 3 nodes)", "two\r\nlines\t\x00\x1b[31m", strings.Repeat("é", 1000), "\xff\xfe"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, words string) {
		got := clean(words)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) || utf8.RuneCountInString(got) > 301 {
			t.Errorf("%q became %q", words, got)
		}
	})
}

// TestFailed tells a manager that waits for others from an engine that is none.
func TestFailed(t *testing.T) {
	none := failed(t.Context(), "list nodes", errors.New(`Error response from daemon: This node is not a swarm manager. Use "docker swarm init"`))
	if errors.Is(none, deployer.ErrUnavailable) || !strings.Contains(none.Error(), "docker swarm init") {
		t.Errorf("no manager: %v", none)
	}
	alone := failed(t.Context(), "list nodes", errors.New("rpc error: code = Unknown desc = The swarm does not have a leader."))
	if !errors.Is(alone, deployer.ErrUnavailable) {
		t.Errorf("no leader: %v", alone)
	}
	if err := failed(t.Context(), "list nodes", nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
}
