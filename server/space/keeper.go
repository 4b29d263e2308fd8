package space

import (
	"context"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
)

const (
	lookEvery    = 15 * time.Second // at how full the disks are: one system call each
	collectEvery = time.Hour        // by policy, whether or not there is room
	relieveEvery = 5 * time.Minute  // while there is too little room and collecting does not help
)

// Run collects by itself until ctx ends: by policy now and then, and more when a
// disk is above the watermark.
func (s *Service) Run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var collected, relieved time.Time
	for {
		switch {
		case time.Since(relieved) > relieveEvery && s.tight(ctx):
			s.relieve(ctx, "the disk is above its watermark")
			relieved = time.Now()
		case time.Since(collected) > collectEvery:
			s.routine(ctx)
			collected = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			relieved = time.Time{}
		case <-look.C:
		}
	}
}

// tight says whether a disk is above its watermark.
func (s *Service) tight(ctx context.Context) bool {
	disks, err := s.disks(ctx)
	if err != nil {
		s.Logger.Warn("the disk cannot be looked at", "error", err)
		return false
	}
	for _, d := range disks {
		if d.State != DiskOK {
			return true
		}
	}
	return false
}

// relieve collects step by step until no disk is above its watermark: what the
// policy says, then build cache, then old logs, then sources that only a retry
// would want.
func (s *Service) relieve(ctx context.Context, cause string) {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	done := &Collection{At: s.now().UTC(), By: models.SystemActor().Email, Cause: cause, Harder: true}
	for _, step := range []struct {
		fate  fate
		kinds []Kind
	}{{byPolicy, Kinds()}, {whenHigh, []Kind{KindBuildCache}}, {whenHigh, []Kind{KindLogs}}, {whenHigh, []Kind{KindSources}}} {
		if !s.tight(ctx) || ctx.Err() != nil {
			break
		}
		s.take(ctx, done, step.fate, step.kinds...)
	}
	s.note(ctx, models.SystemActor(), done)
}

// routine collects what the policy says.
func (s *Service) routine(ctx context.Context) {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	done := &Collection{At: s.now().UTC(), By: models.SystemActor().Email}
	s.take(ctx, done, byPolicy, Kinds()...)
	s.note(ctx, models.SystemActor(), done)
}

// take looks anew and removes what has one of the fates and kinds.
func (s *Service) take(ctx context.Context, done *Collection, what fate, kinds ...Kind) {
	f, err := s.survey(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Logger.Warn("what could be collected cannot be told", "error", err)
		}
		return
	}
	for _, kind := range kinds {
		s.remove(ctx, done, f.of(kind, what))
	}
}

// of lists what has a kind and one of the fates.
func (f *findings) of(kind Kind, fates ...fate) []entry {
	var list []entry
	for _, e := range f.entries {
		if e.Kind == kind && slices.Contains(fates, e.fate) {
			list = append(list, e)
		}
	}
	return list
}
