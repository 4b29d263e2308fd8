// Package pgtest gives a test a fresh database on a real PostgreSQL.
//
// SLIPWAY_TEST_DATABASE_URL names one to use (as a user who may create
// databases). Without it the first test of a process starts a throw-away one,
// which ends with the process.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// timeout bounds each step, so that a hung PostgreSQL fails the test with a
// message and not with a stack dump.
const timeout = time.Minute

// Migrate brings the empty database at dsn to where a test starts from.
type Migrate func(dsn string) error

// New makes a database for t alone and gives its connection string. It is
// dropped when t ends, with whatever connections are left. With a migrate
// function it is a copy of a database that the function was run on once per
// process; pass a plain function then, since it is told apart by its code.
func New(t testing.TB, migrate ...Migrate) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	server, err := shared()
	if err != nil {
		t.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
	template := "template1"
	if len(migrate) > 0 {
		if template, err = server.template(ctx, migrate[0]); err != nil {
			t.Fatalf("pgtest: migrate the template: %v", err)
		}
	}
	name := server.name()
	if err := server.exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+" STRATEGY file_copy"); err != nil {
		t.Fatalf("pgtest: create a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := server.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop the database: %v", err)
		}
	})
	return server.url(name)
}

// server is the PostgreSQL of this process.
type server struct {
	admin  url.URL
	prefix string    // of the names of all its databases
	keeper io.Closer // tells the keeper to tidy up, by being closed with the process

	mu        sync.Mutex
	count     int
	templates map[uintptr]*template
}

type template struct {
	once sync.Once
	name string
	err  error
}

// shared gives the one server of the process. It is the only state that
// outlives a test, and what makes hundreds of them affordable.
var shared = sync.OnceValues(start)

func start() (*server, error) {
	random := make([]byte, 5)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	prefix := "slipway_test_" + hex.EncodeToString(random) + "_"
	dsn, keeper, err := startKeeper(prefix)
	if err != nil {
		return nil, err
	}
	admin, err := url.Parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", adminVariable)
	}
	return &server{admin: *admin, prefix: prefix, keeper: keeper, templates: map[uintptr]*template{}}, nil
}

func (s *server) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return fmt.Sprintf("%s%d", s.prefix, s.count)
}

func (s *server) url(database string) string {
	u := s.admin
	u.Path = "/" + database
	return u.String()
}

// template gives the database that migrate was run on.
func (s *server) template(ctx context.Context, migrate Migrate) (string, error) {
	key := reflect.ValueOf(migrate).Pointer()
	s.mu.Lock()
	tmpl, ok := s.templates[key]
	if !ok {
		tmpl = &template{}
		s.templates[key] = tmpl
	}
	s.mu.Unlock()
	tmpl.once.Do(func() {
		tmpl.name = s.name()
		if tmpl.err = s.exec(ctx, "CREATE DATABASE "+quote(tmpl.name)); tmpl.err != nil {
			return
		}
		if tmpl.err = migrate(s.url(tmpl.name)); tmpl.err != nil {
			return
		}
		// A database cannot be copied while anybody is connected to it.
		tmpl.err = s.exec(ctx, "ALTER DATABASE "+quote(tmpl.name)+" ALLOW_CONNECTIONS false",
			"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '"+tmpl.name+"'")
	})
	return tmpl.name, tmpl.err
}

func (s *server) exec(ctx context.Context, statements ...string) error {
	return execute(ctx, s.admin.String(), statements...)
}

func execute(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
