package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// StartBuild writes the deployment's build as running. A build that was begun
// before, by a server that died, is begun anew.
func (s *Store) StartBuild(ctx context.Context, build *models.Build) error {
	now := time.Now().UTC()
	build.ID, build.State, build.CreatedAt, build.StartedAt = models.NewID(), models.BuildRunning, now, &now
	build.Processes = []models.Process{}
	err := s.with(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "deployment_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"state", "started_at", "error", "source_id"}),
	}, clause.Returning{Columns: []clause.Column{{Name: "id"}}}).Create(build).Error
	return translate(err)
}

// FinishBuild writes how a build ended.
func (s *Store) FinishBuild(ctx context.Context, build *models.Build) error {
	now := time.Now().UTC()
	build.FinishedAt = &now
	return translate(s.with(ctx).Model(&models.Build{}).Where("deployment_id = ?", build.DeploymentID).
		Select("builder", "state", "image", "digest", "processes", "error", "finished_at").Updates(build).Error)
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
