package pipeline

import (
	"context"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// PushOf gives the newest deployment of a push of a commit to a branch of an app,
// nil when there is none.
func (p *Pipeline) PushOf(ctx context.Context, appID, branch, commit string) (*models.Deployment, error) {
	return p.Store.PushOf(ctx, appID, branch, commit)
}

// Knows says whether there is a deployment.
func (p *Pipeline) Knows(ctx context.Context, deploymentID string) (bool, error) {
	_, err := p.Store.DeploymentByID(ctx, models.SystemActor(), deploymentID)
	if models.KindOf(err) == models.KindNotFound {
		return false, nil
	}
	return err == nil, err
}

// TellPush writes into an app's activity what became of a push that nobody could
// be told of. An app that is gone is told nothing.
func (p *Pipeline) TellPush(ctx context.Context, appID, branch, words string) error {
	app, err := p.Store.AppByID(ctx, models.SystemActor(), appID)
	if models.KindOf(err) == models.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	event := store.EventFor(models.SystemActor(), app, "push.resume", branch)
	event.Detail = map[string]string{"cause": words}
	p.Logger.Warn("a push that was cut off", "app", app.ID, "app_name", app.Name, "branch", branch, "what", words)
	return p.Store.AddEvent(ctx, event)
}
