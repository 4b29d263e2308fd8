package space

import (
	"context"
	"path/filepath"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/server/logs"
)

// listing is what there is, before anybody asked what it is for.
type listing struct {
	stock        deployer.Stock
	records      []builder.CacheRecord
	streams      []logs.Use
	sources      []folder
	repositories []folder
	metrics      []folder
	work         []folder
}

// list looks at the disk and the engine.
func (s *Service) list(ctx context.Context, f *findings) *listing {
	l := &listing{}
	var err error
	if engine, ok := s.Cluster.(deployer.Stocked); ok {
		if l.stock, err = engine.Stock(ctx); err != nil {
			f.miss("images and volumes", engineError(err))
		}
	}
	if s.Cache != nil {
		if l.records, err = s.Cache.Records(ctx); err != nil {
			f.miss("the build cache", engineError(err))
		}
	}
	if l.streams, err = s.Logs.Uses(); err != nil {
		f.miss("logs", err)
	}
	dir := s.Settings.DataDir
	l.sources = folders(filepath.Join(dir, "sources"))
	l.repositories = folders(filepath.Join(dir, "repositories"))
	l.metrics = folders(filepath.Join(dir, "metrics", "apps"))
	l.work = folders(filepath.Join(dir, "work"))
	return l
}
