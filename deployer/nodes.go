package deployer

import "context"

// NodeState is what a node is doing.
type NodeState string

// The states of a node.
const (
	NodeReady    NodeState = "ready"    // takes instances
	NodeDrained  NodeState = "drained"  // takes none; those it had go elsewhere
	NodeDown     NodeState = "down"     // is lost, or not answering
	NodeStarting NodeState = "starting" // has joined and is not ready yet
)

// Node is one machine of a cluster.
type Node struct {
	ID          string // the engine's
	Name        string
	Address     string // where it is reached, "" when the engine does not say
	Manager     bool   // it decides for the cluster
	State       NodeState
	Reason      string            // why it is not ready, "" when nothing is known
	Labels      map[string]string // what a Workload's Placement is matched with
	CPUMilli    int64             // what it has for instances
	MemoryBytes int64
	Version     string // of its engine
}

// Machines is a Cluster that tells what it runs on. It is safe for concurrent
// use.
type Machines interface {
	// Nodes lists the machines in the order of their names, by one call to the
	// engine.
	Nodes(ctx context.Context) ([]Node, error)
}

// Nodes is a Cluster of machines that come and go. Its methods are safe for
// concurrent use.
type Nodes interface {
	Machines

	// Drain moves a node's instances elsewhere and gives it no more; with
	// drained false it takes instances again. It does not wait for them to have
	// moved. A node that is not there gives an error with ErrNoNode in its
	// chain.
	Drain(ctx context.Context, node string, drained bool) error

	// JoinCommand gives the command that makes a machine a node of the cluster
	// when it is run there, as an argument vector. It holds a secret: who runs
	// it joins. An engine whose nodes join by other means gives none and says
	// in words how they do.
	JoinCommand(ctx context.Context) (command []string, hint string, err error)
}
