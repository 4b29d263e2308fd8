package space

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
)

// shed is an engine that keeps images and build cache, and nothing else.
type shed struct {
	deployer.Cluster

	mu     sync.Mutex
	images map[string]deployer.StoredImage // by reference or, without one, by ID
	cache  []builder.CacheRecord
}

var _ deployer.Images = (*shed)(nil)

func (s *shed) Stock(context.Context) (stock deployer.Stock, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, image := range s.images {
		stock.Images = append(stock.Images, image)
	}
	stock.Volumes = []deployer.StoredVolume{{App: models.NewID(), Name: "data", Bytes: 5000}}
	return stock, nil
}

func (s *shed) RemoveUnnamed(_ context.Context, id string) error {
	return s.RemoveImages(context.Background(), []string{id})
}

func (s *shed) ImageReferences(context.Context, string) ([]string, error) { return nil, nil }

func (s *shed) RemoveUnnamedOf(context.Context, string) error { return nil }

func (s *shed) RemoveImages(_ context.Context, names []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.images, name)
	}
	return nil
}

func (s *shed) Records(context.Context) ([]builder.CacheRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.cache), nil
}

func (s *shed) Discard(_ context.Context, ids []string) (freed int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache = slices.DeleteFunc(s.cache, func(r builder.CacheRecord) bool {
		if !slices.Contains(ids, r.ID) {
			return false
		}
		freed += r.Bytes
		return true
	})
	return freed, nil
}

// keeping is what the service wants of the pipeline.
type keeping struct {
	store.Keeping
	dir string
}

func (k keeping) DropSources(ids []string) {
	for _, id := range ids {
		_ = os.Remove(filepath.Join(k.dir, "sources", id+".tar")) // gone is gone
	}
}

func (k keeping) forget(id string) error {
	return os.RemoveAll(filepath.Join(k.dir, "repositories", id+".git"))
}

// Keeping implements Sources.
func (k keeping) keep() store.Keeping { return k.Keeping }

type sources struct{ keeping }

func (s sources) Keeping() store.Keeping { return s.keep() }

func (s sources) Forget(_ context.Context, id string) error { return s.forget(id) }

type yard struct {
	*Service
	t     *testing.T
	shed  *shed
	dir   string
	owner models.Actor
	app   *models.App
}

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, shed: &shed{images: map[string]deployer.StoredImage{}}, dir: t.TempDir()}
	rows, err := store.Open(t.Context(), pgtest.New(t, migrations.Apply), 4)
	y.ok(err)
	t.Cleanup(rows.Close)
	lines, err := logs.Open(filepath.Join(y.dir, "logs"), logs.Options{}, slog.New(slog.DiscardHandler))
	y.ok(err)
	t.Cleanup(func() { y.ok(lines.Close()) })
	user := &models.User{Email: "owner@example.com", PasswordHash: "x", Role: models.RoleOwner}
	y.ok(rows.CreateUser(t.Context(), user))
	y.owner = models.Actor{UserID: user.ID, Email: user.Email, Role: user.Role}
	y.app = &models.App{Name: "hello", OwnerID: user.ID}
	y.ok(rows.CreateApp(t.Context(), y.app))
	kept := sources{keeping{store.Keeping{Releases: 2, Sources: 2}, y.dir}}
	y.Service = New(Deps{
		Store: rows, Cluster: y.shed, Cache: y.shed, Logs: lines, Sources: kept, Remains: kept, Hub: live.NewHub(0),
		Logger: slog.New(slog.DiscardHandler), Settings: Settings{DataDir: y.dir, Installation: "test", CacheBytes: 1000},
	})
	return y
}

func (y *yard) ok(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) exec(sql string, args ...any) {
	y.t.Helper()
	_, err := y.Store.Pool().Exec(y.t.Context(), sql, args...)
	y.ok(err)
}

// image gives the engine an image of an hour and more ago.
func (y *yard) image(ref, app string) {
	y.shed.images[ref] = deployer.StoredImage{ID: "sha256:" + ref, References: []string{ref}, App: app, Bytes: 100, CreatedAt: time.Now().Add(-2 * time.Hour)}
}

// file makes a file of one block and so old.
func (y *yard) file(age time.Duration, path ...string) string {
	y.t.Helper()
	full := filepath.Join(append([]string{y.dir}, path...)...)
	y.ok(os.MkdirAll(filepath.Dir(full), 0o755))
	y.ok(os.WriteFile(full, make([]byte, 4096), 0o600))
	at := time.Now().Add(-age)
	y.ok(os.Chtimes(full, at, at))
	y.ok(os.Chtimes(filepath.Dir(full), at, at))
	return full
}

// release makes a release by a deployment with a source and an image.
func (y *yard) release(version int) (ref, source string) {
	y.t.Helper()
	deployment, build, source := models.NewID(), models.NewID(), models.NewID()
	ref = "test/hello:" + deployment
	at := time.Now().UTC().Add(time.Duration(version-100) * time.Hour)
	y.exec(`INSERT INTO deployments (id, app_id, number, trigger, state, source_id, release, created_by, created_at, finished_at)
		VALUES ($1, $2, $3, 'push', 'succeeded', $4, $3, 'ann', $5, $5)`, deployment, y.app.ID, version, source, at)
	y.exec(`INSERT INTO builds (id, app_id, deployment_id, source_id, state, created_at, started_at, finished_at) VALUES ($1, $2, $3, $4, 'succeeded', $5, $5, $5)`,
		build, y.app.ID, deployment, source, at)
	y.exec(`INSERT INTO releases (id, app_id, version, deployment_id, build_id, image, digest, config, processes, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', '', '[]', 'ann', $7)`, models.NewID(), y.app.ID, version, deployment, build, ref, at)
	y.image(ref, y.app.ID)
	y.file(time.Hour, "sources", source+".tar")
	return ref, source
}

func (y *yard) has(path ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{y.dir}, path...)...))
	return err == nil
}

// TestCollect: what a kept release needs stays, whatever its age; what nothing
// needs goes; what is not ours is never touched; and a dry run says it all first.
func TestCollect(t *testing.T) {
	y := newYard(t)
	refs, snapshots := map[int]string{}, map[int]string{}
	for version := 1; version <= 8; version++ {
		refs[version], snapshots[version] = y.release(version)
	}
	// v3 is live, by a rollback; v5 is warm; #9 is building.
	y.exec(`UPDATE apps SET live_release = 3, warm_release = 5 WHERE id = $1`, y.app.ID)
	y.exec(`UPDATE deployments SET release = 3 WHERE number = 8`)
	open := models.NewID()
	y.exec(`INSERT INTO deployments (id, app_id, number, trigger, state, created_by, created_at) VALUES ($1, $2, 9, 'push', 'building', 'ann', now())`, open, y.app.ID)
	y.image("test/hello:"+open, y.app.ID)

	gone := models.NewID()
	y.image("test/gone:"+models.NewID(), gone)
	left := "test/gone:" + models.NewID()
	y.image(left, gone)
	for _, foreign := range []string{"test/hello:latest", "other/hello:" + models.NewID(), "testing/hello:" + models.NewID()} {
		y.image(foreign, y.app.ID)
	}
	used := "test/hello:" + models.NewID()
	y.image(used, y.app.ID)
	inUse := y.shed.images[used]
	inUse.InUse = true
	y.shed.images[used] = inUse
	y.shed.images["sha256:nameless"] = deployer.StoredImage{ID: "sha256:nameless", Bytes: 7, CreatedAt: time.Now().Add(-2 * time.Hour)}

	y.file(2*time.Hour, "repositories", gone+".git", "HEAD")
	y.file(2*time.Hour, "repositories", y.app.ID+".git", "HEAD")
	never, fresh := models.NewID(), models.NewID()
	y.file(25*time.Hour, "sources", never+".tar")
	y.file(time.Hour, "sources", fresh+".tar")

	member := models.Actor{UserID: y.owner.UserID, Email: "m@example.com", Role: models.RoleMember}
	if _, err := y.Collect(t.Context(), member, Wanted{}); models.KindOf(err) != models.KindForbidden {
		t.Errorf("a member may collect: %v", err)
	}
	before := len(y.shed.images)
	dry, err := y.Collect(t.Context(), y.owner, Wanted{DryRun: true})
	y.ok(err)
	if len(y.shed.images) != before || !y.has("repositories", gone+".git") || !y.has("sources", never+".tar") {
		t.Fatal("a dry run removed something")
	}
	done, err := y.Collect(t.Context(), y.owner, Wanted{})
	y.ok(err)
	names := func(c *Collection) (all []string) {
		for _, item := range c.Items {
			all = append(all, string(item.Kind)+" "+item.Name)
		}
		slices.Sort(all)
		return all
	}
	if !slices.Equal(names(dry), names(done)) || dry.Bytes != done.Bytes || len(done.Failures) > 0 {
		t.Errorf("it would remove %v, and removed %v; %v", names(dry), names(done), done.Failures)
	}
	for version, stays := range map[int]bool{1: false, 2: false, 3: true, 4: false, 5: true, 6: false, 7: true, 8: true} {
		if _, there := y.shed.images[refs[version]]; there != stays {
			t.Errorf("the image of v%d is there: %t", version, there)
		}
	}
	for version, stays := range map[int]bool{1: false, 2: false, 3: true, 4: false, 5: true, 8: true} {
		if there := y.has("sources", snapshots[version]+".tar"); there != stays {
			t.Errorf("the source of v%d is there: %t", version, there)
		}
	}
	for ref, stays := range map[string]bool{"test/hello:" + open: true, left: false, "test/hello:latest": true, used: true, "sha256:nameless": false} {
		if _, there := y.shed.images[ref]; there != stays {
			t.Errorf("%s is there: %t", ref, there)
		}
	}
	foreign := 0
	for ref := range y.shed.images {
		if strings.HasPrefix(ref, "other/") || strings.HasPrefix(ref, "testing/") {
			foreign++
		}
	}
	if foreign != 2 {
		t.Error("images of others went")
	}
	if y.has("repositories", gone+".git") || !y.has("repositories", y.app.ID+".git") || y.has("sources", never+".tar") || !y.has("sources", fresh+".tar") {
		t.Error("the wrong files went")
	}
	events, _, err := y.Store.Events(t.Context(), y.owner, nil, store.Page{Limit: 10}, store.EventFilter{Action: "space.collect"})
	y.ok(err)
	if len(events) != 1 || events[0].Actor != y.owner.Email || events[0].Detail["images"] == "" {
		t.Errorf("told as %+v", events)
	}
	again, err := y.Collect(t.Context(), y.owner, Wanted{})
	y.ok(err)
	if len(again.Items) != 0 {
		t.Errorf("a second collection removes %v", names(again))
	}
	r, err := y.Report(t.Context(), y.owner)
	y.ok(err)
	if len(r.Uses) != len(Kinds()) || r.Last == nil || len(r.Unknown) > 0 || r.Disks[0].Total == 0 {
		t.Errorf("reported as %+v", r)
	}
	for _, use := range r.Uses {
		if use.Policy != 0 || (use.Kind == KindVolumes || use.Kind == KindDatabase) && (use.Bytes == 0 || use.Harder != 0) {
			t.Errorf("%+v", use)
		}
	}
}

// cached gives the engine records that a build of ours made, and one of others.
func (y *yard) cached() {
	_, _ = y.release(1)
	began := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	y.exec(`UPDATE builds SET started_at = $1, finished_at = $2`, began, began.Add(time.Minute))
	for i := range 4 {
		at := began.Add(time.Duration(i) * time.Second)
		y.shed.cache = append(y.shed.cache, builder.CacheRecord{ID: fmt.Sprintf("ours%d", i), Bytes: 400, CreatedAt: at, UsedAt: at, InUse: i == 0})
	}
	y.shed.cache = append(y.shed.cache, builder.CacheRecord{ID: "theirs", Bytes: 9000, CreatedAt: began.Add(-time.Hour), UsedAt: began.Add(-time.Hour)})
}

func (y *yard) records() (ids []string) {
	for _, r := range y.shed.cache {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestBuildCache: over its bound what was used longest ago goes; what others
// made never does, nor what is in use; and what was ours is known after its
// build is forgotten.
func TestBuildCache(t *testing.T) {
	y := newYard(t)
	y.cached()
	_, err := y.Report(t.Context(), y.owner) // sees whose they are
	y.ok(err)
	y.exec(`DELETE FROM builds`)
	y.Service.cache = newOwnCache(y.dir) // a new process
	_, err = y.Collect(t.Context(), y.owner, Wanted{})
	y.ok(err)
	if got := y.records(); !slices.Equal(got, []string{"ours0", "ours3", "theirs"}) && !slices.Equal(got, []string{"ours0", "ours2", "ours3", "theirs"}) {
		t.Errorf("left are %v", got)
	}
	_, err = y.Collect(t.Context(), y.owner, Wanted{Harder: true})
	y.ok(err)
	if got := y.records(); !slices.Equal(got, []string{"ours0", "theirs"}) {
		t.Errorf("left are %v", got)
	}
}

// TestRelieve: above the watermark more goes, step by step, and no more than is
// needed; a full disk is named to those who want room.
func TestRelieve(t *testing.T) {
	y := newYard(t)
	y.cached()
	_, source := y.release(2)
	_, live := y.release(3)
	y.exec(`UPDATE apps SET live_release = 3 WHERE id = $1`, y.app.ID)
	used := 99.0
	y.disk = func(path string) (Disk, error) {
		if used == 99 && len(y.shed.cache) > 2 || used == 98 && y.has("sources", source+".tar") {
			return Disk{Path: path, Total: 1 << 40, Free: 1 << 20, UsedPercent: used}, nil
		}
		return Disk{Path: path, Total: 1 << 40, Free: 1 << 39, UsedPercent: 50}, nil
	}
	y.ok(y.Room(t.Context()))
	if got := y.records(); len(got) != 2 {
		t.Errorf("of the cache there is left %v", got)
	}
	if !y.has("sources", source+".tar") {
		t.Error("it went on when there was room")
	}
	used, y.relieved = 98, time.Time{}
	y.ok(y.Room(t.Context()))
	if y.has("sources", source+".tar") || !y.has("sources", live+".tar") {
		t.Error("the wrong sources went")
	}
	events, _, err := y.Store.Events(t.Context(), y.owner, nil, store.Page{Limit: 10}, store.EventFilter{Action: "space.collect"})
	y.ok(err)
	if len(events) != 2 || events[0].Actor != "slipway" || events[0].Detail["cause"] != "the disk is full" {
		t.Errorf("told as %+v", events)
	}
	y.disk = func(path string) (Disk, error) {
		return Disk{Path: path, Total: 1 << 40, Free: 1 << 20, UsedPercent: 99.9}, nil
	}
	err = y.Room(t.Context())
	if models.KindOf(err) != models.KindUnavailable || !strings.Contains(models.SafeMessage(err), "1.0 MB are free") {
		t.Errorf("it says %v", err)
	}
}
