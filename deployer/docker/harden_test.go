package docker_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

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
	list, err := c.Instances(t.Context(), w.ID.App)
	ok(t, err)
	return slices.DeleteFunc(list, func(in deployer.Instance) bool { return in.Workload != w.ID })
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func inspect(t testing.TB, c *docker.Cluster, id string) container.InspectResponse {
	t.Helper()
	found, err := c.API.ContainerInspect(t.Context(), id)
	ok(t, err)
	return found
}

// TestHardening looks at what the engine was really told, after the restart
// policy was changed, since that is one call that could undo limits.
func TestHardening(t *testing.T) {
	c := newCluster(t, options(installation()))
	in := up(t, c, workload("web", 3, 1))[0]
	found := inspect(t, c, in.ID)
	host := found.HostConfig
	want := container.HostConfig{
		SecurityOpt:   []string{"no-new-privileges:true"},
		CapDrop:       []string{"ALL"},
		CapAdd:        []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "5"}},
		RestartPolicy: container.RestartPolicy{Name: "unless-stopped"},
	}
	got := container.HostConfig{
		SecurityOpt: host.SecurityOpt, CapDrop: host.CapDrop, LogConfig: host.LogConfig, RestartPolicy: host.RestartPolicy,
		Privileged: host.Privileged, Binds: host.Binds, PortBindings: host.PortBindings,
	}
	for _, capability := range host.CapAdd { // newer engines answer with CAP_
		got.CapAdd = append(got.CapAdd, strings.TrimPrefix(capability, "CAP_"))
	}
	slices.Sort(got.CapAdd)
	if len(got.PortBindings) == 0 {
		got.PortBindings = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if host.Memory != 512<<20 || host.NanoCPUs != 1e9 || *host.PidsLimit != 512 || !*host.Init {
		t.Errorf("memory %d, cpu %d, pids %d, init %v", host.Memory, host.NanoCPUs, *host.PidsLimit, *host.Init)
	}
	if host.MemorySwap != host.Memory && host.MemorySwap != -1 { // -1: a kernel that cannot limit swap
		t.Errorf("memory with swap %d", host.MemorySwap)
	}
	if found.Name != "/"+c.Installation()+"-hello-web-v3-1" {
		t.Errorf("its name is %s", found.Name)
	}
	if !slices.Contains(found.Config.Env, "PORT=8080") {
		t.Error("PORT is not set")
	}
}

func TestLimitsOfAWorkload(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 1)
	w.Limits = deployer.Limits{MemoryBytes: 64 << 20, CPUMilli: 250, PIDs: 50}
	host := inspect(t, c, up(t, c, w)[0].ID).HostConfig
	if host.Memory != 64<<20 || host.NanoCPUs != 250e6 || *host.PidsLimit != 50 {
		t.Errorf("memory %d, cpu %d, pids %d", host.Memory, host.NanoCPUs, *host.PidsLimit)
	}
}

func TestSecretsStayInTheEnvironment(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 1)
	w.Env = map[string]string{"TOKEN": "hunter2"}
	found := inspect(t, c, up(t, c, w)[0].ID)
	if !slices.Contains(found.Config.Env, "TOKEN=hunter2") {
		t.Error("the instance does not have its secret")
	}
	found.Config.Env = nil
	text, err := json.Marshal(found)
	ok(t, err)
	if strings.Contains(string(text), "hunter2") {
		t.Errorf("the secret is elsewhere too: %s", text)
	}
	// Another value must give the same labels: not even a hash of it is there.
	w.Env["TOKEN"] = "hunter3"
	other := inspect(t, c, up(t, c, w)[0].ID)
	if diff := cmp.Diff(found.Config.Labels, other.Config.Labels); diff != "" || other.ID == found.ID {
		t.Errorf("replaced: %v; labels: %s", other.ID != found.ID, diff)
	}
}

// TestForeignContainers runs beside ours what looks like ours in part: of
// another installation, and without our kind label from an image that has our
// installation's.
func TestForeignContainers(t *testing.T) {
	c, other := newCluster(t, options(installation())), newCluster(t, options(installation()))
	theirs := up(t, other, workload("web", 1, 1))[0]
	made, err := c.API.ContainerCreate(t.Context(), &container.Config{
		Image: testImage,
		Labels: map[string]string{
			docker.LabelInstallation: c.Installation(), docker.LabelApp: app, docker.LabelProcess: "web", docker.LabelRelease: "1",
		},
	}, nil, nil, nil, c.Installation()+"-by-hand")
	ok(t, err)
	t.Cleanup(func() {
		must(c.API.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true}))
	})
	ok(t, c.API.ContainerStart(t.Context(), made.ID, container.StartOptions{}))

	mine := up(t, c, workload("web", 1, 1))
	all, err := c.Instances(t.Context(), "")
	ok(t, err)
	if diff := cmp.Diff(mine, all); diff != "" {
		t.Error(diff)
	}
	ok(t, c.Remove(t.Context(), mine[0].Workload, 0))
	ok(t, c.RemoveInstallation(t.Context()))
	for _, id := range []string{theirs.ID, made.ID} {
		if found := inspect(t, c, id); !found.State.Running {
			t.Errorf("%s was touched: %+v", found.Name, found.State)
		}
	}
	for line, err := range c.Logs(t.Context(), deployer.LogQuery{InstanceID: theirs.ID}) {
		t.Errorf("the log of another installation's instance can be read: %+v, %v", line, err)
	}
}
