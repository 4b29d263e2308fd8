package swarm

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/swarm"

	"github.com/slipway-paas/slipway/deployer"
)

// view is what the manager knew at one moment. It is never written to.
type view struct {
	at    time.Time
	took  time.Duration
	nodes map[string]swarm.Node
	seats []*seat // in the order of their instances
	by    map[string]*seat
}

// seat is the place of one instance: its service, and the tasks that the engine
// made for it one after the other.
type seat struct {
	id      string // of the service, and so of the instance
	labels  map[string]string
	service *swarm.Service // nil when it is removed and its tasks are still ending
	tasks   []swarm.Task   // oldest first
	view    *view
}

// look asks for the services and tasks that a filter names, and for all nodes.
func (c *Cluster) look(ctx context.Context, f filters.Args) (*view, error) {
	began := time.Now()
	nodes, err := c.engine.API.NodeList(ctx, swarm.NodeListOptions{})
	if err != nil {
		return nil, failed(ctx, "list nodes", err)
	}
	// Tasks first: a service that shows without its tasks is new, and tasks
	// without their service are about to go.
	tasks, err := c.engine.API.TaskList(ctx, swarm.TaskListOptions{Filters: f})
	if err != nil {
		return nil, failed(ctx, "list tasks", err)
	}
	services, err := c.engine.API.ServiceList(ctx, swarm.ServiceListOptions{Filters: f})
	if err != nil {
		return nil, failed(ctx, "list services", err)
	}
	v := &view{at: began, took: time.Since(began), nodes: make(map[string]swarm.Node, len(nodes))}
	for _, n := range nodes {
		v.nodes[n.ID] = n
	}
	v.arrange(services, tasks)
	return v, nil
}

func (v *view) arrange(services []swarm.Service, tasks []swarm.Task) {
	by := make(map[string]*seat, len(services))
	v.by = by
	for i := range services {
		by[services[i].ID] = &seat{id: services[i].ID, labels: services[i].Spec.Labels, service: &services[i], view: v}
	}
	for _, t := range tasks {
		s := by[t.ServiceID]
		if s == nil {
			if t.Spec.ContainerSpec == nil || v.down(t.NodeID) {
				continue // of a removed service on a lost node: nobody will say that it ended
			}
			s = &seat{id: t.ServiceID, labels: t.Spec.ContainerSpec.Labels, view: v}
			by[t.ServiceID] = s
		}
		s.tasks = append(s.tasks, t)
	}
	v.seats = make([]*seat, 0, len(by))
	for _, s := range by {
		slices.SortFunc(s.tasks, func(a, b swarm.Task) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		v.seats = append(v.seats, s)
	}
	slices.SortFunc(v.seats, func(a, b *seat) int {
		i, j := identity(a.id, a.labels), identity(b.id, b.labels)
		return cmp.Or(
			cmp.Compare(i.Workload.App, j.Workload.App),
			cmp.Compare(i.Workload.Process, j.Workload.Process),
			cmp.Compare(i.Workload.Release, j.Workload.Release),
			cmp.Compare(i.Index, j.Index),
			cmp.Compare(i.ID, j.ID))
	})
}

// down says whether a node is lost, or not known.
func (v *view) down(node string) bool {
	n, ok := v.nodes[node]
	return node != "" && (!ok || n.Status.State != swarm.NodeStateReady)
}

// address is where a node is reached, "" when nobody knows.
func address(n swarm.Node) string {
	if ip := net.ParseIP(n.Status.Addr); ip != nil && !ip.IsUnspecified() {
		return n.Status.Addr
	}
	if n.ManagerStatus != nil { // a manager may know no other of itself
		if host, _, err := net.SplitHostPort(n.ManagerStatus.Addr); err == nil {
			return host
		}
	}
	return ""
}

func (s *seat) phase() phase {
	if s.service == nil {
		return phaseLeaving
	}
	return phase(s.labels[labelPhase])
}

// ended says whether a task's container will not run any more.
func ended(t swarm.Task) bool {
	switch t.Status.State {
	case swarm.TaskStateComplete, swarm.TaskStateShutdown, swarm.TaskStateFailed, swarm.TaskStateRejected, swarm.TaskStateRemove, swarm.TaskStateOrphaned:
		return true
	}
	return false
}

// ran says whether a task's container was ever started.
func ran(t swarm.Task) bool {
	if t.Status.State == swarm.TaskStateRunning {
		return true
	}
	return ended(t) && t.Status.State != swarm.TaskStateRejected && t.Status.ContainerStatus != nil && t.Status.ContainerStatus.ContainerID != ""
}

// leaving says whether the engine wants a task to end.
func leaving(t swarm.Task) bool {
	switch t.DesiredState {
	case swarm.TaskStateShutdown, swarm.TaskStateRemove, swarm.TaskStateComplete:
		return true
	}
	return false
}

// runs says whether a task's container runs, as far as anybody knows.
func (s *seat) runs(t swarm.Task) bool {
	return t.Status.State == swarm.TaskStateRunning && !s.view.down(t.NodeID)
}

// serves says whether a task runs and is meant to.
func (s *seat) serves(t swarm.Task) bool { return s.runs(t) && !leaving(t) }

// over says whether nothing of the task runs any more, or ever will.
func (s *seat) over(t swarm.Task) bool {
	return ended(t) || s.view.down(t.NodeID) || t.NodeID == "" && leaving(t)
}

// newest is the task that the engine made last, nil before the first.
func (s *seat) newest() *swarm.Task {
	if len(s.tasks) == 0 {
		return nil
	}
	return &s.tasks[len(s.tasks)-1]
}

// latest is the task whose container is, or was last, the instance; nil when
// none ran yet.
func (s *seat) latest() *swarm.Task {
	for i := len(s.tasks) - 1; i >= 0; i-- {
		if ran(s.tasks[i]) {
			return &s.tasks[i]
		}
	}
	return nil
}

// exited says whether the instance exited for good: nothing of it runs, or is
// about to.
func (s *seat) exited() bool {
	if p := s.phase(); p == phaseProven || p == phasePlacing {
		return false
	}
	t := s.newest()
	if t == nil {
		return false
	}
	if !ended(*t) && t.NodeID != "" && !s.view.down(t.NodeID) {
		return false
	}
	for _, t := range s.tasks { // one that it is yet to leave, say
		if s.runs(t) {
			return false
		}
	}
	return true
}

// displaced says whether an instance that was not healthy yet lost its node,
// was sent away from it, or was turned away for now, and did not exit by itself.
func (s *seat) displaced() bool {
	if s.phase() != phaseStarting || !s.exited() {
		return false
	}
	t := s.assigned()
	if t == nil {
		return false
	}
	switch t.Status.State {
	case swarm.TaskStateShutdown, swarm.TaskStateOrphaned:
		return true
	}
	return !ended(*t) || turnedAway(*t)
}

// turnedAway says whether a node could not take a task at the moment: it still
// has the app's last network, which is gone, and cannot take the new one of the
// same addresses until it has cleared it away.
func turnedAway(t swarm.Task) bool {
	return t.Status.State == swarm.TaskStateRejected && strings.Contains(t.Status.Err, "Pool overlaps")
}

// assigned is the task that the engine last found a node for, nil for none.
func (s *seat) assigned() *swarm.Task {
	for i := len(s.tasks) - 1; i >= 0; i-- {
		if s.tasks[i].NodeID != "" {
			return &s.tasks[i]
		}
	}
	return nil
}

// stuck says, in the engine's words, why no node can take the instance. What
// was made while the instance was held has no say.
func (s *seat) stuck() string {
	t := s.newest()
	if t == nil || t.NodeID != "" || leaving(*t) || t.Status.State != swarm.TaskStatePending {
		return ""
	}
	if p := t.Spec.Placement; p != nil && slices.Equal(p.Platforms, nowhere) {
		return ""
	}
	return t.Status.Err
}

// instance describes what the seat holds. Its State is StateStarting for one
// that runs: whether it is healthy is for a probe to say.
func (s *seat) instance() deployer.Instance {
	in := identity(s.id, s.labels)
	in.State = deployer.StateStarting
	if s.service != nil && s.service.Spec.TaskTemplate.Resources != nil {
		resources := s.service.Spec.TaskTemplate.Resources
		if limits := resources.Limits; limits != nil {
			in.Limits = deployer.Limits{MemoryBytes: limits.MemoryBytes, CPUMilli: limits.NanoCPUs / 1_000_000}
		}
		if kept := resources.Reservations; kept != nil {
			in.Reserve = deployer.Reserve{MemoryBytes: kept.MemoryBytes, CPUMilli: kept.NanoCPUs / 1_000_000}
		}
	}
	starts := 0
	for _, t := range s.tasks {
		if ran(t) {
			starts++
		}
	}
	in.Restarts = max(0, starts-1)
	t := s.latest()
	if t == nil {
		if n := s.newest(); n != nil {
			in.Node = s.view.nodes[n.NodeID].Description.Hostname
			if s.exited() {
				in.State = deployer.StateExited
			}
		}
		return in
	}
	in.Node = s.view.nodes[t.NodeID].Description.Hostname
	if !s.runs(*t) {
		in.State = deployer.StateExited
		in.ExitCode = exitCode(*t)
		return in
	}
	in.StartedAt = t.Status.Timestamp
	if leaving(*t) {
		in.State = deployer.StateUnhealthy
		return in
	}
	in.Address = s.addressOf(*t)
	return in
}

// lostExitCode stands for that of an instance whose node is lost.
const lostExitCode = -1

func exitCode(t swarm.Task) int {
	if !ended(t) || t.Status.ContainerStatus == nil {
		return lostExitCode
	}
	return t.Status.ContainerStatus.ExitCode
}

// addressOf is where a running task takes requests, "" when it takes none.
func (s *seat) addressOf(t swarm.Task) string {
	host := address(s.view.nodes[t.NodeID])
	for _, p := range t.Status.PortStatus.Ports {
		if p.PublishMode == swarm.PortConfigPublishModeHost && p.PublishedPort > 0 && host != "" {
			return net.JoinHostPort(host, strconv.Itoa(int(p.PublishedPort)))
		}
	}
	return ""
}

// seat gives an instance's, nil when it is not there.
func (v *view) seat(id string) *seat { return v.by[id] }
