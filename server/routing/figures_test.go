package routing_test

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/metrics"
	"github.com/slipway-paas/slipway/server/routing"
)

// figures keeps what the routers of a world count.
func (w *world) figures() *metrics.Store {
	w.t.Helper()
	store, err := metrics.Open(w.t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	w.endServer()
	w.options.Traffic = func(id string, windows []router.Window) {
		if err := store.AddWindows(id, windows); err != nil {
			w.t.Error(err)
		}
	}
	w.startServer()
	return store
}

// TestRequestsAreCounted sends requests of several outcomes through two
// routers, ends the server and starts it anew meanwhile, and finds each
// request once.
func TestRequestsAreCounted(t *testing.T) {
	w := newWorld(t)
	figures := w.figures()
	for _, app := range []string{"hello", "empty"} {
		w.rows.change(app, func(r *routing.Route) { r.Hosts = []string{app + ".test"} })
		w.service().Changed(app)
	}
	edges := []*edge{w.startRouter("east"), w.startRouter("west")}
	w.connected(2)
	if err := w.deploy("hello", 1, 2); err != nil {
		t.Fatal(err)
	}
	const senders, each = 4, 60
	send := func() {
		var load sync.WaitGroup
		for i := range senders {
			load.Go(func() {
				for range each {
					if got := edges[i%2].ask("http://hello.test/"); got != "v1" {
						t.Errorf("hello: %s", got)
					}
					if got := edges[i%2].ask("http://empty.test/"); got != "503 app_new" {
						t.Errorf("empty: %s", got)
					}
				}
			})
		}
		load.Wait()
	}
	send()
	w.endServer()
	send() // the routers serve without it, and count
	w.startServer()
	send()
	edges[0].end() // what it has not told yet it tells now
	total := func(app string) metrics.Total {
		series, err := figures.Read(app, time.Time{}, 6*time.Hour) // its last step is the current one
		if err != nil {
			t.Fatal(err)
		}
		for i, own := range series.Own {
			if app == "empty" && !math.IsNaN(own) && own != series.Errors[i] {
				t.Errorf("of %v errors a second the router made %v", series.Errors[i], own)
			}
		}
		return series.Total
	}
	const want = 3 * senders * each
	// The other one tells of the rest when its window is over.
	eventually(t, "all requests are counted", func() bool { return total("hello").Requests >= want && total("empty").Requests >= want })
	edges[1].end()
	hello, empty := total("hello"), total("empty")
	if hello.Requests != want || hello.Errors != 0 || hello.Bytes != 2*want || math.IsNaN(hello.P50) || hello.P50 <= 0 {
		t.Errorf("hello: %+v, want %d requests of 2 bytes", hello, want)
	}
	if empty.Requests != want || empty.Errors != want {
		t.Errorf("empty: %+v, want %d errors", empty, want)
	}
}

// TestReportsWaitForTheTable posts what was counted to a server that does not
// know its apps yet.
func TestReportsWaitForTheTable(t *testing.T) {
	w := newWorld(t)
	figures := w.figures()
	w.rows.change("hello", func(r *routing.Route) { r.Hosts = []string{"hello.test"} })
	w.endServer()
	w.rows.setAway(true)
	w.startServer()
	then := time.Now().Add(-time.Minute).Unix() // what is just over is not shown yet
	report := func() int {
		traffic := `{"responses":[0,3,0,0,0],"latency":[3]}`
		body := fmt.Sprintf(`{"windows":[{"start":%d,"apps":{"hello":%s,"gone":%s}}]}`, then-then%router.WindowSeconds, traffic, traffic)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/internal/router/v1/reports", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("X-Router-Id", "north")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := report(); got != http.StatusServiceUnavailable {
		t.Fatalf("before the table is made it answers %d", got)
	}
	w.rows.setAway(false)
	eventually(t, "the report is taken", func() bool { return report() == http.StatusNoContent })
	report() // once more: the answer may have been lost
	for app, want := range map[string]int64{"hello": 3, "gone": 0} {
		series, err := figures.Read(app, time.Time{}, 6*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if series.Total.Requests != want {
			t.Errorf("%s: %d requests, want %d", app, series.Total.Requests, want)
		}
	}
}
