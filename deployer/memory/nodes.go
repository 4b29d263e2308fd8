package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// Many is a Cluster over an Engine that was given machines by SetNodes.
type Many struct{ *Cluster }

var _ deployer.Nodes = Many{}

// oneNode is the machine of an Engine that was given none.
const oneNode = "memory"

// SetNodes gives the engine machines, in place of those it had. What runs stays
// where it is; what is made from now on goes to the one with the fewest
// instances of those that can take it.
func (e *Engine) SetNodes(nodes ...deployer.Node) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nodes = slices.Clone(nodes)
}

// taken is what the instances of a node amount to.
type taken struct {
	instances int
	reserve   deployer.Reserve
}

// count adds an instance to what its node has, n times. The lock is held.
func (e *Engine) count(i *instance, n int) {
	t := e.load[i.info.Node]
	t.instances += n
	t.reserve.MemoryBytes += int64(n) * i.workload.Reserve.MemoryBytes
	t.reserve.CPUMilli += int64(n) * i.workload.Reserve.CPUMilli
	e.load[i.info.Node] = t
}

// takes says whether a node may be given an instance.
func takes(n *deployer.Node, w deployer.Workload, has taken) bool {
	for label, value := range w.Placement {
		if n.Labels[label] != value {
			return false
		}
	}
	return n.State == deployer.NodeReady &&
		(w.Reserve.MemoryBytes == 0 || has.reserve.MemoryBytes+w.Reserve.MemoryBytes <= n.MemoryBytes) &&
		(w.Reserve.CPUMilli == 0 || has.reserve.CPUMilli+w.Reserve.CPUMilli <= n.CPUMilli)
}

// fits says whether some node could take an instance. The lock is held.
func (e *Engine) fits(w deployer.Workload) bool { return e.place(w) != "" }

// place finds a node for an instance, "" for none. The lock is held.
func (e *Engine) place(w deployer.Workload) string {
	if len(e.nodes) == 0 {
		return oneNode
	}
	best := ""
	for i := range e.nodes {
		n := &e.nodes[i]
		if takes(n, w, e.load[n.Name]) && (best == "" || e.load[n.Name].instances < e.load[best].instances) {
			best = n.Name
		}
	}
	return best
}

// Nodes implements deployer.Nodes.
func (c Many) Nodes(ctx context.Context) ([]deployer.Node, error) {
	if err := c.use(ctx); err != nil {
		return nil, err
	}
	defer c.engine.mu.Unlock()
	if len(c.engine.nodes) == 0 {
		return []deployer.Node{{ID: oneNode, Name: oneNode, Manager: true, State: deployer.NodeReady}}, nil
	}
	return slices.Clone(c.engine.nodes), nil
}

// Drain implements deployer.Nodes. What no other node can take stays.
func (c Many) Drain(ctx context.Context, node string, drained bool) error {
	if err := c.use(ctx); err != nil {
		return err
	}
	defer c.engine.mu.Unlock()
	at := slices.IndexFunc(c.engine.nodes, func(n deployer.Node) bool { return n.Name == node || n.ID == node })
	if at < 0 {
		return fmt.Errorf("%w: %s", deployer.ErrNoNode, node)
	}
	n := &c.engine.nodes[at]
	if n.State = deployer.NodeReady; drained {
		n.State = deployer.NodeDrained
	}
	if !drained {
		return nil
	}
	for _, i := range c.engine.instances {
		if i.info.Node == n.Name && !i.life.over && c.engine.fits(i.workload) {
			i.move()
		}
	}
	return nil
}

// moveGrace is how long an instance that is moved has to end.
const moveGrace = 10 * time.Second

// move asks an instance to end, to begin elsewhere. The engine's lock is held.
func (i *instance) move() {
	l := i.life
	i.moving = true
	l.stop()
	time.AfterFunc(moveGrace, func() { i.kill(l, false) })
}

// JoinCommand implements deployer.Nodes: nothing can join.
func (c Many) JoinCommand(context.Context) ([]string, string, error) {
	return nil, "The machines of this cluster are simulated: none can join.", nil
}
