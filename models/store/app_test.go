package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func appName(a models.App) string { return a.Name }

func TestApps(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if w.annApp.ID == "" || w.annApp.Revision != 1 || w.annApp.CreatedAt.IsZero() {
		t.Errorf("%+v", w.annApp)
	}
	// Names are one space for all.
	wantKind(t, w.CreateApp(ctx, &models.App{Name: "ann-app", OwnerID: w.bob.UserID}), models.KindConflict)
	wantKind(t, w.CreateApp(ctx, &models.App{Name: "orphan", OwnerID: "nobody"}), models.KindConflict)

	for _, c := range []struct {
		who  string
		as   models.Actor
		sees string
	}{
		{"ann", w.ann, "ann-app"},
		{"bob", w.bob, "bob-app"},
		{"owner", w.owner, "ann-app bob-app"},
		{"slipway", w.system, "ann-app bob-app"},
		{"nobody", models.Actor{}, ""},
	} {
		list, next, err := w.Apps(ctx, c.as, store.Page{})
		must(t, err)
		if got := ids(list, appName); got != c.sees || next != "" || list == nil {
			t.Errorf("%s sees %q, then %q", c.who, got, next)
		}
		for _, app := range []*models.App{w.annApp, w.bobApp} {
			byName, err := w.AppByName(ctx, c.as, app.Name)
			byID, err2 := w.AppByID(ctx, c.as, app.ID)
			lockErr := w.Transact(ctx, func(tx *store.Store) error { return second(tx.LockApp(ctx, c.as, app.ID)) })
			names, err3 := w.AppNames(ctx, c.as, []string{app.ID})
			must(t, err3)
			if sees := bytes.Contains([]byte(c.sees), []byte(app.Name)); sees {
				must(t, err)
				must(t, err2)
				must(t, lockErr)
				if byName.ID != app.ID || byID.Name != app.Name || names[app.ID] != app.Name {
					t.Errorf("%s gets %+v, %+v, %v", c.who, byName, byID, names)
				}
			} else {
				wantKind(t, err, models.KindNotFound)
				wantKind(t, err2, models.KindNotFound)
				wantKind(t, lockErr, models.KindNotFound)
				if len(names) != 0 {
					t.Errorf("%s is told the name of %v", c.who, names)
				}
			}
		}
	}
	all, err := w.AllApps(ctx)
	must(t, err)
	if ids(all, appName) != "ann-app bob-app" {
		t.Errorf("all: %v", all)
	}
}

func TestAppsByPage(t *testing.T) {
	w := open(t)
	for i := range 25 {
		w.app(t, fmt.Sprintf("many-%02d", i), w.ann)
	}
	for _, limit := range []int{1, 7, 26, 27, 0, -1, 1000} {
		var got []models.App
		for cursor := ""; ; {
			list, next, err := w.Apps(t.Context(), w.ann, store.Page{Limit: limit, Cursor: cursor})
			must(t, err)
			if limit > 0 && len(list) > limit {
				t.Fatalf("%d apps on a page of %d", len(list), limit)
			}
			got = append(got, list...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(got) != 26 || got[0].Name != "ann-app" || got[25].Name != "many-24" {
			t.Errorf("by %d: %s", limit, ids(got, appName))
		}
	}
}

func TestSaveApp(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	// Edits of one app are put in order: none is lost.
	const edits = 20
	var done sync.WaitGroup
	for range edits {
		done.Go(func() {
			err := w.Transact(ctx, func(tx *store.Store) error {
				app, err := tx.LockApp(ctx, w.ann, w.annApp.ID)
				if err != nil {
					return err
				}
				app.MemoryMB++
				if app.Scale == nil {
					app.Scale = map[string]int{}
				}
				app.Scale["web"]++
				return tx.SaveApp(ctx, app)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	app, err := w.AppByID(ctx, w.ann, w.annApp.ID)
	must(t, err)
	if app.MemoryMB != edits || app.Revision != edits+1 || app.Scale["web"] != edits || !app.UpdatedAt.After(app.CreatedAt) {
		t.Errorf("%+v", app)
	}
	must(t, w.SetLive(ctx, app.ID, 7))
	if app, err = w.AppByID(ctx, w.ann, app.ID); err != nil || app.LiveRelease != 7 || app.MemoryMB != edits {
		t.Errorf("%+v, %v", app, err)
	}
}

func TestSetBranch(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	// Of two first pushes at once one decides, and both hear what.
	var done sync.WaitGroup
	got := make([]string, 8)
	for i := range got {
		done.Go(func() {
			var err error
			if got[i], err = w.SetBranch(ctx, w.annApp.ID, fmt.Sprintf("branch-%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	for _, branch := range got {
		if branch == "" || branch != got[0] {
			t.Fatalf("they heard %v", got)
		}
	}
	_, err := w.SetBranch(ctx, "gone", "main")
	wantKind(t, err, models.KindNotFound)
}

func TestDomains(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, host := range []string{"b.example.com", "a.example.com"} {
		must(t, w.AddDomain(ctx, &models.Domain{AppID: w.annApp.ID, Host: host}))
	}
	must(t, w.AddDomain(ctx, &models.Domain{AppID: w.bobApp.ID, Host: "c.example.com"}))
	wantKind(t, w.AddDomain(ctx, &models.Domain{AppID: w.bobApp.ID, Host: "a.example.com"}), models.KindConflict)
	wantKind(t, w.RemoveDomain(ctx, w.bobApp, "a.example.com"), models.KindNotFound)

	host := func(d models.Domain) string { return d.Host }
	list, err := w.Domains(ctx, w.annApp)
	must(t, err)
	all, err := w.AllDomains(ctx)
	must(t, err)
	of, err := w.DomainsOf(ctx, []models.App{*w.annApp, *w.bobApp})
	must(t, err)
	if ids(list, host) != "a.example.com b.example.com" || ids(all, host) != "a.example.com b.example.com c.example.com" ||
		ids(of[w.annApp.ID], host) != ids(list, host) || ids(of[w.bobApp.ID], host) != "c.example.com" {
		t.Errorf("%v, %v, %v", list, all, of)
	}
	if of, err := w.DomainsOf(ctx, nil); err != nil || len(of) != 0 {
		t.Errorf("of none: %v, %v", of, err)
	}
	must(t, w.RemoveDomain(ctx, w.annApp, "a.example.com"))
	must(t, w.AddDomain(ctx, &models.Domain{AppID: w.bobApp.ID, Host: "a.example.com"}))
}

func TestConfigVars(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, v := range []models.ConfigVar{
		{AppID: w.annApp.ID, Key: "B", Value: []byte{0, 1, 255}},
		{AppID: w.annApp.ID, Key: "A", Value: []byte("old")},
		{AppID: w.bobApp.ID, Key: "A", Value: []byte("bob's")},
		{AppID: w.annApp.ID, Key: "A", Value: []byte("new")},
	} {
		must(t, w.SetConfigVar(ctx, v))
	}
	vars, err := w.ConfigVars(ctx, w.annApp.ID)
	must(t, err)
	if len(vars) != 2 || vars[0].Key != "A" || string(vars[0].Value) != "new" || !bytes.Equal(vars[1].Value, []byte{0, 1, 255}) {
		t.Errorf("%v", vars)
	}
	must(t, w.UnsetConfigVar(ctx, w.annApp.ID, "A"))
	must(t, w.UnsetConfigVar(ctx, w.annApp.ID, "A"))
	if vars, err = w.ConfigVars(ctx, w.annApp.ID); err != nil || len(vars) != 1 {
		t.Errorf("%v, %v", vars, err)
	}
	if vars, err = w.ConfigVars(ctx, w.bobApp.ID); err != nil || len(vars) != 1 || string(vars[0].Value) != "bob's" {
		t.Errorf("%v, %v", vars, err)
	}
}

func TestDeleteApp(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	must(t, w.AddDomain(ctx, &models.Domain{AppID: w.annApp.ID, Host: "a.example.com"}))
	must(t, w.SetConfigVar(ctx, models.ConfigVar{AppID: w.annApp.ID, Key: "A", Value: []byte("x")}))
	d := w.deployment(t, w.annApp, models.TriggerPush)
	must(t, w.AddDelivery(ctx, w.annApp.ID, "delivery", d.ID))
	claimed := w.claim(t, w.annApp, lease)
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		_, err := tx.StartBuild(ctx, claimed, &models.Build{AppID: d.AppID, DeploymentID: d.ID}, 1)
		return err
	}))
	must(t, w.Transact(ctx, func(tx *store.Store) error {
		return tx.AddRelease(ctx, release(d))
	}))
	must(t, w.AddEvent(ctx, store.EventFor(w.ann, w.annApp, "app.destroy", "ann-app")))

	must(t, w.DeleteApp(ctx, w.annApp.ID))
	for _, table := range []string{"domains", "config_vars", "deployments", "builds", "releases", "webhook_deliveries", "app_leases"} {
		var left int
		must(t, w.Pool().QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE app_id = $1", w.annApp.ID).Scan(&left))
		if left != 0 {
			t.Errorf("%d rows are left in %s", left, table)
		}
	}
	// The audit trail outlives what it is about.
	events, _, err := w.Events(ctx, w.ann, nil, store.Page{})
	must(t, err)
	if len(events) != 1 || events[0].AppName != "ann-app" {
		t.Errorf("%v", events)
	}
	// Its work is gone, and the name is free.
	if got, err := w.ClaimDeployment(ctx, w.annApp.ID, "worker", lease); got != nil || err != nil {
		t.Errorf("claimed %v, %v", got, err)
	}
	if err := w.UpdateDeployment(ctx, claimed); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	w.app(t, "ann-app", w.bob)
}

func TestEvents(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	by := func(who models.Actor, app *models.App, target string) {
		t.Helper()
		event := store.EventFor(who, app, "app.update", target)
		event.Detail = map[string]string{"n": target}
		must(t, w.AddEvent(ctx, event))
	}
	token := w.ann
	token.TokenID, token.IP = "tok", "192.0.2.1"
	by(token, w.annApp, "1")
	by(w.bob, w.bobApp, "2")
	by(w.owner, w.annApp, "3") // somebody else's deed on ann's app
	by(w.bob, nil, "4")
	by(w.ann, nil, "5")

	target := func(e models.Event) string { return e.Target }
	for _, c := range []struct {
		who  models.Actor
		app  *models.App
		want string
	}{
		{w.ann, nil, "5 3 1"}, {w.bob, nil, "4 2"}, {w.owner, nil, "5 4 3 2 1"}, {w.ann, w.annApp, "3 1"}, {models.Actor{}, nil, ""},
	} {
		for _, limit := range []int{0, 1, 2} {
			var got []models.Event
			for cursor := ""; ; {
				events, next, err := w.Events(ctx, c.who, c.app, store.Page{Limit: limit, Cursor: cursor})
				must(t, err)
				got = append(got, events...)
				if cursor = next; cursor == "" {
					break
				}
			}
			if ids(got, target) != c.want {
				t.Errorf("%s sees %q instead of %q by pages of %d", c.who.Email, ids(got, target), c.want, limit)
			}
		}
	}
	events, _, err := w.Events(ctx, w.ann, w.annApp, store.Page{})
	must(t, err)
	if first := events[1]; first.TokenID != "tok" || first.IP != "192.0.2.1" || first.Actor != "ann@example.com" || first.ActorID != w.ann.UserID ||
		first.Detail["n"] != "1" || *first.AppID != w.annApp.ID || first.AppName != "ann-app" {
		t.Errorf("%+v", first)
	}
}
