package main

import (
	"context"
	"time"
)

// measurePush takes the time from git push to the first answer of what was
// pushed: through Slipway and its router, and on the floor.
func measurePush(ctx context.Context, b *bench) error {
	s, err := b.newSource(ctx, "push", "")
	if err != nil {
		return err
	}
	in, err := b.install(ctx)
	if err != nil {
		return err
	}
	ours, err := b.deployed(ctx, in, "pushed", s, map[string]any{"warm_minutes": 0})
	if err != nil {
		return err
	}
	f, err := b.floor(ctx)
	if err != nil {
		return err
	}
	bare, err := f.app(ctx, b, "pushed", s)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		name  string
		layer bool
	}{{"push_to_live_changed", true}, {"push_to_live_unchanged", false}} {
		figures, err := b.interleave(ctx, "s", side{"ours", func(ctx context.Context) (float64, error) {
			if _, err := s.commit(ctx, kind.layer); err != nil {
				return 0, err
			}
			took, err := ours.changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, s, "pushed") })
			if err != nil {
				return 0, err
			}
			return took.Seconds(), ours.settles(ctx, 1)
		}}, side{"floor", func(ctx context.Context) (float64, error) {
			if _, err := s.commit(ctx, kind.layer); err != nil {
				return 0, err
			}
			took, err := bare.deploy(ctx, s)
			if err != nil {
				return 0, err
			}
			return took.Seconds(), bare.clear(ctx)
		}})
		if err != nil {
			return err
		}
		b.record(kind.name, compared("s", figures["ours"], figures["floor"], "the floor").atMost(ofRatio, 1.25).
			other("difference ms", 1000*(median(figures["ours"])-median(figures["floor"]))))
	}
	return nil
}

// measureRollback takes the time from asking for the release before to its
// first answer, with that release stopped, and still warm.
func measureRollback(ctx context.Context, b *bench) error {
	s, err := b.newSource(ctx, "rollback", "")
	if err != nil {
		return err
	}
	in, err := b.install(ctx)
	if err != nil {
		return err
	}
	f, err := b.floor(ctx)
	if err != nil {
		return err
	}
	bare, err := f.app(ctx, b, "rolled", s)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		figure, app string
		warm        int // minutes
		most        float64
	}{{"rollback_cold", "cold", 0, 1.3}, {"rollback_warm", "warm", 10, 0.1}} {
		ours, err := b.deployed(ctx, in, kind.app, s, map[string]any{"warm_minutes": kind.warm})
		if err != nil {
			return err
		}
		if _, err := s.commit(ctx, true); err != nil {
			return err
		}
		if _, err := ours.changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, s, kind.app) }); err != nil {
			return err
		}
		instances := 1 + min(1, kind.warm)
		if err := ours.settles(ctx, instances); err != nil {
			return err
		}
		figures, err := b.interleave(ctx, "s", side{"ours", func(ctx context.Context) (float64, error) {
			took, err := ours.changes(ctx, func(ctx context.Context) error {
				return in.call(ctx, "POST", "/api/v1/apps/"+kind.app+"/rollback", map[string]any{}, nil)
			})
			if err != nil {
				return 0, err
			}
			return took.Seconds(), ours.settles(ctx, instances)
		}}, side{"floor", func(ctx context.Context) (float64, error) {
			began := time.Now()
			if err := bare.run(ctx); err != nil {
				return 0, err
			}
			return time.Since(began).Seconds(), bare.clear(ctx)
		}})
		if err != nil {
			return err
		}
		b.record(kind.figure, compared("s", figures["ours"], figures["floor"], "create, start, probe").atMost(ofRatio, kind.most))
	}
	return nil
}
