package docker

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
)

// networks makes one network per app when its first instance comes and removes
// it when its last goes. Users of an app's network are counted, so that a
// Remove does not pull it away from under an Ensure of the same app.
type networks struct {
	engine *Engine
	pool   *pool
	locks  deployer.Locks[string] // by app: held while its network is made or removed

	mu   sync.Mutex
	apps map[string]*appUse
}

type appUse struct {
	users int
	sweep bool // somebody wanted the network removed while others used it
}

// networkTimeout bounds making or removing a network once nobody waits for it.
const networkTimeout = 10 * time.Second

func (n *networks) name(app string) string { return n.engine.installation + "-" + app }

// join makes sure that the app's network is there, gives its ID, and holds it
// until leave is called. leave(true) removes it if the app has no container.
func (n *networks) join(ctx context.Context, app string) (id string, leave func(sweep bool), err error) {
	release, err := n.locks.Acquire(ctx, app)
	if err != nil {
		return "", nil, err
	}
	defer release()
	if id, err = n.ensure(ctx, app); err != nil {
		return "", nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.apps[app] == nil {
		n.apps[app] = &appUse{}
	}
	n.apps[app].users++
	return id, func(sweep bool) { n.leave(ctx, app, sweep) }, nil
}

// leave sweeps even when the caller's context is over: that is when something
// is most likely to be left behind.
func (n *networks) leave(ctx context.Context, app string, sweep bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkTimeout)
	defer cancel()
	release, err := n.locks.Acquire(ctx, app)
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
	release, err := n.locks.Acquire(ctx, app)
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
	found, _, err := n.find(ctx, app)
	if err != nil {
		return err
	}
	for _, one := range found {
		err := n.engine.API.NetworkRemove(ctx, one.ID)
		if cerrdefs.IsPermissionDenied(err) { // "has active endpoints"
			n.engine.log.Warn("an app's network stays: a container that is not ours is connected to it", "app", app, "network", one.Name)
			continue
		}
		if err != nil && !cerrdefs.IsNotFound(err) {
			return fail(ctx, "remove the network "+one.Name, err)
		}
	}
	return nil
}

// find lists the app's networks, oldest first, and all ranges in use. There is
// one network, unless servers raced in a way that the engine let through: then
// all use the oldest. Both come from one look, because a network that shows
// between two would count as somebody else's.
func (n *networks) find(ctx context.Context, app string) (found []network.Summary, used []netip.Prefix, err error) {
	list, err := n.engine.API.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, nil, fail(ctx, "list networks", err)
	}
	for _, item := range list {
		if item.Labels[LabelInstallation] == n.engine.installation && item.Labels[LabelApp] == app {
			found = append(found, item)
		}
		for _, config := range item.IPAM.Config {
			if prefix, err := netip.ParsePrefix(config.Subnet); err == nil {
				used = append(used, prefix)
			}
		}
	}
	slices.SortFunc(found, func(a, b network.Summary) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return found, used, nil
}

// ensure makes the network if need be. The engine takes two networks of one
// name when asked at the same time, but never two of one subnet. So every
// server begins with the same subnet for an app, and one that finds it taken
// looks for the app's network again before it tries the next.
func (n *networks) ensure(ctx context.Context, app string) (string, error) {
	taken, err := machineRanges()
	if err != nil {
		return "", err
	}
	for {
		found, used, err := n.find(ctx, app)
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0].ID, nil
		}
		subnet, release, err := n.pool.take(app, append(used, taken...))
		if err != nil {
			return "", err
		}
		id, err := n.create(ctx, app, subnet)
		release()
		if id != "" || err != nil {
			return id, err
		}
		if err := n.settle(ctx, app, subnet); err != nil {
			return "", err
		}
		taken = append(taken, subnet)
	}
}

// create gives "" when the subnet is taken. It does not end with ctx, since
// the engine would not: whoever sweeps next must find the network.
func (n *networks) create(ctx context.Context, app string, subnet netip.Prefix) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkTimeout)
	defer cancel()
	made, err := n.engine.API.NetworkCreate(ctx, n.name(app), network.CreateOptions{
		Driver: "bridge",
		IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}},
		Labels: map[string]string{LabelInstallation: n.engine.installation, LabelKind: kindNetwork, LabelApp: app},
	})
	switch {
	case err == nil:
		return made.ID, nil
	case strings.Contains(err.Error(), "overlap"): // the engine has no code of its own for it
		return "", nil
	case cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "already exists"):
		found, _, err := n.find(ctx, app)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("the network %s exists and is not this installation's", n.name(app))
		}
		if err != nil {
			return "", err
		}
		return found[0].ID, nil
	default:
		return "", fail(ctx, "make the network "+n.name(app), err)
	}
}

// settle waits until whoever took a subnet shows: the engine lists a network
// some time after it has reserved its subnet. It gives up after a while, since
// a subnet may also be reserved for good by what the engine does not list.
func (n *networks) settle(ctx context.Context, app string, subnet netip.Prefix) error {
	deadline := time.Now().Add(3 * time.Second)
	var backoff deployer.Backoff
	for time.Now().Before(deadline) {
		found, used, err := n.find(ctx, app)
		if err != nil || len(found) > 0 || overlapsAny(subnet, used) {
			return err
		}
		pause := time.NewTimer(backoff.Next())
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
	return nil
}

// engineBridge is how the engine names the interface of a network. Those are
// left out of machineRanges: the interface shows before the network does, and
// would look like somebody else's.
var engineBridge = regexp.MustCompile(`^br-[0-9a-f]{12}$`)

// machineRanges are those of this machine's own interfaces, which the engine
// does not keep clear of by itself.
func machineRanges() ([]netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list this machine's interfaces: %w", err)
	}
	var ranges []netip.Prefix
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil || engineBridge.MatchString(i.Name) {
			continue // an interface may go away at any time
		}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil {
				ranges = append(ranges, prefix.Masked())
			}
		}
	}
	return ranges, nil
}
