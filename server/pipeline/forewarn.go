package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/models"
)

// WarningKind is what a warning is about.
type WarningKind string

// The kinds of warning.
const (
	WarningOpen      WarningKind = "open"      // a deployment comes first
	WarningRefused   WarningKind = "refused"   // it cannot be done, as with a volume that cannot move
	WarningAway      WarningKind = "away"      // a cluster does not answer
	WarningPlacement WarningKind = "placement" // no node has the labels, or they are of no use
	WarningCapacity  WarningKind = "capacity"  // the nodes have not the room
	WarningQuota     WarningKind = "quota"     // the cluster's quota is exceeded on the way
)

// Warning is what is to be known before a change is made.
type Warning struct {
	Kind     WarningKind
	Blocking bool // it cannot be done as it is
	Message  string
}

func (f *Forecast) warn(kind WarningKind, blocking bool, format string, args ...any) {
	f.Warnings = append(f.Warnings, Warning{Kind: kind, Blocking: blocking, Message: fmt.Sprintf(format, args...)})
}

func (f *Forecast) blocked() bool {
	return slices.ContainsFunc(f.Warnings, func(w Warning) bool { return w.Blocking })
}

// Blocked gives why it cannot be done, nil when it can.
func (f *Forecast) Blocked() error {
	for _, w := range f.Warnings {
		switch {
		case w.Kind == WarningAway && w.Blocking:
			return models.Errorf(models.KindUnavailable, "%s", w.Message)
		case w.Blocking:
			return models.Errorf(models.KindConflict, "%s", w.Message)
		}
	}
	return nil
}

// judge warns of what the clusters could not do.
func (f *foreseeing) judge(ctx context.Context, rows []models.Cluster) error {
	for i := range rows {
		row := &rows[i]
		var steps []deployer.Step
		grows := false
		for _, s := range f.Steps {
			if f.place(s.Workload.Release) == row.ID {
				steps = append(steps, s.Step)
				grows = grows || s.Action == deployer.ActionCreate || s.Action == deployer.ActionReplace
			}
		}
		if !grows {
			continue
		}
		if err := f.judgeOne(ctx, row, steps); err != nil {
			return err
		}
	}
	return nil
}

func (f *foreseeing) judgeOne(ctx context.Context, row *models.Cluster, steps []deployer.Step) error {
	looking, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	cluster, err := f.member(row.ID)
	if err != nil {
		f.warn(WarningAway, true, "this server does not know the cluster %s yet", row.Name)
		return nil
	}
	instances, err := cluster.Instances(looking, "")
	var nodes []deployer.Node
	able, ok := cluster.(deployer.Nodes)
	if ok && err == nil {
		nodes, err = able.Nodes(looking)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, deployer.ErrCredentials):
		f.warn(WarningAway, true, "the cluster %s refuses the credentials: they may have expired", row.Name)
		return nil
	case err != nil:
		f.warn(WarningAway, true, "the cluster %s is not answering", row.Name)
		return nil
	}
	f.bounded(row, instances, steps)
	if len(nodes) == 0 {
		if f.release != nil && len(f.release.Placement) > 0 {
			f.warn(WarningPlacement, false, "%s is one machine, which takes no notice of labels", row.Name)
		}
		return nil
	}
	f.fit(row, nodes, instances, steps)
	return nil
}

// member gives one of several clusters by itself.
func (f *foreseeing) member(id string) (deployer.Cluster, error) {
	several, ok := f.p.Cluster.(interface {
		Member(id string) (fleet.Member, error)
	})
	if !ok {
		return f.p.Cluster, nil
	}
	found, err := several.Member(id)
	return found.Cluster, err
}

// bounded follows what an app's instances may use together along the steps, and
// warns where that is more than the cluster's quota.
func (f *foreseeing) bounded(row *models.Cluster, instances []deployer.Instance, steps []deployer.Step) {
	quota := row.Options.Quota
	var now, most deployer.Limits // PIDs counts instances here
	limits := map[deployer.WorkloadID]deployer.Limits{}
	add := func(l deployer.Limits, times int64) {
		now.MemoryBytes += l.MemoryBytes * times
		now.CPUMilli += l.CPUMilli * times
		now.PIDs += times
		most.MemoryBytes, most.CPUMilli, most.PIDs = max(most.MemoryBytes, now.MemoryBytes), max(most.CPUMilli, now.CPUMilli), max(most.PIDs, now.PIDs)
	}
	for _, in := range instances {
		if in.Workload.App == f.app.ID {
			limits[in.Workload] = in.Limits
			add(in.Limits, 1)
		}
	}
	for _, s := range steps {
		switch s.Action {
		case deployer.ActionCreate:
			limits[s.Workload] = s.Limits
			add(s.Limits, int64(len(s.Indexes)))
		case deployer.ActionRemove:
			add(limits[s.Workload], -int64(len(s.Indexes)))
		}
	}
	over := func(what string, needs, has int64) {
		if has > 0 && needs > has {
			f.warn(WarningQuota, false, "at one time %s would be wanted, and the quota of an app on %s is %d", what, row.Name, has)
		}
	}
	over(fmt.Sprintf("%d MiB", most.MemoryBytes>>20), most.MemoryBytes>>20, int64(quota.MemoryMB))
	over(fmt.Sprintf("%d/1000 of a core", most.CPUMilli), most.CPUMilli, int64(quota.CPUMilli))
	over(fmt.Sprintf("%d instances", most.PIDs), most.PIDs, int64(quota.Instances))
}

// fit puts the instances that come on the nodes' free room, and warns of those
// that find none. It is the engine that decides: what others than Slipway run
// there is not known here.
func (f *foreseeing) fit(row *models.Cluster, nodes []deployer.Node, instances []deployer.Instance, steps []deployer.Step) {
	free := map[string]*deployer.Node{}
	for i := range nodes {
		free[nodes[i].Name] = &nodes[i]
		free[nodes[i].ID] = &nodes[i]
	}
	give := func(node *deployer.Node, r deployer.Reserve, sign int64) {
		if node != nil {
			node.MemoryBytes += sign * r.MemoryBytes
			node.CPUMilli += sign * r.CPUMilli
		}
	}
	for _, in := range instances {
		give(free[in.Node], in.Reserve, -1)
	}
	for _, s := range steps {
		switch s.Action {
		case deployer.ActionRemove:
			for _, in := range instances {
				if in.Workload == s.Workload && slices.Contains(s.Indexes, in.Index) {
					give(free[in.Node], in.Reserve, 1)
				}
			}
		case deployer.ActionCreate:
			f.fitStep(row, nodes, s, give)
		}
	}
}

func (f *foreseeing) fitStep(row *models.Cluster, nodes []deployer.Node, s deployer.Step, give func(*deployer.Node, deployer.Reserve, int64)) {
	var able []*deployer.Node
	for i := range nodes {
		if nodes[i].State == deployer.NodeReady && matches(nodes[i].Labels, s.Placement) {
			able = append(able, &nodes[i])
		}
	}
	if len(able) == 0 {
		where := "is ready"
		if len(s.Placement) > 0 {
			where = "that is ready has " + labelsOf(s.Placement)
		}
		f.warn(WarningPlacement, true, "no node of %s %s, so %s of v%d could run nowhere", row.Name, where, s.Workload.Process, s.Workload.Release)
		return
	}
	placed := 0
	for range s.Indexes {
		at := slices.IndexFunc(able, func(n *deployer.Node) bool {
			return (n.MemoryBytes >= s.Reserve.MemoryBytes || s.Reserve.MemoryBytes == 0) && (n.CPUMilli >= s.Reserve.CPUMilli || s.Reserve.CPUMilli == 0)
		})
		if at < 0 {
			break
		}
		give(able[at], s.Reserve, -1)
		placed++
	}
	if placed < len(s.Indexes) {
		f.warn(WarningCapacity, false, "the nodes of %s seem to have room for %d of %d more instances of %s, each of which reserves %s",
			row.Name, placed, len(s.Indexes), s.Workload.Process, reserveOf(s.Reserve))
	}
}

func matches(labels, wanted map[string]string) bool {
	for label, value := range wanted {
		if have, ok := labels[label]; !ok || have != value {
			return false
		}
	}
	return true
}

func labelsOf(labels map[string]string) string {
	var words []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, label+"="+labels[label])
	}
	return strings.Join(words, " and ")
}

func reserveOf(r deployer.Reserve) string {
	var words []string
	if r.MemoryBytes > 0 {
		words = append(words, fmt.Sprintf("%d MiB", r.MemoryBytes>>20))
	}
	if r.CPUMilli > 0 {
		words = append(words, fmt.Sprintf("%d/1000 of a core", r.CPUMilli))
	}
	return strings.Join(words, " and ")
}
