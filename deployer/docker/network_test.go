package docker_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

func networks(t *testing.T, c *docker.Cluster) []network.Summary {
	t.Helper()
	list, err := c.API.NetworkList(t.Context(), network.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+c.Installation())),
	})
	ok(t, err)
	return list
}

// TestNetworks: one per app, out of the pool, there as long as the app has a
// workload, on which its processes find each other by name.
func TestNetworks(t *testing.T) {
	c := newCluster(t, options(installation()))
	web := up(t, c, workload("web", 1, 1))[0]
	api := up(t, c, workload("api", 1, 1))[0]
	other := workload("web", 1, 1)
	other.ID.App, other.AppName = "02app", "other"
	up(t, c, other)

	list := networks(t, c)
	if len(list) != 2 {
		t.Fatalf("%d networks for two apps: %+v", len(list), list)
	}
	pool := netip.MustParsePrefix("10.219.0.0/16")
	for _, n := range list {
		subnet, err := netip.ParsePrefix(n.IPAM.Config[0].Subnet)
		ok(t, err)
		if subnet.Bits() != 26 || !pool.Contains(subnet.Addr()) {
			t.Errorf("%s is %s", n.Name, subnet)
		}
		if !strings.HasPrefix(n.Name, c.Installation()+"-") {
			t.Errorf("a network is named %s", n.Name)
		}
	}

	if got := get(t, "http://"+web.Address+"/get?url=http://api:8080/"); !strings.HasPrefix(got, "hello") {
		t.Errorf("web reaches api with %q", got)
	}

	ok(t, c.Remove(t.Context(), web.Workload, 0))
	if n := len(networks(t, c)); n != 2 {
		t.Errorf("%d networks while the app has a workload", n)
	}
	ok(t, c.Remove(t.Context(), api.Workload, 0))
	ok(t, c.Remove(t.Context(), other.ID, 0))
	if left := networks(t, c); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(url)
	ok(t, err)
	defer func() { _ = response.Body.Close() }() // only read from
	body, err := io.ReadAll(response.Body)
	ok(t, err)
	return string(body)
}

// TestPoolInUse: subnets that others hold are passed over, and when none is
// left the error says so and nothing is left behind.
func TestPoolInUse(t *testing.T) {
	o := options(installation())
	o.NetworkPool, o.NetworkBits = "10.218.77.0/28", 30 // four networks
	c := newCluster(t, o)
	for _, subnet := range []string{"10.218.77.0/30", "10.218.77.8/29"} {
		made, err := c.API.NetworkCreate(t.Context(), c.Installation()+"-foreign-"+strings.ReplaceAll(subnet, "/", "-"), network.CreateOptions{
			IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet}}},
		})
		ok(t, err)
		t.Cleanup(func() { must(c.API.NetworkRemove(context.Background(), made.ID)) })
	}
	up(t, c, workload("web", 1, 1))
	if list := networks(t, c); len(list) != 1 || list[0].IPAM.Config[0].Subnet != "10.218.77.4/30" {
		t.Errorf("it took %+v", list)
	}
	second := workload("web", 1, 1)
	second.ID.App, second.AppName = "02app", "other"
	err := c.Ensure(t.Context(), second)
	if !errors.Is(err, docker.ErrPoolExhausted) || !strings.Contains(err.Error(), "10.218.77.0/28") {
		t.Errorf("a used up pool gave %v", err)
	}
	if list, err := c.Instances(t.Context(), second.ID.App); err != nil || len(list) != 0 || len(networks(t, c)) != 1 {
		t.Errorf("left %+v, %v", list, err)
	}
}

// TestNothingLeftBehind: of an image that is not there, and of an Ensure that
// is given up in the middle.
func TestNothingLeftBehind(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 1)
	w.Image = "slipway-no-such-image:v1"
	if err := c.Ensure(t.Context(), w); !errors.Is(err, deployer.ErrNoImage) {
		t.Errorf("it gave %v", err)
	}
	if left := networks(t, c); len(left) != 0 {
		t.Errorf("left %+v", left)
	}

	w = workload("web", 1, 8)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for event, err := range c.Watch(t.Context()) {
		ok(t, err)
		if event.Type == deployer.EventResync {
			done := make(chan error, 1)
			go func() { done <- c.Ensure(ctx, w) }()
			defer func() {
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("it gave %v", err)
				}
			}()
		}
		if event.Type == deployer.EventStarted {
			cancel()
			break
		}
	}
	ok(t, c.Remove(t.Context(), w.ID, 0))
	if list, err := c.Instances(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("left %+v, %v", list, err)
	}
	if left := networks(t, c); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
}

// TestNetworkGone: somebody pruned the network of an app that is stopped.
func TestNetworkGone(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 1)
	in := up(t, c, w)[0]
	seconds := 5
	ok(t, c.API.ContainerStop(t.Context(), in.ID, stopOptions(seconds)))
	ok(t, c.API.NetworkRemove(t.Context(), networks(t, c)[0].ID))
	if again := up(t, c, w); len(again) != 1 || again[0].State != deployer.StateHealthy {
		t.Errorf("it is %+v", again)
	}
}
