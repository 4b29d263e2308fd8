package deployer

import (
	"context"
	"fmt"
	"time"
)

// undo takes the new release away again, with a context of its own: the
// rollout's may be what ended. switched says that routers may have begun to
// send requests to it; they are told to go back first.
func (r *rollingOut) undo(ctx context.Context, switched bool) error {
	hurried := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout+r.grace()+r.timeToGoBack())
	defer cancel()
	if r.replaces() {
		return r.goBack(ctx, switched, hurried)
	}
	if r.keep() {
		r.say("v%d is left running: there is no other release to go back to", r.Release)
		return nil
	}
	if switched {
		if err := r.Router.Switch(ctx, r.App, Targets{Release: r.Live, Process: webProcess}); err != nil {
			// Some router may go on sending requests to the new release, so
			// it must not vanish. The next rollout finds and removes it.
			r.say("v%d is left running: not every router could be switched back", r.Release)
			return fmt.Errorf("switch the traffic back: %w", err)
		}
		if r.Warm {
			return nil // it runs on without traffic, as before
		}
		r.drain(ctx, r.ids())
		return r.removeAgain(ctx, r.grace())
	}
	return r.removeAgain(ctx, min(quickGrace, r.grace()))
}

func (r *rollingOut) removeAgain(ctx context.Context, grace time.Duration) error {
	if err := r.remove(ctx, r.ids(), grace); err != nil {
		return fmt.Errorf("remove v%d again: %w", r.Release, err)
	}
	return nil
}

// timeToGoBack is how long the live release may take to be up again.
func (r *rollingOut) timeToGoBack() time.Duration {
	var longest time.Duration
	for _, w := range r.Before {
		longest = max(longest, w.Health.WithDefaults().Timeout)
	}
	return longest
}

// keep says that removing the new release would leave the app with nothing:
// it is the live one, started anew, or an earlier attempt at this rollout got
// as far as removing the live one.
func (r *rollingOut) keep() bool {
	return r.Live == r.Release || r.Live != 0 && !r.liveFound && r.newFound
}
