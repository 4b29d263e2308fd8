//go:build swarm

package swarm_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	engine "github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/swarm"
)

// onFirstNode is a workload with one instance, which the first node runs.
func onFirstNode(t *testing.T, c *swarm.Cluster) deployer.Workload {
	label(t, c, "node1", "slipway-test", c.Engine().Installation())
	w := workload("web", 3, 1)
	w.Placement = map[string]string{"slipway-test": c.Engine().Installation()}
	return w
}

func containersOf(t *testing.T, c *swarm.Cluster) []container.Summary {
	t.Helper()
	list, err := c.Engine().API.ContainerList(t.Context(), container.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+c.Engine().Installation())),
	})
	ok(t, err)
	return list
}

// TestHardening looks at what the node's engine was really told.
func TestHardening(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := onFirstNode(t, c)
	w.Env = map[string]string{"TOKEN": "hunter2"}
	w.Limits = deployer.Limits{MemoryBytes: 64 << 20, CPUMilli: 250, PIDs: 50}
	in := up(t, c, w)[0]
	list := containersOf(t, c)
	if len(list) != 1 {
		t.Fatalf("there are %+v", list)
	}
	found, err := c.Engine().API.ContainerInspect(t.Context(), list[0].ID)
	ok(t, err)
	host := found.HostConfig
	added := slices.Clone(host.CapAdd)
	for i := range added { // newer engines answer with CAP_
		added[i] = strings.TrimPrefix(added[i], "CAP_")
	}
	slices.Sort(added)
	wanted := docker.Capabilities()
	slices.Sort(wanted)
	if !slices.Equal(host.CapDrop, []string{"ALL"}) || !slices.Equal(added, wanted) || host.Privileged || len(host.Binds) > 0 {
		t.Errorf("drops %v, adds %v, privileged %v, binds %v", host.CapDrop, host.CapAdd, host.Privileged, host.Binds)
	}
	if host.Memory != 64<<20 || host.NanoCPUs != 250e6 || *host.PidsLimit != 50 || !*host.Init {
		t.Errorf("memory %d, cpu %d, pids %d, init %v", host.Memory, host.NanoCPUs, *host.PidsLimit, *host.Init)
	}
	if host.LogConfig.Type != "json-file" || host.LogConfig.Config["max-file"] != "5" {
		t.Errorf("logs go to %+v", host.LogConfig)
	}
	if !slices.Contains(found.Config.Env, "TOKEN=hunter2") || !slices.Contains(found.Config.Env, "PORT=8080") {
		t.Error("the instance does not have its variables")
	}
	found.Config.Env = nil
	service, _, err := c.Engine().API.ServiceInspectWithRaw(t.Context(), in.ID, engine.ServiceInspectOptions{})
	ok(t, err)
	if len(service.Endpoint.VirtualIPs) > 0 || service.Endpoint.Spec.Mode != engine.ResolutionModeDNSRR {
		t.Errorf("its endpoint is %+v", service.Endpoint)
	}
	service.Spec.TaskTemplate.ContainerSpec.Env = nil
	service.PreviousSpec = nil
	for _, told := range []any{found, service} {
		text, err := json.Marshal(told)
		ok(t, err)
		if strings.Contains(string(text), "hunter2") {
			t.Errorf("the secret is elsewhere too: %s", text)
		}
	}
}

// TestNetworkOfAnApp: its processes find each other by name across nodes, no
// other app's do, and the network is there for as long as the app has anything.
func TestNetworkOfAnApp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, options(installation()))
	web, worker := workload("web", 1, 3), workload("api", 1, 1)
	up(t, c, worker)
	asker := up(t, c, web)
	networks := func() []network.Summary {
		list, err := c.Engine().API.NetworkList(t.Context(), network.ListOptions{
			Filters: filters.NewArgs(filters.Arg("label", docker.LabelInstallation+"="+c.Engine().Installation())),
		})
		ok(t, err)
		return list
	}
	made := networks()
	if len(made) != 1 || made[0].Driver != "overlay" || made[0].Attachable {
		t.Fatalf("the app's networks: %+v", made)
	}
	pool, subnet := netip.MustParsePrefix("10.218.0.0/16"), netip.MustParsePrefix(made[0].IPAM.Config[0].Subnet)
	if !pool.Contains(subnet.Addr()) || subnet.Bits() != 25 {
		t.Errorf("it has %v", subnet)
	}
	for _, in := range asker {
		eventually(t, in.Name+" reaches api by its name", func() bool {
			got, err := http.Get("http://" + in.Address + "/get?url=http://api:8080/")
			if err != nil {
				return false
			}
			body, err := io.ReadAll(got.Body)
			return errors.Join(err, got.Body.Close()) == nil && strings.HasPrefix(string(body), "hello from release")
		})
	}
	other := workload("web", 1, 1)
	other.ID.App, other.AppName = "02app", "other"
	stranger := up(t, c, other)[0]
	if len(networks()) != 2 {
		t.Errorf("with another app there are %+v", networks())
	}
	got, err := http.Get("http://" + stranger.Address + "/get?url=http://api:8080/")
	ok(t, err)
	if ok(t, got.Body.Close()); got.StatusCode != http.StatusBadGateway {
		t.Errorf("another app's instance gets %s from api", got.Status)
	}
	ok(t, c.Remove(t.Context(), other.ID, 0))
	ok(t, c.Remove(t.Context(), web.ID, 0))
	if left := networks(); len(left) != 1 || left[0].ID != made[0].ID {
		t.Errorf("left: %+v", left)
	}
	ok(t, c.Remove(t.Context(), worker.ID, 0))
	if left := networks(); len(left) != 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// TestForeignServices leaves alone what carries another installation's label.
func TestForeignServices(t *testing.T) {
	t.Parallel()
	c, other := newCluster(t, options(installation())), newCluster(t, options(installation()))
	theirs := up(t, other, workload("web", 1, 1))[0]
	mine := up(t, c, workload("web", 1, 1))[0]
	all, err := c.Instances(t.Context(), "")
	ok(t, err)
	if len(all) != 1 || all[0] != mine {
		t.Errorf("it lists %+v", all)
	}
	for line, err := range c.Logs(t.Context(), deployer.LogQuery{InstanceID: theirs.ID}) {
		t.Errorf("another installation's log can be read: %+v, %v", line, err)
	}
	ok(t, c.Remove(t.Context(), mine.Workload, 0))
	ok(t, c.RemoveInstallation(t.Context()))
	if now := instances(t, other, theirs.Workload); len(now) != 1 || now[0] != theirs {
		t.Errorf("theirs is now %+v, was %+v", now, theirs)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []swarm.Options{
		{},
		{Installation: "Upper"},
		{Installation: "x", NetworkPool: "nonsense"},
		{Installation: "x", NetworkPool: "10.0.0.0/16", NetworkBits: 8},
		{Installation: "x", Host: "::"},
	} {
		if _, err := swarm.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
