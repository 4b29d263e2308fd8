package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// How often a server says that it is there, and how long it is thought to be
// there after it said so.
const (
	presenceBeat = 5 * time.Second
	presenceLast = 3 * presenceBeat
)

// Appear begins a presence, before the server takes up work. What an earlier
// process of this server held is dropped by WakeAll, so nobody else may be at
// work under its ID.
func (p *Pipeline) Appear(ctx context.Context) (*store.Presence, error) {
	presence, err := p.Store.Appear(ctx, p.Settings.ServerID)
	// The connection of a process that was just killed may take a moment to go.
	for end := time.Now().Add(presenceBeat); errors.Is(err, store.ErrPresent) && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		presence, err = p.Store.Appear(ctx, p.Settings.ServerID)
	}
	if errors.Is(err, store.ErrPresent) {
		return nil, models.Wrap(err, models.KindConflict, "another server with the same ID, %s, works on this database: its data folder is a copy of this one's. Remove the file server-id from one of the two folders", p.Settings.ServerID)
	}
	if err != nil {
		return nil, err
	}
	_, err = p.beat(ctx, presence)
	return presence, err
}

// StayPresent says to the other servers on the database, until ctx ends, that
// this one is there, and shares sources with them while there are any. It takes
// the presence over and ends it.
func (p *Pipeline) StayPresent(ctx context.Context, presence *store.Presence) {
	tick := time.NewTicker(presenceBeat)
	defer tick.Stop()
	alone := true
	for {
		others, err := p.beat(ctx, presence)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			p.Logger.Debug("this server cannot say that it is there", "error", err)
			p.leave(ctx, presence)
			presence = p.reappear(ctx)
		case alone != (others == 0):
			alone = others == 0
			p.Logger.Info("the number of other servers on the database changed", "others", others)
		}
		select {
		case <-ctx.Done():
			p.leave(ctx, presence)
			return
		case <-tick.C:
		}
	}
}

func (p *Pipeline) beat(ctx context.Context, presence *store.Presence) (int, error) {
	if presence == nil {
		return 0, store.ErrPresent
	}
	asking, stop := context.WithTimeout(ctx, presenceBeat)
	others, err := presence.Beat(asking, presenceLast)
	stop()
	if err != nil {
		return 0, err
	}
	if err := p.sources.Share(ctx, others > 0); err != nil && ctx.Err() == nil {
		p.Logger.Warn("other servers cannot have this one's sources yet", "error", err)
	}
	return others, nil
}

// reappear begins a presence anew after Postgres was away; nil when it still is.
func (p *Pipeline) reappear(ctx context.Context) *store.Presence {
	asking, stop := context.WithTimeout(ctx, presenceBeat)
	defer stop()
	presence, err := p.Store.Appear(asking, p.Settings.ServerID)
	if errors.Is(err, store.ErrPresent) {
		p.Logger.Error("another server runs with a copy of this one's data folder; remove the file server-id from one of them", "server", p.Settings.ServerID)
	}
	return presence
}

func (p *Pipeline) leave(ctx context.Context, presence *store.Presence) {
	if presence == nil {
		return
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), presenceBeat)
	defer stop()
	presence.Leave(ending)
}
