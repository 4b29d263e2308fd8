package store

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// sourcePart is how much of a snapshot is in one row, in bytes: what is held in
// memory at a time.
const sourcePart = 1 << 20

// SaveSource keeps a source snapshot for the other servers. One that is there
// already stays as it is: snapshots do not change.
func (s *Store) SaveSource(ctx context.Context, id string, r io.Reader) error {
	return s.Transact(ctx, func(tx *Store) error {
		part := make([]byte, sourcePart)
		for number := 1; ; number++ {
			n, err := io.ReadFull(r, part)
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			if n > 0 || number == 1 {
				_, err := tx.tx.Exec(ctx, `INSERT INTO source_parts (source_id, number, data) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, id, number, part[:n])
				if err != nil {
					return translate(err)
				}
			}
			if err != nil {
				return nil
			}
		}
	})
}

// CopySource writes a snapshot that SaveSource kept to w, and says false when
// there is none.
func (s *Store) CopySource(ctx context.Context, id string, w io.Writer) (bool, error) {
	for number := 1; ; number++ {
		var data []byte
		err := s.pool.QueryRow(ctx, `SELECT data FROM source_parts WHERE source_id = $1 AND number = $2`, id, number).Scan(&data)
		if errors.Is(err, pgx.ErrNoRows) {
			return number > 1, nil
		}
		if err != nil {
			return false, translate(err)
		}
		if _, err := w.Write(data); err != nil {
			return false, err
		}
	}
}

// HasSource says whether SaveSource kept a snapshot.
func (s *Store) HasSource(ctx context.Context, id string) (bool, error) {
	var has bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM source_parts WHERE source_id = $1 AND number = 1)`, id).Scan(&has)
	return has, translate(err)
}

// DropSources forgets what SaveSource kept.
func (s *Store) DropSources(ctx context.Context, ids []string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM source_parts WHERE source_id = ANY($1)`, ids)
	return translate(err)
}

// SourcesToShare lists the snapshots that open deployments are made of and that
// SaveSource has not kept.
func (s *Store) SourcesToShare(ctx context.Context) ([]string, error) {
	ids := []string{}
	err := s.with(ctx).Raw(`
		SELECT DISTINCT source_id FROM deployments d WHERE state IN ? AND source_id <> ''
		AND NOT EXISTS (SELECT 1 FROM source_parts p WHERE p.source_id = d.source_id)`, openStates).Scan(&ids).Error
	return ids, translate(err)
}
