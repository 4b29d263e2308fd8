package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// errEngineAway says that a container engine was waited for until the phase's
// time was over.
var errEngineAway = fmt.Errorf("it was waited for in vain: %w", deployer.ErrUnavailable)

// engineLook is how often an engine that is away is asked whether it is back.
const engineLook = 250 * time.Millisecond

// outage is what a phase of a deployment does about an engine that goes away. As
// long as nothing was begun it is waited for, however often it goes; what it
// breaks off is begun again once.
type outage struct {
	pipeline *Pipeline
	app      *models.App
	d        *models.Deployment
	j        *journal
	answers  func(ctx context.Context) error // ErrUnavailable while it does not
	broken   int                             // how often something was broken off
}

// over waits until the engine is back after it failed with err, and says whether
// to try again. begun says that something was broken off. Its error is why not.
func (o *outage) over(ctx context.Context, begun bool, err error) (again bool, failure error) {
	if ctx.Err() != nil || !engineAway(err) {
		return false, err
	}
	if begun && o.broken > 0 {
		return false, models.Wrap(err, models.KindUnavailable, "the container engine stopped or was restarted in the middle, and again when that was tried once more")
	}
	if begun {
		o.j.Say("The container engine stopped or was restarted in the middle of it; trying once more when it answers")
	}
	waited, failure := o.wait(ctx)
	if failure != nil {
		return false, failure
	}
	if !begun && !waited && o.broken > 0 {
		return false, err // it answers, and yet this cannot be done
	}
	if begun || !waited {
		o.broken++
	}
	return true, nil
}

// engineAway says whether an error is an engine's that does not answer, and
// nothing worse.
func engineAway(err error) bool {
	var unhealthy *deployer.Unhealthy
	var failure *builder.Failure
	switch {
	case errors.As(err, &unhealthy), errors.As(err, &failure),
		errors.Is(err, builder.ErrDiskFull), errors.Is(err, builder.ErrNotStopped), errors.Is(err, errEngineAway):
		return false
	}
	return errors.Is(err, deployer.ErrUnavailable) || errors.Is(err, builder.ErrUnavailable)
}

// wait waits until the engine answers, and shows that the deployment does. waited
// is false when it answered at once.
func (o *outage) wait(ctx context.Context) (waited bool, err error) {
	look := time.NewTicker(engineLook)
	defer look.Stop()
	var last error // names the cluster
	for {
		err := o.answers(ctx)
		if ctx.Err() != nil {
			return waited, errors.Join(errEngineAway, last, ctx.Err())
		}
		last = err
		if !engineAway(err) {
			break // what else is wrong with it is found by who asks for more
		}
		if !waited {
			waited = true
			o.show(ctx, waitsForEngine(err))
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
	if waited {
		o.j.Say("The container engine answers again")
		o.show(ctx, "")
	}
	return waited, nil
}

// show writes what the deployment waits for into its row.
func (o *outage) show(ctx context.Context, waitsFor string) {
	if waitsFor != "" {
		o.j.Say("Now %s", waitsFor)
	}
	o.d.Reason = waitsFor
	if err := o.pipeline.Store.UpdateDeployment(ctx, o.d); err != nil {
		o.pipeline.logger(o.d).Debug("what a deployment waits for is not shown", "error", err) // the next change of it will tell
		return
	}
	o.pipeline.Announce(o.app, o.d)
}

func waitsForEngine(err error) string {
	var there *deployer.ClusterError
	if errors.As(err, &there) {
		return "waiting for the cluster " + there.Cluster + ", which is not answering"
	}
	return "waiting for the container engine, which is not answering"
}

// runsAnswers asks the engines that an app's instances are on.
func (p *Pipeline) runsAnswers(app *models.App) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := p.Cluster.Instances(ctx, app.ID)
		return err
	}
}

// buildsAnswers asks the engine that builds. One that is stopping may answer on
// old connections, and takes no new ones, which a build needs.
func (p *Pipeline) buildsAnswers(app *models.App) func(context.Context) error {
	engine, ok := p.Cluster.(deployer.Answerer)
	if !ok {
		return p.runsAnswers(app)
	}
	return engine.Answers
}
