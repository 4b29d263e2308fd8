//go:build kubernetes

package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/kubernetes"
)

const app = "01app"

func workload(instances int) deployer.Workload {
	return deployer.Workload{
		ID: deployer.WorkloadID{App: app, Process: "web", Release: 1}, AppName: "hello", Image: testImage(), Port: 8080,
		Instances: instances, Env: map[string]string{"TEST_SECRET": "hunter2"}, Health: deployer.Health{Timeout: 30 * time.Second},
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func up(ctx context.Context, t testing.TB, c *kubernetes.Cluster, w deployer.Workload) []deployer.Instance {
	t.Helper()
	ok(t, c.Ensure(ctx, w))
	ok(t, c.WaitHealthy(ctx, w.ID))
	list, err := c.Instances(ctx, w.ID.App)
	ok(t, err)
	return list
}

// early brings up what cannot come up, and gives what is said, long before any
// time-out.
func early(ctx context.Context, t testing.TB, c *kubernetes.Cluster, w deployer.Workload) error {
	t.Helper()
	began := time.Now()
	err := c.Ensure(ctx, w)
	if err == nil {
		err = c.WaitHealthy(ctx, w.ID)
	}
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("it took %v to say %v", took, err)
	}
	ok(t, c.Remove(ctx, w.ID, time.Second))
	return err
}

func TestPrivateImage(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	o := options(t)
	w := workload(1)
	w.Image = privateImage()
	shown := "wrong"
	o.PullAuth = func(_ context.Context, image string) (string, string, error) {
		if image != w.Image {
			t.Errorf("asked for the credentials of %s", image)
		}
		return puller, shown, nil
	}
	c := newCluster(t, o)
	err := early(ctx, t, c, w)
	if !errors.Is(err, deployer.ErrNoImage) || !strings.Contains(err.Error(), "does not let node node1 fetch "+w.Image) || strings.Contains(err.Error(), shown) {
		t.Errorf("with wrong credentials: %v", err)
	}
	shown = password
	if list := up(ctx, t, c, w); len(list) != 1 {
		t.Errorf("it is %+v", list)
	}
	out := &strings.Builder{}
	task := deployer.Task{Workload: w}
	task.Workload.ID.Process, task.Workload.Port, task.Workload.Env = "run", 0, map[string]string{"TEST_OUT": "ran", "TEST_EXIT": "0"}
	if code, err := c.Run(ctx, task, deployer.TaskIO{Stdout: out}); code != 0 || err != nil || out.String() != "ran\n" {
		t.Errorf("a task gave %d, %v and %q", code, err, out)
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	c := newCluster(t, options(t))
	greedy, nowhere := workload(1), workload(1)
	greedy.Reserve.MemoryBytes = 1 << 50
	greedy.Limits.MemoryBytes = 1 << 50
	nowhere.Placement = map[string]string{"disk": "ssd"}
	for words, w := range map[string]deployer.Workload{"Insufficient memory": greedy, "node affinity/selector": nowhere} {
		if err := early(ctx, t, c, w); !errors.Is(err, deployer.ErrNoRoom) || !strings.Contains(err.Error(), words) {
			t.Errorf("it says %v, want %s", err, words)
		}
	}
	here := workload(1)
	here.Placement = map[string]string{corev1.LabelHostname: "node1"}
	here.Reserve = deployer.Reserve{MemoryBytes: 16 << 20, CPUMilli: 10}
	up(ctx, t, c, here)
}

func TestQuota(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	o := options(t)
	o.Quota = kubernetes.Quota{Instances: 1, MemoryBytes: 1 << 30, CPUMilli: 2000}
	c := newCluster(t, o)
	if err := early(ctx, t, c, workload(2)); !errors.Is(err, deployer.ErrNoRoom) || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("it says %v", err)
	}
	up(ctx, t, c, workload(1))
	task := deployer.Task{Workload: workload(0)}
	task.Workload.ID.Process, task.Workload.Port = "run", 0
	if _, err := c.Run(ctx, task, deployer.TaskIO{}); !errors.Is(err, deployer.ErrNoRoom) {
		t.Errorf("a task beyond the quota gave %v", err)
	}
}

// everything calls each method, and gives the errors.
func everything(ctx context.Context, c *kubernetes.Cluster) map[string]error {
	w := workload(1)
	_, listed := c.Instances(ctx, app)
	_, counted := c.Census(ctx, app)
	_, measured := c.Usage(ctx)
	_, volumes := c.Volumes(ctx, app)
	_, nodes := c.Nodes(ctx)
	_, ran := c.Run(ctx, deployer.Task{Workload: w}, deployer.TaskIO{})
	results := map[string]error{
		"Ensure": c.Ensure(ctx, w), "WaitHealthy": c.WaitHealthy(ctx, w.ID), "Remove": c.Remove(ctx, w.ID, 0),
		"Instances": listed, "Census": counted, "Usage": measured, "Volumes": volumes, "Nodes": nodes, "Run": ran,
		"RemoveVolume": c.RemoveVolume(ctx, app, "data"), "Drain": c.Drain(ctx, "node1", false),
		"RemoveInstallation": c.RemoveInstallation(ctx), "Logs": nil,
	}
	for _, err := range c.Logs(ctx, deployer.LogQuery{InstanceID: "web-v1-x.slipway-x"}) {
		results["Logs"] = err
	}
	return results
}

func TestRefusedAndAway(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	text, err := os.ReadFile(kubeconfig)
	ok(t, err)
	config, err := clientcmd.Load(text)
	ok(t, err)
	file := t.TempDir() + "/kubeconfig"
	for what, c := range map[string]struct {
		spoil func()
		want  error
	}{
		"an expired token": {func() { config.AuthInfos["testbed"].Token = "expired" }, deployer.ErrCredentials},
		"nobody there":     {func() { config.Clusters["testbed"].Server = "https://127.0.0.1:1" }, deployer.ErrUnavailable},
	} {
		config, err = clientcmd.Load(text)
		ok(t, err)
		c.spoil()
		ok(t, clientcmd.WriteToFile(*config, file))
		cluster := newCluster(t, kubernetes.Options{KubeconfigFile: file, Installation: "refused"})
		for method, err := range everything(ctx, cluster) {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %s gave %v", what, method, err)
			}
		}
	}
}

func TestConfined(t *testing.T) {
	t.Parallel()
	ctx := within(t, time.Minute)
	o := options(t)
	w := workload(1)
	in := up(ctx, t, newCluster(t, o), w)[0]
	name, namespace, _ := strings.Cut(in.ID, ".")
	read := func(path string, into any) {
		t.Helper()
		ok(t, json.Unmarshal(asAdmin(t, http.MethodGet, path, nil, http.StatusOK), into))
	}
	var space corev1.Namespace
	read("/api/v1/namespaces/"+namespace, &space)
	if space.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("the namespace has %v", space.Labels)
	}
	var policies networkingv1.NetworkPolicyList
	read("/apis/networking.k8s.io/v1/namespaces/"+namespace+"/networkpolicies", &policies)
	if len(policies.Items) != 2 || policies.Items[0].Name != "default-deny" || policies.Items[1].Spec.Ingress[0].Ports[0].Port.IntValue() != 8080 {
		t.Errorf("the policies are %+v", policies.Items)
	}
	var budgets policyv1.PodDisruptionBudgetList
	read("/apis/policy/v1/namespaces/"+namespace+"/poddisruptionbudgets", &budgets)
	if len(budgets.Items) != 1 {
		t.Errorf("the budgets are %+v", budgets.Items)
	}
	raw := asAdmin(t, http.MethodGet, "/api/v1/namespaces/"+namespace+"/pods/"+name, nil, http.StatusOK)
	if strings.Contains(string(raw), "hunter2") {
		t.Error("the pod shows the value of a variable")
	}
	var pod corev1.Pod
	ok(t, json.Unmarshal(raw, &pod))
	if user := pod.Spec.SecurityContext.RunAsUser; user == nil || *user == 0 || *pod.Spec.AutomountServiceAccountToken {
		t.Errorf("the pod may %+v", pod.Spec.SecurityContext)
	}
	// Nobody else can run a container there that may more.
	privileged := true
	pod = corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "privileged"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: testImage(), SecurityContext: &corev1.SecurityContext{Privileged: &privileged},
		}}},
	}
	said := asAdmin(t, http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods", pod, http.StatusForbidden)
	if !strings.Contains(string(said), "PodSecurity") {
		t.Errorf("a privileged pod: %s", said)
	}
}

// asAdmin makes a call that the driver's own role may not make.
func asAdmin(t *testing.T, method, path string, body any, want int) []byte {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBERNETES_ADMIN"))
	ok(t, err)
	client, err := rest.HTTPClientFor(config)
	ok(t, err)
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		ok(t, err)
		content = strings.NewReader(string(text))
	}
	request, err := http.NewRequestWithContext(t.Context(), method, config.Host+path, content)
	ok(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	ok(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	ok(t, err)
	if response.StatusCode != want {
		t.Fatalf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	return answer
}
