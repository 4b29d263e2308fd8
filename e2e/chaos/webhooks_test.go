package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// webhookStorm sends 5,000 deliveries within a minute, each twice: there is one
// deployment for each, and no more.
func webhookStorm(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.upstream(t, "stormy")
	var made struct{ Secret string }
	if err := s.must(t, "POST", "/api/v1/apps/stormy/webhook-secret", nil).into(&made); err != nil {
		t.Fatal(err)
	}
	commit := repo.git(t, "rev-parse", "HEAD")
	const deliveries, senders = 2500, 16
	order := make([]int, 0, 2*deliveries)
	for i := range deliveries {
		order = append(order, i, i)
	}
	// A duplicate mostly comes soon after, as forges send them.
	for i := range order {
		j := min(len(order)-1, i+dice.IntN(20))
		order[i], order[j] = order[j], order[i]
	}
	began := time.Now()
	next := make(chan int)
	go func() {
		defer close(next)
		pace := time.NewTicker(time.Minute / 2 / time.Duration(len(order)))
		defer pace.Stop()
		for _, id := range order {
			<-pace.C
			next <- id
		}
	}()
	var all sync.WaitGroup
	var mu sync.Mutex
	answers, again := map[int]int{}, 0
	for range senders {
		all.Go(func() {
			for id := range next {
				for {
					status, err := s.deliver("stormy", made.Secret, fmt.Sprint("delivery-", id), commit)
					mu.Lock()
					answers[status]++
					mu.Unlock()
					if err == nil && status/100 == 2 {
						break
					}
					mu.Lock()
					again++
					mu.Unlock()
					if time.Since(began) > 5*time.Minute {
						t.Errorf("delivery %d is answered %d, %v", id, status, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	sent := time.Since(began)
	if sent > time.Minute {
		t.Errorf("%d deliveries took %s", len(order), sent)
	}
	if answers[http.StatusAccepted] != deliveries || answers[http.StatusOK] != deliveries {
		t.Errorf("the answers are %v, want %d of 202 and of 200", answers, deliveries)
	}
	type count struct{ Deliveries, Named, Deployments int }
	got, err := rows[count](h, `SELECT (SELECT count(*) FROM webhook_deliveries)::int AS deliveries,
		(SELECT count(DISTINCT deployment_id) FROM webhook_deliveries)::int AS named, (SELECT count(*) FROM deployments)::int AS deployments`)
	if err != nil || got[0] != (count{deliveries, deliveries, deliveries}) {
		t.Errorf("%d deliveries made %+v, %v", deliveries, got, err)
	}
	s.awaits(t, "stormy", deliveries)
	h.sound(t, 2*time.Minute, "the storm")
	ends, err := rows[struct {
		State string
		N     int
	}](h, `SELECT state, count(*)::int AS n FROM deployments GROUP BY state ORDER BY state`)
	t.Logf("%d deliveries in %s, %d sent again; answers %v; deployments %+v, %v; all ended after %s", len(order), sent.Round(time.Second), again, answers, ends, err, time.Since(began).Round(time.Second))
}

// deliver sends GitHub's push event for a commit, signed with the app's secret.
func (s *server) deliver(app, secret, id, commit string) (status int, err error) {
	body, err := json.Marshal(map[string]any{
		"ref": "refs/heads/main", "after": commit, "repository": map[string]string{"default_branch": "main"},
		"head_commit": map[string]string{"message": "From the forge"},
	})
	if err != nil {
		return 0, err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	r, err := s.call("POST", "/webhooks/github/"+app, json.RawMessage(body),
		"X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)), "X-GitHub-Delivery", id, "X-GitHub-Event", "push")
	return r.status, err
}
