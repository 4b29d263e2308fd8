package docker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/docker"
)

func stopOptions(seconds int) container.StopOptions { return container.StopOptions{Timeout: &seconds} }

// doorway is a socket that leads to the engine's and can be cut.
type doorway struct {
	*clustertest.Doorway
	path string
}

func newDoorway(t *testing.T) doorway {
	path := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", path)
	ok(t, err)
	return doorway{clustertest.OpenDoorway(t, listener, "unix", "/var/run/docker.sock"), path}
}

func TestEngineAway(t *testing.T) {
	door := newDoorway(t)
	o := options(installation())
	o.Host = "unix://" + door.path
	newCluster(t, options(o.Installation)) // for its cleanup
	c, err := docker.New(o)
	ok(t, err)
	w := workload("web", 1, 1)
	up(t, c, w)
	door.Cut(true)

	nowhere := options(o.Installation)
	nowhere.Host = "unix:///nonexistent/docker.sock"
	gone, err := docker.New(nowhere)
	ok(t, err)
	for where, c := range map[string]*docker.Cluster{"cut off": c, "no socket": gone} {
		_, listed := c.Instances(t.Context(), app)
		_, ran := c.Run(t.Context(), deployer.Task{Workload: w}, deployer.TaskIO{})
		_, resolved := c.ResolveImage(t.Context(), testImage)
		results := map[string]error{
			"Ensure": c.Ensure(t.Context(), w), "WaitHealthy": c.WaitHealthy(t.Context(), w.ID),
			"Remove": c.Remove(t.Context(), w.ID, 0), "Instances": listed, "Run": ran, "ResolveImage": resolved,
			"RemoveInstallation": c.RemoveInstallation(t.Context()), "RemoveRouter": c.RemoveRouter(t.Context()),
		}
		for _, err := range c.Logs(t.Context(), deployer.LogQuery{InstanceID: "x"}) {
			results["Logs"] = err
		}
		if len(results) != 9 {
			t.Errorf("%s: Logs gave no error", where)
		}
		for method, err := range results {
			if !errors.Is(err, deployer.ErrUnavailable) {
				t.Errorf("%s: %s gave %v", where, method, err)
			}
		}
	}
	door.Cut(false)
	up(t, c, w)
}

// TestWatchConnectsAgain: events go on after the engine was away, and a resync
// comes before them.
func TestWatchConnectsAgain(t *testing.T) {
	door := newDoorway(t)
	o := options(installation())
	direct := newCluster(t, o)
	o.Host = "unix://" + door.path
	c, err := docker.New(o)
	ok(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var in deployer.Instance
	resyncs := 0
	for event, err := range c.Watch(ctx) {
		ok(t, err)
		switch {
		case event.Type == deployer.EventResync && resyncs == 0:
			resyncs++
			door.Cut(true)
			in = up(t, direct, workload("web", 1, 1))[0] // nobody sees it
			door.Cut(false)
		case event.Type == deployer.EventResync:
			resyncs++
			ok(t, direct.Remove(ctx, in.Workload, 5*time.Second))
		case event.Type == deployer.EventRemoved:
			if resyncs != 2 || event.Instance.ID != in.ID {
				t.Errorf("after %d resyncs came %+v", resyncs, event)
			}
			return
		}
	}
}

// TestLogsSurviveACut: the connection breaks, the engine is still there.
func TestLogsSurviveACut(t *testing.T) {
	door := newDoorway(t)
	o := options(installation())
	direct := newCluster(t, o)
	o.Host = "unix://" + door.path
	c, err := docker.New(o)
	ok(t, err)
	in := up(t, direct, workload("web", 1, 1))[0]
	get(t, "http://"+in.Address+"/log?n=100&from=0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	for line, err := range c.Logs(ctx, deployer.LogQuery{InstanceID: in.ID, Follow: true}) {
		ok(t, err)
		if line.Text != fmt.Sprintf("line %d", seen) {
			t.Fatalf("line %d is %q", seen, line.Text)
		}
		if seen++; seen%100 == 0 {
			if seen == 500 {
				break
			}
			door.Cut(false)
			get(t, fmt.Sprintf("http://%s/log?n=100&from=%d", in.Address, seen))
		}
	}
	if seen != 500 {
		t.Errorf("%d lines came", seen)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []docker.Options{
		{},
		{Installation: "Upper"},
		{Installation: "a/b"},
		{Installation: "x", NetworkPool: "nonsense"},
		{Installation: "x", Host: "::"},
	} {
		if _, err := docker.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// TestOneRunLeavesNoTask: a task that was cancelled is gone when Run returns.
func TestOneRunLeavesNoTask(t *testing.T) {
	c := newCluster(t, options(installation()))
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	w := workload("run", 1, 0)
	w.Port, w.Env = 0, map[string]string{"TEST_OUT": "x"}
	go func() {
		_, err := c.Run(ctx, deployer.Task{Workload: w}, deployer.TaskIO{Stdout: writer})
		done <- err
	}()
	_, err := reader.Read(make([]byte, 2))
	ok(t, err)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("it gave %v", err)
	}
	list, err := c.API.ContainerList(t.Context(), container.ListOptions{All: true})
	ok(t, err)
	for _, s := range list {
		if s.Labels[docker.LabelInstallation] == c.Installation() {
			t.Errorf("left %v", s.Names)
		}
	}
	if left := networks(t, c); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
}
