package apps

import (
	"cmp"
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// New says what an app should be.
type New struct {
	Name   string
	Source *Source
}

// Source is where an app's source comes from when it is not pushed. An empty
// URL means nowhere. DeployKey and Token are kept when both are empty and the
// URL stays the same.
type Source struct {
	URL       string
	Branch    string
	DeployKey string // private SSH key, PEM
	Token     string // sent as the password over HTTPS
}

// Create makes an app. Nothing runs yet.
func (s *Service) Create(ctx context.Context, actor models.Actor, wanted New) (*models.App, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, err
	}
	if err := models.CheckAppName(wanted.Name); err != nil {
		return nil, err
	}
	app := &models.App{
		Name: wanted.Name, OwnerID: actor.UserID,
		WarmMinutes: models.DefaultWarmMinutes, WatchMinutes: models.DefaultWatchMinutes,
	}
	err := s.store.Transact(ctx, func(tx *store.Store) error {
		if err := tx.CreateApp(ctx, app); err != nil {
			return err
		}
		if wanted.Source != nil {
			// The credential is sealed for the app's ID, which is known only now.
			if err := s.setSource(app, *wanted.Source); err != nil {
				return err
			}
			if err := tx.SaveApp(ctx, app); err != nil {
				return err
			}
		}
		return tx.AddEvent(ctx, store.EventFor(actor, app, "app.create", app.Name))
	})
	if err != nil {
		return nil, err
	}
	s.changed(app, live.TopicApp, live.ActionCreated)
	return app, nil
}

// setSource checks and sets where the source comes from.
func (s *Service) setSource(app *models.App, from Source) error {
	if from.URL == "" {
		app.SourceURL, app.SourceCredential = "", nil
		return nil
	}
	if err := source.CheckURL(from.URL, s.allowFile); err != nil {
		return models.Invalid("source.url", "%s", err.Error())
	}
	if from.Branch != "" {
		if err := checkBranch(from.Branch); err != nil {
			return err
		}
		app.Branch = from.Branch
	}
	if from.DeployKey != "" && from.Token != "" {
		return models.Invalid("source.token", "give a deploy key or a token, not both")
	}
	if from.DeployKey != "" && !strings.Contains(from.DeployKey, "PRIVATE KEY-----") {
		return models.Invalid("source.deploy_key", "the deploy key is not a private key in PEM form")
	}
	switch {
	case from.DeployKey != "" || from.Token != "":
		sealed, err := s.pipeline.SealCredential(app.ID, source.Credential{DeployKey: []byte(from.DeployKey), Token: from.Token})
		if err != nil {
			return err
		}
		app.SourceCredential = sealed
	case from.URL != app.SourceURL:
		// The old credential was meant for another place and must not be
		// sent to this one.
		app.SourceCredential = nil
	}
	app.SourceURL = from.URL
	return nil
}

func checkBranch(branch string) error {
	if err := source.CheckRef(branch); err != nil {
		return models.Invalid("branch", "%s", err.Error())
	}
	return nil
}

// Find gives an app that the actor sees.
func (s *Service) Find(ctx context.Context, actor models.Actor, name string) (*models.App, error) {
	return s.store.AppByName(ctx, actor, name)
}

// ForPush gives the app that is pushed to, and makes it when there is none of
// the name and the actor may.
func (s *Service) ForPush(ctx context.Context, actor models.Actor, name string) (app *models.App, created bool, err error) {
	if err := actor.Require(models.ScopeDeploy); err != nil {
		return nil, false, err
	}
	app, err = s.store.AppByName(ctx, actor, name)
	if models.KindOf(err) != models.KindNotFound || err == nil {
		return app, false, err
	}
	app, err = s.Create(ctx, actor, New{Name: name})
	if models.KindOf(err) == models.KindConflict {
		// Made by somebody else meanwhile: by the same person's other push, or
		// by one whose apps this one may not see.
		if app, again := s.store.AppByName(ctx, actor, name); again == nil {
			return app, false, nil
		}
	}
	return app, err == nil, err
}

// Track makes a branch the tracked one of an app that has none yet, and gives
// the one that is tracked then.
func (s *Service) Track(ctx context.Context, actor models.Actor, appID, branch string) (string, error) {
	app, err := s.store.AppByID(ctx, actor, appID)
	if err != nil {
		return "", err
	}
	if app.Branch != "" {
		return app.Branch, nil
	}
	return s.store.SetBranch(ctx, app.ID, branch)
}

// Changes are changes to an app's settings; nil members stay.
type Changes struct {
	Branch     *string
	Builder    *string
	Dockerfile *string
	HealthPath *string
	Port       *int
	MemoryMB   *int
	CPUMilli   *int
	Source     *Source

	Placement       map[string]string // nil stays, empty is any node
	ReserveMemoryMB *int
	ReserveCPUMilli *int

	SupersedeBuilding *bool
	StopFirst         *bool
	WarmMinutes       *int
	WatchMinutes      *int
}

// Update changes an app's settings, if its revision is the given one (0: any).
// What concerns how a release is served makes a new deployment.
func (s *Service) Update(ctx context.Context, actor models.Actor, name string, ifRevision int64, c Changes) (*View, *models.Deployment, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, nil, err
	}
	var d *models.Deployment
	app, err := s.edit(ctx, actor, name, ifRevision, "app.update", name, func(tx *store.Store, app *models.App) error {
		before := *app
		if err := s.apply(app, c); err != nil {
			return err
		}
		if app.WarmRelease != before.WarmRelease {
			// The cluster lets go of what is warm no more.
			if err := s.pipeline.Queue.Wake(ctx, tx, app.ID); err != nil {
				return err
			}
		}
		if !servedOtherwise(&before, app) {
			return nil
		}
		var err error
		d, err = s.takeEffect(ctx, tx, actor, app, pipeline.Submission{Trigger: models.TriggerSettings})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	s.changed(app, live.TopicApp, live.ActionChanged)
	if d != nil {
		s.pipeline.Announce(app, d)
	}
	view, err := s.Get(ctx, actor, name)
	return view, d, err
}

// servedOtherwise says whether a change concerns how a release is served, so that
// it takes another one.
func servedOtherwise(before, app *models.App) bool {
	return app.HealthPath != before.HealthPath || app.Port != before.Port ||
		app.MemoryMB != before.MemoryMB || app.CPUMilli != before.CPUMilli ||
		app.ReserveMemoryMB != before.ReserveMemoryMB || app.ReserveCPUMilli != before.ReserveCPUMilli ||
		!maps.Equal(app.Placement, before.Placement)
}

func (s *Service) apply(app *models.App, c Changes) error {
	if c.Branch != nil {
		if *c.Branch != "" {
			if err := checkBranch(*c.Branch); err != nil {
				return err
			}
		}
		app.Branch = *c.Branch
	}
	if c.Builder != nil {
		switch *c.Builder {
		case "", "dockerfile", "static":
			app.Builder = *c.Builder
		default:
			return models.Invalid("builder", "builder %q: use dockerfile, static, or nothing to choose by what the source holds", *c.Builder)
		}
	}
	if c.Dockerfile != nil {
		if *c.Dockerfile != "" {
			if err := builder.CheckPath(*c.Dockerfile); err != nil {
				return models.Invalid("dockerfile", "%s", err.Error())
			}
		}
		app.Dockerfile = *c.Dockerfile
	}
	if c.HealthPath != nil {
		if err := checkHealthPath(*c.HealthPath); err != nil {
			return err
		}
		app.HealthPath = *c.HealthPath
	}
	if err := setBounded(c.Port, &app.Port, "port", 1, 65535); err != nil {
		return err
	}
	if err := setBounded(c.MemoryMB, &app.MemoryMB, "memory_mb", 16, 1<<20); err != nil {
		return err
	}
	if err := setBounded(c.CPUMilli, &app.CPUMilli, "cpu_milli", 10, 1_000_000); err != nil {
		return err
	}
	if err := s.applyPlacing(app, c); err != nil {
		return err
	}
	if err := applyDeploying(app, c); err != nil {
		return err
	}
	if c.Source != nil {
		return s.setSource(app, *c.Source)
	}
	return nil
}

// applyPlacing sets which nodes may run the app, and what they must have free.
func (s *Service) applyPlacing(app *models.App, c Changes) error {
	if c.Placement != nil {
		if err := models.CheckPlacement(c.Placement); err != nil {
			return err
		}
		app.Placement = nil
		if len(c.Placement) > 0 {
			app.Placement = maps.Clone(c.Placement)
		}
	}
	if err := setBounded(c.ReserveMemoryMB, &app.ReserveMemoryMB, "reserve_memory_mb", 1, 1<<20); err != nil {
		return err
	}
	if err := setBounded(c.ReserveCPUMilli, &app.ReserveCPUMilli, "reserve_cpu_milli", 1, 1_000_000); err != nil {
		return err
	}
	defaults := s.pipeline.Settings
	return models.CheckReserve(app.ReserveMemoryMB, app.ReserveCPUMilli, cmp.Or(app.MemoryMB, defaults.AppMemoryMB), cmp.Or(app.CPUMilli, defaults.AppCPUMilli))
}

// applyDeploying sets what concerns how deployments go. It needs none itself.
func applyDeploying(app *models.App, c Changes) error {
	if c.SupersedeBuilding != nil {
		app.SupersedeBuilding = *c.SupersedeBuilding
	}
	if c.StopFirst != nil {
		app.StopFirst = *c.StopFirst
	}
	if err := setMinutes(c.WarmMinutes, &app.WarmMinutes, "warm_minutes", models.MaxWarmMinutes); err != nil {
		return err
	}
	if err := setMinutes(c.WatchMinutes, &app.WatchMinutes, "watch_minutes", models.MaxWatchMinutes); err != nil {
		return err
	}
	if c.StopFirst != nil || c.WarmMinutes != nil {
		shortenWarm(app, time.Now().UTC())
	}
	return nil
}

// setMinutes sets a number of minutes, 0 for not at all.
func setMinutes(wanted, field *int, name string, most int) error {
	if wanted == nil {
		return nil
	}
	if *wanted < 0 || *wanted > most {
		return models.Invalid(name, "%s must be between 1 and %d, or 0 for not at all", name, most)
	}
	*field = *wanted
	return nil
}

func checkHealthPath(path string) error {
	if path == "" {
		return nil
	}
	if !strings.HasPrefix(path, "/") || len(path) > 500 || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return models.Invalid("health_path", "the health path must begin with / and have no spaces")
	}
	return nil
}

// setBounded sets a number that is 0 for "the default" or between two bounds.
func setBounded(wanted, field *int, name string, least, most int) error {
	if wanted == nil {
		return nil
	}
	if *wanted != 0 && (*wanted < least || *wanted > most) {
		return models.Invalid(name, "%s must be between %s and %s, or 0 for the default", name, strconv.Itoa(least), strconv.Itoa(most))
	}
	*field = *wanted
	return nil
}
