package docker_test

import (
	"net"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
)

// BenchmarkUp takes one instance from nothing to healthy, on a network that is
// there already, as every deployment but an app's first does.
func BenchmarkUp(b *testing.B) {
	c := newCluster(b, options(installation()))
	up(b, c, workload("keep", 1, 1)) // holds the network
	release := 0
	for b.Loop() {
		release++
		w := workload("web", release, 1)
		ok(b, c.Ensure(b.Context(), w))
		ok(b, c.WaitHealthy(b.Context(), w.ID))
		b.StopTimer()
		ok(b, c.Remove(b.Context(), w.ID, 0))
		b.StartTimer()
	}
}

// BenchmarkBareEngine does the same with nothing but the calls it cannot be
// done without.
func BenchmarkBareEngine(b *testing.B) {
	c := newCluster(b, options(installation()))
	keep := inspect(b, c, up(b, c, workload("keep", 1, 1))[0].ID)
	var id string
	for _, endpoint := range keep.NetworkSettings.Networks {
		id = endpoint.NetworkID
	}
	for b.Loop() {
		made, err := c.API.ContainerCreate(b.Context(), &container.Config{Image: testImage, Env: []string{"PORT=8080"}},
			&container.HostConfig{NetworkMode: container.NetworkMode(id)},
			&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{id: {}}}, nil, "")
		ok(b, err)
		ok(b, c.API.ContainerStart(b.Context(), made.ID, container.StartOptions{}))
		var address string
		for _, endpoint := range inspect(b, c, made.ID).NetworkSettings.Networks {
			address = net.JoinHostPort(endpoint.IPAddress, "8080")
		}
		for {
			if healthy, _ := deployer.Probe(b.Context(), address, deployer.Health{}); healthy {
				break
			}
			time.Sleep(time.Millisecond) // the shortest pause that lets the app come up
		}
		b.StopTimer()
		ok(b, c.API.ContainerRemove(b.Context(), made.ID, container.RemoveOptions{Force: true}))
		b.StartTimer()
	}
}

// BenchmarkInstances lists 20 instances.
func BenchmarkInstances(b *testing.B) {
	c := newCluster(b, options(installation()))
	up(b, c, workload("web", 1, 20))
	for b.Loop() {
		if list, err := c.Instances(b.Context(), ""); err != nil || len(list) != 20 {
			b.Fatal(len(list), err)
		}
	}
}

// BenchmarkUsage measures 20 instances.
func BenchmarkUsage(b *testing.B) {
	c := newCluster(b, options(installation()))
	up(b, c, workload("web", 1, 20))
	for b.Loop() {
		if list, err := c.Usage(b.Context()); err != nil || len(list) != 20 {
			b.Fatal(len(list), err)
		}
	}
}
