package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// release is one that a deployment might make.
func release(d *models.Deployment) *models.Release {
	return &models.Release{
		AppID: d.AppID, DeploymentID: d.ID, Image: "image:" + d.ID, Digest: "sha256:x", Config: []byte{1, 2}, ConfigNames: []string{"A"},
		Processes: []models.Process{{Name: "web", Port: 8080, Command: []string{"run", "it"}}}, CreatedBy: "test",
	}
}

// succeed ends the app's next deployment with a release that is live then.
func (w *world) succeed(t *testing.T, app *models.App, version int) {
	t.Helper()
	d := w.claim(t, app, lease)
	must(t, w.Transact(t.Context(), func(tx *store.Store) error {
		if version == 0 {
			made := release(d)
			if err := tx.AddRelease(t.Context(), made); err != nil {
				return err
			}
			version = made.Version
		}
		now := time.Now().UTC()
		d.State, d.FinishedAt, d.Release = models.DeploymentSucceeded, &now, version
		if err := tx.UpdateDeployment(t.Context(), d); err != nil {
			return err
		}
		return tx.SetLive(t.Context(), app.ID, version)
	}))
	fresh, err := w.AppByID(t.Context(), w.system, app.ID)
	must(t, err)
	*app = *fresh
}

func TestReleases(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for range 5 {
		w.deployment(t, w.annApp, models.TriggerPush)
		w.succeed(t, w.annApp, 0)
	}
	w.deployment(t, w.bobApp, models.TriggerPush)
	w.succeed(t, w.bobApp, 0)

	version := func(r models.Release) string { return fmt.Sprint(r.Version) }
	for _, limit := range []int{1, 2, 5, 0} {
		var got []models.Release
		for cursor := ""; ; {
			rows, next, err := w.Releases(ctx, w.annApp, store.Page{Limit: limit, Cursor: cursor})
			must(t, err)
			got = append(got, rows...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if ids(got, version) != "5 4 3 2 1" {
			t.Errorf("by %d: %s", limit, ids(got, version))
		}
	}
	r, err := w.Release(ctx, w.annApp.ID, 3)
	must(t, err)
	if r.Version != 3 || r.Processes[0].Command[1] != "it" || r.ConfigNames[0] != "A" || len(r.Config) != 2 {
		t.Errorf("%+v", r)
	}
	_, err = w.Release(ctx, w.bobApp.ID, 3)
	wantKind(t, err, models.KindNotFound)
	for _, cursor := range []string{"x", "1x", "99999999999999999999", "3000000000"} {
		_, _, err = w.Releases(ctx, w.annApp, store.Page{Cursor: cursor})
		wantKind(t, err, models.KindInvalid)
	}
	live, err := w.LiveReleases(ctx, []models.App{*w.annApp, *w.bobApp})
	must(t, err)
	if len(live) != 2 || live[w.annApp.ID].Version != 5 || live[w.bobApp.ID].Version != 1 {
		t.Errorf("%v", live)
	}
	glance, err := w.Glance(ctx, []models.App{*w.annApp, *w.bobApp})
	must(t, err)
	last, err := w.LastDeployments(ctx, []models.App{*w.annApp, *w.bobApp})
	must(t, err)
	if len(glance.Live) != 2 || len(glance.Last) != 2 || len(last) != 2 {
		t.Fatalf("at a glance: %+v, one by one: %+v and %+v", glance, live, last)
	}
	for id, whole := range live {
		got, want := glance.Live[id], models.Release{
			ID: whole.ID, AppID: whole.AppID, Version: whole.Version, ClusterID: whole.ClusterID, Processes: whole.Processes,
			Description: whole.Description, Commit: whole.Commit, CreatedAt: whole.CreatedAt,
		}
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("at a glance: %+v, whole: %+v", got, whole)
		}
	}
	for id, whole := range last {
		whole.SourceID, whole.Fence, whole.LeaseUntil, whole.Holder = "", 0, nil, ""
		if got := glance.Last[id]; !reflect.DeepEqual(got, &whole) {
			t.Errorf("at a glance: %+v, whole: %+v", got, whole)
		}
	}
	// Read directly and through GORM it is the same.
	again, err := w.Release(ctx, w.annApp.ID, 5)
	must(t, err)
	if got := live[w.annApp.ID]; !reflect.DeepEqual(&got, again) {
		t.Errorf("%+v, through GORM %+v", got, again)
	}
	if live, err = w.LiveReleases(ctx, nil); err != nil || len(live) != 0 {
		t.Errorf("of none: %v, %v", live, err)
	}
}

// A step that is gone through again makes no second release, however often and
// at once.
func TestAddReleaseAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.deployment(t, w.annApp, models.TriggerPush)
	d := w.claim(t, w.annApp, lease)
	for range 3 {
		r := release(d)
		must(t, w.Transact(ctx, func(tx *store.Store) error { return tx.AddRelease(ctx, r) }))
		if r.Version != 1 || r.ID == "" {
			t.Errorf("%+v", r)
		}
	}
	app, err := w.AppByID(ctx, w.system, w.annApp.ID)
	must(t, err)
	if app.ReleaseSeq != 1 {
		t.Errorf("%d versions were given out", app.ReleaseSeq)
	}
	// One that was rolled back leaves no hole.
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		if _, err := tx.LockApp(ctx, w.system, app.ID); err != nil {
			return err
		}
		other := release(d)
		other.DeploymentID = "other"
		return tx.AddRelease(ctx, other)
	}))
	if r, err := w.Release(ctx, app.ID, 2); err != nil || r.DeploymentID != "other" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPreviousRelease(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	previous := func(want int) {
		t.Helper()
		if got, err := w.PreviousRelease(ctx, w.annApp); err != nil || got != want {
			t.Errorf("before v%d it was v%d, %v, instead of v%d", w.annApp.LiveRelease, got, err, want)
		}
	}
	previous(0)
	w.deployment(t, w.annApp, models.TriggerPush)
	w.succeed(t, w.annApp, 0)
	previous(0)
	w.deployment(t, w.annApp, models.TriggerPush)
	w.succeed(t, w.annApp, 0)
	previous(1)
	// One that failed was never live.
	w.deployment(t, w.annApp, models.TriggerPush)
	failed := w.claim(t, w.annApp, lease)
	now := time.Now().UTC()
	failed.State, failed.FinishedAt, failed.Release = models.DeploymentFailed, &now, 3
	must(t, w.UpdateDeployment(ctx, failed))
	previous(1)
	// Back and forth.
	w.deployment(t, w.annApp, models.TriggerRollback)
	w.succeed(t, w.annApp, 1)
	previous(2)
	w.deployment(t, w.annApp, models.TriggerRollback)
	w.succeed(t, w.annApp, 2)
	previous(1)
}

func TestBuilds(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	d := w.deployment(t, w.annApp, models.TriggerPush)
	if build, err := w.BuildOf(ctx, d.ID); build != nil || err != nil {
		t.Errorf("%v, %v", build, err)
	}
	start := func(d *models.Deployment) (*models.Build, error) {
		build := &models.Build{AppID: d.AppID, DeploymentID: d.ID, SourceID: "source"}
		return build, w.Transact(ctx, func(tx *store.Store) error {
			first, err := tx.StartBuild(ctx, d, build, 1)
			if first != 0 {
				t.Errorf("it waits for %d others", first)
			}
			return err
		})
	}
	if _, err := start(d); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("a build of a deployment that nobody holds: %v", err)
	}
	first := w.claim(t, w.annApp, -time.Second)
	build, err := start(first)
	must(t, err)
	build.State, build.Error, build.Builder = models.BuildCancelled, "the server stopped", "static"
	must(t, w.FinishBuild(ctx, first, build))

	// Another worker begins anew, in the same row.
	heir := w.claim(t, w.annApp, lease)
	again, err := start(heir)
	must(t, err)
	got, err := w.BuildOf(ctx, d.ID)
	must(t, err)
	if again.ID != build.ID || got.ID != build.ID || got.State != models.BuildRunning || got.FinishedAt != nil || got.Error != "" || got.SourceID != "source" {
		t.Errorf("begun anew: %+v", got)
	}
	// The first one comes late, and changes nothing.
	if _, err := start(first); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	if err := w.FinishBuild(ctx, first, build); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	again.State, again.Image, again.Digest, again.Processes = models.BuildSucceeded, "image", "sha256:x", []models.Process{{Name: "web"}}
	must(t, w.FinishBuild(ctx, heir, again))
	if err := w.FinishBuild(ctx, first, build); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	got, err = w.BuildOf(ctx, d.ID)
	must(t, err)
	if got.State != models.BuildSucceeded || got.Image != "image" || got.FinishedAt == nil || got.Processes[0].Name != "web" {
		t.Errorf("%+v", got)
	}
	for id, want := range map[*string]string{nil: "", &build.ID: d.ID} {
		if of, err := w.DeploymentOfBuild(ctx, id); err != nil || of != want {
			t.Errorf("%q, %v", of, err)
		}
	}
	if builds, err := w.BuildsOf(ctx, nil); err != nil || len(builds) != 0 {
		t.Errorf("of none: %v, %v", builds, err)
	}
}

// The writes of many workers of one app, each of which believes it is the one.
func TestWorkersAtOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	const deployments = 10
	for range deployments {
		w.deployment(t, w.annApp, models.TriggerConfig)
	}
	var mu sync.Mutex
	ended := map[string]int{}
	var done sync.WaitGroup
	for i := range 6 {
		done.Go(func() {
			for {
				d, err := w.ClaimDeployment(ctx, w.annApp.ID, fmt.Sprint("worker", i), 5*time.Millisecond) // so short that it is often lost
				if err != nil {
					t.Error(err)
					return
				}
				if d == nil {
					open, err := w.OpenDeployments(ctx, w.annApp.ID)
					if err != nil || len(open) == 0 {
						return
					}
					continue
				}
				now := time.Now().UTC()
				r := release(d)
				err = w.Transact(ctx, func(tx *store.Store) error {
					if _, err := tx.LockApp(ctx, w.system, d.AppID); err != nil {
						return err
					}
					if err := tx.AddRelease(ctx, r); err != nil {
						return err
					}
					d.State, d.Release, d.FinishedAt = models.DeploymentSucceeded, r.Version, &now
					if err := tx.UpdateDeployment(ctx, d); err != nil {
						return err
					}
					return tx.SetLive(ctx, d.AppID, r.Version)
				})
				switch {
				case err == nil:
					mu.Lock()
					ended[d.ID]++
					mu.Unlock()
				case !errors.Is(err, store.ErrLeaseLost):
					t.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	if len(ended) != deployments {
		t.Errorf("%d of %d ended", len(ended), deployments)
	}
	for id, times := range ended {
		if times != 1 {
			t.Errorf("%s ended %d times", id, times)
		}
	}
	app, err := w.AppByID(ctx, w.system, w.annApp.ID)
	must(t, err)
	if app.LiveRelease != deployments || app.ReleaseSeq != deployments {
		t.Errorf("live is v%d of %d", app.LiveRelease, app.ReleaseSeq)
	}
}
