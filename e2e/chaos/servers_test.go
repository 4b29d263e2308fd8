package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// twoServers lets two servers share a Postgres, and kills the one or the other
// while people push to both. What the dead one had begun the other goes on with.
func twoServers(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{settings: []string{"SLIPWAY_ROUTER_TOKEN=chaos-" + nonce}})
	other := h.add(t, "")
	other.env = []string{"SLIPWAY_ROUTER=external"} // the first one's router is everybody's
	other.start(t)
	const pushers, kills = 8, 6
	repos, commits := make([]*repository, pushers), make([]string, pushers)
	for i := range repos {
		repos[i] = h.clone(t, fmt.Sprint("shared-", i+1))
		repos[i].commit(t, "first")
		repos[i].deploy(t, h.servers[i%2])
	}
	h.sound(t, time.Minute, "the first pushes")
	crowd := h.crowd(t, repos[0].app)
	for n := range kills {
		victim := dice.IntN(2)
		dead, alive := h.servers[victim], h.servers[1-victim]
		t.Run(fmt.Sprintf("death-%d-of-%s", n+1, dead.name), func(t *testing.T) {
			var all sync.WaitGroup
			for i, repo := range repos {
				commits[i] = repo.commit(t, fmt.Sprintf("%d.%d", n, i), nap(time.Duration(300+dice.IntN(900))*time.Millisecond), "ENV DELAY=300ms")
				to := h.servers[dice.IntN(2)]
				all.Go(func() { <-repo.send(commits[i], to).done })
			}
			time.Sleep(time.Duration(300+dice.IntN(4000)) * time.Millisecond) // any moment
			dead.kill(t)
			died := time.Now()
			open, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE state IN ('building', 'releasing', 'deploying')`)
			if err != nil {
				t.Fatal(err)
			}
			// Without its router's server nothing can be switched; the other
			// goes on all the same.
			if dead == h.first() {
				time.Sleep(time.Duration(dice.IntN(3000)) * time.Millisecond) // how long it is away
				dead.start(t)
			}
			for _, d := range open {
				err := until(time.Until(died.Add(15*time.Second)), func() error {
					now, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE id = $1`, d.ID)
					if err == nil && !terminal(now[0].State) && now[0].Fence == d.Fence && now[0].State == d.State {
						err = fmt.Errorf("it is %+v", now[0])
					}
					return err
				})
				if err != nil {
					t.Errorf("deployment #%d stands still: %v", d.Number, err)
				}
			}
			all.Wait()
			eventually(t, time.Minute, "the other one is ready", alive.ready)
			if !dead.running() {
				dead.start(t)
			}
			h.sound(t, 2*time.Minute, "the death of "+dead.name)
			t.Logf("%d open at the death; all well after %s", len(open), time.Since(died).Round(100*time.Millisecond))
			for i, repo := range repos { // who was cut off pushes again
				if slices.ContainsFunc(h.ledger.all(), func(e entry) bool { return e.commit == commits[i] && e.accepted }) {
					continue
				}
				repo.deploy(t, h.servers[dice.IntN(2)])
			}
			crowd.unharmed(t, "the death of "+dead.name)
		})
	}
	h.sound(t, time.Minute, "the last pushes")
	holders, err := rows[struct {
		Server string
		N      int
	}](h, `SELECT split_part(holder, '/', 1) AS server, count(*)::int AS n FROM deployments WHERE holder <> '' GROUP BY 1`)
	if err != nil || len(holders) != 2 {
		t.Errorf("the work was not shared: %+v, %v", holders, err)
	}
	t.Logf("who did how much: %+v", holders)
	crowd.leave(t)
}

// oneDiesAgain kills the one of two servers again and again, at times before it is
// ready, while people push to the other. What it takes up the other goes on with.
func oneDiesAgain(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{settings: []string{"SLIPWAY_ROUTER_TOKEN=chaos-" + nonce}})
	s, other := h.first(), h.add(t, "")
	other.env = []string{"SLIPWAY_ROUTER=external"}
	other.start(t)
	const pushers = 5
	repos := make([]*repository, pushers)
	for i := range repos {
		repos[i] = h.clone(t, fmt.Sprint("steady-", i+1))
		repos[i].commit(t, "first")
		repos[i].deploy(t, s)
	}
	crowd := h.crowd(t, repos[0].app)
	id, err := os.ReadFile(filepath.Join(other.data, "server-id"))
	if err != nil {
		t.Fatal(err)
	}
	deaths, stop := 0, make(chan struct{})
	var pushing sync.WaitGroup
	for i, repo := range repos {
		pushing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				push := repo.send(repo.commit(t, fmt.Sprintf("%d.%d", i, n), nap(300*time.Millisecond), "ENV DELAY=200ms"), s)
				if <-push.done; push.err != nil {
					t.Errorf("a push to the server that lives failed: %v\n%s", push.err, push.out)
				}
			}
		})
	}
	for range 12 {
		time.Sleep(time.Duration(dice.IntN(4000)) * time.Millisecond) // the moment that nobody chose
		other.kill(t)
		deaths++
		open, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments
			WHERE state IN ('building', 'releasing', 'deploying') AND starts_with(holder, $1)`, strings.TrimSpace(string(id))+"/")
		if err != nil {
			t.Fatal(err)
		}
		died := time.Now()
		other.launch(t)
		for _, d := range open {
			err := until(time.Until(died.Add(10*time.Second)), func() error {
				now, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE id = $1`, d.ID)
				if err == nil && !terminal(now[0].State) && now[0].Fence == d.Fence && now[0].State == d.State {
					err = fmt.Errorf("it is %+v", now[0])
				}
				return err
			})
			if err != nil {
				t.Errorf("deployment #%d stands still: %v", d.Number, err)
			}
		}
	}
	close(stop)
	pushing.Wait()
	eventually(t, time.Minute, "the one that died is ready", other.ready)
	h.sound(t, 2*time.Minute, fmt.Sprint(deaths, " deaths"))
	crowd.leave(t)
}
