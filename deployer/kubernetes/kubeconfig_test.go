package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

const goodKubeconfig = `{"apiVersion": "v1", "kind": "Config", "current-context": "a",
"contexts": [{"name": "a", "context": {"cluster": "one", "user": "me"}}, {"name": "b", "context": {"cluster": "two", "user": "me"}}],
"clusters": [{"name": "one", "cluster": {"server": "https://192.0.2.1:6443"}}, {"name": "two", "cluster": {"server": "https://192.0.2.2:6443"}}],
"users": [{"name": "me", "user": {"token": "hunter2"}}]}`

func TestKubeconfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(goodKubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for given, read := range map[string]func(string, string) (*rest.Config, error){goodKubeconfig: fromText, file: fromFile} {
		for context, host := range map[string]string{"": "https://192.0.2.1:6443", "b": "https://192.0.2.2:6443"} {
			config, err := read(given, context)
			if err != nil || config.Host != host || config.BearerToken != "hunter2" {
				t.Errorf("context %q leads to %+v, %v", context, config, err)
			}
		}
	}
	if _, err := fromText(file, ""); err == nil {
		t.Error("a file's name was taken for a text")
	}
	if _, err := fromText(goodKubeconfig, "c"); err == nil {
		t.Error("a context that is not there was taken")
	}
}

// A text may make this machine neither run a program nor read a file.
func TestKubeconfigThatReachesOut(t *testing.T) {
	for what, user := range map[string]string{
		"a program":       `{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/true", "interactiveMode": "Never"}}`,
		"a provider":      `{"auth-provider": {"name": "gcp"}}`,
		"a token's file":  `{"tokenFile": "/etc/passwd"}`,
		"a key's file":    `{"client-certificate-data": "eA==", "client-key": "/etc/passwd"}`,
		"a relative path": `{"client-certificate": "x.pem", "client-key": "y.pem"}`,
	} {
		text := strings.Replace(goodKubeconfig, `{"token": "hunter2"}`, user, 1)
		if _, err := fromText(text, ""); err == nil || !strings.Contains(err.Error(), "me") {
			t.Errorf("%s: %v", what, err)
		}
	}
	text := strings.Replace(goodKubeconfig, `{"server": "https://192.0.2.1:6443"}`, `{"server": "https://192.0.2.1:6443", "certificate-authority": "/etc/passwd"}`, 1)
	if _, err := fromText(text, ""); err == nil {
		t.Error("an authority's file was taken")
	}
}

func FuzzKubeconfig(f *testing.F) {
	for _, seed := range []string{"", goodKubeconfig, "{}", "kind: Config", "a: [", strings.Replace(goodKubeconfig, "https://192.0.2.1:6443", "::", 1), "\x00", "apiVersion: v1\nkind: Config\nusers: [{user: {token: hunter2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := fromText(text, "")
		if (err == nil) != (config != nil) {
			t.Fatalf("%v, %v", config, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is told: %v", err)
		}
		if err == nil && (config.ExecProvider != nil || config.AuthProvider != nil || config.BearerTokenFile != "" || config.CertFile != "" || config.KeyFile != "" || config.CAFile != "") {
			t.Errorf("it reaches out: %+v", config)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for what, o := range map[string]Options{
		"nothing":         {},
		"no installation": {Kubeconfig: goodKubeconfig},
		"upper case":      {Kubeconfig: goodKubeconfig, Installation: "Upper"},
		"a prefix":        {Kubeconfig: goodKubeconfig, Installation: "x", Prefix: "a/b"},
		"a user":          {Kubeconfig: goodKubeconfig, Installation: "x", User: -1},
		"no cluster":      {Installation: "x"},
		"two ways":        {Kubeconfig: goodKubeconfig, InCluster: true, Installation: "x"},
		"not in a pod":    {InCluster: true, Installation: "x"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if _, err := New(Options{Kubeconfig: goodKubeconfig, Installation: "x"}); err != nil {
		t.Error(err)
	}
}
