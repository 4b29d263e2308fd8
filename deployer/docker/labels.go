package docker

import (
	"fmt"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/filters"

	"github.com/slipway-paas/slipway/deployer"
)

// The labels that carry identity. Images may carry LabelInstallation too, and
// a container that somebody starts from one inherits it, so a container is
// ours only if it has LabelKind as well.
const (
	LabelInstallation = "slipway.installation"
	LabelKind         = "slipway.kind" // instance, task, router, network or volume
	LabelApp          = "slipway.app"  // ID
	LabelAppName      = "slipway.app.name"
	LabelProcess      = "slipway.process"
	LabelRelease      = "slipway.release"
	LabelIndex        = "slipway.index"
	LabelVolume       = "slipway.volume" // a volume's name within its app

	labelSpec    = "slipway.spec" // hash of what the container was made from, without any secret
	labelEnv     = "slipway.env"  // keyed hash of its variables
	labelPort    = "slipway.port"
	labelPath    = "slipway.health.path"
	labelTimeout = "slipway.health.timeout"
	labelSettle  = "slipway.health.settle"
)

const (
	kindInstance = "instance"
	kindTask     = "task"
	kindRouter   = "router"
	kindNetwork  = "network"
	kindVolume   = "volume"
)

// labels are those of one container. All are always set: what a container
// leaves open it would inherit from its image, which is the tenant's.
func (c *Cluster) labels(w deployer.Workload, kind string, index int) map[string]string {
	health := w.Health.WithDefaults()
	return map[string]string{
		LabelInstallation: c.installation,
		LabelKind:         kind,
		LabelApp:          w.ID.App,
		LabelAppName:      w.AppName,
		LabelProcess:      w.ID.Process,
		LabelRelease:      strconv.Itoa(w.ID.Release),
		LabelIndex:        strconv.Itoa(index),
		labelPort:         strconv.Itoa(w.Port),
		labelPath:         health.Path,
		labelTimeout:      health.Timeout.String(),
		labelSettle:       health.Settle.String(),
		labelSpec:         c.specHash(w),
		labelEnv:          c.envHash(w),
	}
}

// identity reads an instance's identity back from labels.
func identity(id string, labels map[string]string) deployer.Instance {
	release, _ := strconv.Atoi(labels[LabelRelease]) // 0 when somebody made it up, which no workload has
	index, _ := strconv.Atoi(labels[LabelIndex])
	workload := deployer.WorkloadID{App: labels[LabelApp], Process: labels[LabelProcess], Release: release}
	return deployer.Instance{
		ID:       id,
		Name:     deployer.InstanceName(labels[LabelAppName], workload, index),
		Workload: workload,
		AppName:  labels[LabelAppName],
		Index:    index,
	}
}

// serving reads back how an instance is to be probed.
func serving(labels map[string]string) (port int, health deployer.Health) {
	port, _ = strconv.Atoi(labels[labelPort])
	health.Path = labels[labelPath]
	health.Timeout, _ = time.ParseDuration(labels[labelTimeout])
	health.Settle, _ = time.ParseDuration(labels[labelSettle])
	return port, health.WithDefaults()
}

// ours filters for what this installation made of one kind, "" for any.
func (e *Engine) ours(kind string) filters.Args {
	if kind == "" {
		return filters.NewArgs(filters.Arg("label", LabelInstallation+"="+e.installation), filters.Arg("label", LabelKind))
	}
	return filters.NewArgs(
		filters.Arg("label", LabelInstallation+"="+e.installation),
		filters.Arg("label", LabelKind+"="+kind))
}

func withApp(f filters.Args, app string) filters.Args {
	f.Add("label", LabelApp+"="+app)
	return f
}

func withWorkload(f filters.Args, id deployer.WorkloadID) filters.Args {
	f = withApp(f, id.App)
	f.Add("label", LabelProcess+"="+id.Process)
	f.Add("label", LabelRelease+"="+strconv.Itoa(id.Release))
	return f
}

// containerName is unique but for two corner cases: an app with hyphens beside
// one whose process has them, and an app made anew under the name of one whose
// containers are still going. Then unique, a part of the app's ID, tells them
// apart.
func (c *Cluster) containerName(w deployer.Workload, index int, unique string) string {
	name := fmt.Sprintf("%s-%s-%s-v%d-%d", c.installation, w.AppName, w.ID.Process, w.ID.Release, index)
	if unique != "" {
		name += "-" + unique
	}
	return name
}
