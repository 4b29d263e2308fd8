package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
)

// byHand removes what Slipway made, as somebody does who tidies up an engine: the
// app answers again, or a deployment says why it cannot.
func byHand(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.clone(t, "tidied")
	repo.commit(t, "first")
	repo.deploy(t, s)
	h.sound(t, time.Minute, "the first push")
	accidents := []struct {
		name string
		do   func(p picture) error
	}{
		{"a container removed", func(p picture) error { return h.removeContainer(p, "/"+h.name+"-tidied-web") }},
		{"a container stopped", func(p picture) error {
			c := named(p, "/"+h.name+"-tidied-web")
			return h.engine.ContainerStop(t.Context(), c.ID, container.StopOptions{})
		}},
		{"a container killed", func(p picture) error {
			return h.engine.ContainerKill(t.Context(), named(p, "/"+h.name+"-tidied-web").ID, "KILL")
		}},
		{"the router removed", func(p picture) error { return h.removeContainer(p, "/"+h.name+"-router") }},
		{"the network removed", func(p picture) error {
			for _, n := range p.networks {
				for _, c := range p.containers {
					_ = h.engine.NetworkDisconnect(t.Context(), n.ID, c.ID, true) // not all of them are in it
				}
				if err := h.engine.NetworkRemove(t.Context(), n.ID); err != nil {
					return err
				}
			}
			return nil
		}},
		{"the network and the container removed", func(p picture) error {
			if err := h.removeContainer(p, "/"+h.name+"-tidied-web"); err != nil {
				return err
			}
			for _, n := range p.networks {
				if err := h.engine.NetworkRemove(t.Context(), n.ID); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	dice.Shuffle(len(accidents), func(i, j int) { accidents[i], accidents[j] = accidents[j], accidents[i] })
	if brief() {
		accidents = accidents[:1]
	}
	for i, a := range accidents {
		during := dice.IntN(2) == 1
		name := a.name
		if during {
			name += " during a push"
		}
		t.Run(name, func(t *testing.T) {
			p, err := h.look()
			if err != nil {
				t.Fatal(err)
			}
			var push *pushing
			if during {
				repo.commit(t, fmt.Sprint("during-", i), nap(500*time.Millisecond), "ENV DELAY=500ms")
				push = repo.push(t, s)
				time.Sleep(time.Duration(dice.IntN(2000)) * time.Millisecond) // any moment of the push
			}
			began := time.Now()
			if err := a.do(p); err != nil && !during { // a push may have removed it just before
				t.Fatal(err)
			}
			if push != nil {
				<-push.done
			}
			h.sound(t, 90*time.Second, name)
			t.Logf("all well after %s", time.Since(began).Round(100*time.Millisecond))
		})
	}
	if !brief() {
		t.Run("the image removed", func(t *testing.T) { h.withoutImage(t, repo) })
	}
}

// withoutImage removes the live release's image: what runs goes on running, what
// would need the image says so, and the next push mends it.
func (h *home) withoutImage(t *testing.T, repo *repository) {
	s := h.first()
	// A warm release would hold on to the image.
	s.must(t, "PATCH", "/api/v1/apps/"+repo.app, map[string]any{"warm_minutes": 0})
	live, err := rows[releaseRow](h, `SELECT app_id, deployment_id, image, version, processes FROM releases r
		WHERE EXISTS (SELECT 1 FROM apps a WHERE a.id = r.app_id AND a.live_release = r.version AND a.name = $1)`, repo.app)
	if err != nil || len(live) != 1 {
		t.Fatalf("the live release: %+v, %v", live, err)
	}
	if _, err := h.engine.ImageRemove(t.Context(), live[0].Image, image.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	restart, err := s.must(t, "POST", "/api/v1/apps/"+repo.app+"/restart", nil).asked()
	if err != nil {
		t.Fatal(err)
	}
	d := s.awaits(t, repo.app, restart.Number)
	t.Logf("the restart is %s: %s", d.State, d.Reason)
	eventually(t, 30*time.Second, "the app answers without its image", func() error {
		status, body, err := h.visit(repo.app, "/")
		if err == nil && status != 200 {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
	repo.commit(t, "mended")
	repo.deploy(t, s)
	h.sound(t, 90*time.Second, "the push after it")
}

// named finds a container by how its name begins; an empty one if none does.
func named(p picture, begins string) container.Summary {
	for _, c := range p.containers {
		if len(c.Names[0]) >= len(begins) && c.Names[0][:len(begins)] == begins {
			return c
		}
	}
	return container.Summary{}
}

func (h *home) removeContainer(p picture, begins string) error {
	return h.engine.ContainerRemove(context.Background(), named(p, begins).ID, container.RemoveOptions{Force: true})
}
