// Package clustertest holds the promises of deployer.Cluster as tests. Every
// driver runs them against its real engine.
package clustertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// Harness is an engine with nothing of ours on it yet.
type Harness struct {
	// New makes another driver over the same engine and installation.
	New func(t *testing.T) deployer.Cluster
	// Image is the reference of the image that runs testapp.
	Image string
	// Forced is what the engine does otherwise.
	Forced Forced
}

// Run runs the suite. harness is called once for each test, with a fresh
// installation; it registers its own cleanup.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	tests := []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"Ensure/makes what is wanted", ensureMakes},
		{"Ensure/leaves alone what is right", ensureIsIdempotent},
		{"Ensure/removes the highest index first", ensureShrinks},
		{"Ensure/starts what has stopped", ensureStartsStopped},
		{"Ensure/replaces what differs", ensureReplaces},
		{"Ensure/many at once make no more than wanted", ensureConcurrently},
		{"Ensure/none wanted", ensureNone},
		{"Ensure/no such image", ensureNoImage},
		{"Ensure/refuses what is malformed", ensureRefuses},
		{"WaitHealthy/reports an exit at once", unhealthyExit},
		{"WaitHealthy/reports a port that stays closed", unhealthyPort},
		{"WaitHealthy/reports what the health path answers", unhealthyPath},
		{"WaitHealthy/waits for a slow one", healthySlow},
		{"WaitHealthy/names want of memory", unhealthyMemory},
		{"WaitHealthy/lets a worker settle", workerSettles},
		{"WaitHealthy/reports a worker that ends", workerEnds},
		{"WaitHealthy/ends with its context", waitEnds},
		{"Remove/lets an instance end by itself", removeGraceful},
		{"Remove/kills after grace, side by side", removeKills},
		{"Remove/what is not there", removeAbsent},
		{"Remove/does not hold up other workloads", removeAlone},
		{"Instances/another driver sees the same", secondDriver},
		{"Instances/are those of the app asked for", instancesOfApp},
		{"Census/says what is not as it should be", census},
		{"Restart/the engine starts a healthy one again", restart},
		{"Watch/tells in order what happens", watchOrder},
		{"Logs/streams told apart, long lines in pieces", logStreams},
		{"Logs/resume without loss", logResume},
		{"Logs/follow through a restart to the end", logFollow},
		{"Logs/of nothing", logsOfNothing},
		{"Usage/measures what runs", usage},
		{"Volumes/outlive instances and releases", volumesOutlive},
		{"Run/connects input, output and exit code", runTask},
		{"Run/ends with its context", runCancelled},
		{"Rollout/loses no request", rolloutLosesNoRequest},
		{"Rehearsal/is what is then done", rehearsalIsWhatIsDone},
		{"every method ends with its context", contextEnds},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := harness(t)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // for one that hangs
			t.Cleanup(cancel)
			test.test(t, &fixture{T: t, Harness: h, ctx: ctx, cluster: h.New(t)})
		})
	}
}

// fixture is what a test works with.
type fixture struct {
	*testing.T
	Harness
	ctx     context.Context
	cluster deployer.Cluster
}

// app is the ID of the app that most tests use.
const app = "01app"

// web is a workload that serves.
func (f *fixture) web(release, instances int, env ...string) deployer.Workload {
	w := deployer.Workload{
		ID:        deployer.WorkloadID{App: app, Process: "web", Release: release},
		AppName:   "hello",
		Image:     f.Image,
		Env:       map[string]string{"TEST_RELEASE": fmt.Sprint(release)},
		Port:      8080,
		Instances: instances,
		Health:    deployer.Health{Timeout: 30 * time.Second},
	}
	for _, variable := range env {
		key, value, _ := strings.Cut(variable, "=")
		w.Env[key] = value
	}
	return w
}

// worker is a workload that serves nothing.
func (f *fixture) worker(release, instances int, env ...string) deployer.Workload {
	w := f.web(release, instances, env...)
	w.ID.Process, w.Port = "worker", 0
	w.Health.Settle = 50 * time.Millisecond
	return w
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) up(w deployer.Workload) []deployer.Instance {
	f.Helper()
	f.ok(f.cluster.Ensure(f.ctx, w))
	f.ok(f.cluster.WaitHealthy(f.ctx, w.ID))
	return f.instances(w.ID)
}

// instances lists those of one workload.
func (f *fixture) instances(id deployer.WorkloadID) []deployer.Instance {
	f.Helper()
	all, err := f.cluster.Instances(f.ctx, id.App)
	f.ok(err)
	var list []deployer.Instance
	for _, in := range all {
		if in.Workload == id {
			list = append(list, in)
		}
	}
	return list
}

// eventually polls a condition, since engines do things in their own time.
func (f *fixture) eventually(what string, condition func() bool) {
	f.Helper()
	var backoff deployer.Backoff
	for !condition() {
		select {
		case <-f.ctx.Done():
			f.Fatalf("%s: did not come true in time", what)
		case <-time.After(backoff.Next()):
		}
	}
}

// get asks an instance for a path.
func (f *fixture) get(in deployer.Instance, path string) string {
	f.Helper()
	request, err := http.NewRequestWithContext(f.ctx, http.MethodGet, "http://"+in.Address+path, nil)
	f.ok(err)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	f.ok(err)
	defer func() { _ = response.Body.Close() }() // only read from
	body, err := io.ReadAll(response.Body)
	f.ok(err)
	return string(body)
}

// listening waits until a running instance accepts connections.
func (f *fixture) listening(id deployer.WorkloadID) deployer.Instance {
	f.Helper()
	var in deployer.Instance
	f.eventually("an instance listens", func() bool {
		list := f.instances(id)
		if len(list) == 0 || list[0].Address == "" {
			return false
		}
		in = list[0]
		ok, _ := deployer.Probe(f.ctx, in.Address, deployer.Health{})
		return ok
	})
	return in
}
