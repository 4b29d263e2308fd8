package store

import (
	"context"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Keeping says for how long what can be done without is kept.
type Keeping struct {
	Releases int       // an app's newest releases whose images are kept
	Since    time.Time // releases from before it lose their images; zero for no such limit
	Sources  int       // an app's newest deployments whose sources are kept
}

// KeptImages gives the images that a rollback may want, or a deployment that is
// under way: of an app's newest releases, of those that deployments went back
// to last, of the live one, the one before it and the warm one. Of a release on a
// cluster that is both what its nodes pull and what the server's own engine
// built. With appID "" it gives those of all apps.
func (s *Store) KeptImages(ctx context.Context, appID string, keep Keeping) ([]string, error) {
	images := []string{}
	err := s.with(ctx).Raw(`
		WITH made AS (
			SELECT app_id, version, image, build_id, created_at, row_number() OVER (PARTITION BY app_id ORDER BY version DESC) AS nth
			FROM releases WHERE ? = '' OR app_id = ?),
		went AS (
			SELECT d.app_id, d.release, d.finished_at, row_number() OVER (PARTITION BY d.app_id ORDER BY d.number DESC) AS nth,
				d.release <> a.live_release AS other
			FROM deployments d JOIN apps a ON a.id = d.app_id
			WHERE d.state = ? AND d.release > 0 AND (? = '' OR d.app_id = ?)),
		before AS (
			SELECT DISTINCT ON (app_id) app_id, release FROM went WHERE other ORDER BY app_id, nth)
		SELECT DISTINCT kept.image FROM made m JOIN apps a ON a.id = m.app_id
			LEFT JOIN builds b ON b.id = m.build_id
			CROSS JOIN LATERAL (VALUES (m.image), (b.image)) AS kept (image)
		WHERE kept.image <> '' AND (m.version IN (a.live_release, a.warm_release)
			OR m.nth <= ? AND m.created_at >= ?
			OR EXISTS (SELECT 1 FROM before b WHERE b.app_id = m.app_id AND b.release = m.version)
			OR EXISTS (SELECT 1 FROM went w WHERE w.app_id = m.app_id AND w.release = m.version AND w.nth <= ? AND w.finished_at >= ?)
			OR EXISTS (SELECT 1 FROM deployments d WHERE d.app_id = m.app_id AND d.state IN ? AND m.version IN (d.release, d.from_release)))`,
		appID, appID, models.DeploymentSucceeded, appID, appID,
		keep.Releases, keep.Since, keep.Releases, keep.Since, openStates).Scan(&images).Error
	return images, translate(err)
}

// OpenDeploymentIDs lists the IDs of all deployments that have not ended: whose
// images may be there before a release names them.
func (s *Store) OpenDeploymentIDs(ctx context.Context) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`SELECT id FROM deployments WHERE state IN ?`, openStates).Scan(&ids).Error
	return ids, translate(err)
}

// KeptSources gives the source snapshots that something may want, by their IDs,
// with the IDs of their apps: those of an app's newest deployments, the one that
// its live release and its warm one were built from, and those of open
// deployments. With appID "" it gives those of all apps.
func (s *Store) KeptSources(ctx context.Context, appID string, keep Keeping) (map[string]string, error) {
	return s.sources(ctx, `
		WITH newest AS (
			SELECT app_id, source_id, state, created_at, row_number() OVER (PARTITION BY app_id ORDER BY number DESC) AS nth
			FROM deployments WHERE ? = '' OR app_id = ?)
		SELECT app_id, source_id FROM newest WHERE source_id <> '' AND (state IN ? OR nth <= ? AND created_at >= ?)
		UNION
		SELECT b.app_id, b.source_id FROM builds b JOIN releases r ON r.build_id = b.id JOIN apps a ON a.id = r.app_id
		WHERE b.source_id <> '' AND r.version IN (a.live_release, a.warm_release) AND (? = '' OR b.app_id = ?)`,
		appID, appID, openStates, keep.Sources, keep.Since, appID, appID)
}

// NamedSources gives all source snapshots that deployments name, by their IDs,
// with the IDs of their apps: of one app, or of all when appID is "".
func (s *Store) NamedSources(ctx context.Context, appID string) (map[string]string, error) {
	return s.sources(ctx, `SELECT DISTINCT app_id, source_id FROM deployments WHERE source_id <> '' AND (? = '' OR app_id = ?)`, appID, appID)
}

func (s *Store) sources(ctx context.Context, query string, values ...any) (map[string]string, error) {
	var rows []struct{ AppID, SourceID string }
	err := s.with(ctx).Raw(query, values...).Scan(&rows).Error
	apps := make(map[string]string, len(rows))
	for _, row := range rows {
		apps[row.SourceID] = row.AppID
	}
	return apps, translate(err)
}

// AppsOfDeployments gives the apps' IDs of all deployments, by deployment ID.
func (s *Store) AppsOfDeployments(ctx context.Context) (map[string]string, error) {
	var rows []struct{ ID, AppID string }
	err := s.with(ctx).Raw(`SELECT id, app_id FROM deployments`).Scan(&rows).Error
	apps := make(map[string]string, len(rows))
	for _, row := range rows {
		apps[row.ID] = row.AppID
	}
	return apps, translate(err)
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

// BuildSpans lists when builds ran that ended at or after a moment, or have not
// ended: those end now.
func (s *Store) BuildSpans(ctx context.Context, since time.Time) ([]Span, error) {
	spans := []Span{}
	now := time.Now().UTC()
	err := s.with(ctx).Raw(`
		SELECT started_at AS "from", coalesce(finished_at, ?) AS "to" FROM builds
		WHERE started_at IS NOT NULL AND (finished_at IS NULL OR finished_at >= ?) ORDER BY started_at`, now, since).Scan(&spans).Error
	return spans, translate(err)
}

// Bytes gives what the database takes on Postgres' disk.
func (s *Store) Bytes(ctx context.Context) (int64, error) {
	var n int64
	return n, translate(s.pool.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&n))
}
