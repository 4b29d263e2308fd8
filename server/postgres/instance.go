// Package postgres runs an installed PostgreSQL under the server's supervision,
// so that Slipway starts on a bare machine without a database to set up first.
// It listens on a socket in a private folder and on no port, and lets nobody
// in but the server's own user.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/models"
)

// role is the superuser and the owner of everything.
const role = "slipway"

// Options say where and how to run PostgreSQL.
type Options struct {
	DataDir  string            // a folder for it alone; made if it is not there
	BinDir   string            // holds postgres and initdb; "" for the newest installed, or the version that wrote the data
	Database string            // made if it is not there; "" for "slipway"
	Settings map[string]string // settings of postgresql.conf, over Slipway's own
	Logger   *slog.Logger      // nil for slog.Default
}

// Instance is a supervised PostgreSQL. When it dies it is started again, until
// Stop. Its methods are safe for concurrent use.
type Instance struct {
	opts   Options
	folder *folder
	bin    Binaries
	logger *slog.Logger

	stop     chan struct{} // closed by the first Stop
	stopOnce sync.Once
	done     chan struct{} // closed when nothing runs any more

	mu      sync.Mutex
	current *process
}

// Start brings PostgreSQL up and returns when it accepts connections. A
// postgres that outlived an earlier server is stopped first. It fails when
// ctx ends, when no PostgreSQL is installed, when the data is of a version that
// is not installed, and when another server uses the folder; then nothing is
// left running. The instance does not end with ctx, but with Stop.
func Start(ctx context.Context, opts Options) (*Instance, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Database == "" {
		opts.Database = role
	}
	acc, err := findAccount()
	if err != nil {
		return nil, err
	}
	f, err := openFolder(opts.DataDir, acc)
	if err != nil {
		return nil, err
	}
	i := &Instance{opts: opts, folder: f, logger: opts.Logger, stop: make(chan struct{}), done: make(chan struct{})}
	if err := i.start(ctx); err != nil {
		f.close()
		return nil, err
	}
	go i.supervise()
	return i, nil
}

func (i *Instance) start(ctx context.Context) error {
	installed := Find()
	if i.opts.BinDir != "" {
		b, err := inspect(i.opts.BinDir)
		if err != nil {
			return models.Wrap(err, models.KindInvalid, "no PostgreSQL in %s", i.opts.BinDir)
		}
		installed = []Binaries{b}
	}
	var err error
	if i.bin, err = choose(installed, i.folder.data()); err != nil {
		return err
	}
	if err := clearLeftovers(ctx, i.folder.data(), i.logger); err != nil {
		return err
	}
	if err := i.folder.initialize(ctx, i.bin, i.opts.Settings["fsync"] != "off"); err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot make a database cluster in %s", i.folder.data())
	}
	if i.current, err = launch(i.folder, i.bin, i.opts.Settings, i.logger); err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot start PostgreSQL")
	}
	if err := i.ready(ctx, i.current); err != nil {
		i.end(context.Background(), i.current)
		return err
	}
	return nil
}

// URL is the connection string of the database, for pgx and psql alike. It
// stays the same through restarts of postgres and holds no secret.
func (i *Instance) URL() string { return i.url(i.opts.Database) }

func (i *Instance) url(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User(role), Path: "/" + database,
		RawQuery: url.Values{"host": {i.folder.run}, "port": {"5432"}}.Encode(),
	}).String()
}

// Done is closed when Stop has ended postgres.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Wait returns when Stop has ended postgres, or with ctx's error.
func (i *Instance) Wait(ctx context.Context) error {
	select {
	case <-i.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready returns when p accepts connections and the database is there.
func (i *Instance) ready(ctx context.Context, p *process) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := i.ensureDatabase(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return models.Errorf(models.KindUnavailable, "PostgreSQL does not start: %s", p.reason())
		case <-ctx.Done():
			return models.Wrap(errors.Join(ctx.Err(), err), models.KindUnavailable, "PostgreSQL did not become ready in time")
		case <-tick.C:
		}
	}
}

func (i *Instance) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, i.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", i.opts.Database).Scan(&there); err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{i.opts.Database}.Sanitize())
	return err
}

// The bounds of the pause before postgres is started again.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// supervise starts postgres again whenever it dies, until Stop.
func (i *Instance) supervise() {
	backoff := minBackoff
	for {
		started := time.Now()
		if p := i.running(); p != nil {
			select {
			case <-i.stop:
				return
			case <-p.done:
			}
			if time.Since(started) > time.Minute {
				backoff = minBackoff
			}
			i.logger.Warn("postgres ended, starting it again", "reason", p.reason(), "in", backoff)
		}
		select {
		case <-i.stop:
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
		i.restart()
	}
}

func (i *Instance) running() *process {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

func (i *Instance) restart() {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-i.stop:
		return
	default:
	}
	p, err := launch(i.folder, i.bin, i.opts.Settings, i.logger)
	if err != nil {
		i.logger.Error("postgres cannot be started", "error", err)
		i.current = nil
		return
	}
	i.current = p
}

// Stop ends postgres and returns when nothing of it runs any more: connections
// are cut and transactions rolled back at once ("fast"); when ctx ends or half
// a minute is over it is ended without tidying up, which the next start makes
// good. Calling it again waits for the same end.
func (i *Instance) Stop(ctx context.Context) error {
	first := false
	i.stopOnce.Do(func() { first = true; close(i.stop) })
	if !first {
		return i.Wait(ctx)
	}
	if p := i.running(); p != nil {
		i.end(ctx, p)
	}
	i.folder.close()
	close(i.done)
	return nil
}

func (i *Instance) end(ctx context.Context, p *process) {
	p.signal(syscall.SIGINT)
	select {
	case <-p.done:
		return
	case <-ctx.Done():
	case <-time.After(30 * time.Second):
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.done:
		return
	case <-time.After(5 * time.Second):
	}
	for _, pid := range processesIn(i.folder.data()) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended already
	}
	<-p.done
}
