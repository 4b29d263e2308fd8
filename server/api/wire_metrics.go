package api

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/metrics"
)

// Column is one number for each time, null where it is not known.
type Column []float64

// MarshalJSON writes numbers with three digits after the point at most.
func (c Column) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 2+5*len(c))
	out = append(out, '[')
	for i, v := range c {
		if i > 0 {
			out = append(out, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out = append(out, "null"...)
			continue
		}
		out = strconv.AppendFloat(out, math.Round(v*1000)/1000, 'f', -1, 64)
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads null as not known.
func (c *Column) UnmarshalJSON(raw []byte) error {
	var values []*float64
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*c = make(Column, len(values))
	for i, v := range values {
		if (*c)[i] = math.NaN(); v != nil {
			(*c)[i] = *v
		}
	}
	return nil
}

// Schema describes it: huma would not know that its numbers may be null.
func (Column) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeNumber, Format: "double", Nullable: true}}
}

// AppMetrics are an app's figures over a stretch of time, in columns of one
// length. A number is null where nothing is known; a percentile also where
// there were no requests.
type AppMetrics struct {
	App               string            `json:"app" doc:"The app's name"`
	StepSeconds       int               `json:"step_seconds" doc:"10, 60 or 300"`
	Times             []int64           `json:"times" nullable:"false" doc:"When each step begins, in Unix seconds, without holes"`
	RequestsPerSecond Column            `json:"requests_per_second"`
	ErrorsPerSecond   Column            `json:"errors_per_second" doc:"Answers with 5xx, and those that the app broke off"`
	RouterPerSecond   Column            `json:"router_errors_per_second" doc:"Of the errors, those that the router answered in the app's place or the app broke off"`
	BytesPerSecond    Column            `json:"bytes_per_second" doc:"Of answers' bodies"`
	Status            StatusMetrics     `json:"status" doc:"Answers a second by class of status"`
	P50               Column            `json:"p50_ms" doc:"Milliseconds until an answer's header; half of the answers came within"`
	P95               Column            `json:"p95_ms"`
	P99               Column            `json:"p99_ms"`
	Instances         []InstanceMetrics `json:"instances" nullable:"false" doc:"All that ran in this time, by process, release and index"`
	Total             TotalMetrics      `json:"total" doc:"Of the whole stretch"`
}

// StatusMetrics are answers a second.
type StatusMetrics struct {
	C1xx Column `json:"1xx" doc:"Websockets and other upgraded connections, counted when they close"`
	C2xx Column `json:"2xx"`
	C3xx Column `json:"3xx"`
	C4xx Column `json:"4xx" doc:"With those whose client did not wait"`
	C5xx Column `json:"5xx"`
}

// InstanceMetrics are the figures of one instance.
type InstanceMetrics struct {
	Name             string `json:"name" example:"hello.web.v3.1"`
	Process          string `json:"process"`
	Release          int    `json:"release"`
	Index            int    `json:"index"`
	MemoryLimitBytes int64  `json:"memory_limit_bytes" doc:"0 for none"`
	CPULimitMilli    int64  `json:"cpu_limit_milli" doc:"0 for none"`
	CPUMilli         Column `json:"cpu_milli" doc:"Thousandths of a core, the mean of the step"`
	MemoryBytes      Column `json:"memory_bytes" doc:"Working set without the page cache, the highest of the step"`
}

// TotalMetrics are the figures of a stretch of time as one.
type TotalMetrics struct {
	Requests int64    `json:"requests"`
	Errors   int64    `json:"errors"`
	Bytes    int64    `json:"bytes"`
	P50      *float64 `json:"p50_ms,omitempty" doc:"Absent without requests, as are the other two"`
	P95      *float64 `json:"p95_ms,omitempty"`
	P99      *float64 `json:"p99_ms,omitempty"`
}

// MetricsOverview is the last hour of all apps, for small charts.
type MetricsOverview struct {
	StepSeconds int         `json:"step_seconds"`
	Times       []int64     `json:"times" nullable:"false" doc:"When each step begins, in Unix seconds; the last is not over"`
	Apps        []AppRecent `json:"apps" nullable:"false" doc:"By name"`
}

// AppRecent is what one app served of late.
type AppRecent struct {
	ID       string `json:"id"`
	App      string `json:"app" doc:"The app's name"`
	Requests Column `json:"requests" doc:"How many in each step"`
	Errors   Column `json:"errors"`
}

func wireMetrics(app *models.App, s *metrics.Series) AppMetrics {
	out := AppMetrics{
		App: app.Name, StepSeconds: int(s.Step.Seconds()), Times: list(s.Times),
		RequestsPerSecond: Column(s.Requests), ErrorsPerSecond: Column(s.Errors), RouterPerSecond: Column(s.Own), BytesPerSecond: Column(s.Bytes),
		Status: StatusMetrics{
			C1xx: Column(s.Classes[0]), C2xx: Column(s.Classes[1]), C3xx: Column(s.Classes[2]),
			C4xx: Column(s.Classes[3]), C5xx: Column(s.Classes[4]),
		},
		P50: Column(s.P50), P95: Column(s.P95), P99: Column(s.P99),
		Instances: make([]InstanceMetrics, 0, len(s.Usage)),
		Total: TotalMetrics{
			Requests: s.Total.Requests, Errors: s.Total.Errors, Bytes: s.Total.Bytes,
			P50: number(s.Total.P50), P95: number(s.Total.P95), P99: number(s.Total.P99),
		},
	}
	for i := range s.Usage {
		u := &s.Usage[i]
		out.Instances = append(out.Instances, InstanceMetrics{
			Name: u.Name(app.Name), Process: u.Process, Release: u.Release, Index: u.Index,
			MemoryLimitBytes: u.MemoryLimit, CPULimitMilli: u.CPULimit, CPUMilli: Column(u.CPU), MemoryBytes: Column(u.Memory),
		})
	}
	return out
}

func number(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return ptr(math.Round(v*1000) / 1000)
}

func wireOverview(apps []models.App, o *metrics.Overview) MetricsOverview {
	out := MetricsOverview{StepSeconds: int(o.Step.Seconds()), Times: slices.Clone(o.Times), Apps: make([]AppRecent, 0, len(apps))}
	for i := range apps {
		r := o.Apps[apps[i].ID]
		out.Apps = append(out.Apps, AppRecent{ID: apps[i].ID, App: apps[i].Name, Requests: Column(r.Requests), Errors: Column(r.Errors)})
	}
	return out
}
