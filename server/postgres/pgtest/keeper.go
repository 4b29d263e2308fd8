package pgtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/server/postgres"
)

const (
	adminVariable  = "SLIPWAY_TEST_DATABASE_URL"
	keeperVariable = "SLIPWAY_TEST_POSTGRES_KEEPER" // set in a keeper: the prefix of its databases
)

// A test process has no reliable end of its own: it may time out, panic or be
// killed. So it starts itself once more as a keeper, which holds PostgreSQL and
// tidies up when the pipe from the test process closes, however that came.
func init() {
	prefix := os.Getenv(keeperVariable)
	if prefix == "" {
		return
	}
	if err := keep(prefix, os.Stdin, os.Stdout); err != nil {
		fmt.Println("error: " + strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	os.Exit(0)
}

// startKeeper starts the keeper and gives the connection string that it says.
// It tidies up when the closer is closed, or collected as garbage.
func startKeeper(prefix string) (string, io.Closer, error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keeperVariable+"="+prefix)
	cmd.Dir = "/"
	// In a group of its own, or Ctrl-C would end it before it has tidied up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("the keeper ended: %w", err)
	}
	line = strings.TrimSpace(line)
	if message, failed := strings.CutPrefix(line, "error: "); failed {
		return "", nil, fmt.Errorf("%s", message)
	}
	return line, in, nil
}

// keep provides PostgreSQL until in ends.
func keep(prefix string, in io.Reader, out io.Writer) error {
	if dsn := os.Getenv(adminVariable); dsn != "" {
		_, _ = fmt.Fprintln(out, dsn)
		_, _ = io.Copy(io.Discard, in)
		return dropAll(dsn, prefix)
	}
	dir, err := os.MkdirTemp("/tmp", "slipway-pgtest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	instance, err := postgres.Start(ctx, postgres.Options{
		DataDir: filepath.Join(dir, "pg"),
		Settings: map[string]string{ // nothing here has to outlive a crash
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
			"max_connections": "300", "autovacuum": "off", "max_wal_size": "1GB",
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, instance.URL())
	_, _ = io.Copy(io.Discard, in)
	return instance.Stop(context.Background())
}

// dropAll removes what the process left in a PostgreSQL that is not its own.
func dropAll(dsn, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	rows, _ := conn.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string]) // reports a failed Query too
	_ = conn.Close(ctx)
	for _, name := range names {
		if err := execute(ctx, dsn, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return err
}
