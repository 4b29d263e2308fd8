package api

import (
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/clusters"
)

// Cluster is where apps run. While it is away, what is shown of it is what it
// had when it last answered.
type Cluster struct {
	Name     string         `json:"name" example:"local"`
	Kind     string         `json:"kind" enum:"docker,swarm,kubernetes"`
	Endpoint string         `json:"endpoint" doc:"Of the engine's API; empty for the server's own engine and for a Kubernetes"`
	Own      bool           `json:"own" doc:"Whether it is the server's own engine, which also builds"`
	State    string         `json:"state" enum:"ready,away"`
	Reason   string         `json:"reason" doc:"Why it is away"`
	SeenAt   *time.Time     `json:"seen_at,omitempty" doc:"When it answered what is shown; absent when this server has had no answer yet"`
	Apps     int            `json:"apps" doc:"How many have their next release on it"`
	Options  ClusterOptions `json:"options"`
	ClusterLoad
	Size       ClusterAmount `json:"size" doc:"What its nodes have for instances, those that are down left out; 0 when unknown"`
	NodeCount  int           `json:"node_count"`
	NodesReady int           `json:"nodes_ready" doc:"Of the nodes, those that take instances"`
	Nodes      []ClusterNode `json:"nodes" nullable:"false" doc:"Left out of a list of clusters"`
	Unplaced   []NodeRun     `json:"unplaced" nullable:"false" doc:"Instances that have no node yet, of apps that you see; left out of a list of clusters"`
	CreatedAt  time.Time     `json:"created_at"`
}

// ClusterNode is one machine of a cluster.
type ClusterNode struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Address     string            `json:"address"`
	Manager     bool              `json:"manager" doc:"Whether it decides for the cluster"`
	State       string            `json:"state" enum:"ready,drained,down,starting"`
	Reason      string            `json:"reason" doc:"Why it is not ready, when that is known"`
	Labels      map[string]string `json:"labels" doc:"What placement is matched with"`
	CPUMilli    int64             `json:"cpu_milli" doc:"Thousandths of a core for instances; 0 when unknown"`
	MemoryBytes int64             `json:"memory_bytes" doc:"For instances; 0 when unknown"`
	Version     string            `json:"version" doc:"Of its engine"`
	ClusterLoad
	Runs []NodeRun `json:"runs" nullable:"false" doc:"What runs on it, of apps that you see"`
}

// ClusterLoad is what instances amount to, on a node or on a cluster, those of
// apps that you do not see among them.
type ClusterLoad struct {
	Instances int            `json:"instances"`
	States    InstanceStates `json:"states"`
	Limits    ClusterAmount  `json:"limits" doc:"What the instances may use together, as far as they are limited"`
	Reserved  ClusterAmount  `json:"reserved" doc:"What is kept free for them"`
	Used      *ClusterAmount `json:"used,omitempty" doc:"What they took when they were measured last; absent where nothing was measured"`
}

// InstanceStates counts instances by what they are doing.
type InstanceStates struct {
	Starting  int `json:"starting"`
	Healthy   int `json:"healthy"`
	Unhealthy int `json:"unhealthy"`
	Exited    int `json:"exited"`
}

// ClusterAmount is a part of what machines have.
type ClusterAmount struct {
	CPUMilli    int64 `json:"cpu_milli" doc:"Thousandths of a core"`
	MemoryBytes int64 `json:"memory_bytes"`
}

// NodeRun is the instances of one process of one release on one node, each by
// its number in the list of its state: 2 for hello.web.v3.2.
type NodeRun struct {
	App       string `json:"app" example:"hello"`
	Process   string `json:"process" example:"web"`
	Release   int    `json:"release" example:"3"`
	Starting  []int  `json:"starting,omitempty" nullable:"false"`
	Healthy   []int  `json:"healthy,omitempty" nullable:"false"`
	Unhealthy []int  `json:"unhealthy,omitempty" nullable:"false"`
	Exited    []int  `json:"exited,omitempty" nullable:"false"`
}

// wireCluster shows a cluster, and with its nodes what runs where.
func wireCluster(v *clusters.View, nodes bool) Cluster {
	wire := Cluster{
		Name: v.Name, Kind: string(v.Kind), Endpoint: v.Endpoint, Own: v.Local(), State: "ready",
		Apps: v.Apps, ClusterLoad: wireLoad(&v.Total), Nodes: []ClusterNode{}, Unplaced: []NodeRun{}, CreatedAt: v.CreatedAt,
		Options: ClusterOptions{Quota: ClusterQuota(v.Options.Quota), StorageClass: v.Options.StorageClass, VolumeMB: v.Options.VolumeMB},
	}
	if v.Away != nil {
		wire.State, wire.Reason = "away", models.SafeMessage(v.Away)
	}
	if !v.SeenAt.IsZero() {
		wire.SeenAt = &v.SeenAt
	}
	wire.NodeCount = len(v.Nodes)
	for i := range v.Nodes {
		n := &v.Nodes[i]
		if n.State == deployer.NodeReady {
			wire.NodesReady++
		}
		if n.State != deployer.NodeDown {
			wire.Size.CPUMilli += n.CPUMilli
			wire.Size.MemoryBytes += n.MemoryBytes
		}
		if nodes {
			wire.Nodes = append(wire.Nodes, wireNode(n))
		}
	}
	if nodes {
		wire.Unplaced = wireRuns(v.Unplaced)
	}
	return wire
}

func wireNode(n *clusters.NodeView) ClusterNode {
	node := ClusterNode{
		ID: n.ID, Name: n.Name, Address: n.Address, Manager: n.Manager, State: string(n.State), Reason: n.Reason,
		Labels: n.Labels, CPUMilli: n.CPUMilli, MemoryBytes: n.MemoryBytes, Version: n.Version,
		ClusterLoad: wireLoad(&n.Load), Runs: wireRuns(n.Runs),
	}
	if node.Labels == nil {
		node.Labels = map[string]string{}
	}
	return node
}

func wireLoad(l *clusters.Load) ClusterLoad {
	wire := ClusterLoad{
		Instances: l.Instances, Limits: ClusterAmount(l.Limits), Reserved: ClusterAmount(l.Reserved),
		States: InstanceStates{
			Starting: l.States[deployer.StateStarting], Healthy: l.States[deployer.StateHealthy],
			Unhealthy: l.States[deployer.StateUnhealthy], Exited: l.States[deployer.StateExited],
		},
	}
	if l.Measured > 0 {
		used := ClusterAmount(l.Used)
		wire.Used = &used
	}
	return wire
}

func wireRuns(runs []clusters.Run) []NodeRun {
	wire := make([]NodeRun, len(runs))
	for i, r := range runs {
		wire[i] = NodeRun{
			App: r.App, Process: r.Process, Release: r.Release,
			Starting: r.States[deployer.StateStarting], Healthy: r.States[deployer.StateHealthy],
			Unhealthy: r.States[deployer.StateUnhealthy], Exited: r.States[deployer.StateExited],
		}
	}
	return wire
}
