// Package swarm runs workloads on a Docker Swarm (Engine 20.10, API 1.41, and
// newer), through one of its managers.
//
// Every instance is a service of its own with one replica, whose ID is the
// instance's. Services of several replicas would be fewer, but a Swarm that
// shrinks one picks the replicas that go itself, at the moment they go, and
// then nobody can drain them first. That instances of a workload lie apart is
// therefore seen to here: where there are nodes enough, each is first put on a
// node of its own, and keeps away from the others' when it has to move.
//
// An instance whose container exits before WaitHealthy found it healthy stays
// exited: as soon as the engine has found it a node, its service is given a
// placement that no node satisfies, which the engine applies to what it would
// start later and not to what runs. Finding it healthy takes that away again.
// From then on the engine itself starts it again, on whatever node, two
// seconds after it ended.
//
// Nothing of Swarm's own load balancing is used: services have neither virtual
// addresses nor ports in the routing mesh, so IPVS need not be there. A process
// that serves has a port of its node's for each instance, in mode host, which
// is its address for routers; within an app, processes find each other by name
// over the app's overlay network. The engine's own rolling update has no part
// in anything.
//
// What the engine forces, and where this driver therefore differs from that of
// a single engine:
//
//   - Address has a port of the node's, not the workload's.
//   - Remove gives instances Options.StopGrace to end, whatever its argument
//     says: the engine takes that time from what an instance was made from.
//   - OOMKilled is never set: the manager is told an exit code only. An instance
//     that was killed from outside is said to have been so, probably for memory.
//   - Run gives a task neither input nor a terminal: Stdin is not read.
//   - A workload with volumes runs on the node whose engine the driver speaks
//     to: volumes are that engine's own, and no other can list or delete them.
//   - Of the instance's exits before, Restarts counts those that the swarm still
//     remembers (five, unless its task history limit says otherwise).
//   - An exit is noticed within two seconds, and within a sixth of a second while
//     things are in motion: managers tell nobody of changes to tasks, so that
//     they are asked. All who watch share one look.
//   - Swap cannot be limited, and before Engine 25 a setuid file may gain powers
//     unless the nodes' engines run with no-new-privileges.
//   - What instances use is not measured: only each node's engine knows.
package swarm

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// Options configure a Cluster. Only Installation is required.
type Options struct {
	Host         string          // a manager's engine, "" for DOCKER_HOST or the default socket
	TLS          docker.TLS      // with which a Host over the network is reached; zero for none
	Installation string          // marks what is ours: lower-case letters, digits and hyphens
	NetworkPool  string          // IPv4 CIDR that app networks are cut from; "" for DefaultNetworkPool
	NetworkBits  int             // prefix length of one app's network; 0 for 25, room for some 100 instances
	Limits       deployer.Limits // for what a workload leaves open; zero members mean 512 MiB, 1 core, 512 pids
	StopGrace    time.Duration   // between SIGTERM and SIGKILL; 0 for 10 s
	LabelKey     []byte          // secret, with which labels tell whether variables changed; nil to tell nothing of them
	Logger       *slog.Logger    // nil for slog.Default

	// PullAuth gives the credentials with which nodes pull an image, empty ones
	// for none. They are kept in the swarm, for nodes that need the image later,
	// so they must not expire. It is called by Ensure and Run, concurrently.
	PullAuth func(ctx context.Context, image string) (username, password string, err error)
}

// DefaultNetworkPool has room for 512 apps. It lies apart from what Swarm cuts
// its own networks from (10.0.0.0/8 upwards) and from the pool of a single
// engine.
const DefaultNetworkPool = "10.211.0.0/16"

const (
	defaultNetworkBits = 25
	defaultStopGrace   = 10 * time.Second
)

// Cluster is the Swarm driver. It is safe for concurrent use and holds nothing
// that a new one would need.
type Cluster struct {
	engine       *docker.Cluster // the manager's, for what a single engine does as well
	installation string
	stopGrace    time.Duration
	pullAuth     func(ctx context.Context, image string) (username, password string, err error)
	log          *slog.Logger
	workloads    deployer.Locks[deployer.WorkloadID]
	networks     *networks
	self         atomic.Pointer[string] // ID of the node whose engine this is
	hub          hub

	mu   sync.Mutex
	seen map[string]string // by instance: its task that was found healthy, so that it need not be probed again
}

var (
	_ deployer.Cluster = (*Cluster)(nil)
	_ deployer.Census  = (*Cluster)(nil)
	_ deployer.Volumes = (*Cluster)(nil)
	_ deployer.Nodes   = (*Cluster)(nil)
)

// New makes a Cluster. It does not talk to the engine yet.
func New(o Options) (*Cluster, error) {
	if o.NetworkPool == "" {
		o.NetworkPool = DefaultNetworkPool
	}
	if o.NetworkBits == 0 {
		o.NetworkBits = defaultNetworkBits
	}
	if o.StopGrace <= 0 {
		o.StopGrace = defaultStopGrace
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	engine, err := docker.New(docker.Options{
		Host: o.Host, TLS: o.TLS, Installation: o.Installation, NetworkPool: o.NetworkPool, NetworkBits: o.NetworkBits,
		Limits: o.Limits, StopGrace: o.StopGrace, LabelKey: o.LabelKey, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	subnets, err := docker.NewSubnets(o.NetworkPool, o.NetworkBits)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		engine: engine, installation: o.Installation, stopGrace: o.StopGrace,
		pullAuth: o.PullAuth, log: o.Logger, seen: map[string]string{},
	}
	c.networks = &networks{cluster: c, subnets: subnets}
	c.hub.cluster = c
	return c, nil
}

// Engine is the manager's engine, for images and for clearing away.
func (c *Cluster) Engine() *docker.Engine { return c.engine.Engine }

// nodeID is the ID of the node whose engine this is. It is asked for once.
func (c *Cluster) nodeID(ctx context.Context) (string, error) {
	if id := c.self.Load(); id != nil {
		return *id, nil
	}
	info, err := c.engine.API.Info(ctx)
	if err != nil {
		return "", failed(ctx, "ask the engine who it is", err)
	}
	c.self.Store(&info.Swarm.NodeID)
	return info.Swarm.NodeID, nil
}
