package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// cancels cancels deployments at moments that nobody chose, with another one
// waiting behind. At the moment at which one is seen to be cancelled nothing of
// it runs any more, and the next one is taken up.
func cancels(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	repo := h.clone(t, "waverer")
	repo.commit(t, "first")
	repo.deploy(t, s)
	crowd := h.crowd(t, repo.app)
	times := 20
	if brief() {
		times = 2
	}
	ends := map[string]int{}
	var slowest time.Duration
	for i := range times {
		mark := fmt.Sprintf("%s-%d", nonce, time.Now().UnixNano())
		repo.commit(t, fmt.Sprint("try-", i), fmt.Sprintf(`RUN ["/app", "nap", "1500ms", "%s"]`, mark), "ENV DELAY=1s")
		push := repo.push(t, s)
		number := reaches(t, h, push.commit, "building")
		next, err := s.must(t, "POST", "/api/v1/apps/"+repo.app+"/restart", nil).asked()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(dice.IntN(3500)) * time.Millisecond) // the moment that nobody chose
		asked := time.Now()
		r, err := s.call("POST", fmt.Sprintf("/api/v1/apps/%s/deployments/%d/cancel", repo.app, number), nil)
		if err != nil || r.status != http.StatusAccepted && r.status != http.StatusConflict {
			t.Fatalf("the cancel is answered %d %s, %v", r.status, r.body, err)
		}
		d := s.awaits(t, repo.app, number)
		took := time.Since(asked)
		if d.State == "cancelled" {
			slowest = max(slowest, took)
			h.gone(t, mark, d)
			if took > 5*time.Second {
				t.Errorf("deployment #%d was cancelled only after %s", number, took)
			}
		} else if d.State != "succeeded" {
			t.Errorf("deployment #%d that was cancelled is %s: %s", number, d.State, d.Reason)
		}
		ends[d.State]++
		if d = s.awaits(t, repo.app, next.Number); d.State != "succeeded" {
			t.Errorf("deployment #%d, which came after it, is %s: %s", d.Number, d.State, d.Reason)
		}
		<-push.done
	}
	t.Logf("of %d that were cancelled %v; the slowest took %s", times, ends, slowest.Round(10*time.Millisecond))
	h.sound(t, time.Minute, "the cancels")
	crowd.leave(t)
}

// gone fails the test if a process of a build, known by a mark, or a container
// of a cancelled deployment's release is there.
func (h *home) gone(t *testing.T, mark string, d deployment) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if line, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(line), "/app\x00nap\x00") && strings.Contains(string(line), mark) {
			t.Errorf("deployment #%d is cancelled, and its build runs: %s", d.Number, path)
		}
	}
	if d.Release == 0 {
		return
	}
	left, err := h.engine.ContainerList(t.Context(), container.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", "slipway.installation="+h.name), filters.Arg("label", fmt.Sprint("slipway.release=", d.Release)),
		filters.Arg("label", "slipway.app.name="+d.App))})
	if err != nil || len(left) > 0 {
		t.Errorf("deployment #%d is cancelled, and %d containers of v%d run: %v", d.Number, len(left), d.Release, err)
	}
}

// reaches waits until the deployment of a commit is in a state, and gives its
// number.
func reaches(t *testing.T, h *home, commit, state string) (number int) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("the deployment of %.7s is %s", commit, state), func() error {
		found, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1`, commit)
		if err == nil && (len(found) != 1 || found[0].State != state) {
			err = fmt.Errorf("%+v", found)
		}
		if err == nil {
			number = found[0].Number
		}
		return err
	})
	return number
}
