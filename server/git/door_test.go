package git_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/accounts"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/git"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

// hookBinary is the real hook, built once for all tests.
var hookBinary []byte

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slipway-hook-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		build := exec.Command("go", "build", "-o", dir, "github.com/slipway-paas/slipway/cmd/slipway-hook")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("building the hook: %v\n%s", err, out))
		}
		if hookBinary, err = os.ReadFile(filepath.Join(dir, "slipway-hook")); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// door is a git door that runs, with all that is behind it: accounts, apps and
// pipeline on a real Postgres, and instances in memory.
type door struct {
	url      string
	dataDir  string
	yard     *yard
	store    *store.Store
	apps     *apps.Service
	pipeline *pipeline.Pipeline
	ann      models.Actor
	tokens   map[string]string // by the name of what it is for
	server   *git.Server
	options  git.Options
	closes   func() // ends the door alone
	stop     func() // ends everything that runs
}

// openDoor starts a git door whose data is below dir.
func openDoor(t *testing.T, dir string, maxPushMB int) *door {
	t.Helper()
	d := &door{dataDir: filepath.Join(dir, "data"), yard: newYard(), tokens: map[string]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	d.store, err = store.Open(context.Background(), pgtest.New(t, migrations.Apply), 10)
	must(err)
	logger := slog.New(slog.DiscardHandler)
	hub := live.NewHub(0)
	box, err := secrets.Open(filepath.Join(d.dataDir, "key"))
	must(err)
	streams, err := logs.Open(filepath.Join(d.dataDir, "logs"), logs.Options{}, logger)
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{ctx: ctx}
	q.pipeline = pipeline.New(pipeline.Deps{
		Store: d.store, Queue: q, Cluster: memory.New(d.yard.engine, "test"), Routing: open{},
		Builders: []builder.Builder{d.yard}, Logs: streams, Hub: hub, Box: box, Logger: logger,
		Settings: pipeline.Settings{
			DataDir: d.dataDir, Installation: "test", BuildConcurrency: 4, BuildTimeout: time.Minute,
			HealthTimeout: 20 * time.Second, DrainTimeout: time.Second, StopGrace: time.Second, MaxSourceBytes: 64 << 20,
			AppMemoryMB: 64, AppCPUMilli: 1000,
		},
	})
	d.pipeline = q.pipeline
	d.apps = apps.NewService(apps.Deps{
		Store: d.store, Pipeline: q.pipeline, Routing: open{}, Hub: hub, Box: box, Remains: open{}, Logger: logger,
		Addresses: apps.Addresses{Domain: "test", URL: func(host string) string { return "http://" + host }},
	})
	people := accounts.New(d.store, hub, logger)
	d.inhabit(t, people)
	d.options = git.Options{
		DataDir: d.dataDir, HookBinary: hookBinary, MaxPushMB: maxPushMB,
		Auth: people, Apps: d.apps, Sources: q.pipeline.Sources(), Deployments: q.pipeline, Logs: streams,
		URL: "http://slipway.test", AppURL: d.apps.URL, Logger: logger,
	}
	d.opens(t)
	var running sync.WaitGroup
	running.Go(q.work)
	d.stop = sync.OnceFunc(func() {
		d.closes()
		cancel()
		running.Wait()
		q.workers.Wait()
		if err := streams.Close(); err != nil {
			t.Error(err)
		}
		d.store.Close()
	})
	return d
}

// opens begins to answer, the first time or again.
func (d *door) opens(t *testing.T) {
	t.Helper()
	var err error
	if d.server, err = git.New(d.options); err != nil {
		t.Fatal(err)
	}
	server, listener := d.server, httptest.NewServer(d.server)
	d.url = listener.URL
	serving, quit := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- server.Serve(serving) }()
	d.closes = sync.OnceFunc(func() {
		quit()
		listener.Close()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// inhabit makes ann, who owns everything, bob, who sees only what is his, and
// their tokens.
func (d *door) inhabit(t *testing.T, people *accounts.Service) {
	t.Helper()
	ctx, peer := context.Background(), accounts.Peer{IP: "192.0.2.1"}
	link, err := people.BootstrapLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const password = "a long enough passphrase"
	user, _, err := people.Claim(ctx, peer, accounts.Claim{Secret: link, Email: "ann@example.com", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	d.ann = models.Actor{UserID: user.ID, Email: user.Email, Role: user.Role}
	user, err = people.CreateUser(ctx, d.ann, accounts.NewUser{Email: "bob@example.com", Password: password, Role: models.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	bob := models.Actor{UserID: user.ID, Email: user.Email, Role: user.Role}
	for _, token := range []struct {
		name  string
		actor models.Actor
		scope models.Scope
	}{
		{"ANN", d.ann, models.ScopeWrite},
		{"DEPLOYER", d.ann, models.ScopeDeploy},
		{"READER", d.ann, models.ScopeRead},
		{"BOB", bob, models.ScopeWrite},
	} {
		_, secret, err := people.CreateToken(ctx, token.actor, accounts.NewToken{Name: token.name, Scopes: []string{string(token.scope)}})
		if err != nil {
			t.Fatal(err)
		}
		d.tokens[token.name] = secret
	}
}

// deployments lists an app's deployments, oldest first, a line each.
func (d *door) deployments(ctx context.Context, app string) ([]string, error) {
	found, err := d.store.AppByName(ctx, models.SystemActor(), app)
	if err != nil {
		return nil, err
	}
	all, _, err := d.store.Deployments(ctx, models.SystemActor(), found, store.Page{Limit: 100})
	var lines []string
	for _, one := range all {
		lines = append([]string{fmt.Sprintf("#%d %s %s %s", one.Number, one.SourceRef, one.State, one.CommitMessage)}, lines...)
	}
	return lines, err
}

// eventually waits until done gives true.
func eventually(ctx context.Context, done func() (bool, error)) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leftovers lists what pushes that ended have left half done.
func (d *door) leftovers() ([]string, error) {
	var left []string
	for _, pattern := range []string{"repositories/.*-*", "repositories/*.git/objects/tmp_*", "repositories/*.git/objects/incoming-*", "repositories/*.git/slipway.kept-*", "sources/incoming-*"} {
		found, err := filepath.Glob(filepath.Join(d.dataDir, pattern))
		if err != nil {
			return nil, err
		}
		left = append(left, found...)
	}
	for i := range left {
		left[i] = strings.TrimPrefix(left[i], d.dataDir)
	}
	return left, nil
}
