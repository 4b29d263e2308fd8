package apps

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/pipeline"
)

const maxVolumes = 20

// Volumes lists an app's volumes by name.
func (s *Service) Volumes(ctx context.Context, actor models.Actor, name string) ([]models.Volume, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return nil, err
	}
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	return s.store.Volumes(ctx, app.ID)
}

// AddVolume gives a process of an app a volume, and the deployment that brings
// it about if the app is live. Only Process, Name and Path of v are looked at.
func (s *Service) AddVolume(ctx context.Context, actor models.Actor, name string, v models.Volume) (*models.Volume, *models.Deployment, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, nil, err
	}
	if err := models.CheckProcessName(v.Process); err != nil {
		return nil, nil, err
	}
	if err := models.CheckVolume(v.Name, v.Path); err != nil {
		return nil, nil, err
	}
	if _, ok := s.pipeline.Cluster.(deployer.Volumes); !ok {
		return nil, nil, models.Errorf(models.KindConflict, "this container engine keeps no volumes")
	}
	var d *models.Deployment
	app, err := s.edit(ctx, actor, name, 0, "volume.add", v.Name+" at "+v.Path, func(tx *store.Store, app *models.App) error {
		if err := s.mayHaveVolume(ctx, tx, app, v.Process); err != nil {
			return err
		}
		v.AppID = app.ID
		if err := tx.AddVolume(ctx, &v); err != nil {
			return err
		}
		endWarm(app)
		var err error
		d, err = s.takeEffect(ctx, tx, actor, app, pipeline.Submission{Trigger: models.TriggerSettings, CommitMessage: "add volume " + v.Name})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	s.volumesChanged(app, d)
	return &v, d, nil
}

// mayHaveVolume refuses a volume for a process that cannot have one.
func (s *Service) mayHaveVolume(ctx context.Context, tx *store.Store, app *models.App, process string) error {
	if err := s.checkProcesses(ctx, tx, app, map[string]int{process: 1}); err != nil {
		return err
	}
	if n := app.Instances(process); n > 1 {
		return models.Errorf(models.KindConflict, "%s runs as %d instances, and instances cannot share a volume; scale it to 1 first", process, n)
	}
	have, err := tx.Volumes(ctx, app.ID)
	if err != nil {
		return err
	}
	if len(have) >= maxVolumes {
		return models.Invalid("name", "an app may have at most %d volumes", maxVolumes)
	}
	return nil
}

// RemoveVolume takes a volume away from an app, and deletes it with what is in
// it as soon as no instance uses it. It gives the deployment that sees to that,
// nil when none is needed.
func (s *Service) RemoveVolume(ctx context.Context, actor models.Actor, name, volume string) (*models.Deployment, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return nil, err
	}
	var d *models.Deployment
	app, err := s.edit(ctx, actor, name, 0, "volume.remove", volume, func(tx *store.Store, app *models.App) error {
		if err := tx.GiveUpVolume(ctx, app.ID, volume); err != nil {
			return err
		}
		var err error
		d, err = s.takeEffect(ctx, tx, actor, app, pipeline.Submission{Trigger: models.TriggerSettings, CommitMessage: "remove volume " + volume})
		if err != nil || d != nil {
			return err
		}
		return s.pipeline.Queue.Wake(ctx, tx, app.ID)
	})
	if err != nil {
		return nil, err
	}
	s.volumesChanged(app, d)
	return d, nil
}

func (s *Service) volumesChanged(app *models.App, d *models.Deployment) {
	s.changed(app, live.TopicApp, live.ActionChanged)
	if d != nil {
		s.pipeline.Announce(app, d)
	}
}

// confirmVolumes refuses to destroy an app with volumes unless each is named.
func (s *Service) confirmVolumes(ctx context.Context, tx *store.Store, app *models.App, named []string) error {
	volumes, err := tx.Volumes(ctx, app.ID)
	if err != nil {
		return err
	}
	var names, missing []string
	for _, v := range volumes {
		names = append(names, v.Name)
		if !slices.Contains(named, v.Name) {
			missing = append(missing, v.Name)
		}
	}
	if len(missing) > 0 {
		return models.Invalid("confirm_volumes", "what is in the volumes of %s goes with it; name them to say so: %s", app.Name, strings.Join(names, ","))
	}
	return nil
}

// checkVolumes refuses more than one instance of a process with a volume.
func (s *Service) checkVolumes(ctx context.Context, tx *store.Store, app *models.App, wanted map[string]int) error {
	volumes, err := tx.Volumes(ctx, app.ID)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		if n := wanted[v.Process]; n > 1 {
			return models.Errorf(models.KindConflict, "%s=%d: %s has the volume %s, and instances cannot share one", v.Process, n, v.Process, v.Name)
		}
	}
	return nil
}

// endWarm lets the release that is kept warm go, in an app that is being edited.
func endWarm(app *models.App) { app.WarmRelease, app.WarmUntil = 0, nil }

// shortenWarm makes a release that is kept warm end no later than its app's
// setting, which was just changed, says.
func shortenWarm(app *models.App, now time.Time) {
	if app.WarmUntil == nil {
		return
	}
	if app.WarmMinutes == 0 || app.StopFirst {
		endWarm(app)
		return
	}
	if latest := now.Add(time.Duration(app.WarmMinutes) * time.Minute); latest.Before(*app.WarmUntil) {
		app.WarmUntil = &latest
	}
}
