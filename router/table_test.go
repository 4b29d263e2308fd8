package router

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func manyApps(n int) []App {
	apps := make([]App, n)
	for i := range apps {
		apps[i] = App{
			ID: fmt.Sprintf("01h%023d", i), Name: fmt.Sprintf("app-%d", i), Status: AppLive, Release: 1,
			Hosts:    []string{fmt.Sprintf("app-%d.apps.example.com", i)},
			Backends: []Backend{{ID: fmt.Sprintf("%064d", i), Name: fmt.Sprintf("app-%d.web.v1.1", i), Address: fmt.Sprintf("10.%d.%d.2:8080", i>>8, i&255), Workload: fmt.Sprintf("01h%023d/web/1", i)}},
		}
	}
	return apps
}

func loaded(t testing.TB, apps []App) *store {
	t.Helper()
	s := newStore()
	if _, err := s.apply(Update{Version: 1, Table: &Table{Version: 1, Apps: apps}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestUpdatesGiveTheSameAsATable applies changes one by one and all at once.
func TestUpdatesGiveTheSameAsATable(t *testing.T) {
	apps := manyApps(300)
	s := loaded(t, apps[:100])
	version := uint64(1)
	step := func(u Update) {
		t.Helper()
		version++
		u.Version = version
		if changed, err := s.apply(u); err != nil || !changed {
			t.Fatal(changed, err)
		}
	}
	for i := 100; i < 300; i++ {
		step(Update{App: &apps[i]})
	}
	for i := 0; i < 300; i += 3 {
		step(Update{RemoveApp: apps[i].ID})
	}
	for i := 1; i < 300; i += 3 {
		app := apps[i]
		app.Hosts = []string{"*." + app.Hosts[0], "moved-" + app.Hosts[0]}
		step(Update{App: &app})
	}
	// A host moves to another app, which may be told in either order.
	apps[2].Hosts, apps[5].Hosts = apps[5].Hosts, apps[2].Hosts
	step(Update{App: &apps[2]})
	step(Update{App: &apps[5]})

	find := s.index.Load().find
	for i := range apps {
		original := fmt.Sprintf("app-%d.apps.example.com", i)
		want := map[string]string{}
		switch {
		case i == 2:
			want[original] = apps[5].ID
		case i == 5:
			want[original] = apps[2].ID
		case i%3 == 0:
			want[original] = ""
		case i%3 == 1:
			want[original], want["x."+original], want["moved-"+original] = "", apps[i].ID, apps[i].ID
		default:
			want[original], want["x."+original] = apps[i].ID, ""
		}
		for host, id := range want {
			got := ""
			if r := find(host); r != nil {
				got = r.app.ID
			}
			if got != id {
				t.Errorf("%s goes to %q, want %q", host, got, id)
			}
		}
	}
	if n := s.index.Load().wildcards; n != 100 {
		t.Errorf("%d wildcards counted", n)
	}
	kept := s.table()
	again := loaded(t, kept.Apps)
	for i := range s.index.Load().parts {
		if len(s.index.Load().parts[i]) != len(again.index.Load().parts[i]) {
			t.Fatalf("part %d differs from that of a table loaded whole", i)
		}
	}
	for _, app := range kept.Apps {
		step(Update{RemoveApp: app.ID})
	}
	for _, part := range s.index.Load().parts {
		if len(part) != 0 {
			t.Fatalf("left over: %v", part)
		}
	}
	if len(s.workloads) != 0 || s.index.Load().wildcards != 0 {
		t.Errorf("left over: %d workloads, %d wildcards", len(s.workloads), s.index.Load().wildcards)
	}
}

// TestBackendsKeepTheirCounters checks that a backend which did not change is
// the same one after any update, and that counting goes on over a rollback to
// a workload which is still draining.
func TestBackendsKeepTheirCounters(t *testing.T) {
	app := manyApps(1)[0]
	s := loaded(t, []App{app})
	first := s.index.Load().find(app.Hosts[0]).backends[0]
	if !first.use() {
		t.Fatal("retired from the start")
	}
	more := app
	more.Backends = append([]Backend{{ID: "other", Address: "10.9.9.9:1", Workload: app.Backends[0].Workload}}, app.Backends...)
	for version, u := range []Update{{App: &more}, {Table: &Table{Version: 3, Apps: []App{more}}}} {
		u.Version = uint64(version + 2)
		if _, err := s.apply(u); err != nil {
			t.Fatal(err)
		}
		if s.index.Load().find(app.Hosts[0]).backends[1] != first || first.retired.Load() {
			t.Fatal("the backend was replaced")
		}
	}
	next := app
	next.Backends = []Backend{{ID: "next", Address: "10.9.9.9:2", Workload: "next"}}
	if _, err := s.apply(Update{Version: 4, App: &next}); err != nil {
		t.Fatal(err)
	}
	if !first.retired.Load() {
		t.Error("the old backend is not retired")
	}
	if _, err := s.apply(Update{Version: 5, App: &app}); err != nil {
		t.Fatal(err)
	}
	back := s.index.Load().find(app.Hosts[0]).backends[0]
	if back.workload != first.workload {
		t.Error("the workload is counted anew")
	}
	workloads, draining := s.inFlight()
	if workloads[first.workload.id] != 1 || draining[first.ID] != 1 {
		t.Errorf("%v %v", workloads, draining)
	}
	if !first.release() {
		t.Error("the drain was not noticed")
	}
	if workloads, draining = s.inFlight(); len(workloads)+len(draining) != 0 {
		t.Errorf("%v %v", workloads, draining)
	}
}

func TestFailingBackendsAreLeftAloneForAWhile(t *testing.T) {
	app := manyApps(1)[0]
	app.Backends = append(app.Backends, Backend{ID: "b", Address: "10.9.9.9:1", Workload: "w"})
	r := loaded(t, []App{app}).index.Load().find(app.Hosts[0])
	a, b := r.backends[0], r.backends[1]
	a.failed(time.Now())
	for range 100 {
		if choose(r.backends, nil) != b {
			t.Fatal("a backend that refused a connection was chosen")
		}
	}
	b.failed(time.Now())
	if choose(r.backends, nil) == nil || choose(r.backends, []*backend{a}) != b || choose(r.backends, []*backend{a, b}) != nil {
		t.Error("with all of them failing, those untried are to be tried")
	}
	a.succeeded()
	for range 100 {
		if choose(r.backends, nil) != a {
			t.Fatal("a backend that answered again is not chosen")
		}
	}
}

func FuzzUpdate(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"ping":true}`,
		`{"version":2,"table":{"version":2,"apps":[{"id":"a","name":"a","hosts":["a.test","*.b.test"],"status":"live","release":1,"backends":[{"id":"x","name":"n","address":"10.0.0.1:80","workload":"a/web/1"}]}],"platform":{"host":"s.test","url":"http://127.0.0.1:1"}}}`,
		`{"version":3,"app":{"id":"a","hosts":["A.test"],"status":"live"}}`,
		`{"version":3,"app":{"id":"a","hosts":["*.*.x"],"status":"new"},"remove_app":"a"}`,
		`{"version":4,"remove_app":"a"}`, `{}`, `null`, `[`, `{"version":-1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		u, err := DecodeUpdate(line)
		if err != nil {
			return
		}
		s := loaded(t, nil)
		u.Version += 2
		if u.Version < 2 {
			return // it went round
		}
		if u.Table != nil {
			u.Table.Version = u.Version
		}
		if _, err := s.apply(u); err != nil {
			t.Fatalf("an update that was read cannot be applied: %v", err)
		}
		// What is in force survives the way to the disk and back.
		table := s.table()
		var text strings.Builder
		if err := writeTable(&text, table); err != nil {
			t.Fatal(err)
		}
		var again Table
		if err := json.Unmarshal([]byte(text.String()), &again); err != nil {
			t.Fatalf("%v in %s", err, &text)
		}
		if err := again.check(); err != nil {
			t.Fatal(err)
		}
		if len(again.Apps) != len(table.Apps) || !reflect.DeepEqual(again.Platform, table.Platform) {
			t.Fatalf("%+v became %+v", table, again)
		}
	})
}

func FuzzHost(f *testing.F) {
	for _, seed := range []string{"a.test", "A.Test.:80", "[::1]:80", "", ".", "a..b", "x:y", "*.a", "a:99999999", "ä.test", strings.Repeat("a.", 200)} {
		f.Add(seed)
	}
	s := loaded(f, []App{{ID: "a", Status: AppNew, Hosts: []string{"a.test", "*.b.test", "*.test"}}})
	f.Fuzz(func(t *testing.T, raw string) {
		host := normalHost(raw)
		if host == "" {
			return
		}
		if again := normalHost(host); again != host {
			t.Fatalf("%q became %q and then %q", raw, host, again)
		}
		if host != strings.ToLower(host) || len(host) > maxHostLength || strings.ContainsAny(host, ":/ \x00") {
			t.Fatalf("%q became %q", raw, host)
		}
		found := s.index.Load().find(host) != nil
		if want := strings.HasSuffix(host, ".test") && len(host) > len(".test"); found != want {
			t.Fatalf("%q found: %t", host, found)
		}
	})
}
