//go:build swarm

// These tests run on a real Swarm of three nodes: `make test-swarm`.
package swarm_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/swarm"
)

var (
	testImage string // by digest, in a registry that all nodes reach
	program   string // the test app
)

func TestMain(m *testing.M) { os.Exit(withImage(m.Run)) }

// bed reads what scripts/testbed/swarm.sh tells of the swarm.
func bed(name string) string {
	value := os.Getenv(name)
	if value == "" {
		panic("no test bed (" + name + " is not set): use `make test-swarm`")
	}
	return value
}

// withImage pushes the test app to a registry for as long as run takes.
func withImage(run func() int) int {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "testapp")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	program = filepath.Join(dir, "testapp")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "../clustertest/testapp/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	must(build.Run())

	engine := firstEngine()
	defer func() { must(engine.RemoveInstallation(context.Background())) }()
	registry, err := newRegistry(bed("SLIPWAY_TEST_SWARM_HOST"), "", "")
	must(err)
	defer registry.close()
	testImage = push(ctx, engine, registry, docker.Push{}, "/testapp")
	return run()
}

// push gives the reference by which nodes pull the test app from a registry. No
// node has had the image before.
func push(ctx context.Context, engine *docker.Engine, to *registry, p docker.Push, entrypoint ...string) string {
	p.Image, p.Target = "slipway-testapp:"+strings.ToLower(rand.Text()[:10]), to.host+"/testapp:v1"
	_, err := engine.ImportBinary(ctx, docker.Import{
		Tag:        p.Image,
		Entrypoint: entrypoint,
		Env:        []string{"IMAGE=" + p.Image},
		Ports:      []int{8080},
		Labels:     map[string]string{docker.LabelInstallation: engine.Installation()},
	}, "testapp", program)
	must(err)
	digest, err := engine.PushImage(ctx, p)
	must(err)
	return to.host + "/testapp@" + digest
}

func firstEngine() *docker.Engine {
	api, err := docker.NewClient(bed("SLIPWAY_TEST_SWARM"))
	must(err)
	engine, err := docker.NewEngine(api, installation(), nil)
	must(err)
	return engine
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// installation gives a name that no other test run uses.
func installation() string { return "swtest-" + strings.ToLower(rand.Text()[:8]) }

// stopGrace is long beside what the suite does while an instance that does not
// end is being stopped.
const stopGrace = 15 * time.Second

func options(installation string) swarm.Options {
	return swarm.Options{
		Host: bed("SLIPWAY_TEST_SWARM"), Installation: installation,
		NetworkPool: "10.218.0.0/16", StopGrace: stopGrace,
	}
}

// newCluster makes a driver of a fresh installation, removed after the test,
// which fails if the driver left anything that it should have removed itself.
func newCluster(t testing.TB, o swarm.Options) *swarm.Cluster {
	t.Helper()
	c, err := swarm.New(o)
	ok(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err := errors.Join(c.RemoveInstallation(ctx), c.Engine().RemoveAllVolumes(ctx))
		if err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestConformance(t *testing.T) {
	t.Parallel()
	clustertest.Run(t, func(t *testing.T) clustertest.Harness {
		o := options(installation())
		newCluster(t, o) // for its cleanup
		return clustertest.Harness{
			Image: testImage,
			New: func(t *testing.T) deployer.Cluster {
				c, err := swarm.New(o)
				ok(t, err)
				return c
			},
			Forced: clustertest.Forced{OtherPorts: true, FixedGrace: stopGrace, NoOOM: true, NoInput: true, NoMeter: true},
		}
	})
}

const app = "01app"

func workload(process string, release, instances int) deployer.Workload {
	return deployer.Workload{
		ID:        deployer.WorkloadID{App: app, Process: process, Release: release},
		AppName:   "hello",
		Image:     testImage,
		Port:      8080,
		Instances: instances,
	}
}

func up(t testing.TB, c deployer.Cluster, w deployer.Workload) []deployer.Instance {
	t.Helper()
	ok(t, c.Ensure(t.Context(), w))
	ok(t, c.WaitHealthy(t.Context(), w.ID))
	return instances(t, c, w.ID)
}

func instances(t testing.TB, c deployer.Cluster, id deployer.WorkloadID) []deployer.Instance {
	t.Helper()
	list, err := c.Instances(t.Context(), id.App)
	ok(t, err)
	return slices.DeleteFunc(list, func(in deployer.Instance) bool { return in.Workload != id })
}
