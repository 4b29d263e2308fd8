package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Submission asks for a deployment. What else is set follows from the trigger.
type Submission struct {
	Trigger       models.Trigger
	SourceID      string // push, upload: a snapshot that Sources keeps
	SourceRef     string // push, git, webhook: branch, tag or commit
	Commit        string
	CommitMessage string
	ImageRef      string // image
	ClusterID     string // move: where to
	FromRelease   int    // rollback, return: the release to make live again
	Cause         string // return: why, in words
	Over          string // push: the ID of the deployment that it must supersede, else ErrKeepsPlace; "" for none
}

// ErrKeepsPlace means that a deployment was not submitted, because the one that
// it was to supersede goes on.
var ErrKeepsPlace = errors.New("the earlier deployment keeps its place")

// Submit writes a deployment down. When it returns without error the
// deployment, its audit event and its wake-up are committed together, and it
// will reach an end whatever happens to this process.
func (p *Pipeline) Submit(ctx context.Context, actor models.Actor, app *models.App, s Submission) (*models.Deployment, error) {
	if err := actor.Require(models.ScopeDeploy); err != nil {
		return nil, err
	}
	var made submitted
	err := p.Store.Transact(ctx, func(tx *store.Store) error {
		var err error
		made, err = p.submit(ctx, tx, actor, app, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.announceSubmitted(app, made)
	return made.deployment, nil
}

// SubmitIn is Submit inside a transaction of the caller's, who must call
// Announce once it is committed. It is for deployments that start from a
// release, which take nobody's place.
func (p *Pipeline) SubmitIn(ctx context.Context, tx *store.Store, actor models.Actor, app *models.App, s Submission) (*models.Deployment, error) {
	made, err := p.submit(ctx, tx, actor, app, s)
	return made.deployment, err
}

// submitted is a new deployment with those that it made needless.
type submitted struct {
	deployment *models.Deployment
	superseded []models.Deployment
}

func (p *Pipeline) submit(ctx context.Context, tx *store.Store, actor models.Actor, app *models.App, s Submission) (submitted, error) {
	if err := p.check(ctx, app, s); err != nil {
		return submitted{}, err
	}
	d := &models.Deployment{
		AppID: app.ID, Trigger: s.Trigger, SourceID: s.SourceID, SourceRef: storable(s.SourceRef, 250),
		Commit: storable(s.Commit, 64), CommitMessage: firstLine(s.CommitMessage), ImageRef: s.ImageRef,
		ClusterID: s.ClusterID, FromRelease: s.FromRelease, CreatedBy: actor.Email, Cause: s.Cause,
	}
	if s.Trigger == models.TriggerReturn {
		d.CreatedBy = "" // nobody asked for it
	}
	if err := tx.AddDeployment(ctx, actor, d); err != nil {
		return submitted{}, err
	}
	superseded, err := p.supersede(ctx, tx, d)
	if err != nil {
		return submitted{}, err
	}
	if s.Over != "" && !slices.ContainsFunc(superseded, func(one models.Deployment) bool { return one.ID == s.Over }) {
		return submitted{}, ErrKeepsPlace
	}
	event := store.EventFor(actor, app, "deployment.create", "#"+strconv.Itoa(d.Number))
	event.Detail = map[string]string{"trigger": string(s.Trigger), "commit": d.Commit}
	if len(superseded) > 0 {
		event.Detail["superseded"] = numbers(superseded)
	}
	if s.Trigger == models.TriggerReturn {
		event.Action = "deployment.return"
		event.Detail["release"], event.Detail["cause"] = "v"+strconv.Itoa(s.FromRelease), s.Cause
	}
	if err := tx.AddEvent(ctx, event); err != nil {
		return submitted{}, err
	}
	failpoint.Hit("submit.before-wake")
	err = p.Queue.Wake(ctx, tx, app.ID)
	p.tellSuperseded(superseded)
	failpoint.Hit("submit.before-commit")
	return submitted{d, superseded}, err
}

// check refuses what could only fail.
func (p *Pipeline) check(ctx context.Context, app *models.App, s Submission) error {
	switch s.Trigger {
	case models.TriggerPush, models.TriggerUpload:
		if !p.sources.Has(ctx, s.SourceID) {
			return models.Invalid("source_id", "no such source: upload it first")
		}
	case models.TriggerGit, models.TriggerWebhook:
		if app.SourceURL == "" {
			return models.Errorf(models.KindConflict, "%s has no git URL to deploy from; set its source first", app.Name)
		}
	case models.TriggerImage:
		if s.ImageRef == "" || storable(s.ImageRef, 500) != s.ImageRef {
			return models.Invalid("image", "it needs the reference of an image, such as nginx:1.27")
		}
	case models.TriggerRollback, models.TriggerReturn:
		if s.FromRelease <= 0 {
			return models.Invalid("version", "it needs the release to roll back to")
		}
	case models.TriggerMove:
		if s.ClusterID == "" {
			return models.Invalid("to", "it needs the cluster to move to")
		}
	case models.TriggerConfig, models.TriggerSettings, models.TriggerRestart:
	default:
		return fmt.Errorf("no such trigger: %q", s.Trigger)
	}
	return nil
}

// SubmitWebhook writes down the deployment that a verified webhook asks for, and
// its delivery ID with it. A delivery that was seen before gives the deployment
// it made then, and true.
func (p *Pipeline) SubmitWebhook(ctx context.Context, app *models.App, deliveryID string, s Submission) (d *models.Deployment, duplicate bool, err error) {
	actor := models.SystemActor()
	var made submitted
	err = p.Store.Transact(ctx, func(tx *store.Store) error {
		// The app's lock puts two deliveries of the same ID in order.
		if _, err := tx.LockApp(ctx, actor, app.ID); err != nil {
			return err
		}
		before, err := tx.Delivery(ctx, app.ID, deliveryID)
		if err != nil {
			return err
		}
		if before != "" {
			duplicate = true
			d, err = tx.DeploymentByID(ctx, actor, before)
			return err
		}
		if made, err = p.submit(ctx, tx, actor, app, s); err != nil {
			return err
		}
		d = made.deployment
		return tx.AddDelivery(ctx, app.ID, deliveryID, d.ID)
	})
	if err != nil {
		return nil, false, err
	}
	if !duplicate {
		p.announceSubmitted(app, made)
	}
	return d, duplicate, nil
}

// Retry deploys anew what an ended deployment deployed.
func (p *Pipeline) Retry(ctx context.Context, actor models.Actor, appName string, number int) (*models.Deployment, error) {
	app, d, err := p.find(ctx, actor, appName, number)
	if err != nil {
		return nil, err
	}
	if !d.State.Terminal() {
		return nil, models.Errorf(models.KindConflict, "deployment #%d has not ended yet: %s", number, d.State)
	}
	if d.SourceID != "" && !p.sources.Has(ctx, d.SourceID) {
		return nil, models.Errorf(models.KindConflict, "the source of deployment #%d is no longer kept; push it again", number)
	}
	trigger := d.Trigger
	if trigger == models.TriggerReturn {
		trigger = models.TriggerRollback // this time somebody asks for it
	}
	return p.Submit(ctx, actor, app, Submission{
		Trigger: trigger, SourceID: d.SourceID, SourceRef: d.SourceRef, Commit: d.Commit,
		CommitMessage: d.CommitMessage, ImageRef: d.ImageRef, ClusterID: d.ClusterID, FromRelease: d.FromRelease,
	})
}

// Rollback makes an earlier release live again without building: the one that
// was live before this one when version is 0.
func (p *Pipeline) Rollback(ctx context.Context, actor models.Actor, appName string, version int) (*models.Deployment, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, err
	}
	release, err := p.wayBack(ctx, app, version)
	if err != nil {
		return nil, err
	}
	return p.Submit(ctx, actor, app, Submission{Trigger: models.TriggerRollback, FromRelease: release.Version, Commit: release.Commit, CommitMessage: release.Description})
}

// wayBack gives the release that an app would go back to, or says why it cannot.
func (p *Pipeline) wayBack(ctx context.Context, app *models.App, version int) (*models.Release, error) {
	if app.LiveRelease == 0 {
		return nil, models.Errorf(models.KindConflict, "%s has no live release to roll back from; deploy it first", app.Name)
	}
	if version == 0 {
		var err error
		if version, err = p.Store.PreviousRelease(ctx, app); err != nil {
			return nil, err
		}
		if version == 0 {
			return nil, models.Errorf(models.KindConflict, "no release was live before v%d", app.LiveRelease)
		}
	}
	if version == app.LiveRelease {
		return nil, models.Errorf(models.KindConflict, "v%d is live already", version)
	}
	release, err := p.Store.Release(ctx, app.ID, version)
	if err != nil {
		return nil, err
	}
	if release.ClusterID != app.ClusterID {
		if err := p.mayReturn(ctx, app, release); err != nil {
			return nil, err
		}
	}
	return release, nil
}

// Restart replaces the live release's instances by new ones, without losing a
// request: it makes a new release of the same image.
func (p *Pipeline) Restart(ctx context.Context, actor models.Actor, appName string) (*models.Deployment, error) {
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, err
	}
	if app.LiveRelease == 0 {
		return nil, models.Errorf(models.KindConflict, "%s has nothing to restart; deploy it first", app.Name)
	}
	return p.Submit(ctx, actor, app, Submission{Trigger: models.TriggerRestart})
}

// Cancel asks for a deployment to stop. A waiting one is cancelled when Cancel
// returns; one that is worked on is cancelled when its work has really stopped.
func (p *Pipeline) Cancel(ctx context.Context, actor models.Actor, appName string, number int) (*models.Deployment, error) {
	if err := actor.Require(models.ScopeDeploy); err != nil {
		return nil, err
	}
	app, err := p.Store.AppByName(ctx, actor, appName)
	if err != nil {
		return nil, err
	}
	var d *models.Deployment
	err = p.Store.Transact(ctx, func(tx *store.Store) error {
		if d, err = tx.CancelDeployment(ctx, app, number, actor.Email); err != nil {
			return err
		}
		if err := tx.AddEvent(ctx, store.EventFor(actor, app, "deployment.cancel", "#"+strconv.Itoa(number))); err != nil {
			return err
		}
		if err := p.Queue.Wake(ctx, tx, app.ID); err != nil {
			return err
		}
		if d.State.Terminal() {
			p.journal(d).state(d.State, d.Reason) // before the row says so, see conclude
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.stopAs(d.ID, errCancelled)
	p.Announce(app, d)
	return d, nil
}
