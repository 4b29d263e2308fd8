// Package docker runs workloads on one Docker Engine (API 1.41 and newer).
//
// Identity is kept in container labels, so several Clusters, in one process or
// in many, may share an engine. An instance has no restart policy until
// WaitHealthy has found it healthy once; from then on the engine itself starts
// it again, with back-off, whether or not anybody watches. The policy thus
// says whether an instance ever worked: one that never did and exits has
// exited for good, which is how a crash at start is told from one later on.
package docker

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/deployer"
)

// Options configure a Cluster. Only Installation is required.
type Options struct {
	Host         string          // of the engine, "" for DOCKER_HOST or the default socket
	TLS          TLS             // with which a Host over the network is reached; zero for none
	Installation string          // marks what is ours: lower-case letters, digits and hyphens
	NetworkPool  string          // IPv4 CIDR that app networks are cut from; "" for DefaultNetworkPool
	NetworkBits  int             // prefix length of one app's network; 0 for 26, room for 61 instances
	Limits       deployer.Limits // for what a workload leaves open; zero members mean 512 MiB, 1 core, 512 pids
	StopGrace    time.Duration   // for instances that Ensure removes; 0 for 10 s
	LabelKey     []byte          // secret, with which labels tell whether variables changed; nil to tell nothing of them
	Logger       *slog.Logger    // nil for slog.Default
}

// DefaultNetworkPool has room for 1,024 apps. It lies apart from the engine's
// own pools (172.17.0.0/12, 192.168.0.0/16), which run out after 31 networks.
const DefaultNetworkPool = "10.210.0.0/16"

const (
	defaultMemory    = 512 << 20
	defaultCPUMilli  = 1000
	defaultPIDs      = 512
	defaultStopGrace = 10 * time.Second

	// Starting more containers than this side by side makes an engine no
	// faster, and everything else on the machine slower.
	parallelStarts = 4
)

var installationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Cluster is the Docker driver. It is safe for concurrent use and holds
// nothing that a new one would need.
type Cluster struct {
	*Engine
	limits    deployer.Limits
	stopGrace time.Duration
	labelKey  []byte
	workloads deployer.Locks[deployer.WorkloadID]
	networks  *networks
	seen      healthyStarts
	doubtful  atomic.Bool // the engine was seen to go away, and not to be back yet
	known     knownInstances
	notices   notifier
	groups    cgroups
	node      atomic.Pointer[string]
}

var _ deployer.Cluster = (*Cluster)(nil)

// New makes a Cluster. It does not talk to the engine yet.
func New(o Options) (*Cluster, error) {
	api, err := NewClient(o.Host, o.TLS)
	if err != nil {
		return nil, err
	}
	engine, err := NewEngine(api, o.Installation, o.Logger)
	if err != nil {
		return nil, err
	}
	pool, err := newPool(o.NetworkPool, o.NetworkBits)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Engine: engine, limits: o.Limits, stopGrace: o.StopGrace, labelKey: o.LabelKey}
	c.networks = &networks{engine: engine, pool: pool, apps: map[string]*appUse{}}
	fill(&c.limits.MemoryBytes, defaultMemory)
	fill(&c.limits.CPUMilli, defaultCPUMilli)
	fill(&c.limits.PIDs, defaultPIDs)
	if c.stopGrace <= 0 {
		c.stopGrace = defaultStopGrace
	}
	return c, nil
}

func fill(v *int64, standard int64) {
	if *v <= 0 {
		*v = standard
	}
}

// Engine is what the server asks of the engine beside running workloads:
// images, the router's container, and clearing everything away. It is safe
// for concurrent use.
type Engine struct {
	API          *client.Client
	installation string
	log          *slog.Logger
}

// NewEngine makes an Engine for one installation. A nil logger means
// slog.Default.
func NewEngine(api *client.Client, installation string, log *slog.Logger) (*Engine, error) {
	if !installationName.MatchString(installation) {
		return nil, fmt.Errorf("installation name %q: use up to 32 lower-case letters, digits and hyphens", installation)
	}
	if log == nil {
		log = slog.Default()
	}
	return &Engine{API: api, installation: installation, log: log}, nil
}

// Installation is the name that marks what is this installation's.
func (e *Engine) Installation() string { return e.installation }

// nodeName is the machine's name as the engine knows it. It is asked for once.
func (c *Cluster) nodeName(ctx context.Context) (string, error) {
	if name := c.node.Load(); name != nil {
		return *name, nil
	}
	info, err := c.API.Info(ctx)
	if err != nil {
		return "", fail(ctx, "ask the engine for its name", err)
	}
	c.node.Store(&info.Name)
	return info.Name, nil
}
