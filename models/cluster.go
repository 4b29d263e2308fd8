package models

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// ClusterKind is what runs a cluster.
type ClusterKind string

// The kinds of cluster.
const (
	ClusterDocker     ClusterKind = "docker"     // one engine
	ClusterSwarm      ClusterKind = "swarm"      // engines that are one Docker Swarm
	ClusterKubernetes ClusterKind = "kubernetes" // a Kubernetes
)

// Cluster is where apps run.
type Cluster struct {
	ID          string `gorm:"primaryKey"`
	Name        string
	Kind        ClusterKind
	Endpoint    string         // of the engine's API; "" for the server's own engine, and for a Kubernetes, whose kubeconfig says it
	Credentials []byte         // a sealed ClusterCredentials in JSON
	Options     ClusterOptions `gorm:"serializer:json"`
	Revision    int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// ClusterOptions are what apps get on a Kubernetes cluster. Zero values mean the
// cluster's own choice, and no bound.
type ClusterOptions struct {
	Quota        Quota  `json:"quota"`
	StorageClass string `json:"storage_class"` // of volumes
	VolumeMB     int    `json:"volume_mb"`     // how large a volume is made, in MiB
}

// Quota bounds what all instances of an app may take together, those of a
// release that comes up beside the live one among them. Zero values bound nothing.
type Quota struct {
	MemoryMB  int `json:"memory_mb"` // the sum of the limits, in MiB
	CPUMilli  int `json:"cpu_milli"` // the sum of the limits, in thousandths of a core
	Instances int `json:"instances"`
}

// LocalCluster is the ID and the name of the server's own engine, which builds
// all images and is always there.
const LocalCluster = "local"

// Local says whether it is the server's own engine.
func (c *Cluster) Local() bool { return c.ID == LocalCluster }

// ClusterCredentials are what a cluster is reached with. They are secret.
type ClusterCredentials struct {
	CA   string `json:"ca,omitempty"`   // PEM, of an engine that is reached by TLS
	Cert string `json:"cert,omitempty"` // PEM
	Key  string `json:"key,omitempty"`  // PEM

	Kubeconfig string `json:"kubeconfig,omitempty"` // the file's text
	Context    string `json:"context,omitempty"`    // of the kubeconfig, "" for its current one
}

var clusterName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckCluster says what is wrong with what a new cluster is made of.
func CheckCluster(c *Cluster, with ClusterCredentials) error {
	switch {
	case len(c.Name) < 2 || len(c.Name) > 40 || !clusterName.MatchString(c.Name):
		return Invalid("name", "cluster name %q: use 2 to 40 lower-case letters, digits and single hyphens, starting with a letter", shorten(c.Name))
	case c.Name == LocalCluster:
		return Invalid("name", "%q is the name of the server's own engine", LocalCluster)
	}
	switch c.Kind {
	case ClusterKubernetes:
		switch {
		case c.Endpoint != "":
			return Invalid("endpoint", "a Kubernetes cluster has none of its own: its kubeconfig says it")
		case with.CA != "" || with.Cert != "" || with.Key != "":
			return Invalid("credentials", "a Kubernetes cluster's credentials are in its kubeconfig")
		case len(with.Kubeconfig) > 1<<20:
			return Invalid("credentials.kubeconfig", "the kubeconfig is over 1 MiB")
		}
		return nil
	case ClusterDocker:
		return Invalid("kind", "what runs on a single engine elsewhere cannot be reached by the routers; make it a Swarm of one node (docker swarm init) and add that")
	case ClusterSwarm:
		if with.Kubeconfig != "" || with.Context != "" {
			return Invalid("credentials.kubeconfig", "only a Kubernetes cluster has a kubeconfig")
		}
		return checkEndpoint(c, with)
	}
	return Invalid("kind", "%q is no kind of cluster; use swarm or kubernetes", shorten(string(c.Kind)))
}

var storageClass = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// CheckClusterOptions says what is wrong with what apps are to get on a cluster.
func CheckClusterOptions(kind ClusterKind, o ClusterOptions) error {
	switch {
	case o == (ClusterOptions{}):
		return nil
	case kind != ClusterKubernetes:
		return Invalid("options", "only a Kubernetes cluster has quotas and storage classes")
	case o.Quota.MemoryMB < 0 || o.Quota.MemoryMB > 1<<30:
		return Invalid("options.quota.memory_mb", "a quota of memory is 1 MiB or more, or 0 for none")
	case o.Quota.CPUMilli < 0 || o.Quota.CPUMilli > 1_000_000_000:
		return Invalid("options.quota.cpu_milli", "a quota of processors is 1 thousandth or more, or 0 for none")
	case o.Quota.Instances < 0 || o.Quota.Instances > 1_000_000:
		return Invalid("options.quota.instances", "a quota of instances is 1 or more, or 0 for none")
	case o.StorageClass != "" && !storageClass.MatchString(o.StorageClass):
		return Invalid("options.storage_class", "storage class %q: use lower-case letters, digits, dots and hyphens", shorten(o.StorageClass))
	case o.VolumeMB < 0 || o.VolumeMB > 1<<30:
		return Invalid("options.volume_mb", "a volume is 1 MiB or more, or 0 for 1024")
	}
	return nil
}

// checkEndpoint refuses what no engine's API is at, and an engine that anybody
// on the network could command.
func checkEndpoint(c *Cluster, with ClusterCredentials) error {
	if c.Endpoint == "" {
		return nil // the server's own engine is one of its managers
	}
	at, err := url.Parse(c.Endpoint)
	if err != nil || len(c.Endpoint) > 500 || strings.ContainsAny(c.Endpoint, " \t\n") {
		return Invalid("endpoint", "the endpoint is not a URL such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376")
	}
	secured := with.CA != "" && with.Cert != "" && with.Key != ""
	switch {
	case at.User != nil:
		return Invalid("endpoint", "the endpoint must not hold a user or a password")
	case at.Scheme == "unix" && strings.HasPrefix(at.Path, "/") && at.Host == "":
		return nil
	case at.Scheme != "tcp" || at.Port() == "" || at.Path != "" || at.RawQuery != "":
		return Invalid("endpoint", "endpoint %q: give unix:///path or tcp://host:port", shorten(c.Endpoint))
	case !secured:
		return Invalid("credentials", "an engine that is reached over the network needs ca, cert and key: without them whoever reaches it owns its machine")
	}
	return nil
}
