package clustertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// balancer is the least a router does: it sends requests to one release's
// instances in turn, and counts those in flight.
type balancer struct {
	cluster deployer.Cluster

	mu       sync.Mutex
	idle     *sync.Cond
	backends []backend
	next     int
	inFlight map[backend]int
}

type backend struct {
	release, index int
	address        string
}

// Switch implements deployer.Router.
func (b *balancer) Switch(ctx context.Context, app string, to deployer.Targets) error {
	list, err := b.cluster.Instances(ctx, app)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = nil
	for _, in := range list {
		wanted := in.Workload.Release == to.Release && in.Workload.Process == to.Process && (to.Upto == 0 || in.Index <= to.Upto)
		if wanted && in.State == deployer.StateHealthy {
			b.backends = append(b.backends, backend{in.Workload.Release, in.Index, in.Address})
		}
	}
	return nil
}

// Drained implements deployer.Router. It waits, in a test that ends all its
// requests, until none is left.
func (b *balancer) Drained(ctx context.Context, id deployer.WorkloadID) error {
	return b.DrainedAbove(ctx, id, 0)
}

// DrainedAbove implements deployer.InstanceDrainer.
func (b *balancer) DrainedAbove(_ context.Context, id deployer.WorkloadID, last int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	busy := func() bool {
		for to, n := range b.inFlight {
			if n > 0 && to.release == id.Release && to.index > last {
				return true
			}
		}
		return false
	}
	for busy() {
		b.idle.Wait()
	}
	return nil
}

// request sends one request and gives the release that answered.
func (b *balancer) request(ctx context.Context) (release int, err error) {
	b.mu.Lock()
	if len(b.backends) == 0 {
		b.mu.Unlock()
		return 0, errors.New("nobody is there to answer")
	}
	to := b.backends[b.next%len(b.backends)]
	b.next++
	b.inFlight[to]++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.inFlight[to]--
		b.idle.Broadcast()
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+to.address+"/", nil)
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

// load sends requests until stop is closed, and gives how many each release
// answered.
func (b *balancer) load(ctx context.Context, stop <-chan struct{}) (map[int]int, error) {
	counts := map[int]int{}
	for {
		select {
		case <-stop:
			return counts, nil
		default:
		}
		release, err := b.request(ctx)
		if err != nil {
			return counts, err
		}
		counts[release]++
	}
}

// rolloutLosesNoRequest rolls out, back, out of a release that crashes, and
// scales, under load.
func rolloutLosesNoRequest(t *testing.T, f *fixture) {
	router := &balancer{cluster: f.cluster, inFlight: map[backend]int{}}
	router.idle = sync.NewCond(&router.mu)
	r := &deployer.Rollout{Cluster: f.cluster, Router: router, Grace: 5 * time.Second}
	say := func(format string, args ...any) { t.Logf(format, args...) }
	plan := func(live, release int, env ...string) deployer.Plan {
		return deployer.Plan{App: app, Live: live, Release: release, Workloads: []deployer.Workload{f.web(release, 2, env...)}}
	}
	f.ok(r.Run(f.ctx, plan(0, 1), say))

	stop := make(chan struct{})
	var counts [2]map[int]int
	var failures [2]error
	var group sync.WaitGroup
	for i := range counts {
		group.Go(func() { counts[i], failures[i] = router.load(f.ctx, stop) })
	}
	f.ok(r.Run(f.ctx, plan(1, 2), say))
	if err := r.Run(f.ctx, plan(2, 3, "TEST_EXIT=1"), say); err == nil {
		t.Error("a release that crashes went live")
	}
	f.ok(r.Run(f.ctx, plan(2, 1), say))
	f.ok(r.Scale(f.ctx, f.web(1, 3), say))
	f.ok(r.Scale(f.ctx, f.web(1, 1), say))
	f.ok(r.Run(f.ctx, plan(1, 4), say))
	close(stop)
	group.Wait()

	total := map[int]int{}
	for i := range counts {
		f.ok(failures[i])
		for release, n := range counts[i] {
			total[release] += n
		}
	}
	if total[1] == 0 || total[2] == 0 || total[3] != 0 || total[4] == 0 {
		t.Errorf("answers by release: %v", total)
	}
	list, err := f.cluster.Instances(f.ctx, app)
	f.ok(err)
	if len(list) != 2 || list[0].Workload.Release != 4 {
		t.Errorf("left %+v", list)
	}
}
