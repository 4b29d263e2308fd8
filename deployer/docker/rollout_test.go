package docker_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// balancer is the least a router does: it sends requests to one release's
// instances in turn, and counts those in flight.
type balancer struct {
	cluster deployer.Cluster

	mu        sync.Mutex
	idle      *sync.Cond
	addresses []string
	release   int
	next      int
	inFlight  map[int]int
}

func newBalancer(c deployer.Cluster) *balancer {
	b := &balancer{cluster: c, inFlight: map[int]int{}}
	b.idle = sync.NewCond(&b.mu)
	return b
}

func (b *balancer) Switch(ctx context.Context, app string, to deployer.Targets) error {
	list, err := b.cluster.Instances(ctx, app)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(in deployer.Instance) bool {
		return in.Workload.Release != to.Release || in.Workload.Process != to.Process || in.State != deployer.StateHealthy || to.Upto > 0 && in.Index > to.Upto
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.release, b.addresses = to.Release, nil
	for _, in := range list {
		b.addresses = append(b.addresses, in.Address)
	}
	return nil
}

// Drained waits, in a test that ends all its requests, until none is left.
func (b *balancer) Drained(_ context.Context, id deployer.WorkloadID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.inFlight[id.Release] > 0 {
		b.idle.Wait()
	}
	return nil
}

// request sends one request and gives the release that answered.
func (b *balancer) request() (release int, err error) {
	b.mu.Lock()
	sentTo := b.release
	address := b.addresses[b.next%len(b.addresses)]
	b.next++
	b.inFlight[sentTo]++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.inFlight[sentTo]--
		b.idle.Broadcast()
	}()
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(mustRequest("http://" + address + "/"))
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

func mustRequest(url string) *http.Request {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	must(err)
	return request
}

// TestRolloutLosesNoRequest rolls out, back, out of a release that crashes,
// and scales, under load.
func TestRolloutLosesNoRequest(t *testing.T) {
	c := newCluster(t, options(installation()))
	router := newBalancer(c)
	r := &deployer.Rollout{Cluster: c, Router: router, Grace: 5 * time.Second}
	say := func(format string, args ...any) { t.Logf(format, args...) }
	plan := func(live, release int) deployer.Plan {
		w := workload("web", release, 2)
		w.Env = map[string]string{"TEST_RELEASE": fmt.Sprint(release)}
		return deployer.Plan{App: app, Live: live, Release: release, Workloads: []deployer.Workload{w}}
	}
	ok(t, r.Run(t.Context(), plan(0, 1), say))

	stop, failures := make(chan struct{}), make(chan error, 3)
	answers := make(chan map[int]int, 3)
	for range cap(failures) {
		go func() {
			counts := map[int]int{}
			defer func() { answers <- counts }()
			for {
				select {
				case <-stop:
					failures <- nil
					return
				default:
				}
				release, err := router.request()
				if err != nil {
					failures <- err
					return
				}
				counts[release]++
			}
		}()
	}
	ok(t, r.Run(t.Context(), plan(1, 2), say))
	crashing := plan(2, 3)
	crashing.Workloads[0].Env["TEST_EXIT"] = "1"
	if err := r.Run(t.Context(), crashing, say); err == nil {
		t.Error("a release that crashes went live")
	}
	ok(t, r.Run(t.Context(), plan(2, 1), say))
	more := plan(1, 1).Workloads[0]
	more.Instances = 4
	ok(t, r.Scale(t.Context(), more, say))
	ok(t, r.Run(t.Context(), plan(1, 4), say))
	close(stop)

	total := map[int]int{}
	for range cap(failures) {
		ok(t, <-failures)
		for release, n := range <-answers {
			total[release] += n
		}
	}
	if total[1] == 0 || total[2] == 0 || total[3] != 0 || total[4] == 0 {
		t.Errorf("answers by release: %v", total)
	}
	t.Logf("answers by release: %v", total)
	list, err := c.Instances(t.Context(), "")
	ok(t, err)
	if len(list) != 2 || list[0].Workload.Release != 4 {
		t.Errorf("left %+v", list)
	}
}
