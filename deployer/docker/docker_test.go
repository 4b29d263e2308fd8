package docker_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// testImage runs clustertest/testapp, which testProgram is. They are shared by
// all tests of the package and made anew by each run of them.
var (
	testImage   = "slipway-testapp:" + strings.ToLower(rand.Text()[:10])
	testProgram string
)

func TestMain(m *testing.M) {
	os.Exit(withImage(m.Run))
}

// withImage compiles the test app into an image for as long as run takes.
func withImage(run func() int) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "testapp")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	testProgram = filepath.Join(dir, "testapp")
	build := exec.CommandContext(ctx, "go", "build", "-o", testProgram, "../clustertest/testapp/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	must(build.Run())

	api, err := docker.NewClient("")
	must(err)
	engine, err := docker.NewEngine(api, installation(), nil)
	must(err)
	_, err = engine.ImportBinary(ctx, docker.Import{
		Tag:        testImage,
		Entrypoint: []string{"/testapp"},
		Ports:      []int{8080},
		Labels:     map[string]string{docker.LabelInstallation: engine.Installation()},
	}, "testapp", testProgram)
	must(err)
	defer func() { must(engine.RemoveInstallation(context.Background())) }()
	return run()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// installation gives a name that no other test run uses.
func installation() string { return "swtest-" + strings.ToLower(rand.Text()[:8]) }

func options(installation string) docker.Options {
	// A pool of its own, so that the tests of the real default never meet it.
	return docker.Options{Installation: installation, NetworkPool: "10.219.0.0/16"}
}

// newCluster makes a driver of a fresh installation, removed after the test.
func newCluster(t testing.TB, o docker.Options) *docker.Cluster {
	t.Helper()
	c, err := docker.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.RemoveInstallation(context.Background()), c.RemoveAllVolumes(context.Background())); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestConformance(t *testing.T) {
	clustertest.Run(t, func(t *testing.T) clustertest.Harness {
		o := options(installation())
		newCluster(t, o) // for its cleanup
		return clustertest.Harness{
			Image: testImage,
			New: func(t *testing.T) deployer.Cluster {
				c, err := docker.New(o)
				if err != nil {
					t.Fatal(err)
				}
				return c
			},
		}
	})
}
