package swarm

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// networks makes one overlay network per app when its first instance comes and
// removes it when its last goes. Users are counted, so that a Remove does not
// pull it away from under an Ensure of the same app.
type networks struct {
	cluster *Cluster
	subnets *docker.Subnets
	locks   deployer.Locks[string] // by app: held while its network is made or removed

	mu    sync.Mutex
	users map[string]int
}

// networkTimeout bounds making or removing a network once nobody waits for it.
const networkTimeout = 30 * time.Second

func (n *networks) name(app string) string { return n.cluster.installation + "-" + app }

// join makes sure that the app's network is there, gives its ID, and keeps this
// process from removing it until leave is called.
func (n *networks) join(ctx context.Context, app string) (id string, leave func(), err error) {
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
	if n.users == nil {
		n.users = map[string]int{}
	}
	n.users[app]++
	return id, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.users[app]--; n.users[app] == 0 {
			delete(n.users, app)
		}
	}, nil
}

func (n *networks) used(app string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.users[app] > 0
}

// sweep removes the app's network if the app has no service and nobody is
// about to make one. The engine frees it some time after the last task ended.
func (n *networks) sweep(ctx context.Context, app string) error {
	release, err := n.locks.Acquire(ctx, app)
	if err != nil {
		return err
	}
	defer release()
	deadline := time.Now().Add(networkTimeout)
	var backoff deployer.Backoff
	for {
		if n.used(app) {
			return nil
		}
		busy, err := n.remove(ctx, app)
		if err != nil || busy == nil {
			return err
		}
		if time.Now().After(deadline) {
			n.cluster.log.Warn("an app's network stays: the engine says it is in use", "app", app, "error", busy)
			return nil
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}

// remove says in busy why the engine does not let go of the network.
func (n *networks) remove(ctx context.Context, app string) (busy, err error) {
	api := n.cluster.engine.API
	left, err := n.cluster.look(ctx, withApp(n.cluster.ours(""), app))
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(left.seats, func(s *seat) bool { return s.service != nil }) {
		return nil, nil
	}
	found, _, err := n.find(ctx, app)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		err := api.NetworkRemove(ctx, one.ID)
		switch {
		case err == nil || isGone(err):
		case ctx.Err() == nil && (cerrdefs.IsPermissionDenied(err) || cerrdefs.IsConflict(err) || strings.Contains(err.Error(), "in use")):
			busy = err
		default:
			return nil, failed(ctx, "remove the network "+one.Name, err)
		}
	}
	return busy, nil
}

// find lists the app's networks, oldest first, and all ranges in use.
func (n *networks) find(ctx context.Context, app string) (found []network.Summary, used []netip.Prefix, err error) {
	list, err := n.cluster.engine.API.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, nil, failed(ctx, "list networks", err)
	}
	for _, item := range list {
		if item.Scope == "swarm" && item.Labels[docker.LabelInstallation] == n.cluster.installation && item.Labels[docker.LabelApp] == app {
			found = append(found, item)
		}
		used = append(used, ranges(item)...)
	}
	slices.SortFunc(found, func(a, b network.Summary) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return found, used, nil
}

func ranges(n network.Summary) []netip.Prefix {
	var list []netip.Prefix
	for _, config := range n.IPAM.Config {
		if prefix, err := netip.ParsePrefix(config.Subnet); err == nil {
			list = append(list, prefix)
		}
	}
	return list
}

// ensure makes the network if need be. The engine takes no two of one name, but
// two of one subnet: the second then never comes to work. So whoever finds
// another of the same range, made before, gives way to it.
func (n *networks) ensure(ctx context.Context, app string) (string, error) {
	var refused []netip.Prefix
	for {
		found, used, err := n.find(ctx, app)
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[0].ID, nil
		}
		subnet, release, err := n.subnets.Take(app, append(used, refused...))
		if err != nil {
			return "", err
		}
		id, err := n.create(ctx, app, subnet)
		release()
		if err != nil {
			return "", err
		}
		if id != "" {
			return id, nil
		}
		refused = append(refused, subnet)
	}
}

// create gives "" when the subnet, or the name, turned out to be taken. It does
// not end with ctx, since the engine would not: whoever sweeps next must find
// the network.
func (n *networks) create(ctx context.Context, app string, subnet netip.Prefix) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkTimeout)
	defer cancel()
	made, err := n.cluster.engine.API.NetworkCreate(ctx, n.name(app), network.CreateOptions{
		Driver: "overlay", Scope: "swarm",
		IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}},
		Labels: map[string]string{
			docker.LabelInstallation: n.cluster.installation, docker.LabelKind: kindNetwork, docker.LabelApp: app,
		},
	})
	if err != nil && (strings.Contains(err.Error(), "already exists") || nameTaken(err)) {
		if found, _, err := n.find(ctx, app); err != nil || len(found) > 0 {
			return "", err // another server made it
		}
		return "", fmt.Errorf("a network %s exists and is not this installation's", n.name(app))
	}
	if err != nil {
		return "", failed(ctx, "make the network "+n.name(app), err)
	}
	list, err := n.cluster.engine.API.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return "", failed(ctx, "list networks", err)
	}
	for _, other := range list {
		if other.ID == made.ID || other.Name == n.name(app) || !slices.ContainsFunc(ranges(other), subnet.Overlaps) {
			continue
		}
		mine := slices.IndexFunc(list, func(s network.Summary) bool { return s.ID == made.ID })
		if mine >= 0 && list[mine].Created.Before(other.Created) {
			continue // the other gives way
		}
		if err := n.cluster.engine.API.NetworkRemove(ctx, made.ID); err != nil && !isGone(err) {
			return "", failed(ctx, "remove the network "+n.name(app), err)
		}
		return "", nil
	}
	return made.ID, nil
}

// isGone says whether what was to be removed is not there. Of a network that
// another call is removing the engine says so in words alone.
func isGone(err error) bool {
	return cerrdefs.IsNotFound(err) || err != nil && strings.HasSuffix(err.Error(), "not found")
}

// pause waits for d, or gives ctx's error when it ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
