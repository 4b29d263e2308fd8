package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/slipway-paas/slipway/models"
)

// AddRelease gives the release the app's next version and writes it, unless its
// deployment has made one already: then that one is given, so that a step that
// is gone through again makes no second release. Call it in a transaction.
func (s *Store) AddRelease(ctx context.Context, release *models.Release) error {
	var before models.Release
	err := s.with(ctx).Where("deployment_id = ?", release.DeploymentID).Take(&before).Error
	if err == nil {
		*release = before
		return nil
	}
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return translate(err)
	}
	app, err := s.LockApp(ctx, models.SystemActor(), release.AppID)
	if err != nil {
		return err
	}
	if release.ClusterID == "" {
		release.ClusterID = app.ClusterID
	}
	release.ID, release.CreatedAt, release.Version = models.NewID(), time.Now().UTC(), app.ReleaseSeq+1
	if err := s.with(ctx).Model(app).Update("release_seq", release.Version).Error; err != nil {
		return translate(err)
	}
	return translate(s.with(ctx).Create(release).Error)
}

// Release gives one release of an app by its version.
func (s *Store) Release(ctx context.Context, appID string, version int) (*models.Release, error) {
	if version < 1 || version > math.MaxInt32 {
		return nil, models.NotFound("release", "v"+strconv.Itoa(version)) // not one that the column holds
	}
	var release models.Release
	err := s.with(ctx).Where("app_id = ? AND version = ?", appID, version).Take(&release).Error
	if err != nil {
		return nil, found(err, "release", "v"+strconv.Itoa(version))
	}
	return &release, nil
}

// Releases lists an app's releases, newest first. The cursor is a version.
func (s *Store) Releases(ctx context.Context, app *models.App, page Page) ([]models.Release, string, error) {
	query := s.with(ctx).Where("app_id = ?", app.ID).Order("version DESC").Limit(page.limit() + 1)
	if page.Cursor != "" {
		before, err := strconv.ParseInt(page.Cursor, 10, 32)
		if err != nil {
			return nil, "", models.Invalid("cursor", "the cursor is not one that a list gave")
		}
		query = query.Where("version < ?", before)
	}
	releases := []models.Release{}
	if err := query.Find(&releases).Error; err != nil {
		return nil, "", translate(err)
	}
	releases, next := cut(releases, page, func(r models.Release) string { return strconv.Itoa(r.Version) })
	return releases, next, nil
}

// LiveReleases gives the live release of each of the apps that has one, by app ID.
func (s *Store) LiveReleases(ctx context.Context, apps []models.App) (map[string]models.Release, error) {
	rows, err := selects[models.Release](ctx, s, releaseColumns, liveReleases, appIDs(apps))
	return releasesByApp(rows), err
}

const liveReleases = "JOIN apps ON apps.id = releases.app_id AND apps.live_release = releases.version WHERE apps.id = ANY($1)"

func releasesByApp(rows []models.Release) map[string]models.Release {
	live := make(map[string]models.Release, len(rows))
	for _, row := range rows {
		live[row.AppID] = row
	}
	return live
}

// PreviousRelease gives the version that was live before the live one: the
// release of the last succeeded deployment that names another. 0 if none.
func (s *Store) PreviousRelease(ctx context.Context, app *models.App) (int, error) {
	var version int
	err := s.with(ctx).Model(&models.Deployment{}).Select("release").
		Where("app_id = ? AND state = ? AND release <> ? AND release > 0", app.ID, models.DeploymentSucceeded, app.LiveRelease).
		Order("number DESC").Limit(1).Scan(&version).Error
	return version, translate(err)
}
