package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/slipway-paas/slipway/deployer"
)

// object is one thing to apply.
type object struct {
	of     resource
	name   string
	object any
}

// namespaceObject is an app's namespace. Nothing runs in it that could become
// root or reach into its node.
func (c *Cluster) namespaceObject(app, appName, joined string) *corev1.Namespace {
	labels := c.kindLabels(app, kindApp)
	maps.Copy(labels, map[string]string{
		"pod-security.kubernetes.io/enforce":         "restricted",
		"pod-security.kubernetes.io/enforce-version": "latest",
		"pod-security.kubernetes.io/warn":            "restricted",
		"pod-security.kubernetes.io/audit":           "restricted",
	})
	return &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{
			Name: c.namespace(app), Labels: labels,
			Annotations: map[string]string{noteAppName: appName, noteJoined: joined},
		},
	}
}

// closed lets nobody in but the app itself, and nobody out to where cloud
// providers tell a machine its secrets.
func (c *Cluster) closed(app string) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: "default-deny", Labels: c.kindLabels(app, kindApp)},
		Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}}},
			Egress: []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{
				{PodSelector: &metav1.LabelSelector{}},
				{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{"169.254.169.254/32"}}},
				{IPBlock: &networkingv1.IPBlock{CIDR: "::/0"}},
			}}},
		},
	}
}

// open lets requests in on the port of a workload.
func (c *Cluster) open(w deployer.Workload) *networkingv1.NetworkPolicy {
	tcp, port := corev1.ProtocolTCP, intstr.FromInt(w.Port)
	labels := c.workloadLabels(w.ID, kindInstance)
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: workloadName(w.ID), Labels: labels},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: labels},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Protocol: &tcp, Port: &port}}}},
		},
	}
}

// quota is nil when nothing is bounded.
func (c *Cluster) quota(app string) *corev1.ResourceQuota {
	hard := corev1.ResourceList{}
	if q := c.options.Quota; q.MemoryBytes > 0 {
		hard[corev1.ResourceLimitsMemory] = *quantity.NewQuantity(q.MemoryBytes, quantity.BinarySI)
	}
	if q := c.options.Quota; q.CPUMilli > 0 {
		hard[corev1.ResourceLimitsCPU] = *quantity.NewMilliQuantity(q.CPUMilli, quantity.DecimalSI)
	}
	if q := c.options.Quota; q.Instances > 0 {
		hard[corev1.ResourcePods] = *quantity.NewQuantity(q.Instances, quantity.DecimalSI)
	}
	if len(hard) == 0 {
		return nil
	}
	return &corev1.ResourceQuota{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ResourceQuota"},
		ObjectMeta: metav1.ObjectMeta{Name: "slipway", Labels: c.kindLabels(app, kindApp)},
		Spec:       corev1.ResourceQuotaSpec{Hard: hard},
	}
}

// variables holds a workload's variables.
func (c *Cluster) variables(w deployer.Workload, name, kind string) *corev1.Secret {
	data := make(map[string][]byte, len(w.Env))
	for key, value := range w.Env {
		data[key] = []byte(value)
	}
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: c.workloadLabels(w.ID, kind)},
		Type:       corev1.SecretTypeOpaque,
		Data:       data,
	}
}

// pullSecret holds what nodes show to the registry that an image comes from.
func (c *Cluster) pullSecret(w deployer.Workload, name, kind, registry, username, password string) *corev1.Secret {
	auths := map[string]any{}
	if username != "" {
		auths[registry] = map[string]string{
			"username": username, "password": password,
			"auth": base64.StdEncoding.EncodeToString([]byte(username + ":" + password)),
		}
	}
	config, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		panic(err) // strings always marshal
	}
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: c.workloadLabels(w.ID, kind)},
		Type:       corev1.SecretTypeDockerConfigJson,
		Data:       map[string][]byte{corev1.DockerConfigJsonKey: config},
	}
}

// service gives a process a name within its app: that of all its instances, of
// whatever release.
func (c *Cluster) service(w deployer.Workload) *corev1.Service {
	matching := c.kindLabels(w.ID.App, kindInstance)
	matching[LabelProcess] = w.ID.Process
	labels := maps.Clone(matching)
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: serviceName(w.ID.Process), Labels: labels},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, // the name leads to the instances themselves
			Selector:  matching,
			Ports:     []corev1.ServicePort{{Port: int32(w.Port), TargetPort: intstr.FromInt(w.Port), Protocol: corev1.ProtocolTCP}},
		},
	}
}

// budget lets the engine take away one instance of a workload at a time.
func (c *Cluster) budget(w deployer.Workload) *policyv1.PodDisruptionBudget {
	one := intstr.FromInt(1)
	labels := c.workloadLabels(w.ID, kindInstance)
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Name: workloadName(w.ID), Labels: labels},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}
}

// claim asks for a volume.
func (c *Cluster) claim(app, volume string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: metav1.ObjectMeta{
			Name: claimName(volume), Labels: c.kindLabels(app, kindVolume), Annotations: map[string]string{noteVolume: volume},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: *quantity.NewQuantity(c.options.VolumeBytes, quantity.BinarySI),
			}},
		},
	}
	if class := c.options.StorageClass; class != "" {
		claim.Spec.StorageClassName = &class
	}
	return claim
}

// registryOf is the registry that an image's reference names.
func registryOf(image string) string {
	first, _, found := strings.Cut(image, "/")
	if !found || !strings.ContainsAny(first, ".:") && first != "localhost" {
		return "https://index.docker.io/v1/" // what nodes look under for references without one
	}
	return first
}
