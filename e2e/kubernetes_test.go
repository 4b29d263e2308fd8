//go:build kubernetes

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/slipway-paas/slipway/deployer/clustertest"
)

func TestOnKubernetes(t *testing.T) {
	k := newKube(t)
	t.Run("push to browser", func(t *testing.T) { k.site(t).pushToBrowser(t) })
	t.Run("bad days", func(t *testing.T) { s := k.site(t); s.badDays(t, k.moreBadDays(s)) })
}

// kube is the test bed's cluster, as its administrator sees it.
type kube struct {
	*testing.T
	host   string // of the API server, with its scheme
	ca     []byte
	client *http.Client
}

func newKube(t *testing.T) *kube {
	config, err := clientcmd.BuildConfigFromFlags("", kubeBed(t, "SLIPWAY_TEST_KUBERNETES_ADMIN"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client.Timeout = 30 * time.Second
	ca, err := os.ReadFile(config.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	return &kube{t, config.Host, ca, client}
}

// kubeBed reads what the test bed's script tells.
func kubeBed(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("no test bed (%s is not set): use `make test-kubernetes`", name)
	}
	return value
}

// call speaks with the API server and gives its answer, which must have one of
// the statuses.
func (k *kube) call(method, path, kind string, body []byte, statuses ...int) []byte {
	k.Helper()
	req, err := http.NewRequest(method, k.host+path, bytes.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := k.client.Do(req)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		k.Fatal(err)
	}
	for _, status := range statuses {
		if resp.StatusCode == status {
			return answer
		}
	}
	k.Fatalf("%s %s: %s: %s", method, path, resp.Status, answer)
	return nil
}

func (k *kube) get(path string, into any) {
	k.Helper()
	if err := json.Unmarshal(k.call(http.MethodGet, path, "application/json", nil, 200), into); err != nil {
		k.Fatal(err)
	}
}

func (k *kube) delete(path string) {
	k.Helper()
	k.call(http.MethodDelete, path, "application/json", nil, 200, 202, 404)
}

func (k *kube) merge(path, patch string) {
	k.Helper()
	k.call(http.MethodPatch, path, "application/merge-patch+json", []byte(patch), 200)
}

// apply does what `kubectl apply --server-side` does with a file. With dry the
// API server only says what it thinks of it.
func (k *kube) apply(path string, dry bool) {
	k.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		k.Fatal(err)
	}
	query := "?fieldManager=kubectl&force=true&fieldValidation=Strict"
	if dry {
		query += "&dryRun=All"
	}
	for _, document := range strings.Split(string(text), "\n---\n") {
		var what struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Namespace string }
		}
		if err := yaml.Unmarshal([]byte(document), &what); err != nil {
			k.Fatalf("%s: %v", path, err)
		}
		at := "/apis/" + what.APIVersion
		if !strings.Contains(what.APIVersion, "/") {
			at = "/api/" + what.APIVersion
		}
		if what.Metadata.Namespace != "" {
			at += "/namespaces/" + what.Metadata.Namespace
		}
		at += "/" + plural(what.Kind) + "/" + what.Metadata.Name
		k.call(http.MethodPatch, at+query, "application/apply-patch+yaml", []byte(document), 200, 201)
	}
}

func plural(kind string) string {
	if strings.HasSuffix(kind, "s") {
		kind += "e"
	}
	return strings.ToLower(kind) + "s"
}

const deployFolder = "../deploy/kubernetes/"

// kubeconfig makes what somebody would who follows docs/clusters.md: the account
// and its role, a token, and a file around it. The API is reached through server.
func (k *kube) kubeconfig(t *testing.T, server string) string {
	t.Helper()
	for _, file := range []string{"clusterrole.yaml", "clusterrole-usage.yaml", "account.yaml", "token.yaml"} {
		k.apply(deployFolder+file, false)
	}
	var secret corev1.Secret
	eventually(t, 30*time.Second, "the account has a token", func() error {
		k.get(tokenPath, &secret)
		if len(secret.Data["token"]) == 0 {
			return io.EOF
		}
		return nil
	})
	host, err := url.Parse(k.host)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "far",
		"contexts": []any{map[string]any{"name": "far", "context": map[string]string{"cluster": "far", "user": "slipway"}}},
		"users":    []any{map[string]any{"name": "slipway", "user": map[string]string{"token": string(secret.Data["token"])}}},
		"clusters": []any{map[string]any{"name": "far", "cluster": map[string]any{
			"server": server, "tls-server-name": host.Hostname(), "certificate-authority-data": k.ca,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "far.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const tokenPath = "/api/v1/namespaces/slipway/secrets/slipway-token"

func (k *kube) site(t *testing.T) *site {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := clustertest.OpenDoorway(t, listener, "tcp", strings.TrimPrefix(k.host, "https://"))
	host, _, err := net.SplitHostPort(kubeBed(t, "SLIPWAY_TEST_KUBERNETES_REGISTRY"))
	if err != nil {
		t.Fatal(err)
	}
	api := "https://" + listener.Addr().String()
	s := &site{
		kind: "kubernetes", host: host, nodes: []string{"node1"}, door: door, api: api, full: "unschedulable",
		flags: []string{"--kubeconfig", k.kubeconfig(t, api)},
		closed: func(_ *testing.T, closed bool) {
			text, _ := json.Marshal(map[string]any{"spec": map[string]bool{"unschedulable": closed}})
			k.merge("/api/v1/nodes/node1", string(text))
		},
		// As docs/registry.md says.
		trust: func(t *testing.T, registry string) {
			dir := filepath.Join(kubeBed(t, "SLIPWAY_TEST_KUBERNETES_HOSTS"), registry)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			text := "server = \"http://" + registry + "\"\n[host.\"http://" + registry + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
			if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		holds: func(_ *testing.T, in *installation) (names []string) {
			var list corev1.NamespaceList
			k.get("/api/v1/namespaces?labelSelector=slipway.installation%3D"+in.name, &list)
			for _, n := range list.Items {
				names = append(names, n.Name)
			}
			return names
		},
	}
	t.Cleanup(func() { s.closed(t, false) })
	return s
}

// moreBadDays are those that only Kubernetes has: a quota, and a token that is
// good no longer.
func (k *kube) moreBadDays(s *site) func(*testing.T, *installation, *repository, *load) {
	return func(t *testing.T, in *installation, repo *repository, load *load) {
		quota := "/api/v1/namespaces/" + s.holds(t, in)[0] + "/resourcequotas"
		k.call(http.MethodPost, quota, "application/json",
			[]byte(`{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"of-the-operator"},"spec":{"hard":{"pods":"1"}}}`), 201)
		eventually(t, 30*time.Second, "the quota counts", func() error {
			var found corev1.ResourceQuota
			if k.get(quota+"/of-the-operator", &found); found.Status.Hard.Pods().Value() != 1 {
				return io.EOF
			}
			return nil
		})
		repo.version("that is one too many")
		repo.fails(in, "shop", "exceeded quota")
		k.delete(quota + "/of-the-operator")
		load.mark(t, "the quota was exceeded")

		k.delete(tokenPath)
		eventually(t, 30*time.Second, "the token is good no longer", func() error {
			if code, _, _ := in.run(t, "clusters", "test", "far"); code == 0 {
				return io.EOF
			}
			return nil
		})
		repo.version("that nobody may make")
		repo.fails(in, "shop", "credentials")
		load.mark(t, "the credentials had expired")
		in.slipway(t, "clusters", "renew", "far", "--kubeconfig", k.kubeconfig(t, s.api))
	}
}
