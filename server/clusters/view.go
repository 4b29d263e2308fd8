package clusters

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/metrics"
)

// Gauge tells what instances took when they were measured last.
type Gauge interface {
	Latest() map[metrics.Place]metrics.Taken
}

// View is a cluster as it is seen now, or as it was when it last answered.
type View struct {
	models.Cluster
	Apps     int        // whose next release is for it
	Nodes    []NodeView // nil when this server has never had an answer
	Unplaced []Run      // what has no node, or one that is not among Nodes
	Total    Load
	SeenAt   time.Time // when it answered what is shown; zero for never
	Away     error     // why it could not be asked, nil when it answered
}

// NodeView is a node with what runs on it. Its Load counts what everybody runs
// there; its Runs name only those of apps that the actor sees.
type NodeView struct {
	deployer.Node
	Load
	Runs []Run // in the order of apps, processes and releases
}

// Load is what instances amount to.
type Load struct {
	Instances int
	States    map[deployer.State]int
	Limits    Amount // what they may use together, as far as that is limited
	Reserved  Amount // what is kept for them
	Used      Amount // what they took when they were measured last
	Measured  int    // how many of them that is the sum of
}

// Amount is what a node has, or what instances take of it.
type Amount struct{ CPUMilli, MemoryBytes int64 }

// Run is the instances of one process of one release on one node.
type Run struct {
	App     string // its name
	Process string
	Release int
	States  map[deployer.State][]int // the numbers of those in each state
}

func (l *Load) add(in *deployer.Instance, taken metrics.Taken, measured bool) {
	l.Instances++
	if l.States == nil {
		l.States = map[deployer.State]int{}
	}
	l.States[in.State]++
	if in.State != deployer.StateExited {
		l.Limits.CPUMilli += in.Limits.CPUMilli
		l.Limits.MemoryBytes += in.Limits.MemoryBytes
	}
	l.Reserved.CPUMilli += in.Reserve.CPUMilli
	l.Reserved.MemoryBytes += in.Reserve.MemoryBytes
	if measured {
		l.Measured++
		l.Used.CPUMilli += max(0, taken.CPUMilli)
		l.Used.MemoryBytes += taken.MemoryBytes
	}
}

// sums are what instances of several owners add up to on one node.
type sums struct {
	load *Load
	runs *[]Run
	last deployer.WorkloadID
}

// add counts an instance, and names it when it is seen. Those of one workload
// come one after the other.
func (s *sums) add(in *deployer.Instance, taken metrics.Taken, measured, seen bool) {
	s.load.add(in, taken, measured)
	if !seen {
		return
	}
	if n := len(*s.runs); n == 0 || s.last != in.Workload {
		s.last = in.Workload
		*s.runs = append(*s.runs, Run{App: in.AppName, Process: in.Workload.Process, Release: in.Workload.Release, States: map[deployer.State][]int{}})
	}
	run := &(*s.runs)[len(*s.runs)-1]
	run.States[in.State] = append(run.States[in.State], in.Index)
}

// arrange puts what was seen of a cluster where it runs.
func (v *View) arrange(found *sight, latest map[metrics.Place]metrics.Taken, sees func(app string) bool) {
	v.SeenAt = found.at
	v.Nodes = make([]NodeView, len(found.nodes))
	places := make(map[string]*sums, 2*len(found.nodes))
	for i := range found.nodes {
		n := &v.Nodes[i]
		n.Node, n.Runs = found.nodes[i], []Run{}
		at := &sums{load: &n.Load, runs: &n.Runs}
		places[n.ID], places[n.Name] = at, at
	}
	nowhere := &sums{load: &Load{}, runs: &v.Unplaced}
	elsewhere := nowhere // on a node that was not listed
	if len(v.Nodes) == 1 {
		elsewhere = places[v.Nodes[0].ID] // the one machine, by another name
	}
	for i := range found.instances {
		in := &found.instances[i]
		at := places[in.Node]
		if in.Node == "" {
			at = nowhere
		} else if at == nil {
			at = elsewhere
		}
		taken, measured := latest[metrics.Place{Workload: in.Workload, Index: in.Index}]
		v.Total.add(in, taken, measured)
		at.add(in, taken, measured, sees(in.Workload.App))
	}
	byName := func(a, b Run) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Process, b.Process), cmp.Compare(a.Release, b.Release))
	}
	for i := range v.Nodes {
		slices.SortFunc(v.Nodes[i].Runs, byName)
	}
	slices.SortFunc(v.Unplaced, byName)
}

// look asks a cluster what it has. Of the instances only those of apps that the
// actor sees are named; the others are counted.
func (s *Service) look(ctx context.Context, actor models.Actor, view *View) {
	view.Credentials = nil
	sees, err := s.visible(ctx, actor)
	if err != nil {
		view.Away = err
		return
	}
	cluster, err := s.driver(view.ID)
	if err != nil {
		view.Away = err
		return
	}
	found, err := s.looking.of(view.ID).look(ctx, func(ctx context.Context) (*sight, error) {
		seen, err := askCluster(ctx, view.Name, cluster)
		if err != nil {
			err = s.away(ctx, err)
		}
		return seen, err
	})
	view.Away = err
	if found == nil {
		return
	}
	var latest map[metrics.Place]metrics.Taken
	if s.Gauge != nil && err == nil {
		latest = s.Gauge.Latest()
	}
	view.arrange(found, latest, sees)
}

// visible says which apps an actor sees.
func (s *Service) visible(ctx context.Context, actor models.Actor) (func(appID string) bool, error) {
	if actor.SeesAll() {
		return func(string) bool { return true }, nil
	}
	ids, err := s.Store.AppIDs(ctx, actor)
	own := make(map[string]bool, len(ids))
	for _, id := range ids {
		own[id] = true
	}
	return func(id string) bool { return own[id] }, err
}
