package docker

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// networks makes one network per app when its first instance comes and removes
// it when its last goes. Users of an app's network are counted, so that a
// Remove does not pull it away from under an Ensure of the same app.
type networks struct {
	engine *Engine
	pool   *pool
	locks  locks[string] // by app: held while its network is made or removed

	mu   sync.Mutex
	apps map[string]*appUse
}

type appUse struct {
	users int
	sweep bool // somebody wanted the network removed while others used it
}

func (n *networks) name(app string) string { return n.engine.installation + "-" + app }

// join makes sure that the app's network is there, and that it stays until
// leave is called. leave(true) removes it if the app has no container left.
func (n *networks) join(ctx context.Context, app string) (leave func(sweep bool), err error) {
	release, err := n.locks.acquire(ctx, app)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := n.ensure(ctx, app); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.apps[app] == nil {
		n.apps[app] = &appUse{}
	}
	n.apps[app].users++
	return func(sweep bool) { n.leave(ctx, app, sweep) }, nil
}

// leave sweeps even when the caller's context is over: that is when something
// is most likely to be left behind.
func (n *networks) leave(ctx context.Context, app string, sweep bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	release, err := n.locks.acquire(ctx, app)
	if err != nil {
		release = func() {}
	}
	defer release()
	n.mu.Lock()
	use := n.apps[app]
	use.users--
	use.sweep = use.sweep || sweep
	last := use.users == 0
	if last {
		delete(n.apps, app)
	}
	n.mu.Unlock()
	if !last || !use.sweep || err != nil {
		return
	}
	if err := n.removeIfEmpty(ctx, app); err != nil {
		n.engine.log.Warn("an app's network could not be removed", "app", app, "error", err)
	}
}

// sweep removes the app's network if the app has no container and nobody is
// about to make one; whoever is will see to it when done.
func (n *networks) sweep(ctx context.Context, app string) error {
	release, err := n.locks.acquire(ctx, app)
	if err != nil {
		return err
	}
	defer release()
	n.mu.Lock()
	use := n.apps[app]
	if use != nil {
		use.sweep = true
	}
	n.mu.Unlock()
	if use != nil {
		return nil
	}
	return n.removeIfEmpty(ctx, app)
}

func (n *networks) removeIfEmpty(ctx context.Context, app string) error {
	left, err := n.engine.API.ContainerList(ctx, container.ListOptions{All: true, Filters: withApp(n.engine.ours(""), app)})
	if err != nil {
		return fail(ctx, "list containers", err)
	}
	if len(left) > 0 {
		return nil
	}
	found, err := n.find(ctx, app)
	if err != nil || found == "" {
		return err
	}
	err = n.engine.API.NetworkRemove(ctx, found)
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return fail(ctx, "remove the network "+n.name(app), err)
}

// find gives the ID of the app's network, "" if there is none, and an error if
// something else goes by its name.
func (n *networks) find(ctx context.Context, app string) (string, error) {
	name := n.name(app)
	found, err := n.engine.API.NetworkInspect(ctx, name, network.InspectOptions{})
	switch {
	case cerrdefs.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fail(ctx, "look for the network "+name, err)
	case found.Labels[LabelInstallation] != n.engine.installation || found.Labels[LabelApp] != app:
		return "", fmt.Errorf("the network %s exists and is not this installation's", name)
	}
	return found.ID, nil
}

// ensure makes the network. Others may take a subnet between our look and our
// call, other installations and people by hand: then another one is tried.
func (n *networks) ensure(ctx context.Context, app string) error {
	if found, err := n.find(ctx, app); err != nil || found != "" {
		return err
	}
	used, err := n.used(ctx)
	if err != nil {
		return err
	}
	for {
		subnet, release, err := n.pool.take(used)
		if err != nil {
			return err
		}
		_, err = n.engine.API.NetworkCreate(ctx, n.name(app), network.CreateOptions{
			Driver: "bridge",
			IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}},
			Labels: map[string]string{
				LabelInstallation: n.engine.installation, LabelKind: kindNetwork, LabelApp: app,
			},
		})
		release()
		switch {
		case err == nil:
			return nil
		case cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "already exists"):
			return nil // another server of this installation was first
		case strings.Contains(err.Error(), "overlap"): // the engine has no code of its own for it
			used = append(used, subnet)
		default:
			return fail(ctx, "make the network "+n.name(app), err)
		}
	}
}

// used lists the ranges that a new network must keep clear of: those of the
// engine's networks and of this machine's own interfaces.
func (n *networks) used(ctx context.Context) ([]netip.Prefix, error) {
	list, err := n.engine.API.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, fail(ctx, "list networks", err)
	}
	var used []netip.Prefix
	for _, item := range list {
		for _, config := range item.IPAM.Config {
			if prefix, err := netip.ParsePrefix(config.Subnet); err == nil {
				used = append(used, prefix)
			}
		}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list this machine's addresses: %w", err)
	}
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			used = append(used, prefix.Masked())
		}
	}
	return used, nil
}
