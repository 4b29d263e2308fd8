package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// told gives what the activity of hello says of pushes that were cut off.
func (d *door) told(t *testing.T) (words []string) {
	t.Helper()
	app, err := d.store.AppByName(t.Context(), models.SystemActor(), "hello")
	if err != nil {
		t.Fatal(err)
	}
	events, _, err := d.store.Events(t.Context(), models.SystemActor(), app, store.Page{Limit: 50}, store.EventFilter{Action: "push.resume"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		words = append(words, e.Detail["cause"])
	}
	return words
}

// awaits waits until main is at a commit, or for something to be told.
func (d *door) awaits(t *testing.T, work string, is func(head string) bool) {
	t.Helper()
	ctx, cancel := patience()
	defer cancel()
	head := ""
	if err := eventually(ctx, func() (bool, error) {
		head, _, _ = strings.Cut(run(t, work, "ls-remote", d.remote("hello"), "refs/heads/main"), "\t")
		return is(head), nil
	}); err != nil {
		t.Fatalf("main is at %q, and told is %q", head, d.told(t))
	}
}

// cut begins a push that builds until it is let, and takes the door away from it.
func (d *door) cut(t *testing.T, work, number string) *pushing {
	t.Helper()
	p := d.push(t, work)
	d.waits(t, number+" main building")
	d.closes()
	if <-p.ended; p.err == nil {
		t.Fatalf("the push went through: %s", p.said.String())
	}
	return p
}

// A push whose server goes away while its deployment goes on: when the server is
// back the branch follows what went live.
func TestBranchFollowsAfterTheServerWasGone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	work := folder(t, "index.html", "hello")
	d.push(t, work).isLive(t)
	put(t, work, "HOLD", "yes")
	p := d.cut(t, work, "#2")
	d.yard.let()
	d.opens(t)
	d.awaits(t, work, func(head string) bool { return head == p.commit })
	run(t, work, "clone", "-q", d.remote("hello"), filepath.Join(t.TempDir(), "clone"))

	put(t, work, "index.html", "hello again")
	p = d.push(t, work)
	p.isLive(t)
	if told := d.told(t); len(told) != 1 || !strings.Contains(told[0], "which #2 has made live") {
		t.Errorf("told is %q", told)
	}
	if left, err := d.leftovers(); err != nil || len(left) != 0 {
		t.Errorf("%v is left over, %v", left, err)
	}
}

// What was cut off does not move a branch that has gone on, nor one whose
// deployment failed.
func TestBranchStaysAfterTheServerWasGone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	work := folder(t, "index.html", "hello")
	p := d.push(t, work)
	p.isLive(t)
	first := p.commit
	put(t, work, "HOLD", "yes")
	put(t, work, "FAIL", "for a good reason")
	d.cut(t, work, "#2")
	d.yard.let()
	d.opens(t)
	ctx, cancel := patience()
	defer cancel()
	if err := eventually(ctx, func() (bool, error) {
		left, err := d.leftovers()
		return len(left) == 0, err
	}); err != nil {
		left, _ := d.leftovers()
		t.Errorf("%v is left over", left)
	}
	d.awaits(t, work, func(head string) bool { return head == first })
	if told := d.told(t); len(told) != 0 {
		t.Errorf("told is %q", told)
	}
}

// Where what was pushed is gone the branch stays, and that is said.
func TestPushedObjectsAreGone(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	work := folder(t, "index.html", "hello")
	p := d.push(t, work)
	p.isLive(t)
	first := p.commit
	put(t, work, "HOLD", "yes")
	d.cut(t, work, "#2")
	packs, err := filepath.Glob(filepath.Join(d.dataDir, "repositories/*.git/slipway.kept-*/objects/pack/*"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("nothing is kept: %v", err)
	}
	for _, path := range packs {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	d.yard.let()
	d.opens(t)
	d.awaits(t, work, func(string) bool { return len(d.told(t)) == 1 })
	if told := d.told(t); !strings.Contains(told[0], "what was pushed is gone; push it again") {
		t.Errorf("told is %q", told)
	}
	d.awaits(t, work, func(head string) bool { return head == first })
	p = d.push(t, work)
	p.isLive(t)
}

// A branch that was moved for a deployment that Postgres has not got is found.
func TestDeploymentIsNotThere(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	work := folder(t, "index.html", "hello")
	d.push(t, work).isLive(t)
	d.closes()
	if _, err := d.store.Pool().Exec(t.Context(), `UPDATE deployments SET "commit" = 'another'`); err != nil {
		t.Fatal(err)
	}
	locks, err := filepath.Glob(filepath.Join(d.dataDir, "repositories/*.git/slipway.lock"))
	if err != nil || len(locks) != 1 {
		t.Fatal(locks, err)
	}
	if err := os.WriteFile(locks[0], []byte("b01hwhatpostgresnolongerhas"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is told once
		d.opens(t)
		d.awaits(t, work, func(string) bool { return len(d.told(t)) == 1 })
		d.closes()
	}
	if told := d.told(t); len(told) != 1 || !strings.Contains(told[0], "there is no deployment of it") {
		t.Errorf("told is %q", told)
	}
}

// put commits a file.
func put(t *testing.T, work, file, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(work, file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, work, "add", ".")
	commit(t, work, "Change "+file)
}
