package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// sideBySide is how many apps are deployed at once.
const sideBySide = 8

// lookingBeside is between two looks at each app's page. A push ends when its app
// is live, and then it is looked at once more; looking as often as at one app
// would take a twentieth of the machine from what is measured.
const lookingBeside = 100 * time.Millisecond

// measureConcurrent deploys eight apps side by side, on Slipway and on the
// floor, and gives how many deployments that makes a minute.
func measureConcurrent(ctx context.Context, b *bench) error {
	in, err := b.install(ctx, fmt.Sprint("SLIPWAY_BUILD_CONCURRENCY=", sideBySide))
	if err != nil {
		return err
	}
	f, err := b.floor(ctx)
	if err != nil {
		return err
	}
	var sources []*source
	var ours []*deployed
	var bare []*floorApp
	for i := range sideBySide {
		name := fmt.Sprint("beside-", i)
		s, err := b.newSource(ctx, name, "")
		if err != nil {
			return err
		}
		one, err := b.deployed(ctx, in, name, s, map[string]any{"warm_minutes": 0})
		if err != nil {
			return err
		}
		other, err := f.app(ctx, b, name, s)
		if err != nil {
			return err
		}
		one.look = lookingBeside
		sources, ours, bare = append(sources, s), append(ours, one), append(bare, other)
	}
	atOnce := func(ctx context.Context, deploy func(context.Context, int) (time.Duration, error), after func(context.Context, int) error) (float64, error) {
		for _, s := range sources {
			if _, err := s.commit(ctx, true); err != nil {
				return 0, err
			}
		}
		took := make([]time.Duration, len(sources))
		group, all := errgroup.WithContext(ctx)
		for i := range sources {
			group.Go(func() (err error) {
				took[i], err = deploy(all, i)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return 0, err
		}
		for i := range sources {
			if err := after(ctx, i); err != nil {
				return 0, err
			}
		}
		return sideBySide / slices.Max(took).Minutes(), nil
	}
	figures, err := b.interleave(ctx, "deployments/min", side{"ours", func(ctx context.Context) (float64, error) {
		return atOnce(ctx, func(ctx context.Context, i int) (time.Duration, error) {
			return ours[i].changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, sources[i], ours[i].name) })
		}, func(ctx context.Context, i int) error { return ours[i].settles(ctx, 1) })
	}}, side{"floor", func(ctx context.Context) (float64, error) {
		return atOnce(ctx, func(ctx context.Context, i int) (time.Duration, error) {
			return bare[i].deploy(ctx, sources[i])
		}, func(ctx context.Context, i int) error { return bare[i].clear(ctx) })
	}})
	if err != nil {
		return err
	}
	b.record("concurrent_deploys", compared("deployments/min", figures["ours"], figures["floor"], "the floor").atLeast(ofRatio, 0.8))
	return nil
}
