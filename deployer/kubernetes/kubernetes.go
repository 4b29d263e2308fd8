// Package kubernetes runs workloads on a Kubernetes cluster (1.30 and newer).
//
// Each app has a namespace of its own, each workload a Deployment in it with as
// many replicas as it has instances, so an instance is a pod. Everything is
// applied by the server's own merging with one field manager, and found again
// by labels: several Clusters, in one process or in many, may share a cluster.
//
// What Kubernetes does otherwise than the deployer's promises say, and what
// holds instead:
//
//   - A Deployment's pods are always started again when they exit. An instance
//     that exits before WaitHealthy found it healthy is started again too, each
//     time after a longer pause. WaitHealthy reports its first exit at once,
//     and between two starts it is listed as exited.
//   - Ensure replaces an instance that exited before it was healthy and has not
//     been started again: the instance has another ID then.
//   - Pods have no number. The first who sees a pod without one gives it the
//     lowest that is free and writes it on the pod as a label; it stays for as
//     long as the pod lives. Of what Ensure takes away the engine removes what
//     is not ready first, then the highest number; a pod that is left with a
//     number beyond the workload's is given another.
//   - Whether an image can be had is known once a node has tried. Ensure refuses
//     what can be no reference, and WaitHealthy reports the rest.
//   - The log does not say which of its two streams a line came from: all of it
//     counts as standard output, and so does all of what Run prints. Of a pod
//     that was started again the log of the run before is kept, and no older
//     one; of a log that the node has rotated (10 MiB) the newest file is.
//   - No time is finer than a second, and no instance is given less than two
//     seconds to end. What was told to end cannot be hurried: another Remove
//     with a shorter grace waits for the first one's.
//   - Restricted pod security allows no container to run as root. They all run
//     as Options.User, whatever their image says.
//   - How many processes an instance may have is up to the node
//     (podPidsLimit): Limits.PIDs has no effect.
//   - Events tell that an instance has been told to end before they tell that
//     it ended (EventChanged); nothing new should be sent to it from then on.
package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/slipway-paas/slipway/deployer"
)

// Options configure a Cluster. Only Installation is required, and one of
// Kubeconfig, KubeconfigFile and InCluster.
type Options struct {
	Kubeconfig     string // the text of a kubeconfig; it may neither name files nor run programs
	KubeconfigFile string // or where one is, which may do both
	Context        string // of the kubeconfig, "" for its current one
	InCluster      bool   // or with the service account of the pod that this runs in

	Installation string          // marks what is ours: lower-case letters, digits and hyphens
	Prefix       string          // what the names of namespaces begin with; "" for "slipway"
	Limits       deployer.Limits // for what a workload leaves open; zero members mean 512 MiB, 1 core
	Quota        Quota           // of each app's namespace
	StopGrace    time.Duration   // for instances that Ensure or the engine removes; 0 for 10 s
	LabelKey     []byte          // secret, with which annotations tell whether variables changed; nil to tell nothing of them
	User         int64           // user and group ID that containers run as, not 0; 0 for 65534
	StorageClass string          // of volumes, "" for the cluster's own choice
	VolumeBytes  int64           // how large a volume is made; 0 for 1 GiB
	Placed       time.Duration   // how long to wait for room on a node before giving up, as where nodes are added on demand; 0 for 10 s
	Started      time.Duration   // how long fetching the image and starting may take; 0 for 5 min

	// PullAuth gives the credentials that nodes fetch an image with. Nodes use
	// them as long as the workload lives, so they must not expire. nil, or an
	// empty username, for an image that anybody may fetch.
	PullAuth func(ctx context.Context, image string) (username, password string, err error)

	Logger *slog.Logger // nil for slog.Default
}

// Quota bounds what all instances of an app may take together. Zero values
// bound nothing.
type Quota struct {
	MemoryBytes int64 // sum of the limits
	CPUMilli    int64 // sum of the limits
	Instances   int64
}

const (
	defaultPrefix      = "slipway"
	defaultMemory      = 512 << 20
	defaultCPUMilli    = 1000
	defaultStopGrace   = 10 * time.Second
	defaultUser        = 65534
	defaultVolumeBytes = 1 << 30
	defaultPlaced      = 10 * time.Second
	defaultStarted     = 5 * time.Minute
)

var installationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Cluster is the Kubernetes driver. It is safe for concurrent use and holds
// nothing that a new one would need.
type Cluster struct {
	api       *api
	options   Options
	log       *slog.Logger
	workloads deployer.Locks[deployer.WorkloadID]
	current   atomic.Bool // its version was seen to be new enough
}

var _ deployer.Cluster = (*Cluster)(nil)

// New makes a Cluster. It does not talk to the API server yet.
func New(o Options) (*Cluster, error) {
	if !installationName.MatchString(o.Installation) {
		return nil, fmt.Errorf("installation name %q: use up to 32 lower-case letters, digits and hyphens", o.Installation)
	}
	if o.User < 0 {
		return nil, fmt.Errorf("user ID %d cannot be", o.User)
	}
	orElse(&o.Prefix, defaultPrefix)
	if !installationName.MatchString(o.Prefix) {
		return nil, fmt.Errorf("namespace prefix %q: use up to 32 lower-case letters, digits and hyphens", o.Prefix)
	}
	orElse(&o.Limits.MemoryBytes, defaultMemory)
	orElse(&o.Limits.CPUMilli, defaultCPUMilli)
	orElse(&o.StopGrace, defaultStopGrace)
	orElse(&o.User, defaultUser)
	orElse(&o.VolumeBytes, defaultVolumeBytes)
	orElse(&o.Placed, defaultPlaced)
	orElse(&o.Started, defaultStarted)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	config, err := connection(o)
	if err != nil {
		return nil, err
	}
	api, err := newAPI(config)
	if err != nil {
		return nil, err
	}
	o.Kubeconfig = "" // it holds secrets and is not needed any more
	return &Cluster{api: api, options: o, log: o.Logger}, nil
}

func orElse[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// connection reads how the API server is reached.
func connection(o Options) (*rest.Config, error) {
	ways := 0
	for _, given := range []bool{o.Kubeconfig != "", o.KubeconfigFile != "", o.InCluster} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, fmt.Errorf("say how the cluster is reached: by a kubeconfig, or by the service account of this pod")
	case o.InCluster:
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("the service account of this pod: %w", err)
		}
		return config, nil
	case o.KubeconfigFile != "":
		return fromFile(o.KubeconfigFile, o.Context)
	}
	return fromText(o.Kubeconfig, o.Context)
}
