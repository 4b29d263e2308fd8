package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/server/postgres"
)

// createScript is wrk's: each request makes an app with a name of its own.
const createScript = `
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
local made = 0
function init(args)
  prefix = args[1] .. "-" .. number .. "-n"
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  made = made + 1
  return wrk.format("POST", "/api/v1/apps", nil, '{"name":"' .. prefix .. made .. '"}')
end
`

// seed makes 200 apps that were deployed and have a domain, and are stopped,
// so that the engine has nothing to do with them.
const seed = `
INSERT INTO apps (id, name, owner_id, branch, scale, live_release, release_seq, deployment_seq, created_at, updated_at)
SELECT lpad('a' || n, 26, '0'), 'app-' || lpad(n::text, 3, '0'), users.id, 'main', '{"web": 0}', 1, 1, 1, now(), now() FROM generate_series(1, 200) n, users;
INSERT INTO domains (id, app_id, host, created_at) SELECT 'd' || id, id, name || '.example.com', now() FROM apps;
INSERT INTO deployments (id, app_id, number, trigger, state, commit, commit_message, release, created_by, created_at, started_at, built_at, released_at, finished_at)
SELECT 'e' || id, id, 1, 'push', 'succeeded', repeat('0123456789', 4), 'Say hello', 1, 'ada@example.com', now(), now(), now(), now(), now() FROM apps;
INSERT INTO releases (id, app_id, version, deployment_id, image, digest, config, processes, description, commit, created_by, created_at)
SELECT 'r' || id, id, 1, 'e' || id, 'none', 'sha256:none', '', '[{"name": "web", "port": 8080}]', 'Deploy main', repeat('0123456789', 4), 'ada@example.com', now() FROM apps;
`

// measureAPI compares the API with bare queries behind net/http.
func measureAPI(ctx context.Context, b *bench) error {
	in, other, conn, err := b.apiSides(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	referenceAt := other.url
	for _, path := range []string{"/api/v1/apps/app-007", "/api/v1/apps?limit=50"} {
		if err := sameAnswer(ctx, in, referenceAt, path); err != nil {
			return err
		}
	}
	created := 0
	for _, figure := range []struct {
		name, path, script string
		goal               float64
	}{
		{"api_get_app", "/api/v1/apps/app-007", "", 0.5},
		{"api_list_50", "/api/v1/apps?limit=50", "", 0.5},
		{"api_create", "/", createScript, 0.6},
	} {
		cost := map[string][]float64{}
		run := func(at string, pid int) func(context.Context) (float64, error) {
			return func(ctx context.Context) (float64, error) {
				created++
				before, err := used([]int{pid})
				if err != nil {
					return 0, err
				}
				seen, err := b.wrk(ctx, load{
					url: at + figure.path, seconds: 3, script: figure.script, args: []string{fmt.Sprint("new-", created)},
					headers: []string{"Authorization: Bearer " + in.token},
				})
				if err != nil {
					return 0, err
				}
				after, err := used([]int{pid})
				cost[at] = append(cost[at], float64((after-before).Microseconds())/float64(seen.requests))
				if err == nil && figure.script != "" {
					_, err = conn.Exec(ctx, "DELETE FROM apps WHERE name LIKE 'new-%'")
				}
				return seen.rps, err
			}
		}
		figures, err := b.interleave(ctx, "requests/s", side{"ours", run(in.url, in.server.cmd.Process.Pid)}, side{"reference", run(referenceAt, other.cmd.Process.Pid)})
		if err != nil {
			return err
		}
		b.record(figure.name, compared("requests/s", figures["ours"], figures["reference"], "pgx behind net/http").atLeast(ofRatio, figure.goal).
			other("processor µs a request, ours", median(cost[in.url])).other("processor µs a request, reference", median(cost[referenceAt])))
	}
	return nil
}

// apiSides starts Slipway and its reference on one Postgres.
func (b *bench) apiSides(ctx context.Context) (*installation, *served, *pgx.Conn, error) {
	database, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(b.dir, "pg"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, nil, err
	}
	b.cleanup(func() error { return database.Stop(context.Background()) })
	in, err := b.install(ctx, "DATABASE_URL="+database.URL(), "SLIPWAY_ROUTER=off")
	if err != nil {
		return nil, nil, nil, err
	}
	conn, err := pgx.Connect(ctx, database.URL())
	if err != nil {
		return nil, nil, nil, err
	}
	if _, err := conn.Exec(ctx, seed); err != nil {
		return nil, nil, nil, err
	}
	if _, err := conn.Exec(ctx, "ANALYZE"); err != nil {
		return nil, nil, nil, err
	}
	// The server learns of apps that it did not make itself when it starts.
	if err := in.server.stop(); err != nil {
		return nil, nil, nil, err
	}
	if err := in.start(ctx); err != nil {
		return nil, nil, nil, err
	}
	at, err := freeAddresses(1)
	if err != nil {
		return nil, nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	_, port, err := net.SplitHostPort(in.router)
	if err != nil {
		return nil, nil, nil, err
	}
	cmd := exec.Command(self, referenceRole)
	cmd.Env = append(os.Environ(), referenceDatabase+"="+database.URL(), referenceListen+"="+at[0], referenceURL+"="+in.url, referenceAppPort+"="+port)
	p, err := b.start(cmd, "reference")
	if err != nil {
		return nil, nil, nil, err
	}
	other := &served{p, "http://" + at[0]}
	return in, other, conn, p.answers(ctx, other.url+"/readyz", "")
}

// served is a process and where it answers.
type served struct {
	*process
	url string
}

// sameAnswer makes sure that both sides do the same work: all that the
// reference answers is in Slipway's answer.
func sameAnswer(ctx context.Context, in *installation, referenceAt, path string) error {
	var ours, theirs any
	if err := in.call(ctx, http.MethodGet, path, nil, &ours); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, referenceAt+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+in.token)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	resp, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &theirs); err != nil {
		return fmt.Errorf("the reference answers %s: %.500s", resp.Status, raw)
	}
	if at := differs("", ours, theirs); at != "" {
		return fmt.Errorf("%s: the answers differ at %s", path, at)
	}
	return nil
}

// differs gives where ours has not what the reference has, "" for nowhere.
func differs(at string, ours, theirs any) string {
	switch theirs := theirs.(type) {
	case map[string]any:
		mine, _ := ours.(map[string]any)
		for key, value := range theirs {
			if where := differs(at+"."+key, mine[key], value); where != "" {
				return where
			}
		}
		return ""
	case []any:
		mine, _ := ours.([]any)
		if len(mine) != len(theirs) {
			return at
		}
		for i, value := range theirs {
			if where := differs(fmt.Sprint(at, "[", i, "]"), mine[i], value); where != "" {
				return where
			}
		}
		return ""
	}
	if reflect.DeepEqual(ours, theirs) {
		return ""
	}
	return fmt.Sprintf("%s: %v and %v", at, ours, theirs)
}
