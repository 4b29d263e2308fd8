package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrPresent means that a server with the same ID is there already.
var ErrPresent = errors.New("a server with this ID is on this database already")

// Presence is a server's being there, on a connection of its own: Postgres
// notices when the server dies, and nobody else can be there under its ID.
// It is not safe for concurrent use.
type Presence struct {
	id   string
	conn *pgxpool.Conn
}

// Appear makes a server be there, and gives ErrPresent when another one is under
// its ID. Call Leave at the end.
func (s *Store) Appear(ctx context.Context, id string) (*Presence, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, translate(err)
	}
	var free bool
	// A machine that vanished must not be there for hours more. On a local
	// socket these say nothing.
	_, err = conn.Exec(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`)
	if err != nil {
		conn.Release()
		return nil, translate(err)
	}
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('slipway server ' || $1, 0))`, id).Scan(&free)
	if err == nil && free {
		return &Presence{id: id, conn: conn}, nil
	}
	conn.Release()
	if err != nil {
		return nil, translate(err)
	}
	return nil, ErrPresent
}

// Beat says that the server is still there, and gives the number of others that
// were seen within the time. When it fails the presence may be over: Leave, and
// Appear anew.
func (p *Presence) Beat(ctx context.Context, within time.Duration) (others int, err error) {
	now := time.Now().UTC()
	err = p.conn.QueryRow(ctx, `
		WITH me AS (
			INSERT INTO servers (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at),
		old AS (DELETE FROM servers WHERE id <> $1 AND seen_at < $4)
		SELECT count(*) FROM servers WHERE id <> $1 AND seen_at >= $3`,
		p.id, now, now.Add(-within), now.Add(-24*time.Hour)).Scan(&others)
	return others, translate(err)
}

// Leave ends the presence. When it was an orderly end the others know at once.
func (p *Presence) Leave(ctx context.Context) {
	_, _ = p.conn.Exec(ctx, `DELETE FROM servers WHERE id = $1`, p.id) // it is forgotten after a while anyway
	// The lock goes with the connection, which must not go back to the pool.
	_ = p.conn.Hijack().Close(ctx)
}
