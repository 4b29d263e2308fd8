package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/models"
)

// Glance is what belongs to some apps and is shown with them, by app ID.
type Glance struct {
	Live    map[string]models.Release    // of those that have one
	Last    map[string]models.Deployment // the newest
	Domains map[string][]models.Domain   // by name
}

// Glance reads what is shown with apps: three queries, however many apps, that
// are sent and answered together.
func (s *Store) Glance(ctx context.Context, apps []models.App) (Glance, error) {
	ids := appIDs(apps)
	var glance Glance
	err := s.direct(ctx, func(conn *pgx.Conn) error {
		var batch pgx.Batch
		batch.Queue(releaseColumns.read(liveReleases), ids)
		batch.Queue(deploymentColumns.read(lastDeployments), ids)
		batch.Queue(domainColumns.read(domainsOf), ids)
		answers := conn.SendBatch(ctx, &batch)
		live, err := next[models.Release](releaseColumns, answers, nil)
		last, err := next[models.Deployment](deploymentColumns, answers, err)
		domains, err := next[models.Domain](domainColumns, answers, err)
		if closed := answers.Close(); err == nil {
			err = closed
		}
		glance = Glance{releasesByApp(live), deploymentsByApp(last), byApp(domains)}
		return err
	})
	return glance, translate(err)
}

// next reads the next answer of a batch, unless an earlier one failed.
func next[T any](c columns, answers pgx.BatchResults, failed error) ([]T, error) {
	if failed != nil {
		return nil, failed
	}
	answer, err := answers.Query()
	if err != nil {
		return nil, err
	}
	return collect[T](c, answer)
}
