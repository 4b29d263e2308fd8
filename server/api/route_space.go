package api

import (
	"context"
	"net/http"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/space"
)

func (a *API) spaceRoutes() {
	show := get("get-space", "/space", tagPlatform, "Show what uses the disk")
	show.scope = models.ScopeAdmin
	show.description = "For owners. It measures folders and asks the container engine to add up, which may take seconds; " +
		"what could not be measured is named in `unknown`. A topic `space` on the stream of changes says that something was collected."
	register(a, show, a.getSpace)
	register(a, route{
		id: "collect-space", method: http.MethodPost, path: "/space/collect", tag: tagPlatform, summary: "Remove what can be done without",
		description: "For owners. Removes what the policy says is no longer kept. Nothing goes that a release which is kept needs. " +
			"With `dry_run` it only says what would go. While a collection is under way another one is a conflict.",
		scope: models.ScopeAdmin,
	}, a.collectSpace)
}

// Space is what uses the disk.
type Space struct {
	CheckedAt      time.Time     `json:"checked_at"`
	Disks          []SpaceDisk   `json:"disks" nullable:"false" doc:"The server's own and, where it is another one on the same machine, the container engine's"`
	Uses           []SpaceUse    `json:"uses" nullable:"false" doc:"One for each kind"`
	Apps           []SpaceApp    `json:"apps" nullable:"false" doc:"Largest first"`
	Policy         SpacePolicy   `json:"policy"`
	PolicyBytes    int64         `json:"policy_bytes" doc:"What a collection would free now"`
	HarderBytes    int64         `json:"harder_bytes" doc:"What a harder one would free besides"`
	LastCollection *SpaceSummary `json:"last_collection,omitempty" doc:"The last that removed something since the server started; missing when there was none"`
	Unknown        []string      `json:"unknown" nullable:"false" doc:"What could not be measured, and why"`
}

// SpaceDisk is one file system.
type SpaceDisk struct {
	Holds        []string `json:"holds" nullable:"false" enum:"data,engine" doc:"Whose data is on it"`
	Path         string   `json:"path"`
	TotalBytes   int64    `json:"total_bytes"`
	FreeBytes    int64    `json:"free_bytes"`
	UsedPercent  float64  `json:"used_percent"`
	ReserveBytes int64    `json:"reserve_bytes" doc:"With less than this free nothing is built"`
	State        string   `json:"state" enum:"ok,high,full" doc:"high: above the watermark, more is collected; full: nothing is built until there is room"`
}

// SpaceUse is what one kind of thing takes.
type SpaceUse struct {
	Kind        string `json:"kind" enum:"images,build_cache,other_cache,logs,repositories,sources,metrics,volumes,work,database" doc:"other_cache is what others built on the same engine; it, volumes, work and database are never collected"`
	Bytes       int64  `json:"bytes"`
	Count       int    `json:"count"`
	PolicyBytes int64  `json:"policy_bytes" doc:"What a collection would free now"`
	HarderBytes int64  `json:"harder_bytes" doc:"What a harder one would free besides"`
}

// SpaceApp is what one app takes.
type SpaceApp struct {
	App   string         `json:"app" doc:"Its name; empty when it is gone"`
	Bytes int64          `json:"bytes"`
	Uses  []SpaceAppPart `json:"uses" nullable:"false"`
}

// SpaceAppPart is what one app takes of one kind.
type SpaceAppPart struct {
	Kind  string `json:"kind" enum:"images,logs,repositories,sources,metrics,volumes"`
	Bytes int64  `json:"bytes"`
}

// SpacePolicy is what is kept.
type SpacePolicy struct {
	KeepReleases     int   `json:"keep_releases" doc:"Of an app's newest ones, beside those that run or ran last"`
	KeepDays         int   `json:"keep_days" doc:"0 for no limit"`
	WatermarkPercent int   `json:"watermark_percent" doc:"Above it more is collected"`
	BuildCacheBytes  int64 `json:"build_cache_bytes"`
}

// SpaceSummary is what a collection did.
type SpaceSummary struct {
	At       time.Time `json:"at"`
	By       string    `json:"by" doc:"Who asked for it, or slipway"`
	Cause    string    `json:"cause" doc:"Why Slipway did it by itself; empty for a matter of routine"`
	DryRun   bool      `json:"dry_run"`
	Harder   bool      `json:"harder"`
	Bytes    int64     `json:"bytes" doc:"What it freed, or would"`
	Count    int       `json:"count" doc:"How many things"`
	Failures []string  `json:"failures" nullable:"false" doc:"What could not be removed, and why"`
}

// SpaceCollection is what a collection did, item by item.
type SpaceCollection struct {
	SpaceSummary
	Items []SpaceItem `json:"items" nullable:"false" doc:"At most 1000 of them"`
}

// SpaceItem is one thing that went.
type SpaceItem struct {
	Kind  string `json:"kind"`
	App   string `json:"app" doc:"Empty when it belongs to none, or to one that is gone"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Why   string `json:"why"`
}

const mostSpaceItems = 1000

func (a *API) getSpace(ctx context.Context, who caller, _ *struct{}) (*body[Space], error) {
	r, err := a.deps.Space.Report(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	out := Space{
		CheckedAt: r.At, Disks: []SpaceDisk{}, Uses: []SpaceUse{}, Apps: []SpaceApp{}, Unknown: list(r.Unknown),
		Policy: SpacePolicy{
			KeepReleases: r.Policy.KeepReleases, KeepDays: r.Policy.KeepDays,
			WatermarkPercent: r.Policy.Watermark, BuildCacheBytes: r.Policy.CacheBytes,
		},
	}
	for _, d := range r.Disks {
		out.Disks = append(out.Disks, SpaceDisk{
			Holds: list(d.Holds), Path: d.Path, TotalBytes: d.Total, FreeBytes: d.Free,
			UsedPercent: d.UsedPercent, ReserveBytes: d.Reserve, State: string(d.State),
		})
	}
	for _, u := range r.Uses {
		out.Uses = append(out.Uses, SpaceUse{Kind: string(u.Kind), Bytes: u.Bytes, Count: u.Count, PolicyBytes: u.Policy, HarderBytes: u.Harder})
		out.PolicyBytes += u.Policy
		out.HarderBytes += u.Harder
	}
	for _, app := range r.Apps {
		one := SpaceApp{App: app.App, Bytes: app.Bytes, Uses: []SpaceAppPart{}}
		for _, kind := range space.Kinds() {
			if bytes, ok := app.Kinds[kind]; ok {
				one.Uses = append(one.Uses, SpaceAppPart{Kind: string(kind), Bytes: bytes})
			}
		}
		out.Apps = append(out.Apps, one)
	}
	if r.Last != nil {
		last := wireCollection(r.Last).SpaceSummary
		out.LastCollection = &last
	}
	return answer(out), nil
}

func (a *API) collectSpace(ctx context.Context, who caller, in *struct {
	DryRun bool `query:"dry_run" doc:"Only say what would go"`
	Harder bool `query:"harder" doc:"Also what goes when there is too little room: build cache, log lines older than a day, sources that only a retry would need"`
},
) (*body[SpaceCollection], error) {
	done, err := a.deps.Space.Collect(ctx, who.Actor, space.Wanted{DryRun: in.DryRun, Harder: in.Harder})
	if err != nil {
		return nil, err
	}
	return answer(wireCollection(done)), nil
}

func wireCollection(c *space.Collection) SpaceCollection {
	out := SpaceCollection{
		SpaceSummary: SpaceSummary{
			At: c.At, By: c.By, Cause: c.Cause, DryRun: c.DryRun, Harder: c.Harder,
			Bytes: c.Bytes, Count: len(c.Items), Failures: list(c.Failures),
		},
		Items: []SpaceItem{},
	}
	for _, item := range c.Items[:min(len(c.Items), mostSpaceItems)] {
		out.Items = append(out.Items, SpaceItem{Kind: string(item.Kind), App: item.App, Name: item.Name, Bytes: item.Bytes, Why: item.Why})
	}
	return out
}
