package pipeline

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// Proposal is a change to an app that may or may not be made.
type Proposal struct {
	App         models.App        // as it would be, with its settings and scale
	Trigger     models.Trigger    // of the deployment that would bring it about, "" for none
	Config      map[string]string // of that, nil for what it is now
	ClusterID   string            // move: where to
	FromRelease int               // rollback: the release to make live again
}

// Forecast is what a change would do. It shows nobody the value of a variable.
type Forecast struct {
	Now         models.App // as it is
	Release     int        // that would be live then, 0 for none
	Holds       bool       // requests wait in the routers meanwhile
	Steps       []ForeseenStep
	Warnings    []Warning
	Fingerprint string // stays the same as long as the same would be done
}

// ForeseenStep is a step with where it is taken and why.
type ForeseenStep struct {
	deployer.Step
	Cluster string // its name
	Why     Why
}

// Actions beside those of the deployer.
const (
	ActionPublish      deployer.Action = "publish_image" // into the registry that the cluster pulls from
	ActionRemoveVolume deployer.Action = "remove_volume" // one that was given up
)

// Why says what a step follows from.
type Why string

// What steps follow from. "" is for one that goes without saying.
const (
	WhyNewRelease Why = "new_release" // a release comes up, or gets the traffic
	WhyReplaced   Why = "replaced"    // another release takes its place
	WhyStopFirst  Why = "stop_first"  // two of it must never run at once
	WhyScaled     Why = "scaled"      // another number is wanted
	WhyMissing    Why = "missing"     // it should be there
	WhyStopped    Why = "stopped"     // somebody stopped it
	WhyPaused     Why = "paused"      // somebody paused it
	WhyCutOff     Why = "cut_off"     // it is on no network
	WhyAltered    Why = "altered"     // it was made from something else
	WhyWarm       Why = "warm"        // kept without traffic, so that going back takes a moment
	WhyWarmOver   Why = "warm_over"   // it was kept for long enough
	WhyLeftOver   Why = "left_over"   // of a release that is not live
)

// Foresee says what a change would do on the cluster, by doing it on a
// rehearsal: it is what is then done, unless something else comes first or an
// instance does not come up. A cluster that is away gives a forecast without
// steps, which a warning says.
func (p *Pipeline) Foresee(ctx context.Context, now *models.App, wanted Proposal) (*Forecast, error) {
	f := &foreseeing{p: p, now: now, app: wanted.App, Forecast: Forecast{Now: *now, Release: now.LiveRelease}, places: map[int]string{}}
	if err := f.refuse(ctx, wanted); err != nil || f.blocked() {
		return &f.Forecast, err
	}
	if err := f.next(ctx, wanted); err != nil || f.blocked() {
		return &f.Forecast, err
	}
	looking, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()
	var err error
	if f.rehearsal, err = deployer.Rehearse(looking, p.Cluster, now.ID, now.LiveRelease, f.place); err != nil {
		if ctx.Err() == nil && (errors.Is(err, deployer.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)) {
			f.warn(WarningAway, true, "what runs of %s cannot be seen just now: %s", now.Name, models.SafeMessage(p.clusterError(err)))
			return &f.Forecast, nil
		}
		return nil, err
	}
	if err := f.rehearse(ctx, wanted); err != nil {
		return nil, err
	}
	if err := f.conclude(ctx); err != nil {
		return nil, err
	}
	return &f.Forecast, f.sign()
}

// foreseeing is one call of Foresee.
type foreseeing struct {
	p *Pipeline
	Forecast
	now       *models.App
	app       models.App // as it would be
	release   *models.Release
	publishes bool
	places    map[int]string // the IDs of the clusters that releases are on
	rehearsal *deployer.Rehearsal
	workloads []deployer.Workload // that would run
}

// refuse warns of what cannot be done at all, or comes first.
func (f *foreseeing) refuse(ctx context.Context, wanted Proposal) error {
	open, err := f.p.Store.OpenDeployments(ctx, f.now.ID)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		f.warn(WarningOpen, true, "deployment #%d of %s comes first and has not ended", open[0].Number, f.now.Name)
		return nil
	}
	switch wanted.Trigger {
	case models.TriggerMove:
		err = f.p.noVolumes(ctx, f.now)
	case models.TriggerRollback:
		_, err = f.p.wayBack(ctx, f.now, wanted.FromRelease)
	}
	if models.KindOf(err) == models.KindConflict && err != nil {
		f.warn(WarningRefused, true, "%s", models.SafeMessage(err))
		return nil
	}
	return err
}

// next finds the release that would be live.
func (f *foreseeing) next(ctx context.Context, wanted Proposal) (err error) {
	switch {
	case wanted.Trigger == "" && f.app.LiveRelease == 0:
		return nil
	case wanted.Trigger == "":
		f.release, err = f.p.Store.Release(ctx, f.app.ID, f.app.LiveRelease)
		return err
	case wanted.Trigger == models.TriggerRollback:
		f.release, err = f.p.wayBack(ctx, f.now, wanted.FromRelease)
	default:
		err = f.composed(ctx, wanted)
	}
	if err == nil {
		f.Release = f.release.Version
		f.places[f.release.Version] = f.release.ClusterID
	}
	return err
}

// composed is the release that a deployment would make.
func (f *foreseeing) composed(ctx context.Context, wanted Proposal) error {
	d := &models.Deployment{AppID: f.app.ID, Trigger: wanted.Trigger, ClusterID: wanted.ClusterID}
	vars := wanted.Config
	if vars == nil {
		var err error
		if vars, err = f.p.config(ctx, f.p.Store, f.app.ID); err != nil {
			return err
		}
	}
	release, err := f.p.compose(ctx, f.p.Store, &f.app, d, vars)
	if err != nil {
		return err
	}
	release.Version = f.app.ReleaseSeq + 1
	f.release = release
	if release.ClusterID == models.LocalCluster {
		return nil
	}
	build, err := f.p.buildFor(ctx, f.now, d)
	switch {
	case err != nil:
		return err
	case build == nil || f.p.Publish == nil:
		f.warn(WarningRefused, true, "the image of %s cannot be brought to another cluster: there is no registry", f.app.Name)
		return nil
	}
	f.publishes = build.Published == ""
	release.Image = cmp.Or(release.Image, build.Image)
	return nil
}

// place gives the ID of the cluster that a release is on.
func (f *foreseeing) place(release int) string {
	if id, ok := f.places[release]; ok {
		return id
	}
	looking, stop := context.WithTimeout(context.Background(), lookTimeout)
	defer stop()
	id, err := f.p.Store.ReleaseCluster(looking, f.now.ID, release)
	if err != nil {
		id = models.LocalCluster // instances that no row knows
	}
	f.places[release] = id
	return id
}

// rehearse does what a deployment does, and then what converging does.
func (f *foreseeing) rehearse(ctx context.Context, wanted Proposal) error {
	roller := f.rehearsal.Rollout()
	if f.release == nil {
		return f.p.remove(ctx, f.rehearsal, f.app.ID, func(deployer.WorkloadID) bool { return true })
	}
	if wanted.Trigger != "" {
		plan, err := f.p.planRollout(ctx, &f.app, f.release)
		if err != nil {
			return err
		}
		if err := roller.BringUp(ctx, plan, nil); err != nil {
			return err
		}
		d := &models.Deployment{Trigger: wanted.Trigger, Release: f.release.Version}
		f.app.WarmRelease, f.app.WarmUntil = keepWarm(&f.app, d, plan.StopFirst, time.Now())
		f.app.LiveRelease, f.app.ClusterID = f.release.Version, f.release.ClusterID
	}
	plan, err := f.p.plan(ctx, &f.app, f.release)
	if err != nil {
		return err
	}
	f.workloads = plan.Workloads
	if plan.Keep, err = keptOn(ctx, f.rehearsal, &f.app); err != nil {
		return err
	}
	return bringAbout(ctx, roller, plan, nil, func() ([]deployer.WorkloadID, error) {
		if len(plan.Keep) == 0 {
			return nil, nil
		}
		seen, err := f.rehearsal.Census(ctx, f.app.ID)
		if err != nil {
			return nil, err
		}
		if found, last := cooled(seen, plan.Keep[0]); found.count > 0 {
			err = f.p.startWarm(ctx, f.rehearsal, &f.app, plan.Keep[0], last)
		}
		return plan.Keep, err
	})
}

// conclude puts the steps together with what there is to say of them.
func (f *foreseeing) conclude(ctx context.Context) error {
	names := map[string]string{}
	rows, err := f.p.Store.Clusters(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		names[rows[i].ID] = rows[i].Name
	}
	add := func(s deployer.Step, release int, why Why) {
		id := f.place(release)
		f.Steps = append(f.Steps, ForeseenStep{Step: s, Cluster: cmp.Or(names[id], id), Why: why})
		f.Holds = f.Holds || s.Action == deployer.ActionHold
	}
	if f.publishes {
		add(deployer.Step{Action: ActionPublish, Workload: deployer.WorkloadID{App: f.app.ID, Release: f.Release}}, f.Release, "")
	}
	for _, s := range f.rehearsal.Steps() {
		add(s, s.Workload.Release, f.why(s))
	}
	given, err := f.p.Store.VolumesGivenUp(ctx, f.app.ID)
	if err != nil {
		return err
	}
	for _, volume := range given {
		add(deployer.Step{Action: ActionRemoveVolume, Workload: deployer.WorkloadID{App: f.app.ID}, Volume: volume}, f.now.LiveRelease, "")
	}
	return f.judge(ctx, rows)
}

// why says what a step follows from.
func (f *foreseeing) why(s deployer.Step) Why {
	release := s.Workload.Release
	comes := release == f.Release && f.Release != f.now.LiveRelease
	switch s.Action {
	case deployer.ActionStart:
		return map[deployer.Condition]Why{
			deployer.ConditionStopped: WhyStopped, deployer.ConditionPaused: WhyPaused, deployer.ConditionCutOff: WhyCutOff,
		}[deployer.Condition(s.Cause)]
	case deployer.ActionReplace:
		return WhyAltered
	case deployer.ActionHold:
		return WhyStopFirst
	case deployer.ActionKeep:
		if release != f.Release {
			return WhyWarm
		}
		return ""
	case deployer.ActionCreate, deployer.ActionSwitch:
		switch {
		case comes:
			return WhyNewRelease
		case slices.Max(s.Indexes) > f.now.Instances(s.Workload.Process):
			return WhyScaled
		}
		return WhyMissing
	case deployer.ActionRetire, deployer.ActionDrain, deployer.ActionRemove:
		return f.whyGone(s)
	}
	return ""
}

// whyGone says why instances go.
func (f *foreseeing) whyGone(s deployer.Step) Why {
	release := s.Workload.Release
	switch {
	case release == f.Release:
		return WhyScaled
	case release == f.now.LiveRelease && f.holdsBack(s.Workload.Process):
		return WhyStopFirst
	case release == f.now.LiveRelease:
		return WhyReplaced
	case release == f.now.WarmRelease:
		return WhyWarmOver
	}
	return WhyLeftOver
}

// holdsBack says whether the instances of a process stop before the new ones
// start.
func (f *foreseeing) holdsBack(process string) bool {
	return f.app.StopFirst || slices.ContainsFunc(f.workloads, func(w deployer.Workload) bool { return w.ID.Process == process && len(w.Volumes) > 0 })
}

// sign makes the fingerprint of a forecast: of the steps, and of all that
// instances would be made from. It is keyed, so that nobody can find out the
// value of a variable by trying.
func (f *foreseeing) sign() error {
	mac := hmac.New(sha256.New, f.p.Box.Key("fingerprints of plans"))
	workloads := slices.Clone(f.workloads)
	for i := range workloads {
		workloads[i].Env = maps.Clone(workloads[i].Env)
	}
	text, err := json.Marshal(struct {
		App       string
		Live      int
		Steps     []ForeseenStep
		Workloads []deployer.Workload
	}{f.now.ID, f.now.LiveRelease, f.Steps, workloads})
	if err != nil {
		return fmt.Errorf("fingerprint: %w", err)
	}
	_, _ = mac.Write(text) // never fails
	f.Fingerprint = hex.EncodeToString(mac.Sum(nil)[:12])
	return nil
}

// Converge has the cluster made to hold what the live release says, which
// happens by itself too.
func (p *Pipeline) Converge(ctx context.Context, app *models.App) error { return p.wake(ctx, app.ID) }
