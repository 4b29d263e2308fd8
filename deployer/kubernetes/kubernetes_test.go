//go:build kubernetes

package kubernetes_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/kubernetes"
)

// The test bed's: see scripts/testbed/kubernetes.sh.
var (
	kubeconfig = os.Getenv("SLIPWAY_TEST_KUBERNETES")
	registry   = os.Getenv("SLIPWAY_TEST_KUBERNETES_REGISTRY")
)

// tag is that of the images of this run of the tests.
var tag = strings.ToLower(rand.Text()[:10])

func testImage() string    { return registry + "/testapp:" + tag }
func privateImage() string { return registry + "/private/testapp:" + tag }

func TestMain(m *testing.M) {
	if kubeconfig == "" || registry == "" {
		fmt.Fprintln(os.Stderr, "these tests need a cluster: use make test-kubernetes")
		os.Exit(1)
	}
	code, err := withImages(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

// withImages serves the test app as an image for as long as run takes.
func withImages(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "testapp")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's temporary folder
	program := filepath.Join(dir, "testapp")
	build := exec.Command("go", "build", "-o", program, "../clustertest/testapp/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return 0, err
	}
	stop, err := serveImages(registry)
	if err != nil {
		return 0, err
	}
	defer stop()
	for _, repository := range []string{"testapp", "private/testapp"} {
		if err := push(registry, repository, tag, program); err != nil {
			return 0, err
		}
	}
	return run(), nil
}

// options are those of a fresh installation, removed after the test.
func options(t testing.TB) kubernetes.Options {
	t.Helper()
	o := kubernetes.Options{
		KubeconfigFile: kubeconfig, Installation: "test-" + strings.ToLower(rand.Text()[:8]),
		Placed: 2 * time.Second, StopGrace: 5 * time.Second, LabelKey: []byte("of one test run"),
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := newCluster(t, o).RemoveInstallation(ctx); err != nil {
			t.Error(err)
		}
	})
	return o
}

func newCluster(t testing.TB, o kubernetes.Options) *kubernetes.Cluster {
	t.Helper()
	c, err := kubernetes.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	t.Parallel()
	clustertest.Run(t, func(t *testing.T) clustertest.Harness {
		o := options(t)
		return clustertest.Harness{
			Image:  testImage(),
			New:    func(t *testing.T) deployer.Cluster { return newCluster(t, o) },
			Forced: clustertest.Forced{StartsUnproven: true, LateImages: true, OneStream: true, TellsEnding: true},
		}
	})
}
