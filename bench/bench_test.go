package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMedianAndPercentile(t *testing.T) {
	for _, c := range []struct {
		figures     []float64
		median, p99 float64
	}{
		{nil, 0, 0},
		{[]float64{3}, 3, 3},
		{[]float64{9, 1, 2}, 2, 9},
		{[]float64{4, 1, 2, 3}, 2.5, 4},
	} {
		if got := median(c.figures); got != c.median {
			t.Errorf("the median of %v is %v", c.figures, got)
		}
		if got := percentile(c.figures, 0.99); got != c.p99 {
			t.Errorf("the 99th percentile of %v is %v", c.figures, got)
		}
	}
}

// One slow round touches both sides, and leaves the ratio alone.
func TestRatioIsOfRounds(t *testing.T) {
	if got := ratio([]float64{10, 1, 10}, []float64{20, 2, 20}); got != 0.5 {
		t.Errorf("the ratio is %v", got)
	}
}

func TestRound(t *testing.T) {
	for figure, want := range map[float64]float64{0: 0, 0.123456: 0.123, 1.23456: 1.23, 12.3456: 12.3, 12345.6: 12346, -0.0123456: -0.0123, math.NaN(): 0, math.Inf(1): 0} {
		if got := round(figure); got != want {
			t.Errorf("%v becomes %v, want %v", figure, got, want)
		}
	}
}

func TestGoals(t *testing.T) {
	r := compared("ms", []float64{5, 6, 7}, []float64{10, 10, 10}, "the floor")
	if r.atMost(ofRatio, 0.6); !*r.Met || r.Goal != "ratio ≤ 0.6" {
		t.Errorf("%+v", r)
	}
	if r.atLeast(ofOurs, 7); *r.Met || r.Goal != "ratio ≤ 0.6, ours ≥ 7" {
		t.Errorf("%+v", r)
	}
}

// A run of some measurements leaves the others' figures in place.
func TestResultsAreKept(t *testing.T) {
	dir := t.TempDir()
	first := results{"api_create": alone("s", []float64{1}), "router_rps": alone("s", []float64{2})}
	if err := first.write(dir); err != nil {
		t.Fatal(err)
	}
	second := results{"api_create": alone("s", []float64{3}).other("beside", 4)}
	if err := second.write(dir); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all results
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all["api_create"].Ours != 3 || all["router_rps"].Ours != 2 {
		t.Errorf("%s", raw)
	}
	table, err := os.ReadFile(filepath.Join(dir, "results.md"))
	if err != nil || !strings.Contains(string(table), "| router_rps ") || !strings.Contains(string(table), "beside 4") {
		t.Errorf("%v\n%s", err, table)
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(" "); err != nil || len(all) != len(measurements) {
		t.Errorf("%d, %v", len(all), err)
	}
	some, err := choose("router_p99,api_create api_list_50")
	if err != nil || len(some) != 2 || some[0].names[0] != "api_get_app" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := choose("api_create,nonsense"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("%v", err)
	}
}

const wrkOutput = `Running 3s test @ http://127.0.0.1:1/
  2 threads and 50 connections
  Latency Distribution
     50%    1.10ms
     75%    1.92ms
     90%    3.15ms
     99%  812.00us
  10 requests in 3.00s, 1.00MB read
Requests/sec:  48784.12
Transfer/sec:      6.00MB
`

func TestParseWrk(t *testing.T) {
	got, err := parseWrk(wrkOutput)
	if err != nil || got.rps != 48784.12 || got.p99 != 0.812 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{
		"", "Requests/sec: 5\n", strings.Replace(wrkOutput, "99%", "98%", 1),
		wrkOutput + "  Non-2xx or 3xx responses: 7\n",
		wrkOutput + "  Socket errors: connect 0, read 1, write 0, timeout 0\n",
	} {
		if _, err := parseWrk(bad); err == nil {
			t.Errorf("this counts as a figure:\n%s", bad)
		}
	}
}

func FuzzParseWrk(f *testing.F) {
	f.Add(wrkOutput)
	f.Add("Requests/sec: 9.9.9\n   99%  1.2.3ms\n")
	f.Add("Requests/sec: 1\n   99%  999999999999999999999h\n")
	f.Fuzz(func(t *testing.T, out string) {
		if got, err := parseWrk(out); err == nil && (got.rps < 0 || got.p99 < 0) {
			t.Errorf("%+v", got)
		}
	})
}

func TestDiffers(t *testing.T) {
	ours := map[string]any{"a": []any{1.0, map[string]any{"b": "x", "more": true}}}
	if at := differs("", ours, map[string]any{"a": []any{1.0, map[string]any{"b": "x"}}}); at != "" {
		t.Error(at)
	}
	for _, theirs := range []any{
		map[string]any{"a": []any{1.0}},
		map[string]any{"a": []any{1.0, map[string]any{"b": "y"}}},
		map[string]any{"c": nil, "a": "x"},
		"x",
	} {
		if differs("", ours, theirs) == "" {
			t.Errorf("%v is in %v", theirs, ours)
		}
	}
}
