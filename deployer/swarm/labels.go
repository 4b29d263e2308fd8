package swarm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// The labels beside those that containers of a single engine carry too.
const (
	labelSpec    = "slipway.spec"  // what the instance was made from
	labelPhase   = "slipway.phase" // of the service alone: the containers' never change
	labelPort    = "slipway.port"
	labelPath    = "slipway.health.path"
	labelTimeout = "slipway.health.timeout"
	labelSettle  = "slipway.health.settle"
)

const (
	kindInstance = "instance"
	kindTask     = "task"
	kindNetwork  = "network"
)

// phase is how far an instance has come. It is kept in its service's label.
type phase string

const (
	phasePlacing  phase = "placing"  // the engine looks for a node
	phaseStarting phase = "starting" // has a node, was not healthy yet: what exits stays exited
	phaseProven   phase = "proven"   // was healthy once: the engine starts it again
	phaseLeaving  phase = "leaving"  // is being stopped
)

// labels are identity, and how to probe.
func (c *Cluster) labels(w deployer.Workload, kind string, index int) map[string]string {
	health := w.Health.WithDefaults()
	return map[string]string{
		docker.LabelInstallation: c.installation,
		docker.LabelKind:         kind,
		docker.LabelApp:          w.ID.App,
		docker.LabelAppName:      w.AppName,
		docker.LabelProcess:      w.ID.Process,
		docker.LabelRelease:      strconv.Itoa(w.ID.Release),
		docker.LabelIndex:        strconv.Itoa(index),
		labelPort:                strconv.Itoa(w.Port),
		labelPath:                health.Path,
		labelTimeout:             health.Timeout.String(),
		labelSettle:              health.Settle.String(),
		labelSpec:                c.Spec(w),
	}
}

// identity reads an instance's identity back from labels.
func identity(id string, labels map[string]string) deployer.Instance {
	release, _ := strconv.Atoi(labels[docker.LabelRelease]) // 0 when somebody made it up, which no workload has
	index, _ := strconv.Atoi(labels[docker.LabelIndex])
	workload := deployer.WorkloadID{App: labels[docker.LabelApp], Process: labels[docker.LabelProcess], Release: release}
	return deployer.Instance{
		ID:       id,
		Name:     deployer.InstanceName(labels[docker.LabelAppName], workload, index),
		Workload: workload,
		AppName:  labels[docker.LabelAppName],
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
func (c *Cluster) ours(kind string) filters.Args {
	f := filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+c.installation))
	if kind != "" {
		f.Add("label", docker.LabelKind+"="+kind)
	}
	return f
}

func withApp(f filters.Args, app string) filters.Args {
	if app != "" {
		f.Add("label", docker.LabelApp+"="+app)
	}
	return f
}

func withWorkload(f filters.Args, id deployer.WorkloadID) filters.Args {
	f = withApp(f, id.App)
	f.Add("label", docker.LabelProcess+"="+id.Process)
	f.Add("label", docker.LabelRelease+"="+strconv.Itoa(id.Release))
	return f
}

// maxName is how long the name of a service may be.
const maxName = 63

// serviceName is the same for whoever makes an instance, so that the engine
// lets one of several in. With other it is a second choice, for when the first
// is taken by something else.
func (c *Cluster) serviceName(w deployer.Workload, index int, other bool) string {
	name := fmt.Sprintf("%s-%s-%s-v%d-%d", c.installation, w.AppName, w.ID.Process, w.ID.Release, index)
	if !other && len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(c.installation + "/" + w.ID.String()))
	end := fmt.Sprintf("-%s-%d", hex.EncodeToString(sum[:6]), index)
	return strings.TrimRight(name[:min(len(name), maxName-len(end))], "-_.") + end
}
