package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// volumes deploys an app that keeps something, and so stops before it starts,
// kills the server and cancels meanwhile. Nothing that was kept is lost, and no
// two instances ever run at once.
func volumes(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.clone(t, "keeper")
	repo.commit(t, "first")
	repo.deploy(t, s)
	s.must(t, "POST", "/api/v1/apps/keeper/volumes", map[string]any{"name": "notes", "path": "/notes"})
	h.sound(t, time.Minute, "the volume")
	crowd := h.crowd(t, repo.app)
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	over := make(chan struct{})
	go func() { defer close(over); h.watchAlone(watching, t, "keeper") }()
	times := 10
	if brief() {
		times = 2
	}
	var kept []string
	for i := range times {
		note := fmt.Sprintf("note-%d", i)
		if _, err := h.take(repo.app, note); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, note)
		what := []string{"death", "cancel", "cancel and death", "nothing"}[dice.IntN(4)]
		line := "ENV DELAY=1s"
		if dice.IntN(4) == 0 {
			line = "ENV LISTEN=no" // it never comes up, and what was there does again
			what = "cancel"
		}
		t.Run(fmt.Sprintf("%d %s", i, what), func(t *testing.T) {
			repo.commit(t, fmt.Sprint("version-", i), line)
			push := repo.push(t, s)
			number := reaches(t, h, push.commit, "deploying")
			time.Sleep(time.Duration(dice.IntN(3000)) * time.Millisecond) // any moment of the rollout
			asked := time.Now()
			if strings.Contains(what, "cancel") {
				r, err := s.call("POST", fmt.Sprintf("/api/v1/apps/keeper/deployments/%d/cancel", number), nil)
				if err != nil || r.status != http.StatusAccepted && r.status != http.StatusConflict {
					t.Fatalf("the cancel is answered %d %s, %v", r.status, r.body, err)
				}
			}
			if strings.Contains(what, "death") {
				s.kill(t)
				s.start(t)
			}
			d := s.awaits(t, "keeper", number)
			took := time.Since(asked)
			if most := 5*time.Second + 2*time.Second; what == "cancel" && d.State == "cancelled" && took > most { // the old one's grace cannot be hurried
				t.Errorf("it was cancelled after %s", took)
			}
			if d.State == "failed" {
				t.Errorf("deployment #%d failed: %s", number, d.Reason)
			}
			<-push.done
			h.sound(t, time.Minute, what)
			said, err := h.take(repo.app, "")
			if err != nil || said != strings.Join(kept, ",") {
				t.Errorf("kept is %q, want %q, %v", said, kept, err)
			}
			crowd.unharmed(t, what)
			t.Logf("%s, %s after %s", what, d.State, took.Round(100*time.Millisecond))
		})
	}
	stop()
	<-over
	crowd.leave(t)
}

// take has the app take a note, and gives all that it has.
func (h *home) take(app, note string) (string, error) {
	visitor := h.visitor()
	defer visitor.CloseIdleConnections()
	resp, err := visitor.Get(h.address(app, "/note?text="+url.QueryEscape(note)))
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, said)
	}
	return strings.TrimSpace(string(said)), err
}

// watchAlone fails the test whenever two instances of an app's web run at once.
func (h *home) watchAlone(ctx context.Context, t *testing.T, app string) {
	mine := filters.NewArgs(filters.Arg("label", "slipway.installation="+h.name), filters.Arg("label", "slipway.app.name="+app), filters.Arg("label", "slipway.process=web"))
	for ctx.Err() == nil {
		if list, err := h.engine.ContainerList(ctx, container.ListOptions{Filters: mine}); err == nil && len(list) > 1 {
			t.Errorf("%s and %s run at once", list[0].Names[0], list[1].Names[0])
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond): // between two looks
		}
	}
}
