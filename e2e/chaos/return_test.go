package chaos

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// returns deploys a release that fails its visitors, and kills the server again
// and again while Slipway finds that out and goes back: it does so once.
func returns(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.clone(t, "regretful")
	repo.commit(t, "good")
	repo.deploy(t, s)
	s.must(t, "PATCH", "/api/v1/apps/regretful", map[string]any{"watch_minutes": 5})
	stop, over := make(chan struct{}), make(chan struct{})
	go func() { defer close(over); h.visitAlways(repo.app, stop) }()
	defer func() { close(stop); <-over }()
	time.Sleep(25 * time.Second) // two windows in which all was well
	repo.commit(t, "bad", "ENV ERRORS=yes")
	push := repo.push(t, s)
	<-push.done
	went := time.Now()
	back := func() ([]deploymentRow, error) {
		return rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE trigger = 'return'`)
	}
	deaths := 0
	for time.Since(went) < 2*time.Minute {
		time.Sleep(time.Duration(1000+dice.IntN(5000)) * time.Millisecond) // a moment that nobody chose
		if found, err := back(); err == nil && len(found) > 0 && terminal(found[0].State) {
			break
		}
		s.kill(t)
		s.start(t)
		deaths++
	}
	h.sound(t, time.Minute, fmt.Sprint(deaths, " deaths"))
	found, err := back()
	if err != nil || len(found) != 1 || found[0].State != "succeeded" || found[0].Release != 1 {
		t.Errorf("it went back so: %+v, %v", found, err)
	}
	t.Logf("it went back %s after the bad release was live, with %d deaths in between", time.Since(went).Round(time.Second), deaths)
}

// visitAlways visits an app whatever it answers.
func (h *home) visitAlways(app string, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			_, _, _ = h.visit(app, "/") // good or bad
		}
	}
}
