package api

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/router"
)

// served tells of requests to an app in the slots before now.
func (h *house) served(t *testing.T, appID string, slots int, each int64) {
	t.Helper()
	var windows []router.Window
	end := time.Now().Unix() / router.WindowSeconds * router.WindowSeconds
	for i := slots; i > 0; i-- {
		windows = append(windows, router.Window{Start: end - int64(i)*router.WindowSeconds, Apps: map[string]router.Traffic{
			appID: {Responses: [router.Classes]int64{0, each - 1, 0, 0, 1}, Errors: 1, Bytes: 10 * each, Latency: []int64{each}},
		}})
	}
	if err := h.metrics.AddWindows("r1", windows); err != nil {
		t.Fatal(err)
	}
}

func TestMetrics(t *testing.T) {
	h := open(t)
	owner, member := h.owner(t), h.member(t, "m@example.com")
	id := owner.create("hello").text("id")
	member.create("mine")
	h.served(t, id, 12, 50)

	var one AppMetrics
	r := owner.get("/api/v1/apps/hello/metrics").want(200)
	if err := json.Unmarshal(r.body, &one); err != nil {
		t.Fatal(err)
	}
	n := len(one.Times)
	columns := map[string]Column{
		"requests": one.RequestsPerSecond, "errors": one.ErrorsPerSecond, "router": one.RouterPerSecond, "bytes": one.BytesPerSecond,
		"2xx": one.Status.C2xx, "5xx": one.Status.C5xx, "p50": one.P50, "p95": one.P95, "p99": one.P99,
	}
	for name, c := range columns {
		if len(c) != n || n != 360 {
			t.Fatalf("%s has %d values for %d times", name, len(c), n)
		}
	}
	if one.StepSeconds != 10 || one.App != "hello" || one.Instances == nil {
		t.Errorf("it is in steps of %d s for %q", one.StepSeconds, one.App)
	}
	known := 0
	for i, v := range one.RequestsPerSecond {
		if i > 0 && one.Times[i] != one.Times[i-1]+10 {
			t.Fatalf("after %d comes %d", one.Times[i-1], one.Times[i])
		}
		if math.IsNaN(v) {
			continue
		}
		if known++; v != 5 || one.ErrorsPerSecond[i] != 0.1 || one.BytesPerSecond[i] != 50 {
			t.Errorf("%v requests and %v errors a second", v, one.ErrorsPerSecond[i])
		}
	}
	if known < 11 || known > 12 {
		t.Errorf("%d steps are known, want those of the last two minutes", known)
	}
	if one.Total.Requests != int64(known)*50 || one.Total.Errors != int64(known) {
		t.Errorf("%d requests and %d errors in %d steps", one.Total.Requests, one.Total.Errors, known)
	}
	for span, step := range map[string]float64{"1h": 10, "6h": 60, "24h": 300} {
		if r := owner.get("/api/v1/apps/hello/metrics?range=" + span).want(200); r.value("step_seconds") != step {
			t.Errorf("%s comes in steps of %v s", span, r.value("step_seconds"))
		}
	}
	owner.get("/api/v1/apps/hello/metrics?range=2d").problem(422, models.KindInvalid)
	owner.get("/api/v1/apps/none/metrics").problem(404, models.KindNotFound)
}

func TestMetricsAreForThoseWhoSeeTheApp(t *testing.T) {
	h := open(t)
	owner, member := h.owner(t), h.member(t, "m@example.com")
	id := owner.create("theirs").text("id")
	member.create("mine")
	h.served(t, id, 3, 7)
	member.get("/api/v1/apps/theirs/metrics").problem(404, models.KindNotFound)
	member.get("/api/v1/apps/mine/metrics").want(200)
	owner.token("read").get("/api/v1/apps/theirs/metrics").want(200)
	owner.token("secrets").get("/api/v1/apps/theirs/metrics").problem(403, models.KindForbidden)
	owner.token("secrets").get("/api/v1/metrics").problem(403, models.KindForbidden)
	for _, path := range []string{"/api/v1/apps/theirs/metrics", "/api/v1/metrics"} {
		h.nobody(t).get(path).problem(401, models.KindUnauthenticated)
	}
	overview := func(c *client) map[string]float64 {
		var o MetricsOverview
		if err := json.Unmarshal(c.get("/api/v1/metrics").want(200).body, &o); err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for _, app := range o.Apps {
			if len(app.Requests) != len(o.Times) || len(app.Errors) != len(o.Times) || o.StepSeconds != 120 {
				t.Errorf("%s: %d values for %d times", app.App, len(app.Requests), len(o.Times))
			}
			sums[app.App] = 0
			for _, v := range app.Requests {
				if !math.IsNaN(v) {
					sums[app.App] += v
				}
			}
		}
		return sums
	}
	if got := overview(member); len(got) != 1 || got["mine"] != 0 {
		t.Errorf("the member reads %v", got)
	}
	if got := overview(owner); len(got) != 2 || got["theirs"] != 21 {
		t.Errorf("the owner reads %v", got)
	}
}
