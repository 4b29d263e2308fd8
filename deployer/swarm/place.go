package swarm

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
)

// placeWait is how long Ensure waits for the engine to find nodes. What has
// none by then is left to WaitHealthy, which says why.
const placeWait = 5 * time.Second

// nowhere is a platform that no node has. With it in a service's placement the
// engine starts nothing more, and leaves alone what runs.
var nowhere = []swarm.Platform{{OS: "none"}}

// update changes a service. That another server changed or removed it first is
// no error: it is not done then, and whoever updates looks again.
func (c *Cluster) update(ctx context.Context, s *seat, change func(*swarm.ServiceSpec)) (done bool, err error) {
	spec := s.service.Spec
	spec.Labels = maps.Clone(spec.Labels)
	change(&spec)
	_, err = c.engine.API.ServiceUpdate(ctx, s.id, s.service.Version, spec, swarm.ServiceUpdateOptions{
		RegistryAuthFrom: swarm.RegistryAuthFromSpec,
	})
	if err != nil && (cerrdefs.IsNotFound(err) || strings.Contains(err.Error(), "update out of sequence")) {
		return false, nil
	}
	return err == nil, failed(ctx, "update the service of "+identity(s.id, s.labels).Name, err)
}

func setPlacement(spec *swarm.ServiceSpec, p phase, constraints []string, platforms []swarm.Platform) {
	spec.Labels[labelPhase] = string(p)
	spec.TaskTemplate.Placement = &swarm.Placement{Constraints: constraints, Platforms: platforms}
}

// place lets the engine look for a node, among those that constraints leave.
func (c *Cluster) place(ctx context.Context, s *seat, constraints []string) error {
	_, err := c.update(ctx, s, func(spec *swarm.ServiceSpec) { setPlacement(spec, phasePlacing, constraints, nil) })
	return err
}

// hold keeps the engine from starting the instance again.
func (c *Cluster) hold(ctx context.Context, s *seat) (done bool, err error) {
	return c.update(ctx, s, func(spec *swarm.ServiceSpec) { setPlacement(spec, phaseStarting, s.wanted(), nowhere) })
}

// prove records that the instance was healthy: from now on the engine starts it
// again, on a node where no other of its workload is if there is one.
func (c *Cluster) prove(ctx context.Context, s *seat, siblings []*seat) (done bool, err error) {
	list := append(s.wanted(), s.apart(siblings)...)
	return c.update(ctx, s, func(spec *swarm.ServiceSpec) { setPlacement(spec, phaseProven, list, nil) })
}

// leave stops the instance and keeps its service, so that how it ended can
// still be read.
func (c *Cluster) leave(ctx context.Context, s *seat) error {
	_, err := c.update(ctx, s, func(spec *swarm.ServiceSpec) {
		setPlacement(spec, phaseLeaving, s.wanted(), nowhere)
		spec.TaskTemplate.ForceUpdate++
	})
	return err
}

// settle waits until the workload's new instances have nodes, and holds them.
func (c *Cluster) settle(ctx context.Context, id deployer.WorkloadID) error {
	deadline := time.Now().Add(placeWait)
	var backoff deployer.Backoff
	for {
		v, err := c.look(ctx, withWorkload(c.ours(kindInstance), id))
		if err != nil {
			return err
		}
		waiting := false
		for _, s := range v.seats {
			again, err := c.settleOne(ctx, s)
			if err != nil {
				return err
			}
			waiting = waiting || again
		}
		if !waiting || time.Now().After(deadline) {
			return nil
		}
		if err := pause(ctx, backoff.Next()); err != nil {
			return err
		}
	}
}

// settleOne takes the next step with one instance, and says whether there is
// one to wait for.
func (c *Cluster) settleOne(ctx context.Context, s *seat) (waiting bool, err error) {
	if s.phase() != phasePlacing {
		return false, nil
	}
	t := s.newest()
	switch {
	case t == nil || leaving(*t) && t.NodeID == "":
		return true, nil
	case t.NodeID != "":
		done, err := c.hold(ctx, s)
		return !done, err
	case s.stuck() == "":
		return true, nil
	case slices.Equal(s.constraints(), s.wanted()):
		return false, nil
	default: // the node that was chosen for it cannot take it: any other may
		return true, c.place(ctx, s, s.wanted())
	}
}

func (s *seat) constraints() []string {
	if p := s.service.Spec.TaskTemplate.Placement; p != nil {
		return p.Constraints
	}
	return nil
}

// wanted are the constraints that the workload asks for, without those that
// keep its instances apart.
func (s *seat) wanted() []string {
	list := []string{}
	for _, one := range s.constraints() {
		if !strings.HasPrefix(one, "node.id") || s.hasVolumes() {
			list = append(list, one)
		}
	}
	return list
}

func (s *seat) hasVolumes() bool {
	spec := s.service.Spec.TaskTemplate.ContainerSpec
	return spec != nil && len(spec.Mounts) > 0
}

// apart keeps an instance that has to move away from the nodes of its siblings,
// if there is a node besides: with none, two on one are better than one less.
func (s *seat) apart(siblings []*seat) []string {
	t := s.newest()
	if t == nil || s.hasVolumes() || len(s.view.eligible(s.wanted())) <= len(siblings) {
		return nil
	}
	var list []string
	for _, other := range siblings {
		if n := other.newest(); n != nil && n.NodeID != "" && n.NodeID != t.NodeID {
			list = append(list, "node.id!="+n.NodeID)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// eligible are the nodes that take instances and fulfil constraints.
func (v *view) eligible(constraints []string) []string {
	var list []string
	for id, n := range v.nodes {
		if n.Status.State != swarm.NodeStateReady || n.Spec.Availability != swarm.NodeAvailabilityActive {
			continue
		}
		if !slices.ContainsFunc(constraints, func(one string) bool { return !fulfils(n, one) }) {
			list = append(list, id)
		}
	}
	return list
}

// fulfils knows the constraints that this driver writes.
func fulfils(n swarm.Node, constraint string) bool {
	if id, ok := strings.CutPrefix(constraint, "node.id!="); ok {
		return n.ID != id
	}
	key, value, _ := strings.Cut(constraint, "==")
	if key == "node.id" {
		return n.ID == value
	}
	return strings.EqualFold(n.Spec.Labels[strings.TrimPrefix(key, "node.labels.")], value)
}

// spread gives each of n new instances of a workload the constraint that puts
// it on the node with the fewest of the workload's; nil where the engine may
// choose. Which of several nodes follows from the workload, so that many
// workloads spread evenly.
func (v *view) spread(id deployer.WorkloadID, have []*seat, wanted []string, n int) [][]string {
	list := make([][]string, n)
	nodes := v.eligible(wanted)
	if n+len(have) < 2 || len(nodes) < 2 {
		return list
	}
	count := map[string]int{}
	for _, s := range have {
		if t := s.newest(); t != nil {
			count[t.NodeID]++
		}
	}
	order := func(node string) uint32 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(id.String() + "/" + node)) // never fails
		return h.Sum32()
	}
	for i := range list {
		best := slices.MinFunc(nodes, func(a, b string) int {
			return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(order(a), order(b)))
		})
		count[best]++
		list[i] = []string{"node.id==" + best}
	}
	return list
}
