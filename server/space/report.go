package space

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Use is what one kind takes of the disk.
type Use struct {
	Kind   Kind
	Bytes  int64
	Count  int   // images, records, streams, repositories, …
	Policy int64 // bytes that would go now, by policy
	Harder int64 // bytes that would go besides if there were too little room
}

// AppUse is what one app takes.
type AppUse struct {
	AppID string
	App   string // its name, "" when it is gone
	Bytes int64
	Kinds map[Kind]int64
}

// Policy is what is kept.
type Policy struct {
	KeepReleases int
	KeepDays     int // 0 for no limit
	Watermark    int // percent
	CacheBytes   int64
}

// Report is what uses the disk.
type Report struct {
	At      time.Time
	Disks   []Disk
	Uses    []Use    // one for each of Kinds
	Apps    []AppUse // largest first
	Policy  Policy
	Last    *Collection // the last that was not only a look; nil when there was none since the start
	Unknown []string    // what could not be measured, and why, in words
}

// Report measures what uses the disk. It walks folders and asks the engine to
// add up, which takes seconds where there is much. Whatever cannot be measured
// is left out and named. For owners with the admin scope.
func (s *Service) Report(ctx context.Context, actor models.Actor) (*Report, error) {
	if err := actor.Require(models.ScopeAdmin); err != nil {
		return nil, err
	}
	found, err := s.survey(ctx)
	if err != nil {
		return nil, err
	}
	r := found.report()
	r.At = s.now().UTC()
	if r.Disks, err = s.disks(ctx); err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "the disk cannot be looked at")
	}
	r.Policy = Policy{KeepReleases: found.keep.Releases, KeepDays: s.Settings.KeepDays, Watermark: s.Settings.Watermark, CacheBytes: s.Settings.CacheBytes}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Last = s.last
	return r, nil
}

// report adds up what was found.
func (f *findings) report() *Report {
	r := &Report{Unknown: f.unknown}
	uses, apps := map[Kind]*Use{}, map[string]*AppUse{}
	for _, kind := range Kinds() {
		uses[kind] = &Use{Kind: kind}
	}
	for _, e := range f.entries {
		use := uses[e.Kind]
		use.Bytes += e.Bytes
		use.Count++
		switch e.fate {
		case byPolicy:
			use.Policy += e.goes
		case whenHigh:
			use.Harder += e.goes
		}
		if e.AppID == "" {
			continue
		}
		app := apps[e.AppID]
		if app == nil {
			app = &AppUse{AppID: e.AppID, App: f.names[e.AppID], Kinds: map[Kind]int64{}}
			apps[e.AppID] = app
		}
		app.Bytes += e.Bytes
		app.Kinds[e.Kind] += e.Bytes
	}
	for _, kind := range Kinds() {
		r.Uses = append(r.Uses, *uses[kind])
	}
	for _, app := range apps {
		r.Apps = append(r.Apps, *app)
	}
	slices.SortFunc(r.Apps, func(a, b AppUse) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.AppID, b.AppID)) })
	return r
}
