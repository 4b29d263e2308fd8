package migrations

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

func connect(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// tables lists the tables of a database with the number of their columns.
func tables(t *testing.T, pool *pgxpool.Pool) map[string]int {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT table_name, count(*) FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var name string
		var columns int
		if err := rows.Scan(&name, &columns); err != nil {
			t.Fatal(err)
		}
		all[name] = columns
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUpByThreeAtOnce(t *testing.T) {
	dsn := pgtest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var servers sync.WaitGroup
	for range 3 {
		pool := connect(t, dsn)
		servers.Go(func() {
			if err := Up(ctx, pool); err != nil {
				t.Error(err)
			}
		})
	}
	servers.Wait()
	pool := connect(t, dsn)
	made := tables(t, pool)
	for _, table := range []string{
		"users", "sessions", "tokens", "links", "apps", "domains", "config_vars", "deployments", "builds", "releases", "events",
		"idempotency_keys", "webhook_deliveries", "app_leases", "river_job",
	} {
		if made[table] == 0 {
			t.Errorf("there is no table %s", table)
		}
	}
	var twice int
	if err := pool.QueryRow(ctx, "SELECT count(*) - count(DISTINCT version_id) FROM goose_db_version").Scan(&twice); err != nil || twice != 0 {
		t.Errorf("%d migrations were applied twice, %v", twice, err)
	}
	// Once more applies nothing, and no lock is left behind.
	if err := Up(ctx, pool); err != nil {
		t.Error(err)
	}
	if again := tables(t, pool); len(again) != len(made) {
		t.Errorf("%d tables became %d", len(made), len(again))
	}
	var locks int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
		WHERE locktype = 'advisory' AND datname = current_database()`).Scan(&locks); err != nil || locks != 0 {
		t.Errorf("%d locks are left, %v", locks, err)
	}
}

// Each step can be taken back and again.
func TestDown(t *testing.T) {
	pool := connect(t, pgtest.New(t))
	if err := Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		t.Fatal(err)
	}
	before := tables(t, pool)
	if _, err := provider.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for table := range tables(t, pool) {
		if table == "apps" || table == "deployments" || table == "app_leases" {
			t.Errorf("%s is left", table)
		}
	}
	if err := Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	after := tables(t, pool)
	for table, columns := range before {
		if after[table] != columns {
			t.Errorf("%s has %d columns instead of %d", table, after[table], columns)
		}
	}
}
