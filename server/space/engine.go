package space

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

func engineError(err error) error {
	if errors.Is(err, deployer.ErrUnavailable) || errors.Is(err, builder.ErrUnavailable) {
		return models.Wrap(err, models.KindUnavailable, "the container engine is not answering")
	}
	return models.Wrap(err, models.KindInternal, "the container engine refused")
}

// judgeImages looks at images and volumes.
func (s *Service) judgeImages(ctx context.Context, f *findings, l *listing) error {
	for _, v := range l.stock.Volumes {
		f.add(entry{Item: Item{Kind: KindVolumes, AppID: v.App, Name: v.Name, Bytes: v.Bytes}})
	}
	if len(l.stock.Images) == 0 {
		return nil
	}
	kept, err := s.keptImages(ctx, f)
	if err != nil {
		return err
	}
	for _, image := range l.stock.Images {
		e := entry{Item: Item{Kind: KindImages, AppID: image.App, Bytes: image.Bytes}}
		if len(image.References) == 0 {
			e.Name = image.ID
			if !image.InUse && s.now().Sub(image.CreatedAt) > settleTime {
				e.fate, e.Why = byPolicy, "a later build took its name"
			}
			f.add(e)
			continue
		}
		for i, ref := range image.References {
			if i > 0 {
				e.Bytes = 0 // one image, counted once
			}
			e.Name, e.fate, e.Why = ref, stays, ""
			if !image.InUse {
				e.fate, e.Why = s.imageFate(f, image, ref, kept)
			}
			f.add(e)
		}
	}
	return nil
}

// keptImages gives the references that must stay.
func (s *Service) keptImages(ctx context.Context, f *findings) (map[string]bool, error) {
	images, err := s.Store.KeptImages(ctx, "", f.keep)
	if err != nil {
		return nil, err
	}
	open, err := s.Store.OpenDeploymentIDs(ctx)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]bool, len(images)+len(open))
	for _, ref := range images {
		kept[ref] = true
	}
	for _, id := range open {
		kept[id] = true // its image is tagged with its ID
	}
	return kept, nil
}

// imageFate judges a reference of an image. Only names that this installation's
// builds give are looked at: <installation>/<app>:<deployment ID>.
func (s *Service) imageFate(f *findings, image deployer.StoredImage, ref string, kept map[string]bool) (fate, string) {
	repository, tag, _ := strings.Cut(ref, ":")
	if !strings.HasPrefix(repository, s.Settings.Installation+"/") || !models.IsID(tag) || kept[ref] || kept[tag] {
		return stays, ""
	}
	switch {
	case s.now().Sub(image.CreatedAt) < time.Minute:
		return stays, "" // its release may be written at this moment
	case f.gone(image.App):
		return byPolicy, "its app is gone"
	}
	return byPolicy, "no release that is kept needs it"
}

// judgeCache looks at the build cache: beyond its bound what was used longest
// ago goes.
func (s *Service) judgeCache(ctx context.Context, f *findings, l *listing) error {
	if len(l.records) == 0 {
		return nil
	}
	ours, others, err := s.cache.split(ctx, l.records, s.Store.BuildSpans, s.now().UTC())
	if err != nil {
		return err
	}
	for _, r := range others {
		f.add(entry{Item: Item{Kind: KindOtherCache, Name: r.ID, Bytes: r.Bytes}})
	}
	slices.SortFunc(ours, func(a, b builder.CacheRecord) int {
		return cmp.Or(a.UsedAt.Compare(b.UsedAt), cmp.Compare(a.ID, b.ID))
	})
	var total int64
	for _, r := range ours {
		total += r.Bytes
	}
	for _, r := range ours {
		e := entry{Item: Item{Kind: KindBuildCache, Name: r.ID, Bytes: r.Bytes}}
		switch {
		case r.InUse:
		case total > s.Settings.CacheBytes:
			e.fate, e.Why = byPolicy, "the build cache is over "+Size(s.Settings.CacheBytes)+", and this was used longest ago"
			total -= r.Bytes
		case !f.keep.Since.IsZero() && r.UsedAt.Before(f.keep.Since):
			e.fate, e.Why = byPolicy, "no build has used it for "+days(s.Settings.KeepDays)
		default:
			e.fate, e.Why = whenHigh, "builds can make it again"
		}
		f.add(e)
	}
	return nil
}
