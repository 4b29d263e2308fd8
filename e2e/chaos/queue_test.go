package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// upstream makes a repository that an app's deployments are fetched from, and
// the app with it.
func (h *home) upstream(t *testing.T, app string) *repository {
	t.Helper()
	repo := h.clone(t, app)
	repo.commit(t, "first")
	h.first().must(t, "POST", "/api/v1/apps", map[string]any{"name": app, "source": map[string]string{"url": "file://" + repo.dir, "branch": "main"}})
	return repo
}

// crowdedQueue asks for twenty deployments and rollbacks of one app at once.
func crowdedQueue(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.upstream(t, "crowded")
	for i := range 2 {
		repo.commit(t, fmt.Sprint("version-", i))
		d, err := s.must(t, "POST", "/api/v1/apps/crowded/deployments", map[string]any{"git": map[string]string{}}).asked()
		if err != nil {
			t.Fatal(err)
		}
		if d = s.awaits(t, "crowded", d.Number); d.State != "succeeded" {
			t.Fatalf("deployment #%d is %s: %s", d.Number, d.State, d.Reason)
		}
	}
	crowd := h.crowd(t, "crowded")
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	var watch sync.WaitGroup
	watch.Go(func() { h.watchReleases(watching, t) })

	kinds := []func() (reply, error){
		func() (reply, error) {
			return s.call("POST", "/api/v1/apps/crowded/deployments", map[string]any{"git": map[string]string{}})
		},
		func() (reply, error) { return s.call("POST", "/api/v1/apps/crowded/rollback", map[string]any{}) },
		func() (reply, error) {
			return s.call("POST", "/api/v1/apps/crowded/rollback", map[string]any{"version": 1})
		},
		func() (reply, error) { return s.call("POST", "/api/v1/apps/crowded/restart", nil) },
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var taken []int
	refused := 0
	for range 20 {
		ask := kinds[dice.IntN(len(kinds))]
		all.Go(func() {
			r, err := ask()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && r.status == 409: // v1 may be live already
				refused++
			case err != nil || r.status != 202:
				t.Errorf("a deployment is answered %d %s, %v", r.status, r.body, err)
			default:
				d, err := r.asked()
				if err != nil {
					t.Error(err)
				}
				taken = append(taken, d.Number)
			}
		})
	}
	all.Wait()
	began, ends := time.Now(), map[string]int{}
	for _, number := range taken {
		d := s.awaits(t, "crowded", number)
		if ends[d.State]++; d.State == "failed" {
			t.Logf("#%d %s failed: %s", number, d.Trigger, d.Reason)
		}
	}
	stop()
	watch.Wait()
	t.Logf("of %d deployments at once %v, %d refused; the last ended after %s", len(taken), ends, refused, time.Since(began).Round(100*time.Millisecond))
	if ends["failed"]+ends["cancelled"] > 0 {
		t.Errorf("deployments failed that nothing was wrong with: %v", ends)
	}
	h.sound(t, time.Minute, "the crowd")
	crowd.leave(t)
}

// watchReleases fails the test whenever two deployments of an app are worked on
// at once.
func (h *home) watchReleases(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		at, err := rows[struct{ Active int }](h, `SELECT coalesce(max(n), 0)::int AS active FROM
			(SELECT count(*) AS n FROM deployments WHERE state IN ('building', 'releasing', 'deploying') GROUP BY app_id) busy`)
		if err == nil && at[0].Active > 1 {
			t.Errorf("%d deployments of one app are worked on at once", at[0].Active)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond): // between two looks
		}
	}
}
