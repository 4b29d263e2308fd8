//go:build swarm

package swarm_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/swarm"
)

// doorway is a socket that leads to the engine's and can be cut.
type doorway struct {
	*clustertest.Doorway
	path string
}

func newDoorway(t *testing.T) doorway {
	path := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", path)
	ok(t, err)
	return doorway{clustertest.OpenDoorway(t, listener, "unix", strings.TrimPrefix(bed("SLIPWAY_TEST_SWARM"), "unix://")), path}
}

// warnings tells of each warning that is logged.
type warnings struct {
	slog.Handler
	told chan<- struct{}
}

func (warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (w warnings) Handle(context.Context, slog.Record) error {
	w.told <- struct{}{}
	return nil
}

// TestManagerAway: every method says so, what runs goes on, and a Watch goes on
// with a resync when the manager is back.
func TestManagerAway(t *testing.T) {
	t.Parallel()
	door := newDoorway(t)
	o := options(installation())
	newCluster(t, o) // for its cleanup
	o.Host = "unix://" + door.path
	noticed := make(chan struct{}, 100)
	o.Logger = slog.New(warnings{slog.DiscardHandler, noticed})
	c, err := swarm.New(o)
	ok(t, err)
	w := workload("web", 1, 1)
	w.Env = map[string]string{"TEST_RELEASE": "1"}
	in := up(t, c, w)[0]

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	resyncs := 0
	for event, err := range c.Watch(ctx) {
		ok(t, err)
		if event.Type != deployer.EventResync {
			continue
		}
		if resyncs++; resyncs == 2 {
			break
		}
		door.Cut(true)
		_, listed := c.Instances(t.Context(), app)
		_, ran := c.Run(t.Context(), deployer.Task{Workload: w}, deployer.TaskIO{})
		_, taken := c.Census(t.Context(), app)
		_, nodes := c.Nodes(t.Context())
		_, _, join := c.JoinCommand(t.Context())
		_, volumes := c.Volumes(t.Context(), app)
		results := map[string]error{
			"Ensure": c.Ensure(t.Context(), w), "WaitHealthy": c.WaitHealthy(t.Context(), w.ID),
			"Remove": c.Remove(t.Context(), w.ID, 0), "Instances": listed, "Run": ran, "Census": taken, "Nodes": nodes,
			"JoinCommand": join, "Volumes": volumes, "Drain": c.Drain(t.Context(), "node1", false),
			"RemoveInstallation": c.RemoveInstallation(t.Context()),
		}
		for _, err := range c.Logs(t.Context(), deployer.LogQuery{InstanceID: in.ID}) {
			results["Logs"] = err
		}
		if len(results) != 12 {
			t.Error("Logs gave no error")
		}
		for method, err := range results {
			if !errors.Is(err, deployer.ErrUnavailable) {
				t.Errorf("%s gave %v", method, err)
			}
		}
		if err := results["WaitHealthy"]; !errors.Is(err, deployer.ErrInterrupted) {
			t.Errorf("WaitHealthy gave %v", err)
		}
		if release, err := ask(in.Address); err != nil {
			t.Errorf("without the manager the instance answers %d, %v", release, err)
		}
		select {
		case <-noticed: // who watches has found out
		case <-ctx.Done():
			t.Fatal("nobody noticed that the manager is away")
		}
		door.Cut(false)
	}
	if resyncs != 2 {
		t.Errorf("%d resyncs came", resyncs)
	}
}
