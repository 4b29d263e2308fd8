package peers

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// request is what a server asks of the others about their routers: one of
// Switch, Drained and DrainedAbove.
type request struct {
	App          string               `json:"app,omitempty"`
	Switch       *deployer.Targets    `json:"switch,omitempty"`
	Drained      *deployer.WorkloadID `json:"drained,omitempty"`
	DrainedAbove *above               `json:"drained_above,omitempty"`
	Until        time.Time            `json:"until"` // an answer after that is of no use
}

type above struct {
	Workload deployer.WorkloadID `json:"workload"`
	Last     int                 `json:"last"`
}

// ask asks all other servers and waits until each has answered, or is no longer
// there. It gives what went wrong, by server.
func (p *Peers) ask(ctx context.Context, r request, within time.Duration) (map[string]string, error) {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	r.Until, _ = ctx.Deadline()
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	call := store.Call{ID: models.NewID(), ServerID: p.ServerID, Request: body}
	news := make(chan struct{}, 1)
	p.mu.Lock()
	p.waiting[call.ID] = news
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.waiting, call.ID)
		p.mu.Unlock()
		ending, done := context.WithTimeout(context.WithoutCancel(ctx), beat)
		defer done()
		_ = p.Store.EndCall(ending, call.ID) // old ones are forgotten anyway
	}()
	if err := p.Store.AddCall(ctx, call, p.text(message{Call: true})); err != nil {
		return nil, err
	}
	look := time.NewTicker(500 * time.Millisecond) // a word may be lost, and a server die
	defer look.Stop()
	for {
		failures, all, err := p.heard(ctx, call.ID)
		if all || err != nil && ctx.Err() == nil {
			return failures, err
		}
		select {
		case <-news:
		case <-look.C:
		case <-ctx.Done():
			return failures, nil
		}
	}
}

// heard gives what went wrong so far, those too that have not answered, and
// says whether all have that are there.
func (p *Peers) heard(ctx context.Context, callID string) (failures map[string]string, all bool, err error) {
	others, err := p.Store.Peers(ctx, p.ServerID)
	if err != nil {
		return nil, false, err
	}
	answers, err := p.Store.Answers(ctx, callID)
	if err != nil {
		return nil, false, err
	}
	failures, all = map[string]string{}, true
	for _, peer := range others {
		failure, answered := answers[peer.ID]
		switch {
		case !answered:
			all, failures[peer.ID] = false, "it does not answer"
		case failure != "":
			failures[peer.ID] = failure
		}
	}
	return failures, all, nil
}

// answered wakes whoever waits for an answer.
func (p *Peers) answered(callID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news, ok := p.waiting[callID]; ok {
		select {
		case news <- struct{}{}:
		default:
		}
	}
}

// answerAll does what others ask, each call beside the others.
func (p *Peers) answerAll(ctx context.Context) {
	if len(p.there()) == 0 {
		return
	}
	calls, err := p.Store.UnansweredCalls(ctx, p.ServerID)
	if err != nil {
		return // asked again with the next word or beat
	}
	for _, call := range calls {
		p.mu.Lock()
		begun := p.deciding[call.ID]
		p.deciding[call.ID] = true
		p.mu.Unlock()
		if !begun {
			go p.answer(ctx, call)
		}
	}
}

func (p *Peers) answer(ctx context.Context, call store.Call) {
	defer func() {
		p.mu.Lock()
		delete(p.deciding, call.ID)
		p.mu.Unlock()
	}()
	failure := ""
	if err := p.comply(ctx, call); err != nil {
		failure = models.SafeMessage(err)
	}
	if err := p.Store.AnswerCall(ctx, call.ID, p.ServerID, failure, p.text(message{Answer: call.ID})); err != nil && ctx.Err() == nil {
		p.Logger.Warn("another server was not answered", "server", call.ServerID, "error", err)
	}
}

// comply does to this server's routers what another asks.
func (p *Peers) comply(ctx context.Context, call store.Call) error {
	var r request
	if err := json.Unmarshal(call.Request, &r); err != nil {
		return err
	}
	ctx, stop := context.WithDeadline(ctx, r.Until)
	defer stop()
	switch {
	case r.Switch != nil:
		return p.Routing.Switch(ctx, r.App, *r.Switch)
	case r.Drained != nil:
		return p.Routing.Drained(ctx, *r.Drained)
	case r.DrainedAbove != nil:
		return p.Routing.DrainedAbove(ctx, r.DrainedAbove.Workload, r.DrainedAbove.Last)
	}
	return models.Errorf(models.KindInvalid, "this server does not know what is asked; is it of an older version?")
}

// refusals makes one error of what went wrong.
func refusals(failures map[string]string) error {
	if len(failures) == 0 {
		return nil
	}
	var parts []string
	for _, server := range slices.Sorted(maps.Keys(failures)) {
		parts = append(parts, server+": "+failures[server])
	}
	return models.Errorf(models.KindUnavailable, "another server's routers were not switched: %s", strings.Join(parts, "; "))
}
