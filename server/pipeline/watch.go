package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/metrics"
)

// Figures are what the routers counted: a metrics.Store.
type Figures interface {
	// Windows gives what was served for an app between two times, oldest
	// first, without what no router told this server of.
	Windows(appID string, from, to time.Time) ([]metrics.Window, error)
}

const (
	// watchBack is how much of the release before is compared with.
	watchBack = 10 * time.Minute

	// watchArrival is how long after its end a window is waited for.
	watchArrival = metrics.WindowLength + 5*time.Second

	// watchOthers is how long a server to which no router told anything leaves
	// the verdict to one that knows more.
	watchOthers = 2 * time.Minute

	// watchRestarts is how often each instance must have ended for the release
	// to count as one that crashes again and again.
	watchRestarts = 3
)

// watchUntil says until when a deployment that goes live is watched, nil for
// not at all. The app is as it is locked.
func (p *Pipeline) watchUntil(app *models.App, d *models.Deployment, now time.Time) *time.Time {
	if p.Figures == nil || app.WatchMinutes <= 0 || app.LiveRelease == 0 || app.LiveRelease == d.Release {
		return nil
	}
	switch d.Trigger {
	case models.TriggerRollback, models.TriggerReturn, models.TriggerRestart:
		return nil // to go back from these would lead to what somebody left
	}
	until := now.Add(time.Duration(app.WatchMinutes) * time.Minute)
	return &until
}

// watched is what this process remembers of a deployment that it watches. What
// must not be lost is in the rows.
type watched struct {
	looked  time.Time        // when it last looked
	before  []metrics.Window // of the release before; they are not kept for ever
	crashes int              // looks in a row at which all instances crashed
}

// watch looks at the deployments that went live of late: each once a window.
func (p *Pipeline) watch(ctx context.Context) error {
	if p.Figures == nil {
		return nil
	}
	p.watchTurn.Lock()
	defer p.watchTurn.Unlock()
	rows, err := p.Store.Watched(ctx)
	if err != nil {
		return err
	}
	known := p.watching
	p.watching = make(map[string]*watched, len(rows))
	for i := range rows {
		d := &rows[i]
		w := known[d.ID]
		if w == nil {
			w = &watched{}
		}
		p.watching[d.ID] = w
		if now := time.Now(); now.Sub(w.looked) >= metrics.WindowLength {
			w.looked = now
			if err := p.observe(ctx, d, w, now); err != nil && ctx.Err() == nil {
				p.logger(d).Warn("a deployment that went live cannot be watched just now", "error", err)
			}
		}
	}
	return nil
}

// observe compares one deployment with what was live before, and ends the
// watching when there is a verdict.
func (p *Pipeline) observe(ctx context.Context, d *models.Deployment, w *watched, now time.Time) error {
	app, err := p.Store.AppByID(ctx, models.SystemActor(), d.AppID)
	if err != nil {
		return err
	}
	if app.DeploymentSeq != d.Number || app.LiveRelease != d.Release {
		return p.judge(ctx, app, d, models.WatchUnknown, fmt.Sprintf("a newer deployment, #%d, came", app.DeploymentSeq))
	}
	before, err := p.Store.LiveBefore(ctx, d)
	if err != nil {
		return err
	}
	if before == nil || before.Release == d.Release || d.ReleasedAt == nil || d.FinishedAt == nil {
		return p.judge(ctx, app, d, models.WatchUnknown, "there is no release before to compare with")
	}
	if len(w.before) == 0 {
		from := d.ReleasedAt.Add(-watchBack)
		if before.FinishedAt != nil && before.FinishedAt.After(from) {
			from = *before.FinishedAt
		}
		if w.before, err = p.Figures.Windows(app.ID, from, *d.ReleasedAt); err != nil {
			return err
		}
	}
	after, err := p.Figures.Windows(app.ID, *d.FinishedAt, minTime(now, *d.WatchUntil))
	if err != nil {
		return err
	}
	why := ""
	if app.Instances(models.WebProcess) > 0 { // who stops an app gets errors that the release is not to blame for
		if why = worse(w.before, after); why == "" {
			why = p.crashing(ctx, d, w)
		}
	}
	switch {
	case why != "":
		return p.goBack(ctx, app, d, before.Release, why)
	case now.Before(d.WatchUntil.Add(watchArrival)):
		return nil
	}
	return p.endWatch(ctx, app, d, w.before, after, now)
}

// endWatch gives the verdict on a deployment that was watched for long enough.
func (p *Pipeline) endWatch(ctx context.Context, app *models.App, d *models.Deployment, before, after []metrics.Window, now time.Time) error {
	served := metrics.Sum(after)
	switch {
	case len(after) == 0 && now.Before(d.WatchUntil.Add(watchOthers)):
		return nil
	case len(after) == 0:
		return p.judge(ctx, app, d, models.WatchUnknown, "no router told of its requests")
	case served.Requests < watchErrorRequests:
		return p.judge(ctx, app, d, models.WatchUnknown, fmt.Sprintf("too few requests to tell: %d", served.Requests))
	}
	return p.judge(ctx, app, d, models.WatchKept, sideBySide(before, after))
}

// crashing says in words that all instances of a deployment end again and again,
// "" unless they did at two looks in a row.
func (p *Pipeline) crashing(ctx context.Context, d *models.Deployment, w *watched) string {
	instances, err := p.Instances(ctx, d.AppID)
	if err != nil {
		return "" // of an engine that is away nothing follows
	}
	all, restarts := 0, 0
	for _, in := range instances {
		if in.Workload.Process != models.WebProcess || in.Workload.Release != d.Release {
			continue
		}
		all++
		if in.State == deployer.StateHealthy || in.Restarts < watchRestarts {
			w.crashes = 0
			return ""
		}
		restarts += in.Restarts
	}
	if all == 0 {
		w.crashes = 0
		return ""
	}
	if w.crashes++; w.crashes < watchRun {
		return ""
	}
	return fmt.Sprintf("its instances crash again and again: %d times so far", restarts)
}

// judge writes a verdict that changes nothing else.
func (p *Pipeline) judge(ctx context.Context, app *models.App, d *models.Deployment, verdict models.WatchVerdict, note string) error {
	mine, err := p.Store.Judge(ctx, d.ID, verdict, storable(note, maxReason))
	if err == nil && mine {
		p.logger(d).Info("deployment watched", "verdict", verdict, "note", note)
		p.Announce(app, d)
	}
	return err
}

// errNotMine means that somebody else has judged, or deployed, meanwhile.
var errNotMine = errors.New("somebody was first")

// goBack makes the release before live again, by a deployment that is written
// together with the verdict: there is one of them or none.
func (p *Pipeline) goBack(ctx context.Context, app *models.App, d *models.Deployment, release int, why string) error {
	var made submitted
	err := p.Store.Transact(ctx, func(tx *store.Store) error {
		fresh, err := tx.LockApp(ctx, models.SystemActor(), app.ID)
		if err != nil {
			return err
		}
		if fresh.DeploymentSeq != d.Number || fresh.LiveRelease != d.Release {
			return errNotMine
		}
		earlier, err := tx.Release(ctx, app.ID, release)
		if err != nil {
			return err
		}
		mine, err := tx.Judge(ctx, d.ID, models.WatchReturned, storable(why, maxReason))
		switch {
		case err != nil:
			return err
		case !mine:
			return errNotMine
		}
		made, err = p.submit(ctx, tx, models.SystemActor(), fresh, Submission{
			Trigger: models.TriggerReturn, FromRelease: release, Commit: earlier.Commit, CommitMessage: earlier.Description,
			Cause: storable(fmt.Sprintf("v%d did worse than v%d: %s", d.Release, release, why), maxReason),
		})
		if err == nil {
			p.journal(d).Say("Going back to v%d by deployment #%d: %s", release, made.deployment.Number, why)
			p.journal(made.deployment).Say("Slipway goes back by itself: %s", made.deployment.Cause)
		}
		return err
	})
	if errors.Is(err, errNotMine) {
		return nil
	}
	if err == nil {
		p.logger(d).Warn("deployment taken back", "release", release, "why", why)
		p.Announce(app, d)
		p.announceSubmitted(app, made)
	}
	return err
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
