package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/swarm"
	docker "github.com/docker/docker/client"
)

// measurePushSwarm is measurePush on a Docker Swarm of three nodes.
func measurePushSwarm(ctx context.Context, b *bench) error {
	up, err := b.bed(ctx, "swarm")
	if err != nil {
		return err
	}
	manager := up.env["SLIPWAY_TEST_SWARM"]
	client, err := docker.NewClientWithOpts(docker.WithHost(manager), docker.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	b.cleanup(client.Close)
	s := &swarmFloor{client: client}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return b.measurePushTo(ctx, "push_to_live_swarm", &cluster{
		host: up.env["SLIPWAY_TEST_SWARM_HOST"], added: map[string]any{"kind": "swarm", "endpoint": manager},
		trust: func(string) error { return nil }, // the test bed's engines trust all of its network
		count: s.tasks, start: s.start, clear: s.clear, against: "the floor",
	})
}

// swarmFloor runs an app as a service with one task, its port published by the
// node that has it, and with the settings that Slipway gives one.
type swarmFloor struct {
	client    *docker.Client
	network   string
	addresses map[string]string // of nodes
	service   string            // that was started last
}

// prepare makes what is there before an app's second push: its network.
func (s *swarmFloor) prepare(ctx context.Context) error {
	made, err := s.client.NetworkCreate(ctx, "floor", network.CreateOptions{
		Driver: "overlay", Scope: "swarm", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.217.0.0/25"}}},
	})
	if err != nil {
		return err
	}
	s.network = made.ID
	nodes, err := s.client.NodeList(ctx, swarm.NodeListOptions{})
	s.addresses = map[string]string{}
	for _, n := range nodes {
		s.addresses[n.ID] = n.Status.Addr
	}
	return err
}

func (s *swarmFloor) start(ctx context.Context, image string) (string, error) {
	one, yes := uint64(1), true
	delay, grace := 2*time.Second, 10*time.Second
	made, err := s.client.ServiceCreate(ctx, swarm.ServiceSpec{
		Annotations: swarm.Annotations{Name: "floor"},
		Mode:        swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &one}},
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: &swarm.ContainerSpec{
				Image: image, Init: &yes, StopGracePeriod: &grace, CapabilityDrop: []string{"ALL"},
				Privileges: &swarm.Privileges{NoNewPrivileges: true}, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
			},
			Resources:     &swarm.ResourceRequirements{Limits: &swarm.Limit{MemoryBytes: 512 << 20, NanoCPUs: 1_000_000_000, Pids: 512}},
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionAny, Delay: &delay},
			Networks:      []swarm.NetworkAttachmentConfig{{Target: s.network, Aliases: []string{"web"}}},
			LogDriver:     &swarm.Driver{Name: "json-file", Options: map[string]string{"max-size": "16m", "max-file": "5"}},
		},
		EndpointSpec: &swarm.EndpointSpec{Mode: swarm.ResolutionModeDNSRR, Ports: []swarm.PortConfig{
			{Protocol: swarm.PortConfigProtocolTCP, TargetPort: 8080, PublishMode: swarm.PortConfigPublishModeHost},
		}},
	}, swarm.ServiceCreateOptions{})
	if err != nil {
		return "", err
	}
	s.service = made.ID
	return s.address(ctx)
}

// address waits until the manager tells where the task runs. It tells nobody by
// itself, so it is asked as often as an app's page is looked at.
func (s *swarmFloor) address(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	look := time.NewTicker(looking)
	defer look.Stop()
	for {
		tasks, err := s.client.TaskList(ctx, swarm.TaskListOptions{Filters: filters.NewArgs(filters.Arg("service", s.service))})
		if err != nil {
			return "", err
		}
		for _, t := range tasks {
			if slices.Contains(failedTask, t.Status.State) {
				return "", fmt.Errorf("the floor's task is %s: %s", t.Status.State, t.Status.Err)
			}
			if ports := t.Status.PortStatus.Ports; t.Status.State == swarm.TaskStateRunning && len(ports) > 0 {
				return net.JoinHostPort(s.addresses[t.NodeID], strconv.Itoa(int(ports[0].PublishedPort))), nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return "", errors.New("the floor's service did not start within a minute")
		}
	}
}

// failedTask are the states of a task that will not run.
var failedTask = []swarm.TaskState{swarm.TaskStateFailed, swarm.TaskStateRejected, swarm.TaskStateOrphaned}

// clear returns when nothing of the service is left on any node.
func (s *swarmFloor) clear(ctx context.Context) error {
	if err := s.client.ServiceRemove(ctx, s.service); err != nil {
		return err
	}
	return until(ctx, time.Minute, "the floor's service is gone", func() error {
		tasks, err := s.client.TaskList(ctx, swarm.TaskListOptions{}) // a filter would want the service to be there
		for _, t := range tasks {
			if t.ServiceID == s.service {
				err = fmt.Errorf("its task is %s", t.Status.State)
			}
		}
		return err
	})
}

// tasks counts all that there are. The floor's are gone whenever it is not
// being measured.
func (s *swarmFloor) tasks(ctx context.Context) (int, error) {
	tasks, err := s.client.TaskList(ctx, swarm.TaskListOptions{})
	return len(tasks), err
}
