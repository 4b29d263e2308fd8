package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// randomKills kills the server at moments that nobody chose while ten people
// push, each until git says that the push went through.
func randomKills(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	pushers, kills := 10, 8
	if brief() {
		pushers, kills = 4, 1
	}
	repos, commits := make([]*repository, pushers), make([]string, pushers)
	for i := range repos {
		repos[i] = h.clone(t, fmt.Sprint("busy-", i+1))
		if commits[i] = repos[i].commit(t, "first"); i%2 == 0 { // half of the apps are there already
			repos[i].deploy(t, s)
			commits[i] = repos[i].commit(t, "second", nap(time.Duration(dice.IntN(1500))*time.Millisecond))
		}
	}
	crowd := h.crowd(t, repos[0].app)
	var all sync.WaitGroup
	var mu sync.Mutex
	attempts, unheard := 0, 0
	for i, repo := range repos {
		all.Go(func() {
			for range 200 {
				push := repo.send(commits[i], s)
				<-push.done
				mu.Lock()
				attempts++
				if push.err != nil && push.acknowledged() == 0 {
					unheard++
				}
				mu.Unlock()
				if push.err == nil {
					return
				}
				time.Sleep(100 * time.Millisecond) // who was refused takes a breath
			}
			t.Errorf("%s cannot be pushed", repo.app)
		})
	}
	for range kills {
		time.Sleep(time.Duration(100+dice.IntN(2500)) * time.Millisecond) // the moment that nobody chose
		s.kill(t)
		s.start(t)
	}
	all.Wait()
	h.sound(t, 2*time.Minute, fmt.Sprintf("%d deaths during %d pushes", kills, pushers))
	for i, repo := range repos {
		found, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1 AND state = 'succeeded'`, commits[i])
		if err != nil || len(found) == 0 {
			t.Errorf("%s: git says that the push went through, and no deployment of it succeeded: %v", repo.app, err)
		}
	}
	t.Logf("%d attempts at %d pushes, %d of them refused before they were acknowledged", attempts, pushers, unheard)
	crowd.leave(t)
}
