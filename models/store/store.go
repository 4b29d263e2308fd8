// Package store keeps Slipway's rows in Postgres and is the only user of GORM.
// Store is concrete; each file holds one aggregate. Every call that loads
// something of an app's takes the actor and sees no further than it, and every
// error it gives is a models.Error or wraps one.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	gormlogger "gorm.io/gorm/logger"

	"github.com/slipway-paas/slipway/models"
)

// Store is all rows, or those rows inside one transaction (see Transact). It is
// safe for concurrent use; one inside a transaction is not.
type Store struct {
	db   *gorm.DB
	pool *pgxpool.Pool
	sql  *sql.DB
	tx   pgx.Tx    // nil outside a transaction
	conn *sql.Conn // the transaction's, nil outside one
}

// Open connects to a Postgres and checks that it answers. One pool serves GORM
// and whoever else asks for it with Pool.
func Open(ctx context.Context, dsn string, maxConns int32) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx repeats the whole URL, password and all, around the cause.
		cause := errors.Unwrap(err)
		if cause == nil {
			cause = errors.New("it cannot be parsed")
		}
		return nil, fmt.Errorf("the database URL is not valid: %w", cause)
	}
	if maxConns > 0 {
		cfg.MaxConns = maxConns
	}
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, translate(err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, translate(err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: sqlDB}), &gorm.Config{
		SkipDefaultTransaction: true, // transactions are explicit here: one per verb, not one per statement
		Logger:                 gormlogger.Discard,
		TranslateError:         false,
	})
	if err != nil {
		pool.Close()
		return nil, translate(err)
	}
	return &Store{db: db, pool: pool, sql: sqlDB}, nil
}

// Close ends all connections. Calls in flight fail.
func (s *Store) Close() {
	_ = s.sql.Close()
	s.pool.Close()
}

// Pool is the pool of connections under the store.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Tx is the transaction the store is in, nil outside one. It lets a job be
// written in the same transaction as the rows it is about.
func (s *Store) Tx() pgx.Tx { return s.tx }

// Ping says whether Postgres answers.
func (s *Store) Ping(ctx context.Context) error {
	return translate(s.pool.Ping(ctx))
}

// Transact runs do in one transaction: all of it is committed, or, when do
// gives an error or panics, none. It must not be nested.
func (s *Store) Transact(ctx context.Context, do func(tx *Store) error) error {
	if s.tx != nil {
		return errors.New("store: nested transaction")
	}
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = conn.Close() }()

	var tx pgx.Tx
	if err := conn.Raw(func(driver any) (err error) {
		tx, err = driver.(*stdlib.Conn).Conn().Begin(ctx)
		return err
	}); err != nil {
		return translate(err)
	}
	// The transaction is ended within Raw. When ctx ends between two
	// statements, database/sql gives the connection up and has it closed in
	// the background: Raw then refuses, and whoever went past it would use the
	// connection while it is being closed. A rollback after a commit does
	// nothing; one with a dead context would leave the connection in the
	// transaction, hence the fresh one.
	defer func() {
		rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := conn.Raw(func(any) error { return tx.Rollback(rollback) })
		if err != nil && !errors.Is(err, pgx.ErrTxClosed) && !errors.Is(err, sql.ErrConnDone) {
			slog.DebugContext(ctx, "rolling back", "error", err)
		}
	}()

	inner := &Store{pool: s.pool, sql: s.sql, tx: tx, conn: conn}
	inner.db = s.db.Session(&gorm.Session{NewDB: true, Context: ctx})
	inner.db.Statement.ConnPool = conn
	err = do(inner)
	if err == nil {
		err = translate(conn.Raw(func(any) error { return tx.Commit(ctx) }))
	}
	if errors.Is(err, ErrAway) && ctx.Err() != nil {
		return translate(ctx.Err()) // the connection was given up for the caller's sake
	}
	return err
}

// with gives GORM with the caller's deadline.
func (s *Store) with(ctx context.Context) *gorm.DB { return s.db.WithContext(ctx) }

// translate turns what the database says into a models.Error.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var known *models.Error
	if errors.As(err, &known) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "23505": // unique_violation
			return &models.Error{Kind: models.KindConflict, Message: "it exists already", Err: err}
		case "23503": // foreign_key_violation
			return &models.Error{Kind: models.KindConflict, Message: "it belongs to something that is gone", Err: err}
		case "40001", "40P01": // serialization_failure, deadlock_detected
			return &models.Error{Kind: models.KindConflict, Message: "somebody else changed it at the same moment; try again", Err: errors.Join(ErrContended, err)}
		case "22021", "22P05", "22P02", "22003": // text or a number that no column can hold
			return &models.Error{Kind: models.KindInvalid, Message: "the input holds something that cannot be stored", Err: err}
		case "53100":
			return &models.Error{Kind: models.KindUnavailable, RetryAfter: 30 * time.Second, Message: "the database's disk is full; make room, and it goes on by itself", Err: err}
		case "57P01", "57P02", "57P03", "53300", "08006", "08003", "08000", "25006":
			return unavailable(err)
		}
		return &models.Error{Kind: models.KindInternal, Message: "the database refused a statement", Err: err}
	}
	var network net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled):
		return &models.Error{Kind: models.KindCancelled, Message: "the request was given up", Err: err}
	case errors.As(err, &connect), errors.Is(err, sql.ErrConnDone), errors.Is(err, net.ErrClosed),
		errors.As(err, &network), pgconn.SafeToRetry(err), errors.Is(err, context.DeadlineExceeded):
		return unavailable(err)
	}
	return unavailableIfClosed(err)
}

// ErrContended is in the chain of an error that means that Postgres gave up one
// of several transactions that were in each other's way. Nothing of it was
// written, and it may be done again.
var ErrContended = errors.New("another transaction was in the way")

// ErrAway is in the chain of an error that means that Postgres could not be
// used just now. What was asked may be asked again.
var ErrAway = errors.New("postgres is away")

func unavailable(err error) error {
	return &models.Error{
		Kind: models.KindUnavailable, Message: "the database is not answering; try again in a moment",
		RetryAfter: 5 * time.Second, Err: fmt.Errorf("%w: %w", ErrAway, err),
	}
}

// unavailableIfClosed catches a connection that died in the middle of an
// answer, for which pgx gives no type of its own.
func unavailableIfClosed(err error) error {
	switch err.Error() {
	case "unexpected EOF", "conn closed", "closed pool", "driver: bad connection", "sql: database is closed":
		return unavailable(err)
	}
	return &models.Error{Kind: models.KindInternal, Message: "the database could not be used", Err: err}
}

// found turns "no rows" into a KindNotFound error.
func found(err error, what, name string) error {
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) {
		return models.NotFound(what, name)
	}
	return translate(err)
}

// Page asks for a part of a list: up to Limit rows after the cursor, which is
// the last row's key of the page before.
type Page struct {
	Limit  int
	Cursor string
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return 50
	}
	return min(p.Limit, 200)
}

// Translate turns an error of the database under the store, got by other means
// than the store's own calls, into a models.Error.
func Translate(err error) error { return translate(err) }

// Away says whether an error of Open means a Postgres that is not there yet, or
// not ready, rather than one that refuses.
func Away(err error) bool { return models.KindOf(err) == models.KindUnavailable }
