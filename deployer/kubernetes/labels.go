package kubernetes

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// The labels that carry identity.
const (
	LabelInstallation = "slipway.installation"
	LabelKind         = "slipway.kind" // app, instance, task or volume
	LabelApp          = "slipway.app"  // ID
	LabelProcess      = "slipway.process"
	LabelRelease      = "slipway.release"
	LabelIndex        = "slipway.index"

	labelManagedBy = "app.kubernetes.io/managed-by"
)

// The annotations that carry the rest.
const (
	noteAppName = "slipway.app.name"
	noteSpec    = "slipway.spec" // hash of what the instance was made from, without any secret
	noteEnv     = "slipway.env"  // keyed hash of its variables
	notePort    = "slipway.port"
	notePath    = "slipway.health.path"
	noteTimeout = "slipway.health.timeout"
	noteSettle  = "slipway.health.settle"
	noteVolume  = "slipway.volume" // a volume's name within its app

	noteProven   = "slipway.proven"   // the pod was healthy once
	noteForgiven = "slipway.forgiven" // how many of its exits do not count
	noteJoined   = "slipway.joined"   // changes whenever something is made in a namespace

	noteDeletionCost = "controller.kubernetes.io/pod-deletion-cost"
)

const (
	kindApp      = "app"
	kindInstance = "instance"
	kindTask     = "task"
	kindVolume   = "volume"

	anyKind = "" // selects what has one
)

// container is the name of the one container of a pod.
const containerName = "app"

var labelValue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)

// checkLabels refuses an ID whose parts could not be written on an object.
func checkLabels(id deployer.WorkloadID) error {
	for _, part := range []string{id.App, id.Process} {
		if !labelValue.MatchString(part) {
			return fmt.Errorf("workload %q: %q cannot be a label: use up to 63 letters, digits, dots, hyphens and underscores", id, part)
		}
	}
	return nil
}

// kindLabels are on everything of an app.
func (c *Cluster) kindLabels(app, kind string) map[string]string {
	return map[string]string{
		labelManagedBy:    "slipway",
		LabelInstallation: c.options.Installation,
		LabelApp:          app,
		LabelKind:         kind,
	}
}

// workloadLabels are on everything of a workload.
func (c *Cluster) workloadLabels(id deployer.WorkloadID, kind string) map[string]string {
	labels := c.kindLabels(id.App, kind)
	labels[LabelProcess] = id.Process
	labels[LabelRelease] = strconv.Itoa(id.Release)
	return labels
}

// notes are a pod's annotations.
func (c *Cluster) notes(w deployer.Workload) map[string]string {
	health := w.Health.WithDefaults()
	notes := map[string]string{
		noteAppName: w.AppName,
		noteSpec:    c.specHash(w),
		notePort:    strconv.Itoa(w.Port),
		notePath:    health.Path,
		noteTimeout: health.Timeout.String(),
		noteSettle:  health.Settle.String(),
	}
	if hash := c.envHash(w); hash != "" {
		notes[noteEnv] = hash
	}
	return notes
}

// selector writes labels the way the API wants them.
func selector(pairs ...string) string {
	var terms []string
	for i := 0; i < len(pairs); i += 2 {
		terms = append(terms, pairs[i]+"="+pairs[i+1])
	}
	return strings.Join(terms, ",")
}

// ours selects what this installation made of one kind, or of anyKind; of one
// app, or of all for "".
func (c *Cluster) ours(kind, app string) string {
	selected := selector(LabelInstallation, c.options.Installation) + "," + LabelKind
	if kind != anyKind {
		selected += "=" + kind
	}
	if app != "" {
		selected += "," + selector(LabelApp, app)
	}
	return selected
}

// of selects what belongs to a workload.
func (c *Cluster) of(id deployer.WorkloadID, kind string) string {
	return c.ours(kind, id.App) + "," + selector(LabelProcess, id.Process, LabelRelease, strconv.Itoa(id.Release))
}

// identity reads an instance's identity back from its pod. Index is that on its
// label, 0 for none.
func identity(p *corev1.Pod) deployer.Instance {
	release, _ := strconv.Atoi(p.Labels[LabelRelease]) // 0 when somebody made it up, which no workload has
	index, _ := strconv.Atoi(p.Labels[LabelIndex])
	return deployer.Instance{
		ID:       instanceID(p.Namespace, p.Name),
		Workload: deployer.WorkloadID{App: p.Labels[LabelApp], Process: p.Labels[LabelProcess], Release: release},
		AppName:  p.Annotations[noteAppName],
		Index:    index,
	}
}

// serving reads back how an instance is to be probed.
func serving(p *corev1.Pod) (port int, health deployer.Health) {
	port, _ = strconv.Atoi(p.Annotations[notePort])
	health.Path = p.Annotations[notePath]
	health.Timeout, _ = time.ParseDuration(p.Annotations[noteTimeout])
	health.Settle, _ = time.ParseDuration(p.Annotations[noteSettle])
	return port, health.WithDefaults()
}
