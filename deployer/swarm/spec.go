package swarm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// restartDelay is how long the engine waits before it starts an instance again
// that was healthy once. It does not grow, and each start costs a machine about
// half a second of processor time.
const restartDelay = 2 * time.Second

// registryTimeout bounds the question whether a registry has an image.
const registryTimeout = 20 * time.Second

// Spec implements deployer.Census.
func (c *Cluster) Spec(w deployer.Workload) string {
	spec, env, keyed := strings.Cut(c.engine.Spec(w), "/")
	text, err := json.Marshal(struct {
		Spec      string
		Placement map[string]string
		Reserve   deployer.Reserve
	}{spec, w.Placement, w.Reserve})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	sum := sha256.Sum256(text)
	spec = hex.EncodeToString(sum[:12])
	if keyed {
		spec += "/" + env
	}
	return spec
}

// service says what one instance, or task of Run, is.
func (c *Cluster) service(w deployer.Workload, kind string, index int, image, network string) swarm.ServiceSpec {
	one := uint64(1)
	delay := restartDelay
	labels := c.labels(w, kind, index)
	labels[labelPhase] = string(phasePlacing)
	limits := c.engine.LimitsOf(w)
	spec := swarm.ServiceSpec{
		Annotations: swarm.Annotations{Labels: labels},
		Mode:        swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &one}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: c.container(w, kind, index, image),
			Resources: &swarm.ResourceRequirements{
				Limits: &swarm.Limit{MemoryBytes: limits.MemoryBytes, NanoCPUs: limits.CPUMilli * 1_000_000, Pids: limits.PIDs},
				Reservations: &swarm.Resources{
					MemoryBytes: w.Reserve.MemoryBytes, NanoCPUs: w.Reserve.CPUMilli * 1_000_000,
				},
			},
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionAny, Delay: &delay},
			Placement:     &swarm.Placement{Constraints: constraints(w.Placement)},
			Networks:      []swarm.NetworkAttachmentConfig{{Target: network, Aliases: []string{w.ID.Process}}},
			LogDriver:     &swarm.Driver{Name: "json-file", Options: map[string]string{"max-size": "16m", "max-file": "5"}},
		},
		EndpointSpec: &swarm.EndpointSpec{Mode: swarm.ResolutionModeDNSRR},
	}
	if kind == kindTask {
		spec.TaskTemplate.RestartPolicy.Condition = swarm.RestartPolicyConditionNone
		return spec
	}
	if w.Port > 0 {
		spec.EndpointSpec.Ports = []swarm.PortConfig{{
			Protocol: swarm.PortConfigProtocolTCP, TargetPort: uint32(w.Port), PublishMode: swarm.PortConfigPublishModeHost,
		}}
	}
	return spec
}

// container is what runs. Nothing in it may differ between two calls for one
// instance, or the engine would replace what runs when its service is updated.
func (c *Cluster) container(w deployer.Workload, kind string, index int, image string) *swarm.ContainerSpec {
	grace := c.stopGrace
	if kind == kindTask {
		grace = taskGrace
	}
	yes := true
	return &swarm.ContainerSpec{
		Image: image,
		// A command replaces the image's entrypoint too: it is the whole
		// argument vector.
		Command:         w.Command,
		Env:             docker.Environ(w),
		Labels:          c.labels(w, kind, index),
		StopGracePeriod: &grace,
		Init:            &yes,
		CapabilityDrop:  []string{"ALL"},
		CapabilityAdd:   docker.Capabilities(),
		Privileges:      &swarm.Privileges{NoNewPrivileges: true},
		Mounts:          c.mounts(w),
		// Health is probed from outside.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
}

func (c *Cluster) mounts(w deployer.Workload) []mount.Mount {
	var mounts []mount.Mount
	for _, v := range w.Volumes {
		name, labels := c.engine.VolumeOf(w.ID.App, v.Name)
		mounts = append(mounts, mount.Mount{
			Type: mount.TypeVolume, Source: name, Target: v.Path, VolumeOptions: &mount.VolumeOptions{Labels: labels},
		})
	}
	return mounts
}

// constraints are what a node's labels must be, in one order.
func constraints(placement map[string]string) []string {
	list := make([]string, 0, len(placement))
	for key, value := range placement {
		list = append(list, "node.labels."+key+"=="+value)
	}
	slices.Sort(list)
	return list
}

// image gives the reference by which nodes find a workload's image, and the
// credentials to pull it with. What is not named by its content is taken to be
// on every node, under the ID that the manager's engine has it by: by its tag a
// node would ask a public registry first, where it is a stranger's.
func (c *Cluster) image(ctx context.Context, ref string) (image, auth string, err error) {
	if !docker.Pinned(ref) {
		found, err := c.engine.API.ImageInspect(ctx, ref)
		if cerrdefs.IsNotFound(err) || cerrdefs.IsInvalidArgument(err) {
			return "", "", fmt.Errorf("%w: %s", deployer.ErrNoImage, ref)
		}
		return found.ID, "", failed(ctx, "look for the image "+ref, err)
	}
	if c.pullAuth != nil {
		username, password, err := c.pullAuth(ctx, ref)
		if err != nil {
			return "", "", fmt.Errorf("credentials for %s: %w", ref, err)
		}
		if username != "" || password != "" {
			if auth, err = registry.EncodeAuthConfig(registry.AuthConfig{Username: username, Password: password}); err != nil {
				return "", "", fmt.Errorf("credentials for %s: %w", ref, err)
			}
		}
	}
	// A node that cannot pull says no more than that it has no such image; the
	// registry says why.
	asking, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	_, err = c.engine.API.DistributionInspect(asking, ref, auth)
	switch {
	case err == nil:
		return ref, auth, nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case errors.Is(failed(ctx, "", err), deployer.ErrUnavailable):
		return "", "", failed(ctx, "ask for the image "+ref, err)
	default:
		return "", "", fmt.Errorf("%w: %s: %w", deployer.ErrNoImage, ref, err)
	}
}
