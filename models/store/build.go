package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// StartBuild writes the build of a deployment that the caller holds as running.
// A build that was begun before, by a server that died, is begun anew. It gives
// ErrLeaseLost when another worker has the deployment. Call it in a transaction.
func (s *Store) StartBuild(ctx context.Context, d *models.Deployment, build *models.Build) error {
	// The lock keeps a worker that takes over waiting until this is written.
	var mine []models.Deployment
	err := s.with(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Select("id").
		Where("id = ? AND fence = ? AND state IN ?", d.ID, d.Fence, activeStates).Find(&mine).Error
	switch {
	case err != nil:
		return translate(err)
	case len(mine) == 0:
		return ErrLeaseLost
	}
	now := time.Now().UTC()
	build.ID, build.State, build.CreatedAt, build.StartedAt = models.NewID(), models.BuildRunning, now, &now
	build.Processes, build.FinishedAt = []models.Process{}, nil
	err = s.with(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "deployment_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"state", "started_at", "finished_at", "error", "source_id"}),
	}, clause.Returning{Columns: []clause.Column{{Name: "id"}}}).Create(build).Error
	return translate(err)
}

// FinishBuild writes how the build of a deployment that the caller holds ended.
// It gives ErrLeaseLost, and changes nothing, when another worker has it.
func (s *Store) FinishBuild(ctx context.Context, d *models.Deployment, build *models.Build) error {
	now := time.Now().UTC()
	build.FinishedAt = &now
	result := held(s.with(ctx).Model(&models.Build{}), d).Where("deployment_id = ?", d.ID).
		Select("builder", "state", "image", "digest", "image_size", "processes", "error", "source_id", "finished_at").Updates(build)
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return ErrLeaseLost
	}
	return nil
}

// BuildOf gives the build of a deployment, nil when it has none.
func (s *Store) BuildOf(ctx context.Context, deploymentID string) (*models.Build, error) {
	builds, err := s.BuildsOf(ctx, []string{deploymentID})
	if err != nil {
		return nil, err
	}
	if build, ok := builds[deploymentID]; ok {
		return &build, nil
	}
	return nil, nil
}

// BuildsOf gives the builds of several deployments, by deployment ID.
func (s *Store) BuildsOf(ctx context.Context, deploymentIDs []string) (map[string]models.Build, error) {
	var rows []models.Build
	err := s.with(ctx).Where("deployment_id IN ?", deploymentIDs).Find(&rows).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, translate(err)
	}
	builds := make(map[string]models.Build, len(rows))
	for _, row := range rows {
		builds[row.DeploymentID] = row
	}
	return builds, nil
}

// DeploymentOfBuild gives the ID of the deployment that a build was made for, ""
// when buildID is nil.
func (s *Store) DeploymentOfBuild(ctx context.Context, buildID *string) (string, error) {
	if buildID == nil {
		return "", nil
	}
	var id string
	err := s.with(ctx).Model(&models.Build{}).Select("deployment_id").Where("id = ?", *buildID).Scan(&id).Error
	return id, translate(err)
}
