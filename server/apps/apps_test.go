package apps_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/jobs"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

// office is the service of apps with nobody who works its deployments off.
type office struct {
	*apps.Service
	t               *testing.T
	store           *store.Store
	hub             *live.Hub
	owner, ann, bob models.Actor
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, hub: live.NewHub(0)}
	var err error
	o.store, err = store.Open(t.Context(), pgtest.New(t, migrations.Apply), 10)
	o.must(err)
	t.Cleanup(o.store.Close)
	dir, logger := t.TempDir(), slog.New(slog.DiscardHandler)
	box, err := secrets.Open(filepath.Join(dir, "key"))
	o.must(err)
	streams, err := logs.Open(filepath.Join(dir, "logs"), logs.Options{}, logger)
	o.must(err)
	t.Cleanup(func() { o.must(streams.Close()) })
	queue, err := jobs.New(o.store, logger)
	o.must(err)
	p := pipeline.New(pipeline.Deps{
		Store: o.store, Queue: queue, Cluster: memory.New(memory.NewEngine(), "test"), Routing: nothing{}, Logs: streams, Hub: o.hub, Box: box, Logger: logger,
		Settings: pipeline.Settings{DataDir: dir, Installation: "test", BuildConcurrency: 1, BuildTimeout: time.Minute, MaxSourceBytes: 1 << 20},
	})
	o.Service = apps.NewService(apps.Deps{
		Store: o.store, Pipeline: p, Routing: nothing{}, Hub: o.hub, Box: box, Remains: nothing{}, Logger: logger,
		Addresses: apps.Addresses{Domain: "apps.example.com", URL: func(host string) string { return "http://" + host + ":8080" }},
	})
	for _, who := range []struct {
		actor *models.Actor
		name  string
		role  models.Role
	}{{&o.owner, "owner", models.RoleOwner}, {&o.ann, "ann", models.RoleMember}, {&o.bob, "bob", models.RoleMember}} {
		user := &models.User{Email: who.name + "@example.com", PasswordHash: "x", Role: who.role}
		o.must(o.store.CreateUser(t.Context(), user))
		*who.actor = models.Actor{UserID: user.ID, Email: user.Email, Role: who.role}
	}
	return o
}

// nothing is a data plane without routers, and what is left of apps on disk.
type nothing struct{}

func (nothing) Switch(context.Context, string, deployer.Targets) error { return nil }
func (nothing) Drained(context.Context, deployer.WorkloadID) error     { return nil }
func (nothing) Changed(string)                                         {}
func (nothing) Forget(context.Context, string) error                   { return nil }

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) create(name string) *models.App {
	o.t.Helper()
	app, err := o.Create(o.t.Context(), o.ann, apps.New{Name: name})
	o.must(err)
	return app
}

// events counts the audit events there are.
func (o *office) events() int {
	o.t.Helper()
	events, _, err := o.Events(o.t.Context(), o.owner, "", store.Page{Limit: 200})
	o.must(err)
	return len(events)
}

func wantKind(t *testing.T, err error, kind models.Kind) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Errorf("got %v, of kind %s, instead of one of kind %s", err, models.KindOf(err), kind)
	}
}

func with(a models.Actor, scopes ...models.Scope) models.Actor {
	a.Scopes = scopes
	return a
}

// verbs are all that can be asked of an app, with the scope it needs.
func (o *office) verbs(name string) map[string]struct {
	scope models.Scope
	do    func(ctx context.Context, who models.Actor) error
} {
	type verb = struct {
		scope models.Scope
		do    func(ctx context.Context, who models.Actor) error
	}
	two := 2
	return map[string]verb{
		"Get":       {models.ScopeRead, func(ctx context.Context, who models.Actor) error { _, err := o.Get(ctx, who, name); return err }},
		"Find":      {models.ScopeRead, func(ctx context.Context, who models.Actor) error { _, err := o.Find(ctx, who, name); return err }},
		"Config":    {models.ScopeRead, func(ctx context.Context, who models.Actor) error { _, err := o.Config(ctx, who, name); return err }},
		"Domains":   {models.ScopeRead, func(ctx context.Context, who models.Actor) error { _, err := o.Domains(ctx, who, name); return err }},
		"Instances": {models.ScopeRead, func(ctx context.Context, who models.Actor) error { _, err := o.Instances(ctx, who, name); return err }},
		"Events": {models.ScopeRead, func(ctx context.Context, who models.Actor) error {
			_, _, err := o.Events(ctx, who, name, store.Page{})
			return err
		}},
		"Scale": {models.ScopeDeploy, func(ctx context.Context, who models.Actor) error {
			_, err := o.Scale(ctx, who, name, 0, map[string]int{"web": 2})
			return err
		}},
		"Update": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error {
			_, _, err := o.Update(ctx, who, name, 0, apps.Changes{CPUMilli: &two})
			return err
		}},
		"SetConfig": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error {
			_, _, err := o.SetConfig(ctx, who, name, 0, map[string]string{"A": "1"}, nil)
			return err
		}},
		"AddDomain": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error {
			_, err := o.AddDomain(ctx, who, name, "x.example.org")
			return err
		}},
		"RemoveDomain": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error {
			return o.RemoveDomain(ctx, who, name, "x.example.org")
		}},
		"Rotate": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error {
			_, err := o.RotateWebhookSecret(ctx, who, name)
			return err
		}},
		"Destroy": {models.ScopeWrite, func(ctx context.Context, who models.Actor) error { return o.Destroy(ctx, who, name, 0) }},
	}
}

func TestNobodyTouchesAnothersApp(t *testing.T) {
	o := open(t)
	o.create("hello")
	before := o.events()
	for name, verb := range o.verbs("hello") {
		if err := verb.do(t.Context(), o.bob); models.KindOf(err) != models.KindNotFound || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := verb.do(t.Context(), models.Actor{}); err == nil {
			t.Errorf("%s is open to nobody", name)
		}
		if verb.scope == models.ScopeRead {
			continue
		}
		for _, scope := range []models.Scope{models.ScopeRead, models.ScopeSecrets, models.ScopeDeploy} {
			if err := verb.do(t.Context(), with(o.ann, scope)); scope != verb.scope && models.KindOf(err) != models.KindForbidden {
				t.Errorf("%s with the scope %s: %v", name, scope, err)
			} else if scope == verb.scope && models.KindOf(err) == models.KindForbidden {
				t.Errorf("%s with its scope: %v", name, err)
			}
		}
	}
	list, _, err := o.List(t.Context(), o.bob, store.Page{})
	if err != nil || len(list) != 0 {
		t.Errorf("he sees %v, %v", list, err)
	}
	if events, _, err := o.Events(t.Context(), o.bob, "", store.Page{}); err != nil || len(events) != 0 {
		t.Errorf("he sees %v, %v", events, err)
	}
	if got := o.events(); got != before+1 { // the scale that was allowed
		t.Errorf("what was refused left %d events", got-before-1)
	}
	// His name for an app is taken, and he is told no more than that.
	_, err = o.Create(t.Context(), o.bob, apps.New{Name: "hello"})
	wantKind(t, err, models.KindConflict)
	_, created, err := o.ForPush(t.Context(), o.bob, "hello")
	wantKind(t, err, models.KindConflict)
	if created {
		t.Error("it was created")
	}
}

func TestEveryChangeIsAudited(t *testing.T) {
	o := open(t)
	o.create("hello")
	who := o.ann
	who.IP, who.TokenID = "192.0.2.7", "token"
	verbs := o.verbs("hello")
	for _, c := range []struct{ verb, action string }{
		{"Scale", "app.scale"},
		{"Update", ""},
		{"SetConfig", "config.set"},
		{"AddDomain", "domain.add"},
		{"RemoveDomain", "domain.remove"},
		{"Rotate", "webhook.rotate"},
		{"Destroy", "app.destroy"},
	} {
		before := o.events()
		err := verbs[c.verb].do(t.Context(), who)
		if c.action == "" {
			wantKind(t, err, models.KindInvalid) // 2 thousandths of a core
			if o.events() != before {
				t.Errorf("%s was refused and left an event", c.verb)
			}
			continue
		}
		o.must(err)
		events, _, err := o.Events(t.Context(), o.owner, "", store.Page{})
		o.must(err)
		if e := events[0]; len(events) != before+1 || e.Action != c.action || e.Actor != who.Email || e.IP != who.IP || e.TokenID != who.TokenID || e.AppName != "hello" {
			t.Errorf("%s: %+v", c.verb, e)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	o := open(t)
	before := o.events()
	key := "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
	for _, c := range []struct {
		name   string
		wanted apps.New
		kind   models.Kind
	}{
		{"no name", apps.New{}, models.KindInvalid},
		{"odd name", apps.New{Name: "Hello\x00"}, models.KindInvalid},
		{"reserved", apps.New{Name: "api"}, models.KindInvalid},
		{"file URL", apps.New{Name: "hello", Source: &apps.Source{URL: "file:///etc"}}, models.KindInvalid},
		{"ext URL", apps.New{Name: "hello", Source: &apps.Source{URL: "ext::sh -c id"}}, models.KindInvalid},
		{"option", apps.New{Name: "hello", Source: &apps.Source{URL: "--upload-pack=id"}}, models.KindInvalid},
		{"odd branch", apps.New{Name: "hello", Source: &apps.Source{URL: "https://example.com/x.git", Branch: "-x"}}, models.KindInvalid},
		{"key and token", apps.New{Name: "hello", Source: &apps.Source{URL: "git@example.com:x.git", DeployKey: key, Token: "t"}}, models.KindInvalid},
		{"no key", apps.New{Name: "hello", Source: &apps.Source{URL: "git@example.com:x.git", DeployKey: "ssh-ed25519 AAAA"}}, models.KindInvalid},
	} {
		_, err := o.Create(t.Context(), o.ann, c.wanted)
		if models.KindOf(err) != c.kind || err == nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := o.Create(t.Context(), with(o.ann, models.ScopeDeploy), apps.New{Name: "hello"})
	wantKind(t, err, models.KindForbidden)
	_, _, err = o.ForPush(t.Context(), with(o.ann, models.ScopeDeploy), "hello")
	wantKind(t, err, models.KindForbidden)
	_, _, err = o.ForPush(t.Context(), with(o.ann, models.ScopeRead), "hello")
	wantKind(t, err, models.KindForbidden)
	all, err := o.store.AllApps(t.Context())
	if err != nil || len(all) != 0 || o.events() != before {
		t.Errorf("what was refused left %v, %v", all, err)
	}
}

func TestForPushAtOnce(t *testing.T) {
	o := open(t)
	var mu sync.Mutex
	made, seen := 0, map[string]bool{}
	var pushes sync.WaitGroup
	for range 10 {
		pushes.Go(func() {
			app, created, err := o.ForPush(context.Background(), o.ann, "hello")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[app.ID] = true
			if created {
				made++
			}
		})
	}
	pushes.Wait()
	if made != 1 || len(seen) != 1 || o.events() != 1 {
		t.Errorf("%d were made, of %v", made, seen)
	}
}

func TestSourceCredential(t *testing.T) {
	o := open(t)
	app, err := o.Create(t.Context(), o.ann, apps.New{Name: "hello", Source: &apps.Source{URL: "https://example.com/x.git", Branch: "main", Token: "canary-4242"}})
	o.must(err)
	credential := func() []byte {
		t.Helper()
		now, err := o.store.AppByID(t.Context(), o.ann, app.ID)
		o.must(err)
		if strings.Contains(fmt.Sprintf("%s %x", now.SourceCredential, now.SourceCredential), "canary") {
			t.Error("it is kept in the clear")
		}
		return now.SourceCredential
	}
	first := credential()
	if len(first) == 0 || app.Branch != "main" {
		t.Errorf("%+v", app)
	}
	update := func(from apps.Source) {
		t.Helper()
		_, _, err := o.Update(t.Context(), o.ann, "hello", 0, apps.Changes{Source: &from})
		o.must(err)
	}
	update(apps.Source{URL: "https://example.com/x.git", Branch: "trunk"})
	if !slices.Equal(credential(), first) {
		t.Error("the same place, and the credential is gone")
	}
	update(apps.Source{URL: "https://evil.example.com/x.git"})
	if len(credential()) != 0 {
		t.Error("another place is sent the old credential")
	}
	update(apps.Source{})
	if view, err := o.Get(t.Context(), o.ann, "hello"); err != nil || view.App.SourceURL != "" {
		t.Errorf("%+v, %v", view, err)
	}
}

func TestUpdateRefuses(t *testing.T) {
	o := open(t)
	app := o.create("hello")
	text := func(s string) *string { return &s }
	number := func(n int) *int { return &n }
	for _, c := range []struct {
		field string
		with  apps.Changes
	}{
		{"branch", apps.Changes{Branch: text("a..b")}},
		{"branch", apps.Changes{Branch: text("-b")}},
		{"branch", apps.Changes{Branch: text("a\x00")}},
		{"builder", apps.Changes{Builder: text("magic")}},
		{"builder", apps.Changes{Builder: text("image")}},
		{"dockerfile", apps.Changes{Dockerfile: text("../Dockerfile")}},
		{"dockerfile", apps.Changes{Dockerfile: text("/etc/passwd")}},
		{"health_path", apps.Changes{HealthPath: text("health")}},
		{"health_path", apps.Changes{HealthPath: text("/a b")}},
		{"health_path", apps.Changes{HealthPath: text("/\r\nHost: x")}},
		{"health_path", apps.Changes{HealthPath: text("/" + strings.Repeat("x", 500))}},
		{"port", apps.Changes{Port: number(-1)}},
		{"port", apps.Changes{Port: number(65536)}},
		{"memory_mb", apps.Changes{MemoryMB: number(15)}},
		{"memory_mb", apps.Changes{MemoryMB: number(1 << 40)}},
		{"cpu_milli", apps.Changes{CPUMilli: number(1)}},
		{"source.url", apps.Changes{Source: &apps.Source{URL: "x"}}},
	} {
		// Something that is right beside it must not be taken either.
		if c.with.Port == nil {
			c.with.Port = number(9999)
		}
		_, _, err := o.Update(t.Context(), o.ann, "hello", 0, c.with)
		var known *models.Error
		if models.KindOf(err) != models.KindInvalid || !errors.As(err, &known) || known.Field != c.field {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if got, err := o.store.AppByID(t.Context(), o.ann, app.ID); err != nil || got.Revision != 1 || got.Port != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	// Of two who read the same revision one wins.
	port := 8000
	view, _, err := o.Update(t.Context(), o.ann, "hello", 1, apps.Changes{Port: &port})
	o.must(err)
	if view.App.Revision != 2 {
		t.Errorf("%+v", view.App)
	}
	_, _, err = o.Update(t.Context(), o.ann, "hello", 1, apps.Changes{Port: &port})
	wantKind(t, err, models.KindPrecondition)
	wantKind(t, o.Destroy(t.Context(), o.ann, "hello", 1), models.KindPrecondition)
	o.must(o.Destroy(t.Context(), o.ann, "hello", 2))
	wantKind(t, o.Destroy(t.Context(), o.ann, "hello", 0), models.KindNotFound)
}

func TestConfigIsAllOrNothing(t *testing.T) {
	o := open(t)
	o.create("hello")
	set := func(vars map[string]string, unset ...string) error {
		_, _, err := o.SetConfig(t.Context(), o.ann, "hello", 0, vars, unset)
		return err
	}
	o.must(set(map[string]string{"KEPT": "1"}))
	many := map[string]string{}
	for i := range 501 {
		many[fmt.Sprintf("VAR_%d", i)] = "x"
	}
	for what, err := range map[string]error{
		"odd name":    set(map[string]string{"GOOD": "1", "A-B": "2"}),
		"reserved":    set(map[string]string{"GOOD": "1", "PORT": "2"}),
		"NUL":         set(map[string]string{"GOOD": "1", "A": "\x00"}),
		"not UTF-8":   set(map[string]string{"GOOD": "1", "A": "\xff"}),
		"too long":    set(map[string]string{"GOOD": "1", "A": strings.Repeat("x", 40<<10)}),
		"both":        set(map[string]string{"GOOD": "1"}, "GOOD"),
		"too many":    set(many),
		"not there":   set(map[string]string{"GOOD": "1"}, "MISSING"),
		"odd missing": set(map[string]string{"GOOD": "1"}, "\x00"),
	} {
		if kind := models.KindOf(err); err == nil || kind != models.KindInvalid && kind != models.KindNotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	config, err := o.Config(t.Context(), o.ann, "hello")
	if err != nil || len(config.Items) != 1 || config.Items[0].Key != "KEPT" || *config.Items[0].Value != "1" {
		t.Errorf("%+v, %v", config, err)
	}
	o.must(set(nil, "KEPT"))
	if config, err = o.Config(t.Context(), o.ann, "hello"); err != nil || len(config.Items) != 0 {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestDomains(t *testing.T) {
	o := open(t)
	o.create("hello")
	_, err := o.Create(t.Context(), o.bob, apps.New{Name: "other"})
	o.must(err)
	domain, err := o.AddDomain(t.Context(), o.ann, "hello", " Shop.Example.ORG. ")
	o.must(err)
	if domain.Host != "shop.example.org" || domain.Automatic {
		t.Errorf("%+v", domain)
	}
	_, err = o.AddDomain(t.Context(), o.bob, "other", "shop.example.org")
	wantKind(t, err, models.KindConflict)
	for _, host := range []string{"", "x", "https://a.b", "a.b:80", "apps.example.com", "other.apps.example.com", "*.apps.example.com", "10.0.0.1", "a\x00.b"} {
		_, err := o.AddDomain(t.Context(), o.ann, "hello", host)
		wantKind(t, err, models.KindInvalid)
	}
	domains, err := o.Domains(t.Context(), o.ann, "hello")
	if err != nil || len(domains) != 2 || !domains[0].Automatic || domains[0].Host != "hello.apps.example.com" {
		t.Errorf("%+v, %v", domains, err)
	}
	view, err := o.Get(t.Context(), o.ann, "hello")
	if err != nil || !slices.Equal(view.URLs, []string{"http://hello.apps.example.com:8080", "http://shop.example.org:8080"}) || view.Status != "new" {
		t.Errorf("%+v, %v", view, err)
	}
	wantKind(t, o.RemoveDomain(t.Context(), o.ann, "hello", "hello.apps.example.com"), models.KindInvalid)
	wantKind(t, o.RemoveDomain(t.Context(), o.ann, "hello", "a\x00b"), models.KindInvalid)
	wantKind(t, o.RemoveDomain(t.Context(), o.bob, "other", "shop.example.org"), models.KindNotFound)
	o.must(o.RemoveDomain(t.Context(), o.ann, "hello", "SHOP.example.org"))
	wantKind(t, o.RemoveDomain(t.Context(), o.ann, "hello", "shop.example.org"), models.KindNotFound)
}

func TestScaleRefuses(t *testing.T) {
	o := open(t)
	o.create("hello")
	for _, wanted := range []map[string]int{
		nil, {}, {"web": -1}, {"web": 51}, {"web": 1, "Odd": 1}, {"": 1}, {"a/b": 1}, {"web": 1 << 40},
	} {
		_, err := o.Scale(t.Context(), o.ann, "hello", 0, wanted)
		wantKind(t, err, models.KindInvalid)
	}
	_, err := o.Scale(t.Context(), o.ann, "hello", 0, map[string]int{"web": 3, "worker": 1})
	o.must(err)
	if app, err := o.Scale(t.Context(), o.ann, "hello", 0, map[string]int{"worker": 0}); err != nil || app.Scale["web"] != 3 || app.Scale["worker"] != 0 {
		t.Errorf("%v, %v", app.Scale, err)
	}
}

func TestWebhookSecret(t *testing.T) {
	o := open(t)
	app := o.create("hello")
	if secret, err := o.WebhookSecret(app); err != nil || secret != nil {
		t.Errorf("%q, %v", secret, err)
	}
	seen := map[string]bool{}
	for range 2 {
		secret, err := o.RotateWebhookSecret(t.Context(), o.ann, "hello")
		o.must(err)
		now, err := o.Find(t.Context(), o.ann, "hello")
		o.must(err)
		got, err := o.WebhookSecret(now)
		if err != nil || string(got) != secret || len(secret) != 64 || seen[secret] || strings.Contains(string(now.WebhookSecret), secret) {
			t.Errorf("%q, %v", secret, err)
		}
		seen[secret] = true
	}
}

func TestTrack(t *testing.T) {
	o := open(t)
	app := o.create("hello")
	for _, c := range []struct{ branch, want string }{{"main", "main"}, {"other", "main"}} {
		if got, err := o.Track(t.Context(), o.ann, app.ID, c.branch); err != nil || got != c.want {
			t.Errorf("%q, %v", got, err)
		}
	}
	_, err := o.Track(t.Context(), o.bob, app.ID, "evil")
	wantKind(t, err, models.KindNotFound)
}

// TestPlacing: where an app may run is checked before it is written.
func TestPlacing(t *testing.T) {
	o := open(t)
	app := o.create("hello")
	memory, cpu, limit, none := 64, 200, 32, 0
	view, d, err := o.Update(t.Context(), o.ann, app.Name, 0, apps.Changes{
		Placement: map[string]string{"disk": "ssd"}, ReserveMemoryMB: &memory, ReserveCPUMilli: &cpu,
	})
	o.must(err)
	if d != nil || view.App.Placement["disk"] != "ssd" || view.App.ReserveMemoryMB != 64 || view.App.ReserveCPUMilli != 200 {
		t.Errorf("%+v, %v", view.App, d)
	}
	before := o.events()
	for what, wrong := range map[string]apps.Changes{
		"a label":           {Placement: map[string]string{"a b": "c"}},
		"a value":           {Placement: map[string]string{"disk": ""}},
		"over the limit":    {MemoryMB: &limit},
		"a negative number": {ReserveCPUMilli: func() *int { n := -1; return &n }()},
	} {
		if _, _, err := o.Update(t.Context(), o.ann, app.Name, 0, wrong); models.KindOf(err) != models.KindInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	if o.events() != before {
		t.Error("what was refused left something behind")
	}
	view, _, err = o.Update(t.Context(), o.ann, app.Name, 0, apps.Changes{Placement: map[string]string{}, ReserveMemoryMB: &none})
	o.must(err)
	if len(view.App.Placement) != 0 || view.App.ReserveMemoryMB != 0 || view.App.ReserveCPUMilli != 200 {
		t.Errorf("%+v", view.App)
	}
}
