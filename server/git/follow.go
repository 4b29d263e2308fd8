package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// linger is how long the last lines may come after the deployment's end: they
// are written before it, but may take a moment to be read.
const linger = 2 * time.Second

// quiet is how long nothing must come before a step that began is shown
// without waiting for its end.
const quiet = 250 * time.Millisecond

// follow shows a deployment to the pusher until it ends. Its error is errTold
// unless the deployment succeeded. The deployment goes on whatever happens
// here.
func (s *Server) follow(ctx context.Context, p *push, d *models.Deployment, out *logs.Terminal) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	spoken := make(chan logs.Batch)
	go s.listen(ctx, d, spoken)
	ended := make(chan *models.Deployment, 1)
	go func() {
		end, err := s.Deployments.Done(ctx, p.actor, d.ID)
		if err != nil {
			cancel(err)
			return
		}
		ended <- end
	}()

	end, err := show(ctx, out, spoken, ended)
	if err != nil {
		s.leave(ctx, p, d, out, err)
		return errTold
	}
	outcome := logs.Outcome{
		App: p.app.Name, Number: d.Number, State: string(end.State), Reason: end.Reason,
		Version: end.Release, URL: s.AppURL(p.app),
	}
	if end.FinishedAt != nil {
		outcome.Took = end.FinishedAt.Sub(end.CreatedAt)
	}
	if err := out.End(outcome); err != nil || end.State != models.DeploymentSucceeded {
		return errTold
	}
	return nil
}

// show writes what is said until the deployment has ended and its stream too.
func show(ctx context.Context, out *logs.Terminal, spoken <-chan logs.Batch, ended <-chan *models.Deployment) (*models.Deployment, error) {
	var end *models.Deployment
	var last <-chan time.Time
	hush := time.NewTimer(quiet)
	defer hush.Stop()
	complete := false
	for end == nil || !complete {
		select {
		case now := <-spoken:
			ends, err := write(out, now)
			if err != nil {
				return nil, err
			}
			complete = complete || ends
			hush.Reset(quiet)
		case <-hush.C:
			out.Flush()
		case end = <-ended:
			ended, last = nil, time.After(linger)
		case <-last:
			return end, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return end, nil
}

// listen hands over a deployment's stream until ctx ends.
func (s *Server) listen(ctx context.Context, d *models.Deployment, spoken chan<- logs.Batch) {
	for batch, err := range s.Logs.Follow(ctx, logs.DeploymentStream(d.ID), logs.FollowOptions{}) {
		if err != nil {
			if ctx.Err() == nil {
				s.Logger.Warn("a push cannot be shown its deployment", "deployment", d.ID, "error", err)
			}
			return
		}
		select {
		case spoken <- batch:
		case <-ctx.Done():
			return
		}
	}
}

// write shows some lines and says whether they hold the stream's end.
func write(out *logs.Terminal, batch logs.Batch) (ends bool, err error) {
	if batch.Gap != nil {
		err = out.Gap(*batch.Gap)
	}
	for _, line := range batch.Lines {
		err = errors.Join(err, out.Line(line))
		ends = ends || models.DeploymentState(line.State).Terminal()
	}
	return ends, err
}

// leave tells the pusher that nobody will tell the end.
func (s *Server) leave(ctx context.Context, p *push, d *models.Deployment, out *logs.Terminal, err error) {
	place := fmt.Sprintf("%s/apps/%s/deployments/%d", s.URL, p.app.Name, d.Number)
	switch {
	case errors.Is(err, errStopping):
		p.goes = true
		out.Warn("Slipway is restarting. The deployment goes on; see %s", place)
		out.Warn("git reports this push as refused; the branch follows by itself once the deployment has succeeded")
	case ctx.Err() != nil && models.KindOf(err) != models.KindInternal:
		out.Warn("The deployment cannot be followed: %s. It goes on; see %s", models.SafeMessage(err), place)
	default:
		s.Logger.Info("a pusher left; the deployment goes on", "app", p.app.ID, "deployment", d.ID, "error", err)
	}
}
