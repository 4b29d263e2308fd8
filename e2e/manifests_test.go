//go:build kubernetes

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

// TestManifestsOnKubernetes: the API server takes what is in deploy/kubernetes
// word for word, and the server that is run from it uses the cluster it is in.
func TestManifestsOnKubernetes(t *testing.T) {
	k := newKube(t)
	// The server without its engine, which the test bed cannot fetch: it is
	// there for builds. The owner is made outside, as only the server's own
	// machine could before there is one.
	in := prepare(t, "DATABASE_URL="+pgtest.New(t), "SLIPWAY_SECRET_KEY="+strings.Repeat("5a", 32), "SLIPWAY_ROUTER=off")
	in.start(t)
	in.claim(t)
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		const ours = "/api/v1/namespaces/slipway"
		k.delete(ours)
		eventually(t, 60*time.Second, "the namespace is gone", func() error {
			var found struct{ Kind string }
			if err := json.Unmarshal(k.call(http.MethodGet, ours, "application/json", nil, 200, 404), &found); err != nil || found.Kind == "Namespace" {
				return fmt.Errorf("it is there, %v", err)
			}
			return nil
		})
	})
	for _, file := range []string{"clusterrole.yaml", "clusterrole-usage.yaml", "account.yaml", "inside/namespace.yaml", "inside/settings.yaml"} {
		k.apply(deployFolder+file, false)
	}
	for _, pattern := range []string{"*.yaml", "inside/*.yaml"} {
		found, err := filepath.Glob(deployFolder + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no manifests: %v", err)
		}
		for _, path := range found {
			k.apply(path, true)
		}
	}
	k.secret(t, map[string]string{
		"DATABASE_URL": k.postgres(t, in), "SLIPWAY_SECRET_KEY": strings.Repeat("5a", 32), "SLIPWAY_ROUTER_TOKEN": strings.Repeat("7", 32),
	})
	k.run(t, "inside/server.yaml", "StatefulSet", "/apis/apps/v1/namespaces/slipway/statefulsets/slipway")
	k.run(t, "inside/router.yaml", "Deployment", "/apis/apps/v1/namespaces/slipway/deployments/slipway-router")

	address := k.podOf(t, "slipway-server")
	in.url, in.listen = "http://"+address+":8000", address+":8000"
	eventually(t, 60*time.Second, "the server in the pod answers", func() error { // it has no engine, and so is not ready
		resp, err := http.Get(in.url + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	})
	out := in.slipway(t, "clusters", "add", "kubernetes", "here")
	if !strings.Contains(out, "node1") {
		t.Errorf("the cluster it runs in has no node:\n%s", out)
	}
	router := k.podOf(t, "slipway-router")
	eventually(t, 60*time.Second, "the router has its table", func() error {
		resp, err := http.Get("http://" + router + ":8080/")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		var health struct {
			Routers []struct{ Connected bool }
		}
		in.api(t).get("/api/v1/status").want(200, 503).into(&health)
		if len(health.Routers) == 0 || !health.Routers[0].Connected {
			return fmt.Errorf("the server knows %+v", health.Routers)
		}
		return nil
	})
}

// postgres lets pods reach a test's database, and gives where.
func (k *kube) postgres(t *testing.T, in *installation) string {
	t.Helper()
	var given *url.URL
	for _, one := range in.env {
		if value, ok := strings.CutPrefix(one, "DATABASE_URL="); ok {
			var err error
			if given, err = url.Parse(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	host, _, err := net.SplitHostPort(kubeBed(t, "SLIPWAY_TEST_KUBERNETES_REGISTRY"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(given.Query().Get("host"), ".s.PGSQL."+given.Query().Get("port"))
	clustertest.OpenDoorway(t, listener, "unix", socket)
	given.Host, given.RawQuery = listener.Addr().String(), "sslmode=disable"
	return given.String()
}

func (k *kube) secret(t *testing.T, values map[string]string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": "slipway", "namespace": "slipway"}, "stringData": values,
	})
	if err != nil {
		t.Fatal(err)
	}
	k.call(http.MethodPatch, "/api/v1/namespaces/slipway/secrets/slipway?fieldManager=kubectl&force=true", "application/apply-patch+yaml", text, 200, 201)
}

// run applies a manifest with the program under test for its image: the node
// has no other image than the one of its pods, and mounts the program and the
// tools that it needs in.
func (k *kube) run(t *testing.T, file, kind, at string) {
	t.Helper()
	text, err := os.ReadFile(deployFolder + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range strings.Split(string(text), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		if object["kind"] == "Service" && object["metadata"].(map[string]any)["name"] == "slipway" {
			raw, _ := json.Marshal(object) // it was read from text
			k.call(http.MethodPatch, "/api/v1/namespaces/slipway/services/slipway?fieldManager=kubectl&force=true", "application/apply-patch+yaml", raw, 200, 201)
		}
		if object["kind"] != kind {
			continue
		}
		spec := object["spec"].(map[string]any)
		pod := spec["template"].(map[string]any)["spec"].(map[string]any)
		program := pod["containers"].([]any)[0].(map[string]any)
		pod["containers"] = []any{program}
		program["image"], program["command"] = "docker.io/testbed/pause:1", []string{"/opt/slipway/" + filepath.Base(slipwayBin)}
		env := []any{map[string]any{"name": "PATH", "value": "/usr/bin"}}
		for _, one := range program["env"].([]any) { // there is nobody to ask for names
			if set := one.(map[string]any); set["name"] == "SLIPWAY_ROUTER_SERVER" {
				set["value"] = "http://" + k.serviceIP() + ":8000"
			}
			env = append(env, one)
		}
		program["env"] = env
		mounts, _ := program["volumeMounts"].([]any)
		volumes, _ := pod["volumes"].([]any)
		for name, paths := range map[string][2]string{
			"program": {filepath.Dir(slipwayBin), "/opt/slipway"}, "usr": {"/usr", "/usr"}, "lib": {"/usr/lib", "/lib"}, "lib64": {"/usr/lib64", "/lib64"},
		} {
			mounts = append(mounts, map[string]any{"name": name, "mountPath": paths[1], "readOnly": true})
			volumes = append(volumes, map[string]any{"name": name, "hostPath": map[string]string{"path": paths[0]}})
		}
		if spec["volumeClaimTemplates"] != nil { // the test bed's volumes do not get the pod's group
			delete(spec, "volumeClaimTemplates")
			volumes = append(volumes, map[string]any{"name": "data", "emptyDir": map[string]any{}})
		}
		program["volumeMounts"], pod["volumes"] = mounts, volumes
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		k.call(http.MethodPatch, at+"?fieldManager=kubectl&force=true", "application/apply-patch+yaml", raw, 200, 201)
		return
	}
	t.Fatalf("%s has no %s", file, kind)
}

// serviceIP is where the server's Service is reached.
func (k *kube) serviceIP() string {
	k.Helper()
	var found corev1.Service
	k.get("/api/v1/namespaces/slipway/services/slipway", &found)
	return found.Spec.ClusterIP
}

// podOf waits for a pod that runs and gives its address.
func (k *kube) podOf(t *testing.T, app string) (address string) {
	t.Helper()
	eventually(t, 90*time.Second, "a pod of "+app+" runs", func() error {
		var list corev1.PodList
		k.get("/api/v1/namespaces/slipway/pods?labelSelector=app%3D"+app, &list)
		for _, pod := range list.Items {
			if pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" && len(pod.Status.ContainerStatuses) == 1 && pod.Status.ContainerStatuses[0].State.Running != nil {
				address = pod.Status.PodIP
				return nil
			}
		}
		text, _ := json.Marshal(list.Items) // for who looks into a failure
		return fmt.Errorf("there are %.3000s", text)
	})
	return address
}
