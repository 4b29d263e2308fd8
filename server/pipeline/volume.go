package pipeline

import (
	"context"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// volumes gives what is mounted into the instances of an app, by process. It
// follows the app and not the release: a rollback finds what was written since.
func (p *Pipeline) volumes(ctx context.Context, appID string) (map[string][]deployer.Volume, error) {
	rows, err := p.Store.Volumes(ctx, appID)
	if err != nil {
		return nil, err
	}
	return mounts(rows), nil
}

// mounts gives an app's volumes as they are mounted, by process.
func mounts(rows []models.Volume) map[string][]deployer.Volume {
	volumes := map[string][]deployer.Volume{}
	for _, row := range rows {
		volumes[row.Process] = append(volumes[row.Process], deployer.Volume{Name: row.Name, Path: row.Path})
	}
	return volumes
}

// dropVolumes deletes those volumes of an app that somebody gave up, now that no
// instance uses them, and then their rows. It deletes no others: one without a
// row is nobody's to judge.
func (p *Pipeline) dropVolumes(ctx context.Context, appID string) error {
	names, err := p.Store.VolumesGivenUp(ctx, appID)
	if err != nil || len(names) == 0 {
		return err
	}
	engine, ok := p.Cluster.(deployer.Volumes)
	for _, name := range names {
		if ok {
			if err := engine.RemoveVolume(ctx, appID, name); err != nil {
				return err
			}
		}
		if err := p.Store.DeleteVolume(ctx, appID, name); err != nil {
			return err
		}
	}
	return nil
}

// removeVolumes deletes all volumes of an app that is being destroyed.
func (p *Pipeline) removeVolumes(ctx context.Context, appID string) error {
	engine, ok := p.Cluster.(deployer.Volumes)
	if !ok {
		return nil
	}
	names, err := engine.Volumes(ctx, appID)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := engine.RemoveVolume(ctx, appID, name); err != nil {
			return err
		}
	}
	return nil
}
