package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// referenceRole is the argument that makes this program the API's reference:
// the same rows asked for in the same number of queries, by bare pgx behind
// net/http, without anything else that a server needs.
const referenceRole = "api-reference"

// Settings of the reference, in its environment.
const (
	referenceDatabase = "BENCH_DATABASE_URL"
	referenceListen   = "BENCH_LISTEN"
	referenceURL      = "BENCH_SLIPWAY_URL" // what Slipway says of itself in its answers
	referenceAppPort  = "BENCH_APP_PORT"
)

type reference struct {
	pool         *pgxpool.Pool
	url, appPort string
}

func serveReference() error {
	pool, err := pgxpool.New(context.Background(), os.Getenv(referenceDatabase))
	if err != nil {
		return err
	}
	defer pool.Close()
	r := &reference{pool, os.Getenv(referenceURL), os.Getenv(referenceAppPort)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/v1/apps/{app}", r.handle(r.getApp))
	mux.HandleFunc("GET /api/v1/apps", r.handle(r.listApps))
	mux.HandleFunc("POST /api/v1/apps", r.handle(r.createApp))
	server := &http.Server{Addr: os.Getenv(referenceListen), Handler: mux, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

// shownApp is what both sides answer.
type shownApp struct {
	ID             string           `json:"id"`
	Name           string           `json:"name"`
	URL            string           `json:"url"`
	URLs           []string         `json:"urls"`
	GitURL         string           `json:"git_url"`
	Status         string           `json:"status"`
	Branch         string           `json:"branch"`
	Builder        string           `json:"builder"`
	Dockerfile     string           `json:"dockerfile"`
	HealthPath     string           `json:"health_path"`
	Port           int              `json:"port"`
	MemoryMB       int              `json:"memory_mb"`
	CPUMilli       int              `json:"cpu_milli"`
	LiveRelease    *shownRelease    `json:"live_release,omitempty"`
	LastDeployment *shownDeployment `json:"last_deployment,omitempty"`
	Scale          map[string]int   `json:"scale"`
	WebhookURL     string           `json:"webhook_url"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	Revision       int64            `json:"revision"`
}

type shownRelease struct {
	Version     int       `json:"version"`
	Commit      string    `json:"commit"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
}

type shownDeployment struct {
	ID            string     `json:"id"`
	App           string     `json:"app"`
	Number        int        `json:"number"`
	Trigger       string     `json:"trigger"`
	State         string     `json:"state"`
	Reason        string     `json:"reason"`
	Commit        string     `json:"commit"`
	CommitMessage string     `json:"commit_message"`
	SourceRef     string     `json:"source_ref"`
	Image         string     `json:"image"`
	Release       int        `json:"release"`
	CreatedBy     string     `json:"created_by"`
	CreatedAt     time.Time  `json:"created_at"`
	StartedAt     *time.Time `json:"started_at,omitempty"`
	BuiltAt       *time.Time `json:"built_at,omitempty"`
	ReleasedAt    *time.Time `json:"released_at,omitempty"`
	FinishedAt    *time.Time `json:"finished_at,omitempty"`
}

type shownPage struct {
	Items      []*shownApp `json:"items"`
	NextCursor string      `json:"next_cursor"`
}

var errRefused = errors.New("refused")

// handle answers with JSON to those who have a token.
func (r *reference) handle(do func(*http.Request, string) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		user, err := r.user(req)
		status, answer := http.StatusInternalServerError, any(nil)
		if err == nil {
			status, answer, err = do(req, user)
		}
		switch {
		case errors.Is(err, errRefused):
			w.WriteHeader(http.StatusUnauthorized)
			return
		case errors.Is(err, pgx.ErrNoRows):
			w.WriteHeader(http.StatusNotFound)
			return
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// user finds the token's user.
func (r *reference) user(req *http.Request) (string, error) {
	secret, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", errRefused
	}
	hash := sha256.Sum256([]byte(secret))
	var id, user, email, role string
	var scopes []string
	var used, expires *time.Time
	err := r.pool.QueryRow(req.Context(), `SELECT tokens.id, user_id, scopes, last_used_at, expires_at, email, role
		FROM tokens JOIN users ON users.id = tokens.user_id WHERE secret_hash = $1`, hash[:]).
		Scan(&id, &user, &scopes, &used, &expires, &email, &role)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && expires != nil && expires.Before(time.Now()) {
		return "", errRefused
	}
	return user, err
}

const appColumns = `id, name, branch, builder, dockerfile, health_path, port, memory_mb, cpu_milli, scale, live_release, revision, created_at, updated_at`

func (r *reference) getApp(req *http.Request, _ string) (int, any, error) {
	apps, err := r.apps(req.Context(), "SELECT "+appColumns+" FROM apps WHERE name = $1", req.PathValue("app"))
	if err != nil {
		return 0, nil, err
	}
	if len(apps) == 0 {
		return 0, nil, pgx.ErrNoRows
	}
	return http.StatusOK, apps[0], nil
}

func (r *reference) listApps(req *http.Request, _ string) (int, any, error) {
	apps, err := r.apps(req.Context(), "SELECT "+appColumns+" FROM apps ORDER BY name LIMIT 51")
	if err != nil {
		return 0, nil, err
	}
	page := shownPage{Items: apps}
	if len(apps) > 50 {
		page.Items, page.NextCursor = apps[:50], apps[49].Name
	}
	return http.StatusOK, page, nil
}

func (r *reference) createApp(req *http.Request, user string) (int, any, error) {
	var wanted struct{ Name string }
	if err := json.NewDecoder(req.Body).Decode(&wanted); err != nil {
		return 0, nil, err
	}
	ctx, now := req.Context(), time.Now().UTC()
	app, event := randomID(), randomID()
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO apps (id, name, owner_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)", app, wanted.Name, user, now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO events (id, app_id, app_name, actor_id, actor, action, target, created_at) VALUES ($1, $2, $3, $4, '', 'app.create', $3, $5)",
			event, app, wanted.Name, user, now)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	apps, err := r.apps(ctx, "SELECT "+appColumns+" FROM apps WHERE name = $1", wanted.Name)
	if err != nil || len(apps) == 0 {
		return 0, nil, errors.Join(err, errors.New("it is gone"))
	}
	return http.StatusCreated, apps[0], nil
}

func randomID() string {
	var raw [13]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand aborts the program instead
	return hex.EncodeToString(raw[:])
}

// apps reads apps with their live releases, last deployments and domains: four
// queries, however many apps.
func (r *reference) apps(ctx context.Context, query string, args ...any) ([]*shownApp, error) {
	rows, err := r.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var all []*shownApp
	var ids []string
	by := map[string]*shownApp{}
	for rows.Next() {
		a := &shownApp{}
		var live int
		err := rows.Scan(&a.ID, &a.Name, &a.Branch, &a.Builder, &a.Dockerfile, &a.HealthPath, &a.Port, &a.MemoryMB, &a.CPUMilli, &a.Scale, &live, &a.Revision, &a.CreatedAt, &a.UpdatedAt)
		if err != nil {
			return nil, err
		}
		r.describe(a)
		all, ids, by[a.ID] = append(all, a), append(ids, a.ID), a
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var batch pgx.Batch
	for _, query := range []string{liveReleases, lastDeployments, domainsOf} {
		batch.Queue(query, ids)
	}
	answers := r.pool.SendBatch(ctx, &batch)
	for _, read := range []func(pgx.Rows, map[string]*shownApp) error{r.releases, r.deployments, r.domains} {
		rows, err := answers.Query()
		if err == nil {
			err = read(rows, by)
		}
		if err != nil {
			return nil, errors.Join(err, answers.Close())
		}
	}
	return all, answers.Close()
}

// What belongs to apps is asked for together, as Slipway does.
const (
	liveReleases = `SELECT releases.app_id, version, commit, description, releases.created_at, processes
		FROM releases JOIN apps ON apps.id = releases.app_id AND apps.live_release = releases.version WHERE apps.id = ANY($1)`
	lastDeployments = `SELECT app_id, deployments.id, number, trigger, state, reason, commit, commit_message, source_ref, image_ref, release, created_by,
			deployments.created_at, started_at, built_at, released_at, finished_at
		FROM deployments JOIN apps ON apps.id = deployments.app_id AND apps.deployment_seq = deployments.number WHERE apps.id = ANY($1)`
	domainsOf = "SELECT app_id, host FROM domains WHERE app_id = ANY($1) ORDER BY host"
)

func (r *reference) describe(a *shownApp) {
	a.URL = "http://" + a.Name + ".localhost:" + r.appPort
	a.URLs = []string{a.URL}
	a.GitURL, a.WebhookURL = r.url+"/"+a.Name+".git", r.url+"/webhooks/github/"+a.Name
	a.Status = "new"
	if _, ok := a.Scale["web"]; !ok {
		a.Scale["web"] = 1
	}
}

func (r *reference) releases(rows pgx.Rows, by map[string]*shownApp) error {
	for rows.Next() {
		var app string
		var live shownRelease
		var processes []struct{ Name string }
		if err := rows.Scan(&app, &live.Version, &live.Commit, &live.Description, &live.CreatedAt, &processes); err != nil {
			return err
		}
		a := by[app]
		a.LiveRelease, a.Status = &live, "live"
		wanted := 0
		for _, process := range processes {
			wanted += a.Scale[process.Name]
		}
		if wanted == 0 {
			a.Status = "stopped"
		}
	}
	return rows.Err()
}

func (r *reference) deployments(rows pgx.Rows, by map[string]*shownApp) error {
	for rows.Next() {
		var app string
		d := &shownDeployment{}
		err := rows.Scan(&app, &d.ID, &d.Number, &d.Trigger, &d.State, &d.Reason, &d.Commit, &d.CommitMessage, &d.SourceRef, &d.Image, &d.Release, &d.CreatedBy,
			&d.CreatedAt, &d.StartedAt, &d.BuiltAt, &d.ReleasedAt, &d.FinishedAt)
		if err != nil {
			return err
		}
		d.App = by[app].Name
		by[app].LastDeployment = d
	}
	return rows.Err()
}

func (r *reference) domains(rows pgx.Rows, by map[string]*shownApp) error {
	for rows.Next() {
		var app, host string
		if err := rows.Scan(&app, &host); err != nil {
			return err
		}
		by[app].URLs = append(by[app].URLs, "http://"+host+":"+r.appPort)
	}
	return rows.Err()
}
