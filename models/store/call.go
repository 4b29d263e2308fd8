package store

import (
	"context"
	"encoding/json"
	"time"
)

// Call is what one server asks of all others.
type Call struct {
	ID       string
	ServerID string // who asks
	Request  json.RawMessage
}

// Tell tells the servers something, this one too: at most 7 KiB, and lost to
// those that are not listening.
func (s *Store) Tell(ctx context.Context, text string) error {
	_, err := s.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, serversChannel, text)
	return translate(err)
}

// AddCall writes a call down and tells the servers so, in the words given.
func (s *Store) AddCall(ctx context.Context, c Call, tell string) error {
	_, err := s.pool.Exec(ctx, `
		WITH call AS (INSERT INTO server_calls (id, server_id, request, created_at) VALUES ($1, $2, $3, $4))
		SELECT pg_notify($5, $6)`, c.ID, c.ServerID, c.Request, time.Now().UTC(), serversChannel, tell)
	return translate(err)
}

// UnansweredCalls lists what others ask and the server has not answered.
func (s *Store) UnansweredCalls(ctx context.Context, serverID string) ([]Call, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, server_id, request FROM server_calls c WHERE server_id <> $1
		AND NOT EXISTS (SELECT 1 FROM server_answers a WHERE a.call_id = c.id AND a.server_id = $1) ORDER BY created_at`, serverID)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	var calls []Call
	for rows.Next() {
		var c Call
		if err := rows.Scan(&c.ID, &c.ServerID, &c.Request); err != nil {
			return nil, translate(err)
		}
		calls = append(calls, c)
	}
	return calls, translate(rows.Err())
}

// AnswerCall writes an answer down, failure "" when it was done, and tells the
// servers so in the words given. A call that is over by now is no error.
func (s *Store) AnswerCall(ctx context.Context, callID, serverID, failure, tell string) error {
	_, err := s.pool.Exec(ctx, `
		WITH answer AS (
			INSERT INTO server_answers (call_id, server_id, failure)
			SELECT id, $2, $3 FROM server_calls WHERE id = $1 FOR KEY SHARE ON CONFLICT DO NOTHING)
		SELECT pg_notify($4, $5)`, callID, serverID, failure, serversChannel, tell)
	return translate(err)
}

// Answers gives what servers answered to a call, by their IDs.
func (s *Store) Answers(ctx context.Context, callID string) (map[string]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT server_id, failure FROM server_answers WHERE call_id = $1`, callID)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	answers := map[string]string{}
	for rows.Next() {
		var server, failure string
		if err := rows.Scan(&server, &failure); err != nil {
			return nil, translate(err)
		}
		answers[server] = failure
	}
	return answers, translate(rows.Err())
}

// EndCall forgets a call and its answers.
func (s *Store) EndCall(ctx context.Context, callID string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM server_calls WHERE id = $1`, callID)
	return translate(err)
}

// SharedLines are lines of a deployment's log, as their writer encoded them.
type SharedLines struct {
	ID           int64
	DeploymentID string
	Lines        json.RawMessage
}

// ShareLines gives the other servers lines of deployments' logs, and tells them
// so in the words given.
func (s *Store) ShareLines(ctx context.Context, serverID string, all []SharedLines, tell string) error {
	return s.Transact(ctx, func(tx *Store) error {
		for _, one := range all {
			_, err := tx.tx.Exec(ctx, `INSERT INTO shared_lines (server_id, deployment_id, lines, created_at) VALUES ($1, $2, $3, $4)`,
				serverID, one.DeploymentID, one.Lines, time.Now().UTC())
			if err != nil {
				return translate(err)
			}
		}
		_, err := tx.tx.Exec(ctx, `SELECT pg_notify($1, $2)`, serversChannel, tell)
		return translate(err)
	})
}

// NewestLines gives the ID of what each server shared last.
func (s *Store) NewestLines(ctx context.Context) (map[string]int64, error) {
	rows, err := s.pool.Query(ctx, `SELECT server_id, max(id) FROM shared_lines GROUP BY server_id`)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	newest := map[string]int64{}
	for rows.Next() {
		var server string
		var id int64
		if err := rows.Scan(&server, &id); err != nil {
			return nil, translate(err)
		}
		newest[server] = id
	}
	return newest, translate(rows.Err())
}

// LinesAfter lists what a server shared after an ID, in the order in which it
// did, at most 500 at a time.
func (s *Store) LinesAfter(ctx context.Context, serverID string, id int64) ([]SharedLines, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, deployment_id, lines FROM shared_lines WHERE id > $1 AND server_id = $2 ORDER BY id LIMIT 500`, id, serverID)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	var all []SharedLines
	for rows.Next() {
		var one SharedLines
		if err := rows.Scan(&one.ID, &one.DeploymentID, &one.Lines); err != nil {
			return nil, translate(err)
		}
		all = append(all, one)
	}
	return all, translate(rows.Err())
}
