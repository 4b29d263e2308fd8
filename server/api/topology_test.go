package api

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
)

// machines are some nodes of a simulated cluster.
func machines(n int) []deployer.Node {
	nodes := make([]deployer.Node, n)
	for i := range nodes {
		name := fmt.Sprintf("node-%03d", i+1)
		nodes[i] = deployer.Node{
			ID: "id-" + name, Name: name, Address: fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250), Manager: i < 3, State: deployer.NodeReady,
			Labels: map[string]string{"disk": []string{"ssd", "hdd"}[i%2]}, CPUMilli: 8000, MemoryBytes: 32 << 30, Version: "28.5.2",
		}
	}
	return nodes
}

// fill runs apps on the far cluster: process after process, each with some
// instances that take no requests.
func (h *house) fill(t *testing.T, apps, instances int) {
	t.Helper()
	h.far.AddImage("idle", memory.Idle)
	cluster := memory.New(h.far, "test")
	for app := range apps {
		name := fmt.Sprintf("app-%04d", app+1)
		w := deployer.Workload{
			ID: deployer.WorkloadID{App: "id-" + name, Process: "web", Release: 1 + app%9}, AppName: name, Image: "idle", Instances: instances,
			Limits: deployer.Limits{MemoryBytes: 256 << 20, CPUMilli: 250}, Reserve: deployer.Reserve{MemoryBytes: 64 << 20, CPUMilli: 50},
			Health: deployer.Health{Settle: time.Nanosecond},
		}
		if err := cluster.Ensure(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if err := cluster.WaitHealthy(t.Context(), w.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// topology is what a test reads of a cluster.
type topology struct {
	Instances  int `json:"instances"`
	NodeCount  int `json:"node_count"`
	NodesReady int `json:"nodes_ready"`
	Size       ClusterAmount
	Limits     ClusterAmount
	Nodes      []ClusterNode
	Unplaced   []NodeRun
}

func (r *reply) topology(t *testing.T) (v topology) {
	t.Helper()
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestThreeNodes: what runs where, what it may use, and that a drained node's
// instances go elsewhere.
func TestThreeNodes(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	h.far.SetNodes(machines(3)...)
	owner.post("/api/v1/clusters", map[string]any{"name": "far", "kind": "swarm"}).want(201)
	h.fill(t, 4, 3)
	seen := owner.get("/api/v1/clusters/far").want(200).topology(t)
	if seen.Instances != 12 || seen.NodeCount != 3 || seen.NodesReady != 3 || seen.Size.CPUMilli != 24000 || seen.Limits.MemoryBytes != 12*256<<20 {
		t.Fatalf("%+v", seen)
	}
	for _, n := range seen.Nodes {
		if n.Instances != 4 || n.States.Healthy != 4 || len(n.Runs) != 4 || n.Limits.CPUMilli != 1000 || n.Reserved.MemoryBytes != 256<<20 {
			t.Errorf("%s: %+v", n.Name, n)
		}
	}
	drained := owner.post("/api/v1/clusters/far/nodes/node-002/drain", nil).want(200).topology(t)
	if drained.Nodes[1].State != "drained" || drained.NodesReady != 2 {
		t.Errorf("%+v", drained.Nodes[1])
	}
	soon := time.Now().Add(20 * time.Second)
	for {
		now := owner.get("/api/v1/clusters/far").want(200).topology(t)
		if now.Nodes[1].Instances == 0 && now.Nodes[0].States.Healthy == 6 && now.Nodes[2].States.Healthy == 6 {
			break
		}
		if time.Now().After(soon) {
			t.Fatalf("what was on the node did not go elsewhere: %+v", now.Nodes)
		}
	}
	owner.post("/api/v1/clusters/far/nodes/node-009/drain", nil).problem(404, "not_found")
	if back := owner.post("/api/v1/clusters/far/nodes/node-002/resume", nil).want(200).topology(t); back.NodesReady != 3 {
		t.Errorf("%+v", back)
	}

	h.far.SetAway(true)
	away := owner.get("/api/v1/clusters/far").want(200)
	if last := away.topology(t); away.text("state") != "away" || away.text("seen_at") == "" || last.Instances != 12 || len(last.Nodes) != 3 {
		t.Errorf("what it had last is not shown: %s", away.body)
	}
}

// TestThreeHundredNodes bounds what a look at a large cluster costs: its answer,
// that of the list, and many who look at once.
func TestThreeHundredNodes(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	h.far.SetNodes(machines(300)...)
	owner.post("/api/v1/clusters", map[string]any{"name": "far", "kind": "swarm"}).want(201)
	h.fill(t, 2000, 5)
	began := time.Now()
	answer := owner.get("/api/v1/clusters/far").want(200)
	took := time.Since(began)
	seen := answer.topology(t)
	if seen.Instances != 10_000 || len(seen.Nodes) != 300 {
		t.Fatalf("%d instances on %d nodes", seen.Instances, len(seen.Nodes))
	}
	named := 0
	for _, n := range seen.Nodes {
		if n.Instances < 33 || n.Instances > 34 {
			t.Errorf("%s has %d instances", n.Name, n.Instances)
		}
		for _, r := range n.Runs {
			named += len(r.Healthy)
		}
	}
	if named != 10_000 {
		t.Errorf("%d are named", named)
	}
	if size := len(answer.body); size > 1<<20 {
		t.Errorf("the answer has %d bytes", size)
	}
	list := owner.get("/api/v1/clusters").want(200)
	if size := len(list.body); size > 4096 {
		t.Errorf("the list has %d bytes: it must not name what runs", size)
	}
	began = time.Now()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { owner.get("/api/v1/clusters/far") })
	}
	group.Wait()
	t.Logf("one answer took %s and has %d bytes; fifty at once took %s; the list has %d bytes", took, len(answer.body), time.Since(began), len(list.body))
}
