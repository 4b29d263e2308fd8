package peers

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/logs"
)

// lines are on their way from and to other servers.
type lines struct {
	wake chan struct{}

	mu      sync.Mutex
	unsent  []store.SharedLines
	sending sync.Mutex // one at a time, so that they stay in order

	reading sync.Mutex
	read    map[string]int64 // the ID read last, by server
}

// unsentMost bounds what waits while Postgres is away, in calls of ShareLines.
const unsentMost = 10_000

var errUnsent = errors.New("too many lines wait for Postgres")

// ShareLines shows the other servers lines that were written to a deployment's
// log here. It returns at once.
func (p *Peers) ShareLines(deploymentID string, written []logs.Line) {
	if len(p.there()) == 0 {
		return
	}
	encoded, err := json.Marshal(written)
	p.lines.mu.Lock()
	if err == nil && len(p.lines.unsent) >= unsentMost {
		err = errUnsent
	}
	if err == nil {
		p.lines.unsent = append(p.lines.unsent, store.SharedLines{DeploymentID: deploymentID, Lines: encoded})
	}
	p.lines.mu.Unlock()
	if err != nil {
		p.Logger.Warn("other servers lack lines of a deployment's log", "deployment", deploymentID, "error", err)
	}
	select {
	case p.lines.wake <- struct{}{}:
	default:
	}
}

// passLines sends what ShareLines took, what comes together in one piece.
func (p *Peers) passLines(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.lines.wake:
		}
		if err := p.FlushLines(ctx); err != nil && ctx.Err() == nil {
			p.Logger.Debug("other servers lack lines of a deployment's log for now", "error", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			select {
			case p.lines.wake <- struct{}{}:
			default:
			}
		}
	}
}

// FlushLines returns when the other servers can have what ShareLines took.
func (p *Peers) FlushLines(ctx context.Context) error {
	p.lines.sending.Lock()
	defer p.lines.sending.Unlock()
	p.lines.mu.Lock()
	unsent := p.lines.unsent
	p.lines.unsent = nil
	p.lines.mu.Unlock()
	if len(unsent) == 0 {
		return nil
	}
	err := p.Store.ShareLines(ctx, p.ServerID, unsent, p.text(message{Lines: true}))
	if err != nil {
		p.lines.mu.Lock()
		p.lines.unsent = append(unsent, p.lines.unsent...)
		p.lines.mu.Unlock()
	}
	return err
}

// CatchUp returns when this server has what the others shared until now.
func (p *Peers) CatchUp(ctx context.Context) {
	for _, peer := range p.there() {
		p.readLines(ctx, peer.ID)
	}
}

// readLines writes into this server's logs what another shared.
func (p *Peers) readLines(ctx context.Context, serverID string) {
	p.lines.reading.Lock()
	defer p.lines.reading.Unlock()
	for {
		some, err := p.Store.LinesAfter(ctx, serverID, p.lines.read[serverID])
		if err != nil || len(some) == 0 {
			return // what is missing comes with the next word
		}
		for _, one := range some {
			p.lines.read[serverID] = one.ID
			var written []logs.Line
			if err := json.Unmarshal(one.Lines, &written); err != nil {
				continue
			}
			if _, err := p.Logs.Append(logs.DeploymentStream(one.DeploymentID), written...); err != nil {
				p.Logger.Warn("lines of a deployment's log are lost here", "deployment", one.DeploymentID, "error", err)
			}
		}
	}
}
