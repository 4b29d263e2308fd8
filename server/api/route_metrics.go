package api

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const tagMetrics = "Metrics"

func (a *API) metricsRoutes() {
	one := get("read-app-metrics", "/apps/{app}/metrics", tagMetrics, "Read an app's figures")
	one.description = "Requests, errors and latencies as the routers counted them; processor and memory as the container engine measured them. " +
		"There is something new every 10 seconds; ask again then. It is not announced on the stream of changes."
	register(a, one, a.readAppMetrics)
	all := get("read-metrics", "/metrics", tagMetrics, "Read what all apps served in the last hour")
	all.description = "For small charts beside a list of apps. Ask again every 10 seconds or less often."
	register(a, all, a.readMetrics)
}

// MetricsRange says which stretch of time.
type MetricsRange struct {
	Range string `query:"range" enum:"1h,6h,24h" default:"1h" doc:"1h comes in steps of 10 s, 6h of 1 min, 24h of 5 min"`
}

func (r MetricsRange) span() time.Duration {
	span, _ := time.ParseDuration(r.Range) // one of those above
	return span
}

func (a *API) readAppMetrics(ctx context.Context, who caller, in *struct {
	AppInput
	MetricsRange
},
) (*body[AppMetrics], error) {
	app, err := a.deps.Store.AppByName(ctx, who.Actor, in.App)
	if err != nil {
		return nil, err
	}
	series, err := a.deps.Metrics.Read(app.ID, app.CreatedAt, in.span())
	if err != nil {
		return nil, err
	}
	return answer(wireMetrics(app, series)), nil
}

func (a *API) readMetrics(ctx context.Context, who caller, _ *struct{}) (*body[MetricsOverview], error) {
	var apps []models.App
	for page := (store.Page{Limit: 200}); ; {
		some, next, err := a.deps.Store.Apps(ctx, who.Actor, page)
		if err != nil {
			return nil, err
		}
		apps = append(apps, some...)
		if page.Cursor = next; next == "" {
			break
		}
	}
	ids := make([]string, len(apps))
	for i := range apps {
		ids[i] = apps[i].ID
	}
	overview, err := a.deps.Metrics.Recent(ids)
	if err != nil {
		return nil, err
	}
	return answer(wireOverview(apps, overview)), nil
}
