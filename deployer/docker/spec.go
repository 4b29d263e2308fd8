package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
)

// capabilities are what is left of root's powers inside a container: what the
// entrypoints of common images need before they drop to a user of their own.
// Raw sockets, device nodes, chroot, file capabilities and the audit log are
// among those the engine would give and that are gone here.
var capabilities = []string{
	"CHOWN",            // entrypoints give a data folder to the user they drop to
	"DAC_OVERRIDE",     // root reading and writing files of that user
	"FOWNER",           // chmod on them
	"SETGID", "SETUID", // dropping from root to that user, which nginx, postgres and others do
	"NET_BIND_SERVICE", // listening on 80 inside the container
	"KILL",             // a supervisor that is root stopping workers that are not
}

// hostConfig says what a container may do and use.
func (c *Cluster) hostConfig(w deployer.Workload, network string) *container.HostConfig {
	limits := c.limitsOf(w)
	yes := true
	return &container.HostConfig{
		NetworkMode: container.NetworkMode(network),
		// Nothing inside may gain more than it started with, by a setuid file say.
		SecurityOpt: []string{"no-new-privileges:true"},
		CapDrop:     []string{"ALL"},
		CapAdd:      capabilities,
		// An init process reaps orphans and passes SIGTERM on, which an app
		// that runs as process 1 would otherwise never see.
		Init: &yes,
		// Enough files for a second of an app that writes as fast as it can:
		// they are opened as they come, on a busy machine not at once.
		LogConfig: container.LogConfig{
			Type:   "json-file",
			Config: map[string]string{"max-size": "16m", "max-file": "5"},
		},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		Mounts:        c.mounts(w),
		Resources: container.Resources{
			Memory: limits.MemoryBytes,
			// Equal to Memory: no swap, so that an app over its limit ends
			// instead of slowing down the machine.
			MemorySwap: limits.MemoryBytes,
			NanoCPUs:   limits.CPUMilli * 1_000_000,
			PidsLimit:  &limits.PIDs,
		},
	}
}

func (c *Cluster) limitsOf(w deployer.Workload) deployer.Limits {
	limits := w.Limits
	fill(&limits.MemoryBytes, c.limits.MemoryBytes)
	fill(&limits.CPUMilli, c.limits.CPUMilli)
	fill(&limits.PIDs, c.limits.PIDs)
	return limits
}

func (c *Cluster) config(w deployer.Workload, kind string, index int) *container.Config {
	return &container.Config{
		Image: w.Image,
		// A command replaces the image's entrypoint too: it is the whole
		// argument vector.
		Entrypoint: w.Command,
		Env:        environ(w),
		Labels:     c.labels(w, kind, index),
		// Health is probed from outside; an image's own check would start a
		// process in every container every few seconds.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
}

// environ gives the variables as the engine wants them, sorted. PORT is ours.
func environ(w deployer.Workload) []string {
	env := maps.Clone(w.Env)
	if env == nil {
		env = map[string]string{}
	}
	if w.Port > 0 {
		env["PORT"] = strconv.Itoa(w.Port)
	}
	return envList(env)
}

// attach puts a container on its app's network under its process's name, so
// that the app's other processes find it as "web" or "worker".
func attach(w deployer.Workload, id string) *network.NetworkingConfig {
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
		id: {Aliases: []string{w.ID.Process}},
	}}
}

// specHash changes with everything that a container is made from, but for the
// values of its variables: a hash of a short secret can be guessed, and labels
// are read by monitoring tools. sameEnv compares those.
func (c *Cluster) specHash(w deployer.Workload) string {
	var names []string
	for _, variable := range environ(w) {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	spec, err := json.Marshal(struct {
		Image   string
		Command []string
		Names   []string
		Port    int
		Health  deployer.Health
		Limits  deployer.Limits
		Volumes []deployer.Volume `json:",omitempty"`
	}{w.Image, w.Command, names, w.Port, w.Health.WithDefaults(), c.limitsOf(w), w.Volumes})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	sum := sha256.Sum256(spec)
	return hex.EncodeToString(sum[:12])
}

// sameEnv says whether a container's variables include all those of want. That
// it has no more than those and its image's is told by the names in specHash.
func sameEnv(have, want []string) bool {
	set := make(map[string]bool, len(have))
	for _, variable := range have {
		set[variable] = true
	}
	return !slices.ContainsFunc(want, func(variable string) bool { return !set[variable] })
}
