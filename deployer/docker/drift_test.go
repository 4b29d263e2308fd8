package docker_test

import (
	"context"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// keyed makes a driver whose labels tell whether variables changed.
func keyed(t *testing.T) *docker.Cluster {
	o := options(installation())
	o.LabelKey = []byte("a key of this test")
	return newCluster(t, o)
}

func see(t *testing.T, c *docker.Cluster) []deployer.Seen {
	t.Helper()
	seen, err := c.Census(t.Context(), app)
	ok(t, err)
	return seen
}

// TestCensusTellsVariables: a changed value shows in the listing, without its
// being anywhere in it.
func TestCensusTellsVariables(t *testing.T) {
	c := keyed(t)
	w := workload("web", 1, 1)
	w.Env = map[string]string{"TOKEN": "one"}
	in := up(t, c, w)[0]
	if seen := see(t, c); len(seen) != 1 || !seen[0].MadeFrom(c.Spec(w)) {
		t.Fatalf("seen %+v, want spec %s", seen, c.Spec(w))
	}
	w.Env = map[string]string{"TOKEN": "two"}
	if seen := see(t, c); seen[0].MadeFrom(c.Spec(w)) {
		t.Error("another value of a variable does not show")
	}
	up(t, c, w)
	if seen := see(t, c); len(seen) != 1 || !seen[0].MadeFrom(c.Spec(w)) || seen[0].ID == in.ID {
		t.Errorf("it was not replaced: %+v", seen)
	}
	// Another key tells nothing of what was labelled with this one, and one
	// without a key takes the variables for right in the listing.
	o := options(c.Installation())
	plain, err := docker.New(o)
	ok(t, err)
	if seen := see(t, plain); seen[0].MadeFrom(plain.Spec(w)) {
		t.Error("a hash that cannot be checked passes for the right one")
	}
}

// eventually polls a condition of the engine.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	var backoff deployer.Backoff
	for deadline := time.Now().Add(30 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: did not come true in time", what)
		}
		time.Sleep(backoff.Next()) // between two looks
	}
}

// disconnect takes an instance off its app's network, as somebody might by hand.
func disconnect(t *testing.T, c *docker.Cluster, id string) (name string) {
	t.Helper()
	for name = range inspect(t, c, id).NetworkSettings.Networks {
		ok(t, c.API.NetworkDisconnect(t.Context(), name, id, true))
	}
	return name
}

// TestInstancesAreConnectedAgain: a network that somebody removed is made anew, and instances
// that still run are put on it and serve, without a restart.
func TestInstancesAreConnectedAgain(t *testing.T) {
	c := keyed(t)
	w := workload("web", 1, 2)
	before := up(t, c, w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lost := make(chan deployer.Instance, 10)
	watching := make(chan struct{})
	go func() {
		for event, err := range c.Watch(ctx) {
			switch {
			case err != nil:
				return
			case event.Type == deployer.EventResync:
				close(watching)
			case event.Type == deployer.EventChanged:
				lost <- event.Instance
			}
		}
	}()
	<-watching
	var name string
	for _, in := range before {
		name = disconnect(t, c, in.ID)
	}
	ok(t, c.API.NetworkRemove(ctx, name))
	for range before {
		select {
		case in := <-lost:
			if in.Workload != w.ID || in.Address != "" {
				t.Errorf("told of %+v", in)
			}
		case <-ctx.Done():
			t.Fatal("nobody was told")
		}
	}
	for _, one := range see(t, c) {
		if one.Condition != deployer.ConditionCutOff {
			t.Errorf("seen as %+v", one)
		}
	}
	ok(t, c.Ensure(ctx, w))
	ok(t, c.WaitHealthy(ctx, w.ID))
	after, err := c.Instances(ctx, app)
	ok(t, err)
	if len(after) != 2 {
		t.Fatalf("there are %+v", after)
	}
	for i, in := range after {
		if in.ID != before[i].ID || !in.StartedAt.Equal(before[i].StartedAt) {
			t.Errorf("%s was made or started anew", in.Name)
		}
		if in.State != deployer.StateHealthy {
			t.Errorf("%s is %s", in.Name, in.State)
		}
		get(t, "http://"+in.Address+"/")
	}
	// It also comes back by itself on the new network.
	ok(t, c.API.ContainerRestart(ctx, after[0].ID, stopOptions(1)))
	for _, one := range see(t, c) {
		if one.Condition != deployer.ConditionFine {
			t.Errorf("seen as %+v", one)
		}
	}
	aliases := inspect(t, c, after[0].ID).NetworkSettings.Networks[name]
	if aliases == nil {
		t.Errorf("it is not on %s", name)
	}
}

// TestDriftIsSeen: what somebody does to an instance by hand shows in the
// listing, Ensure repairs it, and nothing that is not ours is touched.
func TestDriftIsSeen(t *testing.T) {
	c := keyed(t)
	w := workload("web", 1, 1)
	in := up(t, c, w)[0]
	// Decoys: a container with the installation's label alone, as one made from
	// an app's image inherits it; one of another installation; a network of a
	// name much like ours.
	decoys := []string{
		decoy(t, c, map[string]string{docker.LabelInstallation: c.Installation()}),
		decoy(t, c, map[string]string{docker.LabelInstallation: c.Installation() + "-b", docker.LabelKind: "instance", docker.LabelApp: app}),
	}
	made, err := c.API.NetworkCreate(t.Context(), c.Installation()+"-decoy", network.CreateOptions{
		IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.219.255.0/28"}}},
	})
	ok(t, err)
	t.Cleanup(func() { ok(t, c.API.NetworkRemove(context.Background(), made.ID)) })

	for _, drift := range []struct {
		what string
		do   func(id string) error
		want deployer.Condition
	}{
		{"paused", func(id string) error { return c.API.ContainerPause(t.Context(), id) }, deployer.ConditionPaused},
		{"stopped", func(id string) error { return c.API.ContainerStop(t.Context(), id, stopOptions(5)) }, deployer.ConditionStopped},
		{"killed", func(id string) error { return c.API.ContainerKill(t.Context(), id, "SIGKILL") }, deployer.ConditionStopped},
		{"removed", func(id string) error {
			return c.API.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true})
		}, ""},
	} {
		ok(t, drift.do(in.ID))
		eventually(t, drift.what+" is seen", func() bool {
			seen := see(t, c)
			return drift.want == "" && len(seen) == 0 || len(seen) == 1 && drift.want != "" && seen[0].Condition == drift.want
		})
		in = up(t, c, w)[0]
		get(t, "http://"+in.Address+"/")
	}
	ok(t, c.Remove(t.Context(), w.ID, time.Second))
	for _, id := range decoys {
		if state := inspect(t, c, id).State; !state.Running {
			t.Errorf("a container that is not ours is %s", state.Status)
		}
	}
	if _, err := c.API.NetworkInspect(t.Context(), made.ID, network.InspectOptions{}); err != nil {
		t.Errorf("a network that is not ours: %v", err)
	}
}

// decoy starts a container that is none of ours.
func decoy(t *testing.T, c *docker.Cluster, labels map[string]string) string {
	t.Helper()
	made, err := c.API.ContainerCreate(t.Context(), &container.Config{Image: testImage, Labels: labels, Env: []string{"PORT=8080"}}, nil, nil, nil, "")
	ok(t, err)
	t.Cleanup(func() {
		ok(t, c.API.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true}))
	})
	ok(t, c.API.ContainerStart(t.Context(), made.ID, container.StartOptions{}))
	return made.ID
}
