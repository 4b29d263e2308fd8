package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// measurePushKubernetes is measurePush on a Kubernetes of one node.
func measurePushKubernetes(ctx context.Context, b *bench) error {
	up, err := b.bed(ctx, "kubernetes")
	if err != nil {
		return err
	}
	host, _, ok := strings.Cut(up.env["SLIPWAY_TEST_KUBERNETES_REGISTRY"], ":")
	if !ok {
		return errors.New("the test bed does not say how its node reaches this machine")
	}
	access, err := wholeKubeconfig(up.env["SLIPWAY_TEST_KUBERNETES"])
	if err != nil {
		return err
	}
	k, err := newKubeFloor(up.env["SLIPWAY_TEST_KUBERNETES_ADMIN"])
	if err != nil {
		return err
	}
	if err := k.prepare(ctx); err != nil {
		return err
	}
	return b.measurePushTo(ctx, "push_to_live_kubernetes", &cluster{
		host: host, added: map[string]any{"kind": "kubernetes", "credentials": map[string]any{"kubeconfig": access}},
		trust: func(registry string) error { return trustRegistry(up.env["SLIPWAY_TEST_KUBERNETES_HOSTS"], registry) },
		count: k.pods, start: k.start, clear: k.clear, against: "the floor",
	})
}

// wholeKubeconfig reads a kubeconfig, with the files that it names in it.
func wholeKubeconfig(path string) (string, error) {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return "", err
	}
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		return "", err
	}
	text, err := clientcmd.Write(*config)
	return string(text), err
}

// trustRegistry lets containerd pull from a registry without TLS.
func trustRegistry(hosts, registry string) error {
	dir := filepath.Join(hosts, registry)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "hosts.toml"),
		"server = \"http://"+registry+"\"\n[host.\"http://"+registry+"\"]\n  capabilities = [\"pull\", \"resolve\"]\n")
}

// kubeFloor runs an app as a Deployment of one pod, with its variables in a
// Secret and with the settings that Slipway gives one.
type kubeFloor struct {
	host   string // of the API server, with its scheme
	client *http.Client
	count  int
}

func newKubeFloor(kubeconfig string) (*kubeFloor, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := rest.HTTPClientFor(config)
	return &kubeFloor{host: config.Host, client: client}, err
}

const (
	floorNamespace   = "/api/v1/namespaces/floor"
	floorDeployments = "/apis/apps/v1/namespaces/floor/deployments/"
)

// prepare makes what is there before an app's second push: its namespace.
func (k *kubeFloor) prepare(ctx context.Context) error {
	if err := k.apply(ctx, floorNamespace, floorNamespaceObject); err != nil {
		return err
	}
	return until(ctx, time.Minute, "the floor's namespace is ready", func() error {
		return k.call(ctx, http.MethodGet, floorNamespace+"/serviceaccounts/default", "", nil)
	})
}

// name is that of the app's last Deployment, which is not used twice.
func (k *kubeFloor) name() string { return fmt.Sprint("web-", k.count) }

func (k *kubeFloor) start(ctx context.Context, image string) (string, error) {
	k.count++
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := k.apply(ctx, floorNamespace+"/secrets/"+k.name(), fmt.Sprintf(floorSecret, k.name())); err != nil {
		return "", err
	}
	if err := k.apply(ctx, floorDeployments+k.name(), fmt.Sprintf(floorDeployment, k.name(), image)); err != nil {
		return "", err
	}
	return k.address(ctx)
}

// address waits until the API tells the address of the pod.
func (k *kubeFloor) address(ctx context.Context) (string, error) {
	resp, err := k.send(ctx, http.MethodGet, floorNamespace+"/pods?watch=true&labelSelector="+url.QueryEscape("run="+k.name()), "")
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	for changes := json.NewDecoder(resp.Body); ; {
		var seen struct {
			Type   string
			Object corev1.Pod
		}
		if err := changes.Decode(&seen); err != nil {
			return "", fmt.Errorf("watch the floor's pod: %w", err)
		}
		if ip := seen.Object.Status.PodIP; ip != "" {
			return ip + ":8080", nil
		}
	}
}

// clear returns when the pod is gone.
func (k *kubeFloor) clear(ctx context.Context) error {
	for _, path := range []string{floorDeployments + k.name() + "?propagationPolicy=Background", floorNamespace + "/secrets/" + k.name()} {
		if err := k.call(ctx, http.MethodDelete, path, "", nil); err != nil {
			return err
		}
	}
	return until(ctx, time.Minute, "the floor's pod is gone", func() error {
		left, err := k.list(ctx, floorNamespace+"/pods")
		if err == nil && left > 0 {
			err = fmt.Errorf("there are %d", left)
		}
		return err
	})
}

// pods counts those of Slipway's installations.
func (k *kubeFloor) pods(ctx context.Context) (int, error) {
	return k.list(ctx, "/api/v1/pods?labelSelector=slipway.installation")
}

func (k *kubeFloor) list(ctx context.Context, path string) (int, error) {
	var found corev1.PodList
	err := k.call(ctx, http.MethodGet, path, "", &found)
	return len(found.Items), err
}

// apply makes an object be as a text in YAML says.
func (k *kubeFloor) apply(ctx context.Context, path, object string) error {
	return k.call(ctx, http.MethodPatch, path+"?fieldManager=bench&force=true", object, nil)
}

func (k *kubeFloor) call(ctx context.Context, method, path, body string, into any) error {
	resp, err := k.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if into == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// send asks the API server. The caller closes the body of the answer.
func (k *kubeFloor) send(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, k.host+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/apply-patch+yaml")
	resp, err := k.client.Do(req)
	if err != nil || resp.StatusCode/100 == 2 {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 500))
	return nil, errors.Join(fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, said), err)
}

const floorNamespaceObject = `{apiVersion: v1, kind: Namespace, metadata: {name: floor, labels: {pod-security.kubernetes.io/enforce: restricted}}}`

const floorSecret = `{apiVersion: v1, kind: Secret, metadata: {name: %[1]s}, stringData: {SLIPWAY_RELEASE: %[1]s}}`

const floorDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 1
  revisionHistoryLimit: 0
  strategy: {type: Recreate}
  selector: {matchLabels: {run: %[1]s}}
  template:
    metadata: {labels: {run: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 10
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65534
        runAsGroup: 65534
        fsGroup: 65534
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: {type: RuntimeDefault}
        sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "0"}]
      containers:
      - name: app
        image: %[2]s
        imagePullPolicy: IfNotPresent
        envFrom: [{secretRef: {name: %[1]s}}]
        env: [{name: PORT, value: "8080"}]
        ports: [{containerPort: 8080}]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        resources: {limits: {memory: 512Mi, cpu: "1"}, requests: {memory: "0", cpu: "0"}}
        startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 120}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 5, timeoutSeconds: 5}
`
