package routing

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/router"
)

// TestSlowRouterGetsTheWholeTable lets more changes come about than are kept
// for one router.
func TestSlowRouterGetsTheWholeTable(t *testing.T) {
	s := New(nil, nil, Options{}, slog.New(slog.DiscardHandler))
	s.ready = true
	se := s.connect("slow")
	change := func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		s.see(s.asked, Route{AppID: fmt.Sprint("app", n%10), LiveRelease: n + 1}, nil)
	}
	read := func() []router.Update {
		t.Helper()
		var all []router.Update
		for _, line := range s.next(se) {
			u, err := router.DecodeUpdate(line)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, u)
		}
		return all
	}
	if first := read(); len(first) != 1 || first[0].Table == nil {
		t.Fatalf("the first message is %+v", first)
	}
	for n := range 20 {
		change(n)
	}
	updates := read()
	if len(updates) != 20 {
		t.Fatalf("%d updates", len(updates))
	}
	for i, u := range updates[1:] {
		if u.App == nil || u.Version != updates[i].Version+1 {
			t.Fatalf("%+v follows version %d", u, updates[i].Version)
		}
	}
	for n := range queueMost + 50 {
		change(100 + n)
	}
	if len(se.queue) > queueMost {
		t.Errorf("%d updates are kept", len(se.queue))
	}
	whole := read()
	if len(whole) != 1 || whole[0].Table == nil || len(whole[0].Table.Apps) != 10 || whole[0].Version != s.version {
		t.Errorf("%d messages, the first %+v", len(whole), whole[0])
	}
	if rest := read(); len(rest) != 0 {
		t.Errorf("and then %d more", len(rest))
	}
}

// TestLaterLooksWin lets an earlier look at the cluster end after a later one.
func TestLaterLooksWin(t *testing.T) {
	s := New(nil, nil, Options{}, slog.New(slog.DiscardHandler))
	earlier, later := s.ask(), s.ask()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.see(later, Route{AppID: "a", Name: "new"}, nil)
	s.see(earlier, Route{AppID: "a", Name: "old"}, nil)
	if got := s.apps["a"].published.Name; got != "new" {
		t.Error(got)
	}
}

func FuzzReport(f *testing.F) {
	for _, seed := range []string{
		`{"applied":1,"in_flight":{"a/web/1":2},"draining":{"x":1},"access":[{"app_id":"a","status":500,"time":"2026-01-02T03:04:05Z"}],"dropped":3}`,
		`{}`, `null`, `{"access":[null]}`, `{"applied":18446744073709551615}`, `[`, `{"in_flight":{"":-1}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		lines := 0
		s := New(nil, nil, Options{Access: func(l []router.Access, _ int) { lines += len(l) }}, slog.New(slog.DiscardHandler))
		s.opts.TokenHash = sha256.Sum256(nil)
		s.apps["a"] = &appState{}
		se := s.connect("edge")
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer ")
		r.Header.Set("X-Router-Id", "edge")
		w := httptest.NewRecorder()
		s.ReportHandler().ServeHTTP(w, r)
		var report router.Report
		valid := json.NewDecoder(strings.NewReader(body)).Decode(&report) == nil
		if (w.Code == http.StatusNoContent) != valid || (w.Code != http.StatusNoContent && w.Code != http.StatusBadRequest) {
			t.Fatalf("%q was answered %d", body, w.Code)
		}
		if se.applied > s.version {
			t.Fatalf("version %d is acknowledged, which was never given out", se.applied)
		}
		if int64(lines) != s.Counters("a").Requests {
			t.Fatalf("%d lines, %d counted", lines, s.Counters("a").Requests)
		}
	})
}
