package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	a, b := connect(t, pgtest.New(t)), connect(t, pgtest.New(t))
	if _, err := a.Exec(t.Context(), "CREATE TABLE only_here (n int)"); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := b.QueryRow(t.Context(), "SELECT to_regclass('only_here') IS NOT NULL").Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		t.Error("a table made in one database is in the other")
	}
}

var migrations atomic.Int32

func migrate(dsn string) error {
	migrations.Add(1)
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	// Left open on purpose: a template has to survive a careless migration.
	_, err = conn.Exec(context.Background(), "CREATE TABLE apps (name text PRIMARY KEY)")
	return err
}

func TestMigratesOncePerProcess(t *testing.T) {
	for n := range 4 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, pgtest.New(t, migrate))
			var rows int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM apps").Scan(&rows); err != nil {
				t.Fatal(err)
			}
			if rows != 0 {
				t.Errorf("the table has %d rows, want none", rows)
			}
			if _, err := conn.Exec(t.Context(), "INSERT INTO apps VALUES ('hello')"); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Cleanup(func() {
		if n := migrations.Load(); n != 1 {
			t.Errorf("migrated %d times, want once", n)
		}
	})
}

// TestNothingOutlivesTheProcess runs this test binary again, kills it in the
// middle of a test, and looks for what it started.
func TestNothingOutlivesTheProcess(t *testing.T) {
	if os.Getenv("PGTEST_VICTIM") != "" {
		fmt.Println("dsn:" + pgtest.New(t))
		select {} // until killed
	}
	for _, external := range []bool{false, true} {
		t.Run(fmt.Sprintf("external=%v", external), func(t *testing.T) {
			admin := ""
			if external {
				admin = pgtest.New(t)
			}
			dsn := killInTest(t, admin)
			u, err := url.Parse(dsn)
			if err != nil {
				t.Fatal(err)
			}
			if external {
				conn := connect(t, admin)
				eventually(t, "its database is gone", func() error {
					var there bool
					err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", u.Path[1:]).Scan(&there)
					if err == nil && there {
						err = errors.New("it is there")
					}
					return err
				})
				return
			}
			eventually(t, "its folder is gone", func() error {
				if _, err := os.Stat(u.Query().Get("host")); !os.IsNotExist(err) {
					return fmt.Errorf("stat: %v", err)
				}
				return nil
			})
		})
	}
}

// killInTest gives the connection string of a test that was killed.
func killInTest(t *testing.T, admin string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesTheProcess$")
	cmd.Env = append(os.Environ(), "PGTEST_VICTIM=1", "SLIPWAY_TEST_DATABASE_URL="+admin)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dsn string
	buf := make([]byte, 4096)
	var seen strings.Builder
	for dsn == "" {
		n, err := out.Read(buf)
		seen.Write(buf[:n])
		if _, rest, ok := strings.Cut(seen.String(), "dsn:"); ok && strings.Contains(rest, "\n") {
			dsn, _, _ = strings.Cut(rest, "\n")
		} else if err != nil {
			t.Fatalf("the process ended: %s", seen.String())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	return dsn
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}
