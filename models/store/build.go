package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// StartBuild writes the build of a deployment that the caller holds as running
// if fewer than limit builds of the installation run and none waits for longer;
// otherwise as pending, and gives how many go first. A build that was begun
// before, by a server that died, is begun anew, and has not lost its place. It
// gives ErrLeaseLost when another worker has the deployment. Call it in a
// transaction, and again later when the build must wait.
func (s *Store) StartBuild(ctx context.Context, d *models.Deployment, build *models.Build, limit int) (first int, err error) {
	if err := s.askForBuild(ctx, d, build); err != nil {
		return 0, err
	}
	// One at a time looks whether there is room.
	if err := s.with(ctx).Exec(`SELECT pg_advisory_xact_lock(?)`, buildLock).Error; err != nil {
		return 0, translate(err)
	}
	running, before, err := s.buildsBefore(ctx, build)
	if err != nil || running+before >= limit {
		return running + before - limit + 1, err
	}
	now := time.Now().UTC()
	build.State, build.StartedAt = models.BuildRunning, &now
	return 0, translate(s.with(ctx).Model(build).Select("state", "started_at").Updates(build).Error)
}

// buildLock is the number of the lock under which builds are begun.
const buildLock = 0x736c6970_6275696c

// buildsBefore counts the builds, of all servers, that run and those that have
// waited for longer than the given one. What a server that died held counts
// until its lease runs out.
func (s *Store) buildsBefore(ctx context.Context, build *models.Build) (running, before int, err error) {
	var count struct{ Running, Before int }
	err = s.with(ctx).Raw(`
		SELECT count(*) FILTER (WHERE b.state = 'running') AS running,
			count(*) FILTER (WHERE b.state = 'pending' AND (b.created_at, b.id) < (?, ?)) AS before
		FROM deployments d JOIN builds b ON b.deployment_id = d.id
		WHERE d.state = 'building' AND d.lease_until > clock_timestamp() AND b.id <> ?`,
		build.CreatedAt, build.ID, build.ID).Scan(&count).Error
	return count.Running, count.Before, translate(err)
}

// BuildPosition gives the place of a deployment's build among those that wait
// for their turn, 1 for the next; 0 when it does not wait.
func (s *Store) BuildPosition(ctx context.Context, d *models.Deployment) (int, error) {
	if d.State != models.DeploymentBuilding {
		return 0, nil
	}
	build, err := s.BuildOf(ctx, d.ID)
	if err != nil || build == nil || build.State != models.BuildPending {
		return 0, err
	}
	_, before, err := s.buildsBefore(ctx, build)
	return before + 1, err
}

// askForBuild writes the build of a deployment as pending.
func (s *Store) askForBuild(ctx context.Context, d *models.Deployment, build *models.Build) error {
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
	build.ID, build.State, build.CreatedAt = models.NewID(), models.BuildPending, time.Now().UTC()
	build.Processes, build.StartedAt, build.FinishedAt = []models.Process{}, nil, nil
	err = s.with(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "deployment_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"state", "started_at", "finished_at", "error", "source_id"}),
	}, clause.Returning{Columns: []clause.Column{{Name: "id"}, {Name: "created_at"}}}).Create(build).Error
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

// SetPublished writes what the registry knows a build's image by.
func (s *Store) SetPublished(ctx context.Context, buildID, reference string) error {
	return translate(s.with(ctx).Model(&models.Build{}).Where("id = ?", buildID).Update("published", reference).Error)
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
