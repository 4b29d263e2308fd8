package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// supersede ends those of the app's deployments that a new one makes needless:
// a newer source takes the place of older ones that nobody has begun to build.
func (p *Pipeline) supersede(ctx context.Context, tx *store.Store, by *models.Deployment) ([]models.Deployment, error) {
	if !by.NeedsBuild() {
		return nil, nil
	}
	return tx.Supersede(ctx, by, supersededBy(by.Number))
}

// MaySupersede says whether a new deployment that needs a build would take the
// place of this one, as things are now.
func (p *Pipeline) MaySupersede(ctx context.Context, deploymentID string) (bool, error) {
	return p.Store.MaySupersede(ctx, deploymentID)
}

// supersededBy says why a deployment was superseded.
func supersededBy(number int) string { return fmt.Sprintf("a newer deployment, #%d, came", number) }

// tellSuperseded writes the end of those that waited into their logs, before
// their rows say so, see conclude. One that is building learns of it by its
// worker's context, and ends later.
func (p *Pipeline) tellSuperseded(superseded []models.Deployment) {
	for i := range superseded {
		d := &superseded[i]
		if d.State.Terminal() {
			p.journal(d).state(d.State, d.Reason)
		}
	}
}

// announceSubmitted tells of a new deployment and of those whose place it took,
// once that is committed.
func (p *Pipeline) announceSubmitted(app *models.App, made submitted) {
	for i := range made.superseded {
		d := &made.superseded[i]
		if !d.State.Terminal() {
			p.stopAs(d.ID, store.ErrSuperseded)
		}
		p.Announce(app, d)
	}
	p.Announce(app, made.deployment)
}

// numbers lists deployments as people name them: "#3 #4".
func numbers(deployments []models.Deployment) string {
	names := make([]string, len(deployments))
	for i, d := range deployments {
		names[i] = fmt.Sprintf("#%d", d.Number)
	}
	return strings.Join(names, " ")
}
