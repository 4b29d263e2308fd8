package space

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// What is kept when there is too little room.
const (
	logsWhenHigh    = 24 * time.Hour // of log lines
	sourcesWhenHigh = 1              // newest sources of an app, beside the live release's
	uploadsKept     = 24 * time.Hour // what was uploaded and never deployed
)

// judgeLogs looks at the streams of apps and deployments.
func (s *Service) judgeLogs(ctx context.Context, f *findings, l *listing) error {
	if len(l.streams) == 0 {
		return nil
	}
	owners, err := s.Store.AppsOfDeployments(ctx)
	if err != nil {
		return err
	}
	for _, use := range l.streams {
		e := entry{Item: Item{Kind: KindLogs, Name: use.Stream, Bytes: use.Bytes}}
		left := false
		if id, ok := strings.CutPrefix(use.Stream, logs.DeploymentStream("")); ok {
			e.AppID = owners[id]
			left = e.AppID == "" && models.IsID(id)
		} else if id, ok := strings.CutPrefix(use.Stream, logs.AppStream("")); ok {
			e.AppID = id
			left = f.gone(id)
		}
		s.judgeStream(&e, use, left)
		f.add(e)
	}
	return nil
}

func (s *Service) judgeStream(e *entry, use logs.Use, left bool) {
	newest := time.Time{}
	if n := len(use.Parts); n > 0 {
		newest = use.Parts[n-1].Written
	}
	if left && s.now().Sub(newest) > settleTime {
		e.fate, e.Why = byPolicy, "what it tells of is gone"
		return
	}
	if kept := s.Settings.KeepDays; kept > 0 {
		upto := s.now().AddDate(0, 0, -kept)
		if n := use.Before(upto); n > 0 {
			e.fate, e.Why, e.goes, e.upto = byPolicy, "older than "+days(kept), n, upto
			return
		}
	}
	upto := s.now().Add(-logsWhenHigh)
	if n := use.Before(upto); n > 0 {
		e.fate, e.Why, e.goes, e.upto = whenHigh, "older than a day", n, upto
	}
}

// judgeSources looks at the snapshots of sources.
func (s *Service) judgeSources(ctx context.Context, f *findings, l *listing) error {
	if len(l.sources) == 0 {
		return nil
	}
	kept, err := s.Store.KeptSources(ctx, "", f.keep)
	if err != nil {
		return err
	}
	few := f.keep
	few.Sources = sourcesWhenHigh
	needed, err := s.Store.KeptSources(ctx, "", few)
	if err != nil {
		return err
	}
	named, err := s.Store.NamedSources(ctx, "")
	if err != nil {
		return err
	}
	for _, one := range l.sources {
		id, whole := strings.CutSuffix(one.name, ".tar")
		e := entry{Item: Item{Kind: KindSources, AppID: named[id], Name: id, Bytes: one.bytes}}
		_, isKept := kept[id]
		_, isNeeded := needed[id]
		_, isNamed := named[id]
		switch {
		case !whole || !models.IsID(id) || isNeeded: // what is being taken in is the pipeline's to sweep
		case isKept:
			e.fate, e.Why = whenHigh, "only a retry of an earlier deployment would need it"
		case isNamed:
			e.fate, e.Why = byPolicy, "its deployment is too old to be tried again"
		case s.now().Sub(one.written) > uploadsKept:
			e.fate, e.Why = byPolicy, "nothing was deployed from it"
		}
		f.add(e)
	}
	return nil
}
