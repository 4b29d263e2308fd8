package pipeline

import (
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// TestForewarnings: what nodes and quotas could not take is said before.
func TestForewarnings(t *testing.T) {
	row := &models.Cluster{Name: "far", Options: models.ClusterOptions{Quota: models.Quota{MemoryMB: 300, Instances: 4}}}
	id := func(release int) deployer.WorkloadID {
		return deployer.WorkloadID{App: "a", Process: "web", Release: release}
	}
	half := deployer.Reserve{MemoryBytes: 64 << 20, CPUMilli: 100}
	limits := deployer.Limits{MemoryBytes: 100 << 20}
	nodes := func() []deployer.Node {
		return []deployer.Node{
			{ID: "1", Name: "one", State: deployer.NodeReady, MemoryBytes: 128 << 20, CPUMilli: 1000, Labels: map[string]string{"disk": "ssd"}},
			{ID: "2", Name: "two", State: deployer.NodeReady, MemoryBytes: 128 << 20, CPUMilli: 1000},
			{ID: "3", Name: "three", State: deployer.NodeDrained, MemoryBytes: 1 << 40, CPUMilli: 1000, Labels: map[string]string{"disk": "ssd"}},
		}
	}
	there := []deployer.Instance{
		{Workload: id(1), Index: 1, Node: "one", Reserve: half, Limits: limits},
		{Workload: id(1), Index: 2, Node: "2", Reserve: half, Limits: limits},
	}
	create := func(n int, placement map[string]string) deployer.Step {
		s := deployer.Step{Action: deployer.ActionCreate, Workload: id(2), Limits: limits, Reserve: half, Placement: placement}
		for i := range n {
			s.Indexes = append(s.Indexes, i+1)
		}
		return s
	}
	remove := deployer.Step{Action: deployer.ActionRemove, Workload: id(1), Indexes: []int{1, 2}}
	ssd := map[string]string{"disk": "ssd"}
	for what, one := range map[string]struct {
		steps []deployer.Step
		want  string // the warnings, "" for none
	}{
		"room on the nodes there are":     {[]deployer.Step{create(1, nil)}, ""},
		"more than there is room for":     {[]deployer.Step{create(3, nil)}, "capacity: the nodes of far seem to have room for 2 of 3 more instances of web, each of which reserves 64 MiB and 100/1000 of a core"},
		"room once the others have gone":  {[]deployer.Step{remove, create(3, nil)}, ""},
		"a label that one node has":       {[]deployer.Step{create(2, ssd)}, "capacity: the nodes of far seem to have room for 1 of 2"},
		"a label that no ready node has":  {[]deployer.Step{create(1, map[string]string{"disk": "hdd"})}, "placement!: no node of far that is ready has disk=hdd"},
		"others gone before, by the node": {[]deployer.Step{remove, create(2, ssd)}, ""},
	} {
		f := &foreseeing{app: models.App{ID: "a"}}
		f.fit(row, nodes(), there, one.steps)
		if got := warned(f); !strings.HasPrefix(got, one.want) || one.want == "" && got != "" {
			t.Errorf("%s: %q instead of %q", what, got, one.want)
		}
	}
	for what, one := range map[string]struct {
		steps []deployer.Step
		want  string
	}{
		"within the quota":        {[]deployer.Step{create(1, nil), remove}, ""},
		"over it for a while":     {[]deployer.Step{create(2, nil), remove}, "quota: at one time 400 MiB would be wanted, and the quota of an app on far is 300"},
		"never over, one by one":  {[]deployer.Step{remove, create(3, nil)}, ""},
		"too many, and too large": {[]deployer.Step{create(3, nil)}, "quota: at one time 500 MiB would be wanted, and the quota of an app on far is 300; quota: at one time 5 instances"},
	} {
		f := &foreseeing{app: models.App{ID: "a"}}
		f.bounded(row, there, one.steps)
		if got := warned(f); !strings.HasPrefix(got, one.want) || one.want == "" && got != "" {
			t.Errorf("%s: %q instead of %q", what, got, one.want)
		}
	}
}

func warned(f *foreseeing) string {
	var all []string
	for _, w := range f.Warnings {
		mark := ""
		if w.Blocking {
			mark = "!"
		}
		all = append(all, string(w.Kind)+mark+": "+w.Message)
	}
	return strings.Join(all, "; ")
}
