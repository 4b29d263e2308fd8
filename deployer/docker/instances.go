package docker

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// Instances implements deployer.Cluster. It takes one list call, an inspect
// call (about half a millisecond, side by side) for each instance that is new,
// changed or not running, and one connection to each that serves.
func (c *Cluster) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	filter := c.ours(kindInstance)
	if app != "" {
		filter = withApp(filter, app)
	}
	list, err := c.list(ctx, filter)
	if err != nil {
		return nil, err
	}
	found := make([]*deployer.Instance, len(list))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, s := range list {
		group.Go(func() error {
			d, err := c.details(groupCtx, s)
			if err != nil || d == nil {
				return err
			}
			in := d.instance
			in.State = c.state(groupCtx, d)
			found[i] = &in
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	instances := make([]deployer.Instance, 0, len(found))
	for _, one := range found {
		if one != nil {
			instances = append(instances, *one)
		}
	}
	slices.SortFunc(instances, func(a, b deployer.Instance) int {
		return cmp.Or(
			cmp.Compare(a.Workload.App, b.Workload.App),
			cmp.Compare(a.Workload.Process, b.Workload.Process),
			cmp.Compare(a.Workload.Release, b.Workload.Release),
			cmp.Compare(a.Index, b.Index))
	})
	return instances, nil
}

// details are known already if nothing changed, or asked for.
func (c *Cluster) details(ctx context.Context, s container.Summary) (*details, error) {
	if d := c.known.get(s); d != nil {
		return d, nil
	}
	d, err := c.inspect(ctx, s.ID)
	if err != nil || d == nil {
		return nil, err
	}
	c.known.put(d)
	return d, nil
}

func (c *Cluster) list(ctx context.Context, f filters.Args) ([]container.Summary, error) {
	if err := c.sure(ctx); err != nil {
		return nil, err
	}
	list, err := c.API.ContainerList(ctx, container.ListOptions{All: true, Filters: f})
	return list, fail(ctx, "list containers", err)
}

func instanceName(labels map[string]string) string { return identity("", labels).Name }

// details are what one inspect call tells of an instance.
type details struct {
	instance   deployer.Instance // State is StateStarting or StateExited
	running    bool
	restarting bool
	proven     bool // was healthy once: the engine restarts it
	startError string
	memory     int64 // limit in bytes
	cpuMilli   int64 // limit in thousandths of a core
	port       int
	health     deployer.Health
}

// gone says whether the instance has exited and the engine leaves it at that.
func (d *details) gone() bool { return !d.running && !d.restarting }

// inspect gives nil when the container is not there (any more), or not ours.
func (c *Cluster) inspect(ctx context.Context, id string) (*details, error) {
	found, err := c.API.ContainerInspect(ctx, id)
	if cerrdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fail(ctx, "inspect a container", err)
	}
	labels := found.Config.Labels
	if labels[LabelInstallation] != c.installation || labels[LabelKind] == "" || found.State.Status == container.StateRemoving {
		return nil, nil
	}
	d := &details{
		instance:   identity(found.ID, labels),
		running:    found.State.Running && !found.State.Restarting,
		restarting: found.State.Restarting,
		proven:     found.HostConfig.RestartPolicy.IsUnlessStopped(),
		startError: found.State.Error,
		memory:     found.HostConfig.Memory,
		cpuMilli:   found.HostConfig.NanoCPUs / 1_000_000,
	}
	d.port, d.health = serving(labels)
	in := &d.instance
	in.Limits = deployer.Limits{MemoryBytes: d.memory, CPUMilli: d.cpuMilli}
	if in.Node, err = c.nodeName(ctx); err != nil {
		return nil, err
	}
	in.Restarts = found.RestartCount
	in.StartedAt, _ = time.Parse(time.RFC3339Nano, found.State.StartedAt) // year 1 when it never started
	if !d.running {
		in.State, in.ExitCode, in.OOMKilled = deployer.StateExited, found.State.ExitCode, found.State.OOMKilled
		if found.State.Status == container.StateCreated {
			in.State = deployer.StateStarting
		}
		return d, nil
	}
	in.State = deployer.StateStarting
	for _, endpoint := range found.NetworkSettings.Networks { // the only one
		if d.port > 0 && endpoint.IPAddress != "" {
			in.Address = net.JoinHostPort(endpoint.IPAddress, strconv.Itoa(d.port))
		}
	}
	return d, nil
}

// state judges a running instance. One that never was healthy is starting,
// whatever it answers: WaitHealthy says when that is over. One that was, and
// was started again since, must pass its probe once more. After that only a
// port that refuses connections makes it unhealthy: an app that answers slowly
// under load must not be taken out of service for it.
func (c *Cluster) state(ctx context.Context, d *details) deployer.State {
	if !d.running || !d.proven {
		return d.instance.State
	}
	if d.port == 0 {
		if time.Since(d.instance.StartedAt) < d.health.Settle {
			return deployer.StateStarting
		}
		return deployer.StateHealthy
	}
	if d.instance.Address == "" { // not on its network yet
		return deployer.StateStarting
	}
	if c.seen.has(d.instance) {
		if deployer.Refused(ctx, d.instance.Address) {
			return deployer.StateUnhealthy
		}
		return deployer.StateHealthy
	}
	ctx, cancel := context.WithTimeout(ctx, deployer.QuickProbe)
	defer cancel()
	if ok, _ := deployer.Probe(ctx, d.instance.Address, d.health); ok {
		c.seen.add(d.instance)
		return deployer.StateHealthy
	}
	if time.Since(d.instance.StartedAt) < d.health.Timeout {
		return deployer.StateStarting
	}
	return deployer.StateUnhealthy
}
