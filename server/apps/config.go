package apps

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// maxConfigVars bounds an app's config: an environment must fit into what a
// kernel passes to a program.
const maxConfigVars = 500

// ConfigItem is one config var. Value is nil for those who may not read it.
type ConfigItem struct {
	Key   string
	Value *string
}

// Config is an app's config vars by key.
type Config struct {
	Items    []ConfigItem
	CanRead  bool
	Revision int64 // of the app; a change of config takes it up
}

// Config lists an app's config vars, with values only for those who may read
// secrets. The revision is read first: whoever edits by it never overwrites what
// they have not seen.
func (s *Service) Config(ctx context.Context, actor models.Actor, name string) (Config, error) {
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return Config{}, err
	}
	rows, err := s.store.ConfigVars(ctx, app.ID)
	if err != nil {
		return Config{}, err
	}
	config := Config{Items: make([]ConfigItem, 0, len(rows)), CanRead: actor.Can(models.ScopeSecrets), Revision: app.Revision}
	var values map[string]string
	if config.CanRead {
		if values, err = s.pipeline.OpenConfig(app.ID, rows); err != nil {
			return Config{}, err
		}
	}
	for _, row := range rows {
		item := ConfigItem{Key: row.Key}
		if value, ok := values[row.Key]; ok {
			item.Value = &value
		}
		config.Items = append(config.Items, item)
	}
	return config, nil
}

// SetConfig sets and unsets config vars, all of them or, when one is wrong,
// none, and gives the names there are then. If the app is live and something
// changed it gives the deployment that brings it about. With a revision the app
// must still have it, or it is a KindPrecondition error; 0 takes any.
func (s *Service) SetConfig(ctx context.Context, actor models.Actor, name string, revision int64, set map[string]string, unset []string) ([]string, *models.Deployment, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, nil, err
	}
	if err := checkConfig(set, unset); err != nil {
		return nil, nil, err
	}
	var names []string
	var d *models.Deployment
	target := strings.Join(append(slices.Sorted(maps.Keys(set)), unset...), ", ")
	app, err := s.edit(ctx, actor, name, revision, "config.set", target, func(tx *store.Store, app *models.App) error {
		changed, err := s.writeConfig(ctx, tx, app, set, unset)
		if err != nil {
			return err
		}
		rows, err := tx.ConfigVars(ctx, app.ID)
		if err != nil {
			return err
		}
		if len(rows) > maxConfigVars {
			return models.Invalid("config", "an app may have at most %d config vars", maxConfigVars)
		}
		for _, row := range rows {
			names = append(names, row.Key)
		}
		if !changed {
			return nil
		}
		d, err = s.takeEffect(ctx, tx, actor, app, pipeline.Submission{Trigger: models.TriggerConfig, CommitMessage: describeConfig(set, unset)})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	s.changed(app, live.TopicConfig, live.ActionChanged)
	if d != nil {
		s.pipeline.Announce(app, d)
	}
	return names, d, nil
}

func checkConfig(set map[string]string, unset []string) error {
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if err := models.CheckConfig(key, set[key]); err != nil {
			return err
		}
		if slices.Contains(unset, key) {
			return models.Invalid("config", "%s is both set and unset", key)
		}
	}
	return nil
}

// takeEffect submits what brings a change of config or settings about, and gives
// nil when it needs no deployment for that.
func (s *Service) takeEffect(ctx context.Context, tx *store.Store, actor models.Actor, app *models.App, what pipeline.Submission) (*models.Deployment, error) {
	if deploys, err := reaches(ctx, tx, app); err != nil || !deploys {
		return nil, err
	}
	d, err := s.pipeline.SubmitIn(ctx, tx, actor, app, what)
	if err == nil {
		app.DeploymentSeq = d.Number // counted up in the row; SaveApp writes all of it
	}
	return d, err
}

// reaches says whether a change of config or settings needs a deployment to
// take effect: not before the first release, which takes them with it, unless
// that one is written already and about to go live.
func reaches(ctx context.Context, tx *store.Store, app *models.App) (bool, error) {
	if app.LiveRelease != 0 {
		return true, nil
	}
	open, err := tx.OpenDeployments(ctx, app.ID)
	return slices.ContainsFunc(open, func(d models.Deployment) bool { return d.State == models.DeploymentDeploying }), err
}

// writeConfig writes what differs and says whether anything did.
func (s *Service) writeConfig(ctx context.Context, tx *store.Store, app *models.App, set map[string]string, unset []string) (changed bool, err error) {
	rows, err := tx.ConfigVars(ctx, app.ID)
	if err != nil {
		return false, err
	}
	before, err := s.pipeline.OpenConfig(app.ID, rows)
	if err != nil {
		return false, err
	}
	for key, value := range set {
		if old, ok := before[key]; ok && old == value {
			continue
		}
		changed = true
		if err := tx.SetConfigVar(ctx, s.pipeline.SealConfig(app.ID, key, value)); err != nil {
			return false, err
		}
	}
	for _, key := range unset {
		if _, ok := before[key]; !ok {
			return false, models.NotFound("config var", key)
		}
		changed = true
		if err := tx.UnsetConfigVar(ctx, app.ID, key); err != nil {
			return false, err
		}
	}
	return changed, nil
}

func describeConfig(set map[string]string, unset []string) string {
	var parts []string
	if len(set) > 0 {
		parts = append(parts, "set "+strings.Join(slices.Sorted(maps.Keys(set)), ", "))
	}
	if len(unset) > 0 {
		parts = append(parts, "unset "+strings.Join(unset, ", "))
	}
	return strings.Join(parts, "; ")
}
