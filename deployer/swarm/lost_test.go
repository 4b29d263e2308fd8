//go:build swarm

package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/swarm"
)

// balancer is the least a router does on a swarm: it sends requests to the
// instances of one release that the cluster says are healthy, follows the
// cluster's events, and tries another instance when one cannot be reached.
type balancer struct {
	cluster *swarm.Cluster

	mu       sync.Mutex
	idle     *sync.Cond
	to       deployer.Targets
	list     []deployer.Instance
	next     int
	inFlight map[int]int
}

func newBalancer(t *testing.T, c *swarm.Cluster) *balancer {
	b := &balancer{cluster: c, inFlight: map[int]int{}}
	b.idle = sync.NewCond(&b.mu)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, err := range c.Watch(ctx) {
			if err == nil {
				_ = b.refresh(ctx) // the next event brings another try
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return b
}

func (b *balancer) refresh(ctx context.Context) error {
	all, err := b.cluster.Instances(ctx, app)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = slices.DeleteFunc(all, func(in deployer.Instance) bool {
		return in.Workload.Release != b.to.Release || in.Workload.Process != b.to.Process ||
			in.State != deployer.StateHealthy || b.to.Upto > 0 && in.Index > b.to.Upto
	})
	return nil
}

func (b *balancer) Switch(ctx context.Context, _ string, to deployer.Targets) error {
	b.mu.Lock()
	b.to = to
	b.mu.Unlock()
	return b.refresh(ctx)
}

func (b *balancer) Drained(_ context.Context, id deployer.WorkloadID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.inFlight[id.Release] > 0 {
		b.idle.Wait()
	}
	return nil
}

// serving gives the instances that requests go to.
func (b *balancer) serving() []deployer.Instance {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.list)
}

// request sends one request, to another instance when the first gives no
// answer, and gives the release that answered.
func (b *balancer) request() (release int, err error) {
	tried := map[string]bool{}
	err = errors.New("no instance serves")
	for {
		b.mu.Lock()
		left := slices.DeleteFunc(slices.Clone(b.list), func(in deployer.Instance) bool { return tried[in.Address] })
		if len(left) == 0 {
			b.mu.Unlock()
			return 0, err
		}
		in := left[b.next%len(left)]
		tried[in.Address] = true
		b.next++
		b.inFlight[in.Workload.Release]++
		b.mu.Unlock()
		release, err = ask(in.Address)
		b.mu.Lock()
		b.inFlight[in.Workload.Release]--
		b.idle.Broadcast()
		b.mu.Unlock()
		if err == nil {
			return release, nil
		}
	}
}

func ask(address string) (release int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return 0, err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }() // only read from
	body, err := io.ReadAll(response.Body)
	if err == nil {
		_, err = fmt.Sscanf(string(body), "hello from release %d", &release)
	}
	return release, err
}

// load asks until stopped, and says how often each release answered.
func (b *balancer) load(clients int) (stop func() (map[int]int, error)) {
	done := make(chan struct{})
	var mu sync.Mutex
	total := map[int]int{}
	var failure error
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				release, err := b.request()
				mu.Lock()
				total[release]++
				if err != nil && failure == nil {
					failure = err
				}
				mu.Unlock()
				time.Sleep(5 * time.Millisecond) // two cores run three nodes as well
			}
		})
	}
	return func() (map[int]int, error) { close(done); group.Wait(); return total, failure }
}

// TestRolloutWhileANodeIsLost rolls out, loses a node in the middle of the next
// rollout, and scales, under load.
func TestRolloutWhileANodeIsLost(t *testing.T) {
	c := newCluster(t, options(installation()))
	router := newBalancer(t, c)
	r := &deployer.Rollout{Cluster: c, Router: router, Grace: time.Second}
	say := func(format string, args ...any) { t.Logf(format, args...) }
	plan := func(live, release int) deployer.Plan {
		w := workload("web", release, 2)
		w.Env = map[string]string{"TEST_RELEASE": fmt.Sprint(release)}
		return deployer.Plan{App: app, Live: live, Release: release, Workloads: []deployer.Workload{w}}
	}
	ok(t, r.Run(t.Context(), plan(0, 1), say))
	stop := router.load(3)
	ok(t, r.Run(t.Context(), plan(1, 2), say))

	list := instances(t, c, plan(1, 2).Workloads[0].ID)
	lost := list[0]
	if lost.Node == "node1" { // the only manager
		lost = list[1]
	}
	t.Cleanup(func() {
		power(t, "start", lost.Node)
		whole(t, c)
	})
	// The next release is on its way when the node goes. Whether it comes up
	// depends on where it was put, but the live one answers either way.
	rolled := make(chan error, 1)
	go func() { rolled <- r.Run(t.Context(), plan(2, 3), say) }()
	eventually(t, "the next release is being placed", func() bool { return len(instances(t, c, plan(2, 3).Workloads[0].ID)) == 2 })
	power(t, "kill", lost.Node)
	began := time.Now()
	eventually(t, "the manager knows", func() bool { return nodeNamed(t, c, lost.Node).State == deployer.NodeDown })
	t.Logf("the manager took %v to find the node lost", time.Since(began).Round(time.Millisecond))
	for _, in := range instances(t, c, lost.Workload) {
		if in.Node == lost.Node && in.Address != "" {
			t.Errorf("%s is still given the address %s", in.Name, in.Address)
		}
	}
	live := 3
	if err := <-rolled; err != nil {
		t.Logf("the rollout ended with: %v", err)
		live = 2
	}
	eventually(t, "two instances on nodes that are there", func() bool {
		now := router.serving()
		return len(now) == 2 && !slices.ContainsFunc(now, func(in deployer.Instance) bool { return in.Node == lost.Node || in.Workload.Release != live })
	})
	t.Logf("two instances served again after %v", time.Since(began).Round(time.Millisecond))
	if got := nodesOf(router.serving()); got[0] == got[1] {
		t.Errorf("both are on %s, and another node is there", got[0])
	}
	more := plan(live, live).Workloads[0]
	for _, more.Instances = range []int{3, 1} {
		ok(t, r.Scale(t.Context(), more, say))
	}
	ok(t, r.Run(t.Context(), plan(live, 4), say))
	total, err := stop()
	t.Logf("answers by release: %v", total)
	if err != nil || total[1] == 0 || total[2] == 0 || total[4] == 0 {
		t.Errorf("answers by release: %v, %v", total, err)
	}
}

// TestNodeIsCutOff: a node that nobody reaches still runs what it had. Its
// instance comes up elsewhere, and when the node is back the old one ends.
func TestNodeIsCutOff(t *testing.T) {
	c := newCluster(t, options(installation()))
	w := workload("web", 1, 2)
	w.Env = map[string]string{"TEST_RELEASE": "1"}
	list := up(t, c, w)
	stays, lost := list[0], list[1]
	if lost.Node == "node1" { // the only manager
		stays, lost = lost, stays
	}
	events := make(chan deployer.Event, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for event, err := range c.Watch(ctx) {
			if err == nil {
				events <- event
			}
		}
	}()
	if first := <-events; first.Type != deployer.EventResync {
		t.Errorf("the first event is %+v", first)
	}
	t.Cleanup(func() { power(t, "mend", lost.Node); whole(t, c) })
	power(t, "cut", lost.Node)
	for _, want := range []deployer.EventType{deployer.EventDied, deployer.EventStarted} {
		select {
		case event := <-events:
			if event.Type != want || event.Instance.ID != lost.ID || (event.Instance.Address != "") != (want == deployer.EventStarted) {
				t.Errorf("told of %+v, want %s of %s", event, want, lost.Name)
			}
		case <-time.After(time.Minute):
			t.Fatalf("not told: %s", want)
		}
	}
	var now []deployer.Instance
	eventually(t, "it serves elsewhere", func() bool {
		now = instances(t, c, w.ID)
		return len(now) == 2 && now[lost.Index-1].State == deployer.StateHealthy && now[lost.Index-1].Node != lost.Node
	})
	if now[stays.Index-1] != stays || now[lost.Index-1].Node == stays.Node {
		t.Errorf("there are %+v, were %+v", now, list)
	}
	power(t, "mend", lost.Node)
	whole(t, c)
	eventually(t, "the old one has ended", func() bool {
		_, err := ask(lost.Address)
		return err != nil
	})
	if after := instances(t, c, w.ID); !slices.Equal(after, now) {
		t.Errorf("with the node back there are %+v, were %+v", after, now)
	}
}
