package apps

import (
	"context"
	"errors"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// Change is one change that may be planned before it is made: one of its members,
// or none of them for what would be done now, with nothing changed.
type Change struct {
	Scale    map[string]int
	Set      map[string]string // config vars
	Unset    []string
	Settings *Changes
	MoveTo   string // the cluster's name
	Rollback *int   // the version to go back to, 0 for the one before
	Restart  bool
}

// check refuses more than one change: each is a deployment of its own, and what
// the second would do depends on what became of the first.
func (c *Change) check() error {
	given := 0
	for _, is := range []bool{len(c.Scale) > 0, len(c.Set)+len(c.Unset) > 0, c.Settings != nil, c.MoveTo != "", c.Rollback != nil, c.Restart} {
		if is {
			given++
		}
	}
	if given > 1 {
		return models.Invalid("", "one change at a time: scale, config, settings, a move, a rollback or a restart")
	}
	return nil
}

// Plan says what a change would do on the cluster, and changes nothing. A change
// that would be refused is refused; what only the cluster stands against is a
// warning.
func (s *Service) Plan(ctx context.Context, actor models.Actor, name string, c Change) (*pipeline.Forecast, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, err
	}
	if len(c.Set)+len(c.Unset) > 0 {
		// Whether it would change anything tells whether a value was guessed.
		if err := actor.Require(models.ScopeWrite); err != nil {
			return nil, err
		}
	}
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	wanted, err := s.propose(ctx, app, c)
	if err != nil {
		return nil, err
	}
	return s.pipeline.Foresee(ctx, app, wanted)
}

// propose gives the app as a change would make it, and what would bring it about.
func (s *Service) propose(ctx context.Context, app *models.App, c Change) (wanted pipeline.Proposal, err error) {
	wanted.App = *app
	if err := c.check(); err != nil {
		return wanted, err
	}
	switch {
	case len(c.Scale) > 0:
		if err := checkScale(c.Scale); err != nil {
			return wanted, err
		}
		return wanted, s.rescale(ctx, s.store, &wanted.App, c.Scale)
	case len(c.Set)+len(c.Unset) > 0:
		var changed bool
		if wanted.Config, changed, err = s.configWith(ctx, app, c.Set, c.Unset); err == nil && changed && app.LiveRelease != 0 {
			wanted.Trigger = models.TriggerConfig
		}
		return wanted, err
	case c.Settings != nil:
		if err := s.apply(&wanted.App, *c.Settings); err != nil {
			return wanted, err
		}
		if servedOtherwise(app, &wanted.App) && app.LiveRelease != 0 {
			wanted.Trigger = models.TriggerSettings
		}
		return wanted, nil
	case c.MoveTo != "":
		return wanted, s.proposeMove(ctx, app, c.MoveTo, &wanted)
	case c.Rollback != nil:
		wanted.Trigger, wanted.FromRelease = models.TriggerRollback, *c.Rollback
	case c.Restart && app.LiveRelease == 0:
		return wanted, models.Errorf(models.KindConflict, "%s has nothing to restart; deploy it first", app.Name)
	case c.Restart:
		wanted.Trigger = models.TriggerRestart
	}
	return wanted, nil
}

func (s *Service) proposeMove(ctx context.Context, app *models.App, to string, wanted *pipeline.Proposal) error {
	cluster, err := s.store.ClusterByName(ctx, to)
	switch {
	case err != nil:
		return err
	case cluster.ID == app.ClusterID:
		return models.Errorf(models.KindConflict, "%s is on %s already", app.Name, cluster.Name)
	case app.LiveRelease != 0:
		wanted.Trigger, wanted.ClusterID = models.TriggerMove, cluster.ID
	}
	return nil
}

// configWith gives an app's config vars as a change would make them.
func (s *Service) configWith(ctx context.Context, app *models.App, set map[string]string, unset []string) (vars map[string]string, changed bool, err error) {
	if err := checkConfig(set, unset); err != nil {
		return nil, false, err
	}
	rows, err := s.store.ConfigVars(ctx, app.ID)
	if err != nil {
		return nil, false, err
	}
	if vars, err = s.pipeline.OpenConfig(app.ID, rows); err != nil {
		return nil, false, err
	}
	for key, value := range set {
		if old, ok := vars[key]; !ok || old != value {
			vars[key], changed = value, true
		}
	}
	for _, key := range unset {
		if _, ok := vars[key]; !ok {
			return nil, false, models.NotFound("config var", key)
		}
		delete(vars, key)
		changed = true
	}
	if len(vars) > maxConfigVars {
		return nil, false, models.Invalid("config", "an app may have at most %d config vars", maxConfigVars)
	}
	return vars, changed, nil
}

// ApplyPlan makes a change if it would still do what the plan with that
// fingerprint said; else it is a KindConflict error and nothing is done. It gives
// the deployment that brings the change about, nil where there is none.
func (s *Service) ApplyPlan(ctx context.Context, actor models.Actor, name string, c Change, fingerprint string) (*models.Deployment, error) {
	if err := actor.Require(c.scope()); err != nil {
		return nil, err
	}
	if fingerprint == "" {
		return nil, models.Invalid("fingerprint", "it needs the fingerprint that the plan gave")
	}
	plan, err := s.Plan(ctx, actor, name, c)
	if err != nil {
		return nil, err
	}
	if err := plan.Blocked(); err != nil {
		return nil, err
	}
	if plan.Fingerprint != fingerprint {
		return nil, models.Errorf(models.KindConflict, "it would no longer do what the plan said: something has changed since; look at the new plan")
	}
	return s.make(ctx, actor, &plan.Now, c)
}

// scope is what making a change needs.
func (c *Change) scope() models.Scope {
	if len(c.Set)+len(c.Unset) > 0 || c.Settings != nil || c.MoveTo != "" {
		return models.ScopeWrite
	}
	return models.ScopeDeploy
}

// make makes a change of an app that was read a moment ago.
func (s *Service) make(ctx context.Context, actor models.Actor, app *models.App, c Change) (d *models.Deployment, err error) {
	switch {
	case len(c.Scale) > 0:
		_, err = s.Scale(ctx, actor, app.Name, app.Revision, c.Scale)
	case len(c.Set)+len(c.Unset) > 0:
		_, d, err = s.SetConfig(ctx, actor, app.Name, app.Revision, c.Set, c.Unset)
	case c.Settings != nil:
		_, d, err = s.Update(ctx, actor, app.Name, app.Revision, *c.Settings)
	case c.MoveTo != "":
		d, err = s.pipeline.Move(ctx, actor, app.Name, c.MoveTo)
	case c.Rollback != nil:
		d, err = s.pipeline.Rollback(ctx, actor, app.Name, *c.Rollback)
	case c.Restart:
		d, err = s.pipeline.Restart(ctx, actor, app.Name)
	default:
		err = s.pipeline.Converge(ctx, app)
	}
	var told *models.Error
	if errors.As(err, &told) && told.Kind == models.KindPrecondition {
		return nil, models.Wrap(err, models.KindConflict, "%s was changed just now; look at the new plan", app.Name)
	}
	return d, err
}
