package store

import (
	"context"
	"time"
)

// EndWarm writes that a release of an app is kept warm no longer, unless another
// one is by now.
func (s *Store) EndWarm(ctx context.Context, appID string, release int) error {
	return translate(s.with(ctx).Exec(`UPDATE apps SET warm_release = 0, warm_until = NULL WHERE id = ? AND warm_release = ?`, appID, release).Error)
}

// EndAllWarm writes that no app keeps a release warm any more, and gives the IDs
// of those that did. Call it in a transaction.
func (s *Store) EndAllWarm(ctx context.Context) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`
		UPDATE apps SET warm_release = 0, warm_until = NULL
		WHERE id IN (SELECT id FROM apps WHERE warm_until IS NOT NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) RETURNING id`).Scan(&ids).Error
	return ids, translate(err)
}

// WarmOver lists the IDs of apps whose warm release has had its time.
func (s *Store) WarmOver(ctx context.Context) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`SELECT id FROM apps WHERE warm_until <= ?`, time.Now().UTC()).Scan(&ids).Error
	return ids, translate(err)
}
