package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const (
	// driftsTold is how many events about an app's drift are written in
	// driftWindow: somebody who stops an instance in a loop does not fill the
	// audit trail.
	driftsTold  = 6
	driftWindow = time.Hour

	// How long an app is left in peace whose instances do not come up: longer
	// each time.
	restFirst = 10 * time.Second
	restMost  = 5 * time.Minute
)

// health is what is remembered of putting one app right. Its members are
// guarded by the pipeline's lock.
type health struct {
	shape string      // what converging made of it last, see shape; "" before
	drift *difference // noted, and to be told of when it is repaired
	begun bool        // this server has begun to repair it
	told  []time.Time // when events were written

	rest      time.Duration // how long it was left in peace last
	restUntil time.Time

	imageGone int    // the release whose image is known to be gone
	down      string // what the log was told of that does not come up
}

// of gives what is remembered of an app. The lock is held.
func (p *Pipeline) of(appID string) *health {
	h := p.health[appID]
	if h == nil {
		h = &health{}
		p.health[appID] = h
	}
	return h
}

// noteDrift notes that an app differs, to be told of once that is repaired. What
// differs because the rows changed is no drift.
func (p *Pipeline) noteDrift(app *store.Standing, found difference) {
	if len(found.wrong) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.of(app.ID)
	if (h.shape == "" || h.shape == shape(&app.App)) && h.drift == nil {
		h.drift = &found
	}
}

// drifted gives how an app differs that is no deployment's or person's doing,
// now that nobody else is at it; nil when it does not. What was noted and is not
// there any more was repaired, and told of, by another server, unless this one
// had begun to.
func (p *Pipeline) drifted(ctx context.Context, app *models.App) *difference {
	p.mu.Lock()
	h := p.of(app.ID)
	noted, steady, begun := h.drift, h.shape == shape(app), h.begun
	p.mu.Unlock()
	census, ok := p.Cluster.(deployer.Census)
	if !ok || noted == nil && !steady {
		return nil
	}
	seen, err := census.Census(ctx, app.ID)
	if err != nil {
		return noted
	}
	now := p.compare(&store.Standing{App: *app}, seen)
	switch {
	case len(now.wrong) == 0 && begun:
		return noted // it was broken off when the repair was as good as done
	case len(now.wrong) == 0:
		return nil
	}
	if noted != nil {
		now.wrong = noted.and(now)
	}
	return &now
}

// and adds to what was noted what is wrong with other processes.
func (d *difference) and(more difference) []wrong {
	all := slices.Clone(d.wrong)
	for _, w := range more.wrong {
		if !slices.ContainsFunc(d.wrong, func(one wrong) bool { return one.process == w.process }) {
			all = append(all, w)
		}
	}
	return all
}

// keepDrift notes drift for the next attempt to put an app right.
func (p *Pipeline) keepDrift(appID string, drift *difference) {
	if drift == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.of(appID)
	h.drift, h.begun = drift, true
}

// putRight notes that the cluster holds what an app should have, and tells of
// the drift that was repaired on the way.
func (p *Pipeline) putRight(ctx context.Context, app *models.App, drift *difference) {
	p.mu.Lock()
	h := p.of(app.ID)
	h.shape, h.drift, h.begun, h.rest, h.imageGone, h.down = shape(app), nil, false, 0, 0, ""
	p.mu.Unlock()
	if drift != nil {
		p.tellDrift(ctx, app, drift.wrong, nil)
	}
}

// notUp notes that an app's instances do not come up, which is not to be tried
// again at once.
func (p *Pipeline) notUp(ctx context.Context, app *models.App, drift *difference, why error) {
	p.mu.Lock()
	h := p.of(app.ID)
	h.drift, h.begun = nil, false
	h.rest = min(max(2*h.rest, restFirst), restMost)
	h.restUntil = time.Now().Add(h.rest)
	p.mu.Unlock()
	if drift != nil {
		p.tellDrift(ctx, app, drift.wrong, map[string]string{"failed": storable(why.Error(), maxReason)})
	}
}

// restless says how long an app is still to be left in peace.
func (p *Pipeline) restless(appID string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.health[appID]; h != nil && h.rest > 0 {
		return max(0, time.Until(h.restUntil))
	}
	return 0
}

// mayTell says whether another event about an app's drift may be written, and
// whether it is the last for a while.
func (p *Pipeline) mayTell(appID string) (may, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.of(appID)
	for len(h.told) > 0 && time.Since(h.told[0]) > driftWindow {
		h.told = h.told[1:]
	}
	if len(h.told) >= driftsTold {
		return false, false
	}
	h.told = append(h.told, time.Now())
	return true, len(h.told) == driftsTold
}

// tellDrift writes to the audit trail what was wrong and what became of it.
func (p *Pipeline) tellDrift(ctx context.Context, app *models.App, found []wrong, detail map[string]string) {
	var what, processes []string
	for _, w := range found {
		what = append(what, w.words(len(detail) == 0))
		processes = append(processes, w.process)
	}
	if detail == nil {
		detail = map[string]string{}
	}
	if len(what) > 0 {
		detail["what"] = strings.Join(what, "; ")
	}
	p.Logger.Warn("drift", "app", app.ID, "app_name", app.Name, "what", detail["what"], "failed", detail["failed"])
	may, last := p.mayTell(app.ID)
	if !may {
		return
	}
	if last {
		detail["note"] = "what follows within the hour is in the server's log only"
	}
	event := store.EventFor(models.SystemActor(), app, "drift.repair", strings.Join(unique(processes), ", "))
	event.Detail = detail
	writing, stop := lastly(ctx)
	defer stop()
	if err := p.Store.AddEvent(writing, event); err != nil {
		p.Logger.Warn("a repair could not be written to the audit trail", "app", app.ID, "error", err)
	}
}

// words are a sentence for people: "1 of 2 instances of web was gone and was
// started again".
func (w wrong) words(repaired bool) string {
	was, had := "was", "it"
	subject := fmt.Sprintf("%d of %d instances of %s", w.count, w.of, w.process)
	switch {
	case w.of == 1:
		subject = "the only instance of " + w.process
	case w.count == w.of:
		subject = fmt.Sprintf("all %d instances of %s", w.of, w.process)
	}
	if w.count > 1 {
		was, had = "were", "they"
	}
	is := map[string]string{"was": "is", "were": "are"}[was]
	sentence, mended := "", ""
	switch w.what {
	case wasGone:
		sentence, mended = was+" gone", was+" started again"
	case string(deployer.ConditionStopped):
		sentence, mended = "had stopped", was+" started again"
	case string(deployer.ConditionPaused):
		sentence, mended = was+" paused", had+" "+map[string]string{"it": "runs", "they": "run"}[had]+" again"
	case string(deployer.ConditionCutOff):
		sentence, mended = was+" cut off from the network", is+" connected again"
	default:
		sentence, mended = was+" "+w.what, was+" replaced"
	}
	if !repaired {
		return subject + " " + sentence
	}
	return subject + " " + sentence + " and " + mended
}

func unique(words []string) []string {
	var out []string
	for _, word := range words {
		if len(out) == 0 || out[len(out)-1] != word {
			out = append(out, word)
		}
	}
	return out
}

// imageGone deals with a live release whose image the engine does not have any
// more: its source, if it is still kept, is deployed again. It is told once.
func (p *Pipeline) imageGone(ctx context.Context, app *models.App, drift *difference) {
	p.mu.Lock()
	h := p.of(app.ID)
	known := h.imageGone == app.LiveRelease
	p.mu.Unlock()
	if known {
		return
	}
	cause := fmt.Sprintf("the image of v%d is gone from the container engine", app.LiveRelease)
	d, err := p.buildAgain(ctx, app, cause+"; its source is built again")
	detail := map[string]string{"image": cause}
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, store.ErrAway)):
		p.unsettle(app.ID)
		return
	case err != nil:
		p.Logger.Warn("a release without its image cannot be built again", "app", app.ID, "release", app.LiveRelease, "error", err)
		detail["failed"] = models.SafeMessage(err)
	case d == nil:
		return // something newer came, which replaces the release
	default:
		detail["then"] = "its source is built again as #" + strconv.Itoa(d.Number)
	}
	p.mu.Lock()
	p.of(app.ID).imageGone = app.LiveRelease
	p.mu.Unlock()
	var found []wrong
	if drift != nil {
		found = drift.wrong
	}
	p.tellDrift(ctx, app, found, detail)
}

// buildAgain submits the source that the live release was built from, unless
// something is deployed already, or building it again failed just before.
func (p *Pipeline) buildAgain(ctx context.Context, app *models.App, cause string) (*models.Deployment, error) {
	release, err := p.Store.Release(ctx, app.ID, app.LiveRelease)
	if err != nil {
		return nil, err
	}
	id, err := p.Store.DeploymentOfBuild(ctx, release.BuildID)
	if err != nil {
		return nil, err
	}
	var built *models.Deployment
	if id != "" {
		if built, err = p.Store.DeploymentByID(ctx, models.SystemActor(), id); err != nil {
			return nil, err
		}
	}
	if built == nil || built.SourceID == "" || !p.sources.Has(ctx, built.SourceID) {
		return nil, models.Errorf(models.KindFailed, "the source of v%d is no longer kept; deploy it again", app.LiveRelease)
	}
	last, err := p.Store.LastDeployments(ctx, []models.App{*app})
	if err != nil {
		return nil, err
	}
	if before, ok := last[app.ID]; ok && before.Cause == cause {
		return nil, models.Errorf(models.KindFailed, "building it again as #%d did not help; deploy it again", before.Number)
	}
	var made submitted
	err = p.Store.Transact(ctx, func(tx *store.Store) error {
		if _, err := tx.LockApp(ctx, models.SystemActor(), app.ID); err != nil {
			return err
		}
		// What somebody pushed meanwhile is newer, and must not be superseded.
		if open, err := tx.OpenDeployments(ctx, app.ID); err != nil || len(open) > 0 {
			return errors.Join(err, errNewer)
		}
		made, err = p.submit(ctx, tx, models.SystemActor(), app, Submission{
			Trigger: models.TriggerUpload, SourceID: built.SourceID, SourceRef: built.SourceRef,
			Commit: built.Commit, CommitMessage: built.CommitMessage, Cause: cause,
		})
		return err
	})
	switch {
	case errors.Is(err, errNewer):
		return nil, nil
	case err != nil:
		return nil, err
	}
	p.announceSubmitted(app, made)
	return made.deployment, nil
}

var errNewer = errors.New("something newer is being deployed")
