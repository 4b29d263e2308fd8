package swarm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/versions"

	"github.com/slipway-paas/slipway/deployer"
)

// oldestAPI is that of Engine 20.10, the oldest whose services have all that
// instances are made of.
const oldestAPI = "1.41"

// Nodes implements deployer.Nodes. It refuses a manager older than Engine 20.10.
func (c *Cluster) Nodes(ctx context.Context) ([]deployer.Node, error) {
	found, err := c.engine.API.NodeList(ctx, swarm.NodeListOptions{})
	if spoken := c.engine.API.ClientVersion(); versions.LessThan(spoken, oldestAPI) { // they agreed on it in that call
		return nil, fmt.Errorf("the manager is too old (API %s): Docker Engine 20.10 or newer is needed", spoken)
	}
	if err != nil {
		return nil, failed(ctx, "list nodes", err)
	}
	list := make([]deployer.Node, 0, len(found))
	for _, n := range found {
		state, reason := nodeState(n)
		list = append(list, deployer.Node{
			ID: n.ID, Name: n.Description.Hostname, Address: address(n), Manager: n.Spec.Role == swarm.NodeRoleManager,
			State: state, Reason: reason, Labels: maps.Clone(n.Spec.Labels),
			CPUMilli: n.Description.Resources.NanoCPUs / 1_000_000, MemoryBytes: n.Description.Resources.MemoryBytes,
			Version: n.Description.Engine.EngineVersion,
		})
	}
	slices.SortFunc(list, func(a, b deployer.Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

func nodeState(n swarm.Node) (deployer.NodeState, string) {
	switch {
	case n.Status.State == swarm.NodeStateDown, n.Status.State == swarm.NodeStateDisconnected:
		return deployer.NodeDown, n.Status.Message
	case n.Status.State != swarm.NodeStateReady:
		return deployer.NodeStarting, n.Status.Message
	case n.Spec.Availability == swarm.NodeAvailabilityDrain:
		return deployer.NodeDrained, ""
	case n.Spec.Availability == swarm.NodeAvailabilityPause:
		return deployer.NodeDrained, "it keeps what it has, and takes no more"
	}
	return deployer.NodeReady, n.Status.Message
}

// Drain implements deployer.Nodes. The node is named by its ID, or by its name
// where only one has that name.
func (c *Cluster) Drain(ctx context.Context, node string, drained bool) error {
	want := swarm.NodeAvailabilityActive
	if drained {
		want = swarm.NodeAvailabilityDrain
	}
	for attempt := 0; ; attempt++ {
		n, err := c.node(ctx, node)
		if err != nil {
			return err
		}
		if n.Spec.Availability == want {
			return nil
		}
		spec := n.Spec
		spec.Availability = want
		err = c.engine.API.NodeUpdate(ctx, n.ID, n.Version, spec)
		if err == nil || attempt == 3 { // its state changes as well: try with what it is by now
			return failed(ctx, "change the node "+n.Description.Hostname, err)
		}
	}
}

func (c *Cluster) node(ctx context.Context, node string) (swarm.Node, error) {
	list, err := c.engine.API.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return swarm.Node{}, failed(ctx, "list nodes", err)
	}
	var named []swarm.Node
	for _, n := range list {
		if n.ID == node {
			return n, nil
		}
		if n.Description.Hostname == node {
			named = append(named, n)
		}
	}
	switch len(named) {
	case 0:
		return swarm.Node{}, fmt.Errorf("%w: %s", deployer.ErrNoNode, node)
	case 1:
		return named[0], nil
	}
	return swarm.Node{}, fmt.Errorf("%d nodes are called %s: name one by its ID", len(named), node)
}

// JoinCommand implements deployer.Nodes. The machine must reach the manager on
// the port named, and all nodes each other on 7946 (TCP and UDP) and 4789 (UDP).
func (c *Cluster) JoinCommand(ctx context.Context) (command []string, hint string, err error) {
	found, err := c.engine.API.SwarmInspect(ctx)
	if err != nil {
		return nil, "", failed(ctx, "ask the swarm for its token", err)
	}
	self, err := c.nodeID(ctx)
	if err != nil {
		return nil, "", err
	}
	n, err := c.node(ctx, self)
	if err != nil {
		return nil, "", err
	}
	if n.ManagerStatus == nil {
		return nil, "", fmt.Errorf("the node %s is no manager", n.Description.Hostname)
	}
	host, port, err := net.SplitHostPort(n.ManagerStatus.Addr)
	if err != nil {
		return nil, "", fmt.Errorf("the address of the manager %s: %w", n.Description.Hostname, err)
	}
	return []string{"docker", "swarm", "join", "--token", found.JoinTokens.Worker, net.JoinHostPort(host, port)},
		"Docker Engine must be installed there. The machine must reach " + n.ManagerStatus.Addr +
			", and all nodes each other on port 7946 (TCP and UDP) and port 4789 (UDP).", nil
}
