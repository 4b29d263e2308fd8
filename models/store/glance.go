package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/models"
)

// Glance is what belongs to some apps and is shown with them, by app ID.
type Glance struct {
	Live    map[string]*models.Release    // of those that have one, without image, config and limits
	Last    map[string]*models.Deployment // the newest, without its source and its lease
	Domains map[string][]models.Domain    // by name
}

// What is not shown is not read: config is large, and secret.
var (
	shownRelease = columnsOf[models.Release]("deployment_id", "build_id", "image", "digest", "image_size", "config", "config_names",
		"memory_mb", "cpu_milli", "created_by")
	shownDeployment = columnsOf[models.Deployment]("source_id", "fence", "lease_until", "holder")
)

// Glance reads what is shown with apps: three queries, however many apps, that
// are sent and answered together.
func (s *Store) Glance(ctx context.Context, apps []models.App) (Glance, error) {
	ids := appIDs(apps)
	var glance Glance
	err := s.direct(ctx, func(conn *pgx.Conn) error {
		var batch pgx.Batch
		batch.Queue(shownRelease.read(liveReleases), ids)
		batch.Queue(shownDeployment.read(lastDeployments), ids)
		batch.Queue(domainColumns.read(domainsOf), ids)
		answers := conn.SendBatch(ctx, &batch)
		live, err := next[models.Release](shownRelease, answers, len(ids), nil)
		last, err := next[models.Deployment](shownDeployment, answers, len(ids), err)
		domains, err := next[models.Domain](domainColumns, answers, len(ids), err)
		if closed := answers.Close(); err == nil {
			err = closed
		}
		glance = Glance{make(map[string]*models.Release, len(live)), make(map[string]*models.Deployment, len(last)), byApp(domains)}
		for i := range live {
			glance.Live[live[i].AppID] = &live[i]
		}
		for i := range last {
			glance.Last[last[i].AppID] = &last[i]
		}
		return err
	})
	return glance, translate(err)
}

// next reads the next answer of a batch, unless an earlier one failed.
func next[T any](c columns, answers pgx.BatchResults, expected int, failed error) ([]T, error) {
	if failed != nil {
		return nil, failed
	}
	answer, err := answers.Query()
	if err != nil {
		return nil, err
	}
	return collect[T](c, answer, expected)
}
