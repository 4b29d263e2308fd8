package chaos

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// killing is one death: what is under way, and where the server dies.
type killing struct{ under, point string }

// killings lists every point at which each kind of work can be killed.
func killings() []killing {
	var all []killing
	for _, k := range []struct {
		under  string
		points []string
	}{
		{"first push", []string{"push.app-made", "push.source-kept", "submit.before-commit", "push.acknowledged", "rollout.ensured", "live.before-commit"}},
		{"push", []string{
			"push.source-kept", "submit.before-wake", "submit.before-commit", "push.acknowledged", "deployment.claimed",
			"build.before", "build.after", "build.written", "release.before", "release.written",
			"rollout.ensured", "rollout.healthy", "rollout.before-switch", "live.before-commit", "live.committed",
			"converge.before", "rollout.before-drain", "rollout.before-remove", "rollout.removed", "converge.after", "push.before-answer",
		}},
		{"failing push", []string{"build.after", "deployment.before-end"}},
		{"rollback", []string{
			"submit.before-commit", "deployment.claimed", "release.before", "release.written", "rollout.ensured", "rollout.healthy",
			"rollout.before-switch", "live.before-commit", "live.committed", "rollout.before-drain", "rollout.before-remove", "rollout.removed",
		}},
		{"warm rollback", []string{"release.written", "rollout.before-switch", "live.before-commit", "live.committed", "converge.after"}},
		{"push that stops first", []string{"rollout.held", "rollout.stopped-first", "rollout.ensured", "rollout.before-switch", "live.before-commit", "live.committed"}},
		{"superseding push", []string{"build.after", "deployment.before-end"}},
		{pushOverPush, []string{"push.source-kept", "submit.before-commit", "push.acknowledged", "push.turn-taken"}},
		{"scaling up", []string{"converge.before", "scale.before", "rollout.ensured", "rollout.healthy", "scale.before-switch", "converge.after"}},
		{"scaling down", []string{"converge.before", "scale.before", "scale.before-switch", "converge.after"}},
		{"cancel of a build", []string{"build.after", "cancel.before-undo", "cancel.undone", "deployment.before-end"}},
		{"cancel of a rollout", []string{"cancel.before-undo", "cancel.undone", "deployment.before-end"}},
	} {
		for _, point := range k.points {
			all = append(all, killing{k.under, point})
		}
	}
	return all
}

// pushOverPush is a push that takes the place of another's, which comes by the
// same points just before.
const pushOverPush = "push that supersedes a push"

// Whoever names a point in the program has the server killed there too.
func TestEveryPointKills(t *testing.T) {
	call := regexp.MustCompile(`failpoint\.Hit\("([^"]+)"\)`)
	known := map[string]bool{}
	for _, k := range killings() {
		known[k.point] = true
	}
	named := 0
	for _, dir := range []string{"../../server", "../../deployer", "../../builder", "../../models"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			content, err := os.ReadFile(path)
			for _, found := range call.FindAllStringSubmatch(string(content), -1) {
				if named++; !known[found[1]] {
					t.Errorf("%s names the point %s, and nothing is killed there", path, found[1])
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if named == 0 {
		t.Error("no points are found")
	}
}

// killPoints kills the server at every named step of a deployment and starts it
// again. In the short run it is a draw of them.
func killPoints(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	victim := newVictim(t, h, "phoenix")
	crowd := h.crowd(t, victim.app)
	all := killings()
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if brief() {
		all = all[:4]
	}
	for i, k := range all {
		ok := t.Run(fmt.Sprintf("%s at %s", k.under, k.point), func(t *testing.T) {
			victim.die(t, k, fmt.Sprintf("%d.%d", suite.seed, i+1))
			crowd.unharmed(t, fmt.Sprintf("a death at %s during a %s", k.point, k.under))
		})
		if !ok && !h.first().running() {
			h.first().start(t)
		}
	}
	crowd.leave(t)
}

// victim is an app whose deployments are killed.
type victim struct {
	home  *home
	app   string
	repo  *repository
	extra int // apps that were made beside it
}

func newVictim(t *testing.T, h *home, app string) *victim {
	t.Helper()
	v := &victim{home: h, app: app, repo: h.clone(t, app)}
	for _, version := range []string{"one", "two"} {
		v.repo.commit(t, version)
		v.repo.deploy(t, h.first())
	}
	v.set(t, map[string]any{"source": map[string]string{"url": "file://" + v.repo.dir, "branch": "main"}})
	h.first().must(t, "PATCH", "/api/v1/apps/"+app+"/scale", map[string]int{"worker": 1})
	h.sound(t, time.Minute, "the first deployments")
	return v
}

// die begins some work, lets the server die at a point of it, starts it again,
// and looks whether everything goes on or ends.
func (v *victim) die(t *testing.T, k killing, version string) {
	s := v.home.first()
	if k.under == "scaling down" {
		s.must(t, "PATCH", "/api/v1/apps/"+v.app+"/scale", map[string]int{"web": 2})
		v.home.sound(t, time.Minute, "scaling up")
	}
	settings := map[string]any{"warm_minutes": 0, "stop_first": k.under == "push that stops first", "supersede_building": k.under == "superseding push" || k.under == pushOverPush}
	if k.under == "warm rollback" {
		settings["warm_minutes"] = 10
		v.set(t, settings)
		v.repo.commit(t, version+"-before")
		v.repo.deploy(t, s) // what was live before it is warm now
	}
	v.set(t, settings)
	v.home.sound(t, time.Minute, "what it begins with")
	t.Cleanup(func() { s.disarm(k.point) })
	if k.under != pushOverPush {
		s.arm(t, k.point, "kill")
	}
	finish := v.begin(t, k, version)
	select {
	case <-s.ended:
	case <-time.After(90 * time.Second):
		t.Fatalf("%s never comes to the point %s", k.under, k.point)
	}
	died := time.Now()
	open, err := rows[deploymentRow](v.home, `SELECT `+deploymentColumns+` FROM deployments WHERE state IN ('queued', 'building', 'releasing', 'deploying')`)
	if err != nil {
		t.Fatal(err)
	}
	s.launch(t)
	v.takenUp(t, open, died)
	eventually(t, time.Minute, "the server is ready again", s.ready)
	finish()
	v.home.sound(t, time.Minute, fmt.Sprintf("a death at %s during a %s", k.point, k.under))
	if k.under == "scaling up" {
		s.must(t, "PATCH", "/api/v1/apps/"+v.app+"/scale", map[string]int{"web": 1})
		v.home.sound(t, time.Minute, "scaling down again")
	}
	t.Logf("%d open at the death; all well after %s", len(open), time.Since(died).Round(100*time.Millisecond))
}

// set changes the app's settings.
func (v *victim) set(t *testing.T, settings map[string]any) {
	t.Helper()
	v.home.first().must(t, "PATCH", "/api/v1/apps/"+v.app, settings)
}

// takenUp fails the test unless each deployment that was open when the server
// died goes on or has ended within ten seconds.
func (v *victim) takenUp(t *testing.T, open []deploymentRow, died time.Time) {
	t.Helper()
	const within = 10 * time.Second
	for _, d := range open {
		err := until(time.Until(died.Add(within)), func() error {
			now, err := rows[deploymentRow](v.home, `SELECT `+deploymentColumns+` FROM deployments WHERE id = $1`, d.ID)
			if err == nil && (len(now) != 1 || !terminal(now[0].State) && now[0].Fence == d.Fence) {
				err = fmt.Errorf("it was %s with fence %d, and is %+v", d.State, d.Fence, now)
			}
			return err
		})
		if err != nil {
			t.Errorf("deployment #%d neither goes on nor ends within %s: %v", d.Number, within, err)
		}
	}
}

// begin starts some kind of work. What it gives waits for its end and looks at
// the outcome, once the server is back.
func (v *victim) begin(t *testing.T, k killing, version string) (finish func()) {
	t.Helper()
	s := v.home.first()
	path := "/api/v1/apps/" + v.app
	// ask asks something of a server that may die of it.
	ask := func(method, path string, body any) { _, _ = s.call(method, path, body) }
	switch k.under {
	case "first push":
		v.extra++
		repo := v.home.clone(t, fmt.Sprint("firstling-", v.extra))
		repo.commit(t, version)
		push := repo.push(t, s)
		return func() { <-push.done; v.again(t, repo, push, version) }
	case "push", "push that stops first":
		v.repo.commit(t, version)
		push := v.repo.push(t, s)
		return func() { <-push.done; v.again(t, v.repo, push, version) }
	case "failing push":
		v.repo.commit(t, version, `RUN ["/app", "fail", "`+nonce+version+`"]`)
		push := v.repo.push(t, s)
		return func() { <-push.done; v.outcome(t, push, "failed") }
	case "superseding push":
		v.repo.commit(t, version+"-early", nap(4*time.Second))
		early := v.repo.push(t, s)
		reaches(t, v.home, early.commit, "building")
		v.repo.commit(t, version)
		go ask("POST", path+"/deployments", map[string]any{"git": map[string]string{}})
		return func() { <-early.done; v.outcome(t, early, "superseded", "succeeded") } // the latter when nothing came after it
	case pushOverPush:
		v.repo.commit(t, version+"-early", nap(4*time.Second))
		early := v.repo.push(t, s)
		reaches(t, v.home, early.commit, "building")
		s.arm(t, k.point, "kill")
		v.repo.commit(t, version)
		push := v.repo.push(t, s)
		return func() {
			<-early.done
			<-push.done
			v.outcome(t, early, "superseded", "succeeded") // the latter when nothing came after it
			v.again(t, v.repo, push, version)
		}
	case "rollback", "warm rollback":
		go ask("POST", path+"/rollback", map[string]any{})
	case "scaling up":
		go ask("PATCH", path+"/scale", map[string]int{"web": 2})
	case "scaling down":
		go ask("PATCH", path+"/scale", map[string]int{"web": 1})
	case "cancel of a build", "cancel of a rollout":
		line, state := nap(4*time.Second), "building"
		if k.under == "cancel of a rollout" {
			line, state = "ENV LISTEN=no", "deploying"
		}
		v.repo.commit(t, version, line)
		push := v.repo.push(t, s)
		number := reaches(t, v.home, push.commit, state)
		go ask("POST", fmt.Sprintf("%s/deployments/%d/cancel", path, number), nil)
		return func() { <-push.done; v.outcome(t, push, "cancelled") }
	}
	return func() {}
}

// outcome fails the test unless a push's deployment ends in one of the states.
func (v *victim) outcome(t *testing.T, push *pushing, states ...string) {
	t.Helper()
	found, err := rows[deploymentRow](v.home, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1`, push.commit)
	if err != nil || len(found) != 1 {
		t.Fatalf("the deployments of %.7s: %+v, %v", push.commit, found, err)
	}
	if d := v.home.first().awaits(t, v.app, found[0].Number); !slices.Contains(states, d.State) {
		t.Errorf("deployment #%d is %s (%s), want %v", d.Number, d.State, d.Reason, states)
	}
}

// again looks whether a push that was cut off is there whole or not at all, and
// pushes once more if git says that it was refused.
func (v *victim) again(t *testing.T, repo *repository, push *pushing, version string) {
	t.Helper()
	s := v.home.first()
	found, err := rows[deploymentRow](v.home, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1`, push.commit)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(found) > 1:
		t.Fatalf("one push made %d deployments", len(found))
	case len(found) == 1:
		if d := s.awaits(t, repo.app, found[0].Number); d.State != "succeeded" {
			t.Errorf("deployment #%d of a push that was cut off is %s: %s", d.Number, d.State, d.Reason)
		}
	case push.acknowledged() > 0:
		t.Errorf("the push was acknowledged, and nothing is there of it:\n%s", push.out)
	}
	if len(found) == 1 {
		eventually(t, 30*time.Second, "the branch follows what went live", func() error {
			at, err := repo.remoteHead(s)
			if err == nil && at != push.commit {
				err = fmt.Errorf("it is at %.7s", at)
			}
			return err
		})
	}
	if push.err != nil {
		repo.commit(t, version+"-again")
		repo.deploy(t, s)
	}
	if status, body, err := v.home.visit(repo.app, "/"); err != nil || status != 200 {
		t.Errorf("%s answers %d %q, %v", repo.app, status, body, err)
	}
}
