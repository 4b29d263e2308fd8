package fleet_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/clustertest/testapp"
	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/deployer/memory"
)

func runTestApp(ctx context.Context, p *memory.Process) int {
	return testapp.Run(ctx, testapp.World{
		Getenv: p.Getenv, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		Listen: p.Listen, Allocate: p.Allocate, Killed: p.Killed,
	})
}

// byRelease puts releases from the one named on into the second cluster.
type byRelease struct {
	from  map[string]int
	known error // what asking gives
}

func (p byRelease) Place(_ context.Context, app string, release int) (string, error) {
	if from, ok := p.from[app]; ok && release >= from {
		return "second", p.known
	}
	return "home", p.known
}

func (p byRelease) Members(_ context.Context, app string) ([]string, error) {
	if from, ok := p.from[app]; ok && from > 1 {
		return []string{"home", "second"}, p.known
	} else if ok {
		return []string{"second"}, p.known
	}
	return []string{"home"}, p.known
}

func engine() *memory.Engine {
	e := memory.NewEngine()
	e.AddImage("testapp", runTestApp)
	e.AddImage("serve", memory.Serve)
	return e
}

var quiet = slog.New(slog.DiscardHandler)

// pair is a fleet of two clusters.
type pair struct {
	*fleet.Fleet
	home, second *memory.Engine
}

func newPair(places fleet.Places) pair {
	p := pair{home: engine(), second: engine()}
	p.Fleet = fleet.New(fleet.Member{ID: "home", Name: "local", Cluster: memory.New(p.home, "test")}, places, quiet)
	p.Set([]fleet.Member{{ID: "second", Name: "far", Cluster: memory.New(p.second, "test")}})
	return p
}

// TestConformance: a fleet keeps the promises of a cluster, whichever member an
// app is on.
func TestConformance(t *testing.T) {
	for where, from := range map[string]map[string]int{
		"at home": {}, "elsewhere": {"01app": 1}, "moving": {"01app": 2}, "others elsewhere": {"01other": 1},
	} {
		t.Run(where, func(t *testing.T) {
			clustertest.Run(t, func(*testing.T) clustertest.Harness {
				home, second := engine(), engine()
				return clustertest.Harness{Image: "testapp", New: func(*testing.T) deployer.Cluster {
					f := fleet.New(fleet.Member{ID: "home", Name: "local", Cluster: memory.New(home, "test")}, byRelease{from: from}, quiet)
					f.Set([]fleet.Member{{ID: "second", Name: "far", Cluster: memory.New(second, "test")}})
					return f
				}}
			})
		})
	}
}

func web(app string, release int) deployer.Workload {
	return deployer.Workload{
		ID: deployer.WorkloadID{App: app, Process: "web", Release: release}, AppName: app, Image: "serve",
		Port: 8080, Instances: 1, Health: deployer.Health{Timeout: 20 * time.Second},
	}
}

func up(t *testing.T, c deployer.Cluster, w deployer.Workload) {
	t.Helper()
	ok(t, c.Ensure(t.Context(), w))
	ok(t, c.WaitHealthy(t.Context(), w.ID))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, list []deployer.Instance, err error) string {
	t.Helper()
	ok(t, err)
	var all []string
	for _, in := range list {
		all = append(all, in.Workload.String()+" on "+in.Cluster)
	}
	return strings.Join(all, ", ")
}

// TestOneAwayHoldsUpNobodyElse: what is on a cluster that does not answer fails,
// and listings go on with what it had last.
func TestOneAwayHoldsUpNobodyElse(t *testing.T) {
	p := newPair(byRelease{from: map[string]int{"far": 1, "moving": 2}})
	for _, w := range []deployer.Workload{web("near", 1), web("far", 1), web("moving", 1), web("moving", 2)} {
		up(t, p, w)
	}
	all, err := p.Instances(t.Context(), "")
	before := ids(t, all, err)
	if want := "far/web/1 on far, moving/web/1 on local, moving/web/2 on far, near/web/1 on local"; before != want {
		t.Fatalf("it lists %s", before)
	}
	if _, err := p.Census(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	p.second.SetAway(true)
	all, err = p.Instances(t.Context(), "")
	if now := ids(t, all, err); now != before {
		t.Errorf("while one is away it lists %s", now)
	}
	if seen, err := p.Census(t.Context(), ""); err != nil || len(seen) != 4 {
		t.Errorf("while one is away the census sees %d, %v", len(seen), err)
	}
	near, err := p.Instances(t.Context(), "near")
	if now := ids(t, near, err); now != "near/web/1 on local" {
		t.Errorf("an app that is not there: %s", now)
	}
	for _, app := range []string{"far", "moving"} {
		if _, err := p.Instances(t.Context(), app); !errors.Is(err, deployer.ErrUnavailable) {
			t.Errorf("an app that is there: %v", err)
		}
	}
	if err := p.Ensure(t.Context(), web("far", 1)); !errors.Is(err, deployer.ErrUnavailable) || !strings.Contains(err.Error(), "far") {
		t.Errorf("Ensure: %v", err)
	}
	up(t, p, web("near", 2))
	p.second.SetAway(false)
	up(t, p, web("far", 2))

	// The home is needed by all: what is on it would be taken to be gone.
	p.home.SetAway(true)
	if _, err := p.Instances(t.Context(), ""); !errors.Is(err, deployer.ErrUnavailable) {
		t.Errorf("without its home: %v", err)
	}
}

// TestOneThatWasNeverSeen: before it was listed once nobody may take it that it
// has nothing.
func TestOneThatWasNeverSeen(t *testing.T) {
	p := newPair(byRelease{from: map[string]int{"far": 1}})
	p.second.SetAway(true)
	if _, err := p.Instances(t.Context(), ""); !errors.Is(err, deployer.ErrUnavailable) {
		t.Errorf("it lists without: %v", err)
	}
	up(t, p, web("near", 1))
	p.second.SetAway(false)
	if _, err := p.Instances(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

// TestLeftoversAreFound: an app that has moved away is still looked for where
// something of it is left.
func TestLeftoversAreFound(t *testing.T) {
	places := byRelease{from: map[string]int{}}
	p := newPair(places)
	places.from["shop"] = 1
	up(t, p, web("shop", 1))
	delete(places.from, "shop") // the rows say that it is at home now
	if _, err := p.Instances(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	left, err := p.Instances(t.Context(), "shop")
	if now := ids(t, left, err); now != "shop/web/1 on far" {
		t.Errorf("it finds %q", now)
	}
	ok(t, p.Remove(t.Context(), web("shop", 1).ID, 0))
	left, err = p.Instances(t.Context(), "shop")
	if now := ids(t, left, err); now != "" {
		t.Errorf("what was removed is found: %q", now)
	}
}

// TestRowsAway: what was known goes on being known while nobody can be asked.
func TestRowsAway(t *testing.T) {
	places := &byRelease{from: map[string]int{"far": 1}}
	p := newPair(places)
	up(t, p, web("far", 1))
	if _, err := p.Instances(t.Context(), "far"); err != nil {
		t.Fatal(err)
	}
	places.known = io.ErrUnexpectedEOF
	if found, err := p.Instances(t.Context(), "far"); err != nil || len(found) != 1 {
		t.Errorf("it finds %d, %v", len(found), err)
	}
	ok(t, p.Ensure(t.Context(), web("far", 1)))
	if err := p.Ensure(t.Context(), web("far", 2)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a release that nobody knows: %v", err)
	}
}

// TestMembersComeAndGo: events of a member are heard from when it comes, and
// what is on one that went is not there.
func TestMembersComeAndGo(t *testing.T) {
	p := newPair(byRelease{from: map[string]int{"far": 1, "third": 1}})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	heard := make(chan deployer.Event, 100)
	go func() {
		defer close(heard)
		for e, err := range p.Watch(ctx) {
			if err != nil {
				return
			}
			heard <- e
		}
	}()
	next := func(what string, is func(deployer.Event) bool) deployer.Event {
		t.Helper()
		for e := range heard {
			if is(e) {
				return e
			}
		}
		t.Fatalf("it was not heard that %s", what)
		return deployer.Event{}
	}
	resync := func(e deployer.Event) bool { return e.Type == deployer.EventResync }
	next("it begins", resync)
	up(t, p, web("far", 1))
	e := next("it started", func(e deployer.Event) bool { return e.Type == deployer.EventStarted })
	if e.Instance.Cluster != "far" || !strings.HasSuffix(e.Instance.ID, "@second") {
		t.Errorf("it is %+v", e.Instance)
	}
	lines := 0
	for _, err := range p.Logs(ctx, deployer.LogQuery{InstanceID: e.Instance.ID}) {
		ok(t, err)
		lines++
	}
	p.Set(nil)
	next("one has gone", resync)
	if _, err := p.Member("second"); !errors.Is(err, fleet.ErrNoMember) {
		t.Errorf("it is still there: %v", err)
	}
	for line, err := range p.Logs(ctx, deployer.LogQuery{InstanceID: e.Instance.ID}) {
		t.Errorf("of an instance that is gone: %v, %v", line, err)
	}
}

// counting counts how often it is asked where a release is.
type counting struct {
	byRelease
	asked *int
}

func (c counting) Place(ctx context.Context, app string, release int) (string, error) {
	*c.asked++
	return c.byRelease.Place(ctx, app, release)
}

// What the fleet was told it does not ask for.
func TestLearn(t *testing.T) {
	asked := 0
	f := fleet.New(fleet.Member{ID: "home", Name: "home", Cluster: memory.New(engine(), "t")}, counting{byRelease{}, &asked}, quiet)
	second := memory.New(engine(), "t")
	f.Set([]fleet.Member{{ID: "second", Name: "second", Cluster: second}})
	f.Learn("app", 3, "second")
	w := deployer.Workload{ID: deployer.WorkloadID{App: "app", Process: "web", Release: 3}, AppName: "hello", Image: "serve", Instances: 1, Port: 8080}
	if f.Spec(w) == "unknown" || asked != 0 {
		t.Errorf("it asked %d times", asked)
	}
	if err := f.Ensure(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if found, err := second.Instances(t.Context(), "app"); err != nil || len(found) != 1 {
		t.Errorf("in the second run %v, %v", found, err)
	}
	w.ID.Release = 4
	if f.Spec(w); asked != 1 {
		t.Errorf("it asked %d times for another", asked)
	}
}
