package kubernetes

import (
	"errors"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
)

func FuzzLabel(f *testing.F) {
	for _, seed := range []string{"", "web", "Web", "a_b", "-", "a-", "ünïcode", strings.Repeat("x", 80), "slipway-prod-01hq3v8zk2r7d5m6n4p9s0t1w2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := label(text, maxName)
		if len(got) > maxName || !dnsLabel.MatchString(got) {
			t.Errorf("%q becomes %q", text, got)
		}
		if dnsLabel.MatchString(text) && len(text) <= maxName && got != text {
			t.Errorf("%q needs no change and becomes %q", text, got)
		}
		if other := label(text+"x", maxName); other == got {
			t.Errorf("%q and %q become the same", text, text+"x")
		}
	})
}

func TestNames(t *testing.T) {
	c := &Cluster{options: Options{Prefix: "slipway", Installation: "prod"}}
	if got := c.namespace("01app"); got != "slipway-prod-01app" {
		t.Errorf("a namespace is called %s", got)
	}
	if got := workloadName(deployer.WorkloadID{App: "01app", Process: "web", Release: 3}); got != "web-v3" {
		t.Errorf("a workload is called %s", got)
	}
	long := workloadName(deployer.WorkloadID{App: "01app", Process: strings.Repeat("w", 60), Release: 3})
	if len(long)+len("-6d4cf56db6-abcde") > maxName {
		t.Errorf("the pods of %s have names that are too long", long)
	}
	for process, want := range map[string]string{"web": "web", "2nd": "p-2nd"} {
		if got := serviceName(process); got != want {
			t.Errorf("%s is found as %s", process, got)
		}
	}
}

func FuzzInstanceID(f *testing.F) {
	for _, seed := range []string{"", ".", "web-v1-abc.slipway-prod-01app", "a.b.c", "../x", "a/b.c", strings.Repeat("0", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		namespace, pod := fromInstanceID(id)
		if (namespace == "") != (pod == "") {
			t.Fatalf("%q is half a pod: %q in %q", id, pod, namespace)
		}
		if pod != "" && instanceID(namespace, pod) != id {
			t.Errorf("%q is read as %q in %q", id, pod, namespace)
		}
	})
}

func TestImagesThatNoNodeCouldFetch(t *testing.T) {
	for image, good := range map[string]bool{
		"registry.example.com/app:v1": true, "app": true, "10.0.0.1:5000/a/b@sha256:" + strings.Repeat("0", 64): true,
		"sha256:" + strings.Repeat("0", 64): false, strings.Repeat("0", 64): false, "": false, "Upper": false, "a b": false,
	} {
		if err := checkImage(image); (err == nil) != good || err != nil && !errors.Is(err, deployer.ErrNoImage) {
			t.Errorf("%q: %v", image, err)
		}
	}
	for image, want := range map[string]string{
		"app": "https://index.docker.io/v1/", "team/app": "https://index.docker.io/v1/",
		"localhost/app": "localhost", "10.0.0.1:5000/app:v1": "10.0.0.1:5000", "registry.example.com/a/b": "registry.example.com",
	} {
		if got := registryOf(image); got != want {
			t.Errorf("%s comes from %s", image, got)
		}
	}
}
