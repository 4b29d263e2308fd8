package kubernetes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/slipway-paas/slipway/deployer"
)

// probeEvery is how often a node asks an instance that is coming up; probeGrace
// is how much longer than Health.Timeout it does so before it starts the
// instance anew. WaitHealthy has given up by then.
const (
	probeEvery = time.Second
	probeGrace = time.Minute
)

// lostNode is how long a node may not answer before the engine makes its
// instances anew elsewhere. Its own choice would be five minutes.
const lostNode = 30 * time.Second

func (c *Cluster) deployment(w deployer.Workload) *appsv1.Deployment {
	labels := c.workloadLabels(w.ID, kindInstance)
	replicas, history := int32(w.Instances), int32(0)
	return &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.namespace(w.ID.App), Name: workloadName(w.ID), Labels: labels, Annotations: c.notes(w),
		},
		Spec: appsv1.DeploymentSpec{
			Replicas:             &replicas,
			RevisionHistoryLimit: &history,
			// It never has anything to do: another workload under the same ID is
			// another Deployment.
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: c.notes(w)},
				Spec:       c.podSpec(w, workloadName(w.ID)),
			},
		},
	}
}

// podSpec is what an instance and a task have in common. Their Secrets are called
// name, and name-pull.
func (c *Cluster) podSpec(w deployer.Workload, name string) corev1.PodSpec {
	yes, no := true, false
	grace, patience := seconds(c.options.StopGrace), seconds(lostNode)
	always := corev1.FSGroupChangeOnRootMismatch
	spec := corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyAlways,
		TerminationGracePeriodSeconds: &grace,
		AutomountServiceAccountToken:  &no,
		EnableServiceLinks:            &no,
		NodeSelector:                  w.Placement,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &c.options.User, RunAsGroup: &c.options.User, FSGroup: &c.options.User,
			FSGroupChangePolicy: &always,
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			// An app that listens on 80 inside its container needs no privilege for it.
			Sysctls: []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}},
		},
		Tolerations: []corev1.Toleration{
			{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &patience},
			{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &patience},
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector: &metav1.LabelSelector{MatchLabels: c.workloadLabels(w.ID, kindInstance)},
		}},
		Containers: []corev1.Container{c.container(w, name)},
	}
	if c.options.PullAuth != nil {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: name + "-pull"}}
	}
	for i, v := range w.Volumes {
		name := "volume-" + strconv.Itoa(i+1)
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(v.Name)},
		}})
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: name, MountPath: v.Path})
	}
	return spec
}

func (c *Cluster) container(w deployer.Workload, name string) corev1.Container {
	no := false
	limits := c.limitsOf(w)
	container := corev1.Container{
		Name:            containerName,
		Image:           w.Image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         w.Command,
		EnvFrom:         []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no,
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		Resources: corev1.ResourceRequirements{
			Limits: corev1.ResourceList{
				corev1.ResourceMemory: *quantity.NewQuantity(limits.MemoryBytes, quantity.BinarySI),
				corev1.ResourceCPU:    *quantity.NewMilliQuantity(limits.CPUMilli, quantity.DecimalSI),
			},
			// Also where nothing is reserved: the engine would reserve the limits.
			Requests: corev1.ResourceList{
				corev1.ResourceMemory: *quantity.NewQuantity(w.Reserve.MemoryBytes, quantity.BinarySI),
				corev1.ResourceCPU:    *quantity.NewMilliQuantity(w.Reserve.CPUMilli, quantity.DecimalSI),
			},
		},
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
	if w.Port > 0 {
		container.Ports = []corev1.ContainerPort{{ContainerPort: int32(w.Port), Protocol: corev1.ProtocolTCP}}
		container.Env = []corev1.EnvVar{{Name: "PORT", Value: strconv.Itoa(w.Port)}}
		container.StartupProbe, container.ReadinessProbe = probes(w)
	}
	return container
}

// probes ask what deployer.Probe asks, until an instance has answered once;
// from then on it is ready as long as its port accepts connections: one that
// answers slowly under load must not be taken out of service for it.
func probes(w deployer.Workload) (startup, readiness *corev1.Probe) {
	port := intstr.FromInt(w.Port)
	connect := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: port}}
	ask := connect
	if w.Health.Path != "" {
		ask = corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: w.Health.Path, Port: port, HTTPHeaders: []corev1.HTTPHeader{{Name: "User-Agent", Value: "slipway-health"}},
		}}
	}
	patience := w.Health.WithDefaults().Timeout + probeGrace
	startup = &corev1.Probe{
		ProbeHandler: ask, TimeoutSeconds: 5, PeriodSeconds: int32(probeEvery / time.Second),
		FailureThreshold: int32((patience + probeEvery - 1) / probeEvery),
	}
	readiness = &corev1.Probe{ProbeHandler: connect, TimeoutSeconds: 5, PeriodSeconds: 5, FailureThreshold: 1}
	return startup, readiness
}

func (c *Cluster) limitsOf(w deployer.Workload) deployer.Limits {
	limits := w.Limits
	orElse(&limits.MemoryBytes, c.options.Limits.MemoryBytes)
	orElse(&limits.CPUMilli, c.options.Limits.CPUMilli)
	return limits
}

// seconds rounds up: the engine knows no less.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// specHash changes with everything that an instance is made from, but for the
// values of its variables: a hash of a short secret can be guessed, and
// annotations are read by monitoring tools.
func (c *Cluster) specHash(w deployer.Workload) string {
	spec, err := json.Marshal(struct {
		Image     string
		Command   []string
		Names     []string
		Port      int
		Health    deployer.Health
		Limits    deployer.Limits
		Volumes   []deployer.Volume `json:",omitempty"`
		Placement map[string]string `json:",omitempty"`
		Reserve   deployer.Reserve
		User      int64
	}{
		w.Image, w.Command, slices.Sorted(maps.Keys(w.Env)), w.Port, w.Health.WithDefaults(), c.limitsOf(w),
		w.Volumes, w.Placement, w.Reserve, c.options.User,
	})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	sum := sha256.Sum256(spec)
	return hex.EncodeToString(sum[:12])
}

// envHash changes with the values of a workload's variables. Without the key
// nobody can find out a short secret by trying; with no key it is "".
func (c *Cluster) envHash(w deployer.Workload) string {
	if len(c.options.LabelKey) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, c.options.LabelKey)
	for _, name := range slices.Sorted(maps.Keys(w.Env)) {
		_, _ = mac.Write([]byte(name + "=" + w.Env[name] + "\x00")) // never fails; no variable contains a NUL
	}
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// check says what is wrong with a workload, for this engine as for any.
func (c *Cluster) check(w deployer.Workload) error {
	if err := w.Check(); err != nil {
		return err
	}
	if err := checkLabels(w.ID); err != nil {
		return err
	}
	for name := range w.Env {
		if !variableName.MatchString(name) {
			return fmt.Errorf("workload %s: Kubernetes takes no variable called %q: use letters, digits, underscores, dots and hyphens", w.ID, name)
		}
	}
	return checkImage(w.Image)
}
