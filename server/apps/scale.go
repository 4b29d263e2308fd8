package apps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// Scale sets how many instances of processes run. It returns when that is
// written; the cluster follows. With a revision the app must still have it, or it is
// a KindPrecondition error; 0 takes any.
func (s *Service) Scale(ctx context.Context, actor models.Actor, name string, revision int64, wanted map[string]int) (*models.App, error) {
	if err := actor.Require(models.ScopeDeploy); err != nil {
		return nil, err
	}
	if err := checkScale(wanted); err != nil {
		return nil, err
	}
	var said []string
	for _, process := range slices.Sorted(maps.Keys(wanted)) {
		said = append(said, fmt.Sprintf("%s=%d", process, wanted[process]))
	}
	app, err := s.edit(ctx, actor, name, revision, "app.scale", strings.Join(said, " "), func(tx *store.Store, app *models.App) error {
		if err := s.rescale(ctx, tx, app, wanted); err != nil {
			return err
		}
		return s.pipeline.Queue.Wake(ctx, tx, app.ID)
	})
	if err != nil {
		return nil, err
	}
	s.changed(app, live.TopicInstance, live.ActionChanged)
	return app, nil
}

func checkScale(wanted map[string]int) error {
	if len(wanted) == 0 {
		return models.Invalid("scale", "say which process to scale, such as web=2")
	}
	for _, process := range slices.Sorted(maps.Keys(wanted)) {
		if err := models.CheckProcessName(process); err != nil {
			return err
		}
		if n := wanted[process]; n < 0 || n > models.MaxInstances {
			return models.Invalid("scale", "%s=%d: use 0 to %d instances", process, n, models.MaxInstances)
		}
	}
	return nil
}

// rescale gives an app another scale, and writes nothing.
func (s *Service) rescale(ctx context.Context, tx *store.Store, app *models.App, wanted map[string]int) error {
	if err := s.checkProcesses(ctx, tx, app, wanted); err != nil {
		return err
	}
	if err := s.checkVolumes(ctx, tx, app, wanted); err != nil {
		return err
	}
	scale := maps.Clone(app.Scale)
	if scale == nil {
		scale = map[string]int{}
	}
	maps.Copy(scale, wanted)
	app.Scale = scale
	return nil
}

// checkProcesses refuses processes that the live release does not have. Before
// the first release any may be named.
func (s *Service) checkProcesses(ctx context.Context, tx *store.Store, app *models.App, wanted map[string]int) error {
	if app.LiveRelease == 0 {
		return nil
	}
	release, err := tx.Release(ctx, app.ID, app.LiveRelease)
	if err != nil {
		return err
	}
	var known []string
	for _, process := range release.Processes {
		known = append(known, process.Name)
	}
	for process := range wanted {
		if !slices.Contains(known, process) {
			return models.Invalid("scale", "v%d has no process %q; it has %s", release.Version, process, strings.Join(known, ", "))
		}
	}
	return nil
}
