package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrPresent means that a server with the same ID is there already.
var ErrPresent = errors.New("a server with this ID is on this database already")

// Peer is another server on the database.
type Peer struct {
	ID      string
	Routers int // connected to it, as it said last
}

// serversChannel is where servers tell each other things (LISTEN, NOTIFY).
const serversChannel = "slipway_servers"

// presence is the lock that says that a server is there now, by the SQL
// expression of its ID. Postgres lets it go when the server dies.
func presence(id string) string {
	return `EXISTS (
	SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (classid::bigint << 32) | objid::bigint = hashtextextended('slipway server ' || ` + id + `, 0))`
}

// Presence is a server's being there, on a connection of its own. It is not
// safe for concurrent use.
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
	// A machine that vanished must not be there for hours more. On a local
	// socket these say nothing.
	_, err = conn.Exec(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`)
	var free bool
	if err == nil {
		err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('slipway server ' || $1, 0))`, id).Scan(&free)
	}
	if err == nil && free {
		if _, err = conn.Exec(ctx, "LISTEN "+serversChannel); err == nil {
			return &Presence{id: id, conn: conn}, nil
		}
	}
	_ = conn.Hijack().Close(ctx) // not into the pool: it may hold the lock
	if err != nil {
		return nil, translate(err)
	}
	return nil, ErrPresent
}

// Beat writes that the server is there, and with how many routers. When it
// fails the presence may be over: Leave, and Appear anew.
func (p *Presence) Beat(ctx context.Context, routers int) error {
	now := time.Now().UTC()
	_, err := p.conn.Exec(ctx, `
		WITH old AS (DELETE FROM servers WHERE id <> $1 AND seen_at < $4),
		calls AS (DELETE FROM server_calls WHERE created_at < $5),
		lines AS (DELETE FROM shared_lines WHERE created_at < $5)
		INSERT INTO servers (id, routers, seen_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET routers = excluded.routers, seen_at = excluded.seen_at`,
		p.id, routers, now, now.Add(-24*time.Hour), now.Add(-time.Hour))
	return translate(err)
}

// Next waits for what another server tells. When ctx ends first it gives ctx's
// error, and the presence goes on.
func (p *Presence) Next(ctx context.Context) (string, error) {
	told, err := p.conn.Conn().WaitForNotification(ctx)
	if err != nil {
		if ctx.Err() != nil && pgconn.Timeout(err) {
			return "", ctx.Err()
		}
		return "", translate(err)
	}
	return told.Payload, nil
}

// Leave ends the presence. When it was an orderly end the others know at once.
func (p *Presence) Leave(ctx context.Context) {
	_, _ = p.conn.Exec(ctx, `DELETE FROM servers WHERE id = $1`, p.id) // it is forgotten after a while anyway
	// A closed connection's locks go when its backend has ended, which is a
	// moment later: whoever appears next must not meet them.
	_, _ = p.conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
	_ = p.conn.Hijack().Close(ctx)
}

// Peers lists the other servers that are there.
func (s *Store) Peers(ctx context.Context, id string) ([]Peer, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, routers FROM servers WHERE id <> $1 AND `+presence("servers.id")+` ORDER BY id`, id)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	var peers []Peer
	for rows.Next() {
		var p Peer
		if err := rows.Scan(&p.ID, &p.Routers); err != nil {
			return nil, translate(err)
		}
		peers = append(peers, p)
	}
	return peers, translate(rows.Err())
}
