package docker

import (
	"context"
	"net"

	"github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Machines = (*Cluster)(nil)

// Nodes implements deployer.Machines: the engine's one machine.
func (c *Cluster) Nodes(ctx context.Context) ([]deployer.Node, error) {
	info, err := c.API.Info(ctx)
	if err != nil {
		return nil, fail(ctx, "ask the engine about its machine", err)
	}
	return []deployer.Node{{
		ID: info.ID, Name: info.Name, Address: hostOf(c.API.DaemonHost()), Manager: true, State: deployer.NodeReady,
		Labels: map[string]string{}, CPUMilli: int64(info.NCPU) * 1000, MemoryBytes: info.MemTotal, Version: info.ServerVersion,
	}}, nil
}

// hostOf gives the machine's name or address in that of an engine's API, "" for
// one on this machine.
func hostOf(endpoint string) string {
	at, err := client.ParseHostURL(endpoint)
	if err != nil || at.Scheme == "unix" || at.Scheme == "npipe" {
		return ""
	}
	host, _, err := net.SplitHostPort(at.Host)
	if err != nil {
		return at.Host
	}
	return host
}
