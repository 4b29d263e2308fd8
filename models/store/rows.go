package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm/schema"

	"github.com/slipway-paas/slipway/models"
)

// What every request reads is read without GORM's statement builder and its
// scanning by reflection, which cost more than the queries themselves. The
// mapping of columns to fields is still GORM's, so there is one of it.

// columns are those of a model, in the order of its fields.
type columns struct {
	table  string
	list   string // qualified, for a SELECT
	fields [][]int
}

// columnsOf reads the mapping of a model, all of it but some columns. It panics
// when the model has none, which no input can bring about.
func columnsOf[T any](without ...string) columns {
	model, err := schema.Parse(new(T), &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		panic(fmt.Sprintf("store: %v", err))
	}
	c := columns{table: model.Table}
	names := make([]string, 0, len(model.Fields))
	for _, field := range model.Fields {
		if field.DBName == "" || slices.Contains(without, field.DBName) {
			continue
		}
		names = append(names, model.Table+"."+field.DBName)
		c.fields = append(c.fields, field.StructField.Index)
	}
	c.list = strings.Join(names, ", ")
	return c
}

// The models that are read this way.
var (
	appColumns        = columnsOf[models.App]()
	releaseColumns    = columnsOf[models.Release]()
	deploymentColumns = columnsOf[models.Deployment]()
	domainColumns     = columnsOf[models.Domain]()
	tokenColumns      = columnsOf[models.Token]()
	userColumns       = columnsOf[models.User]()
)

// read gives the statement that selects a model's columns.
func (c columns) read(rest string) string {
	return "SELECT " + c.list + " FROM " + c.table + " " + rest
}

// into gives where the columns of a row go: the fields of a struct that is
// pointed to.
func (c columns) into(row any, to []any) []any {
	value := reflect.ValueOf(row).Elem()
	for _, index := range c.fields {
		to = append(to, value.FieldByIndex(index).Addr().Interface())
	}
	return to
}

// collect reads all rows of an answer, of which about so many are expected.
func collect[T any](c columns, answer pgx.Rows, expected int) ([]T, error) {
	defer answer.Close()
	all := make([]T, 0, expected)
	to := make([]any, 0, len(c.fields))
	for answer.Next() {
		all = append(all, *new(T))
		if err := answer.Scan(c.into(&all[len(all)-1], to)...); err != nil {
			return nil, err
		}
	}
	return all, answer.Err()
}

// direct lends a connection past database/sql: one of the pool's or, in a
// transaction, the transaction's own.
func (s *Store) direct(ctx context.Context, do func(*pgx.Conn) error) error {
	if s.conn != nil {
		return s.conn.Raw(func(driver any) error { return do(driver.(*stdlib.Conn).Conn()) })
	}
	// A connection that died while nobody used it shows only now. As long as
	// nothing was sent, the next one may do better.
	for try := 1; ; try++ {
		err := s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return do(conn.Conn()) })
		if err == nil || try == tries || ctx.Err() != nil || !pgconn.SafeToRetry(err) {
			return err
		}
	}
}

const tries = 3 // of which the last is with a new connection mostly, as with database/sql

// selects reads the rows of a model that the rest of a statement is about.
func selects[T any](ctx context.Context, s *Store, c columns, rest string, args ...any) (all []T, err error) {
	err = s.direct(ctx, func(conn *pgx.Conn) error {
		answer, err := conn.Query(ctx, c.read(rest), args...)
		if err == nil {
			all, err = collect[T](c, answer, 0)
		}
		return err
	})
	return all, translate(err)
}

// selectOne is selects for a row that is there or not: "no rows" is
// sql.ErrNoRows, which found turns into words.
func selectOne[T any](ctx context.Context, s *Store, c columns, rest string, args ...any) (*T, error) {
	all, err := selects[T](ctx, s, c, rest, args...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, sql.ErrNoRows
	}
	return &all[0], nil
}
