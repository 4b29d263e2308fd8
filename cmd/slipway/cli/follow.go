package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/server/logs"
)

// errFailed says that a deployment did not succeed, which has been shown.
var errFailed = &failure{code: exitFailed}

// watch shows a deployment to its end and gives it as it then is. A deployment
// that did not succeed is an error; Ctrl-C stops the watching only.
func (c *cli) watch(ctx context.Context, s *session, app string, number int64) (*client.Deployment, error) {
	terminal := logs.NewTerminal(c.talk(), c.color(c.talk()))
	err := c.tell(ctx, s, app, number, terminal)
	if ctx.Err() != nil {
		terminal.Flush()
		return nil, fail(exitInterrupted, fmt.Sprintf(`Follow it with "slipway logs -a %s --deployment %d", stop it with "slipway cancel -a %s %d".`, app, number, app, number),
			"no longer following; deployment #%d of %s goes on", number, app)
	}
	if err != nil {
		return nil, err
	}
	d, err := ok(s.api.GetDeploymentWithResponse(ctx, app, number))
	if err != nil {
		return nil, err
	}
	address := ""
	if d.State == client.DeploymentStateSucceeded {
		if a, err := ok(s.api.GetAppWithResponse(ctx, app)); err == nil {
			address = a.URL
		}
	}
	if err := terminal.End(outcome(d, address)); err != nil {
		return nil, err
	}
	if d.State != client.DeploymentStateSucceeded {
		return d, errFailed
	}
	return d, nil
}

func outcome(d *client.Deployment, address string) logs.Outcome {
	o := logs.Outcome{App: d.App, Number: int(d.Number), State: string(d.State), Reason: d.Reason, Version: int(d.Release), URL: address}
	if d.FinishedAt != nil {
		o.Took = d.FinishedAt.Sub(d.CreatedAt)
	}
	return o
}

// lingering is how long the name of a running step is held back: most steps
// are over sooner and then take one line.
const lingering = 300 * time.Millisecond

// tell writes a deployment's log as it comes. The stream is read in a goroutine
// of its own, so that a step's name can be shown while it says nothing.
func (c *cli) tell(ctx context.Context, s *session, app string, number int64, terminal *logs.Terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frames, result := make(chan frame), make(chan error, 1)
	go func() {
		result <- s.follow(ctx, deploymentLogPath(app, number), 0, func(f frame) error {
			select {
			case frames <- f:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}, func(err error) { c.note("The connection was cut (%v); connecting again.", err) })
	}()
	for {
		select {
		case f := <-frames:
			if err := show(terminal, f); err != nil {
				return err
			}
		case <-time.After(lingering):
			terminal.Flush()
		case err := <-result:
			return err
		}
	}
}

func show(terminal *logs.Terminal, f frame) error {
	if f.Gap != nil {
		if err := terminal.Gap(*f.Gap); err != nil {
			return err
		}
	}
	for _, line := range f.Lines {
		if err := terminal.Line(line); err != nil {
			return err
		}
	}
	return nil
}

// finish follows a deployment unless it is to go on by itself, and answers with
// it. All verbs that deploy end here.
func (c *cli) finish(ctx context.Context, s *session, d *client.Deployment, detach bool) error {
	if detach {
		if c.json {
			return c.print(d)
		}
		c.say("Deployment #%d of %s is %s.", d.Number, d.App, d.State)
		return nil
	}
	ended, err := c.watch(ctx, s, d.App, d.Number)
	if ended != nil && c.json {
		err = errors.Join(err, c.print(ended))
	}
	return err
}
