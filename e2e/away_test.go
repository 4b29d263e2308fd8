package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/server/postgres"
)

// away fails the test unless the answer says that something is away for the
// moment, and when to ask again.
func (r *reply) away() problem {
	r.t.Helper()
	p := r.refused(503)
	if after, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || after < 1 || after > 60 {
		r.t.Errorf("%s: Retry-After is %q", r.what, r.header.Get("Retry-After"))
	}
	return p
}

// engineSocket gives the socket of the engine.
func engineSocket(t *testing.T) string {
	t.Helper()
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		return "/var/run/docker.sock"
	}
	path, ok := strings.CutPrefix(host, "unix://")
	if !ok {
		t.Fatalf("DOCKER_HOST is %s, and these tests need a socket", host)
	}
	return path
}

// While the engine is away, what runs goes on running and serving, what needs
// the engine is told to come back, and what was asked for meanwhile happens
// when the engine is back, by itself.
func TestEngineAway(t *testing.T) {
	wire := newWire(t, "docker.sock", engineSocket(t))
	in := prepare(t, "DOCKER_HOST=unix://"+wire.path)
	in.start(t)
	in.claim(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "moored")
	load := in.load(t, "moored")

	for _, outage := range []struct {
		name       string
		begin, end func()
	}{
		{"cut", wire.cut, func() { wire.mend(t) }},
		{"frozen", wire.freeze, wire.thaw},
	} {
		t.Run(outage.name, func(t *testing.T) {
			api := in.api(t)
			api.http.Timeout = 20 * time.Second
			number := len(api.deployments("moored"))
			outage.begin()
			ended := false
			end := func() {
				if !ended {
					ended = true
					outage.end()
				}
			}
			defer end()
			if p := api.get("/readyz").away(); !strings.Contains(p.Detail, "engine") {
				t.Errorf("readyz says %q", p.Detail)
			}
			api.get("/healthz").want(200)
			api.get("/api/v1/apps/moored/instances").away()
			if a := api.app("moored"); a.LiveRelease == nil || outage.name == "cut" && a.Status != "live" {
				t.Errorf("the app is %+v", a)
			}
			api.get("/api/v1/apps").want(200)
			api.delete("/api/v1/apps/moored?confirm=moored").away()
			var status struct{ Engine struct{ OK bool } }
			if api.get("/api/v1/status").want(200).into(&status); status.Engine.OK {
				t.Error("the status is that of an engine that answers")
			}
			api.patch("/api/v1/apps/moored/scale", map[string]int{"web": 2}).want(200, 202)
			repo.commit(outage.name, files{"Dockerfile": dockerfile("ENV VERSION=" + outage.name)})
			var push *pushing // of a deployment that waits for the engine
			if outage.name == "cut" {
				push = repo.pushing(in, "moored")
				api.says("moored", number+1, "waiting for the container engine, which is not answering")
			}
			in.shows(t, "moored", "/", "version ")
			end()

			eventually(t, 60*time.Second, "the server is ready again", in.ready)
			if push != nil {
				if <-push.done; push.err != nil {
					t.Fatalf("a push that waited for the engine: %v\n%s", push.err, push.out)
				}
			}
			live := fmt.Sprint("web v", api.app("moored").LiveRelease.Version)
			in.settles(t, "moored", live, live)
			if push == nil {
				repo.deploy(in, "moored")
			}
			in.shows(t, "moored", "/", "version "+outage.name)
			api.patch("/api/v1/apps/moored/scale", map[string]int{"web": 1}).want(200, 202)
			in.settles(t, "moored", fmt.Sprint("web v", api.app("moored").LiveRelease.Version))
			load.mark(t, "an engine that was "+outage.name)
		})
	}
	load.lost(t, 0)
	api.delete("/api/v1/apps/moored?confirm=moored").want(202, 204)
	if h, err := in.holds(""); err != nil || len(h.networks) > 0 || len(h.containers) > 1 {
		t.Errorf("left on the engine: %v, %v", h, err)
	}
}

// outsidePostgres starts a Postgres that is not Slipway's to look after, behind
// a wire, and gives its DATABASE_URL.
func outsidePostgres(t *testing.T) (*wire, string) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	instance, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(t.TempDir(), "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := instance.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	at, err := url.Parse(instance.URL())
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	wire := newWire(t, ".s.PGSQL.5432", filepath.Join(query.Get("host"), ".s.PGSQL.5432"))
	query.Set("host", filepath.Dir(wire.path))
	at.RawQuery = query.Encode()
	return wire, at.String()
}

// While Postgres is away, apps are served as ever, every door says to come
// back, and a deployment that was under way is brought to its end afterwards.
func TestPostgresAway(t *testing.T) {
	wire, database := outsidePostgres(t)
	in := install(t, "DATABASE_URL="+database)
	api := in.api(t)
	api.http.Timeout = 20 * time.Second
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "adrift")
	load := in.load(t, "adrift")

	repo.commit("Second", files{"Dockerfile": dockerfile("ENV VERSION=2", step("nap", "4s"))})
	push := repo.pushing(in, "adrift")
	api.says("adrift", 2, "taking a nap")
	wire.cut()
	if p := api.get("/readyz").away(); !strings.Contains(p.Detail, "Postgres") {
		t.Errorf("readyz says %q", p.Detail)
	}
	api.get("/healthz").want(200)
	for _, r := range []*reply{
		api.get("/api/v1/apps"), api.get("/api/v1/apps/adrift"), api.get("/api/v1/apps/adrift/logs/stream"), api.get("/api/v1/status"),
		api.patch("/api/v1/apps/adrift/config", map[string]any{"set": map[string]string{"A": "B"}}),
		in.browser(t).post("/api/v1/session", map[string]string{"email": "ada@example.com", "password": ownerPassword}),
		in.browser(t).get("/api/v1/setup"),
		api.hook("adrift", "secret", "delivery", "refs/heads/main", strings.Repeat("a", 40)),
	} {
		if r.what != "GET /api/v1/status" {
			r.away()
		} else if r.status != 200 && r.status != 503 {
			t.Errorf("%s: %d %s", r.what, r.status, r.body)
		}
	}
	if out, err := newRepository(t, files{"index.html": "x"}).push(in, "other"); err == nil || !strings.Contains(out, "503") && !strings.Contains(out, "remote:") {
		t.Errorf("a push without Postgres: %v\n%s", err, out)
	}
	in.shows(t, "adrift", "/", "version 1")
	wire.mend(t)

	eventually(t, 60*time.Second, "the server is ready again", in.ready)
	<-push.done
	if d := api.ended("adrift", 2); d.State != "succeeded" {
		t.Errorf("the deployment is %+v", d)
	}
	if push.err != nil {
		t.Errorf("the push that was under way: %v\n%s", push.err, push.out)
	}
	in.shows(t, "adrift", "/", "version 2 release v2")
	in.settles(t, "adrift", "web v2")

	// A server that starts before its Postgres waits for it.
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	wire.cut()
	in.launch(t)
	eventually(t, 60*time.Second, "the server says what it waits for", func() error {
		if !strings.Contains(string(in.serverLog(t)), "waiting for Postgres") {
			return fmt.Errorf("%s", in.tail())
		}
		return nil
	})
	in.shows(t, "adrift", "/", "version 2")
	wire.mend(t)
	eventually(t, 60*time.Second, "the server is ready", in.ready)
	load.lost(t, 0)
}

// When the disk is full, everybody is told so in words, apps are served as
// ever, and when there is room again everything works again.
func TestDiskFull(t *testing.T) {
	in := prepare(t)
	if err := os.Mkdir(in.data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", in.data, "tmpfs", 0, "size=256m,mode=755"); err != nil {
		t.Fatal("this test mounts a small file system: ", err)
	}
	mounted := true
	t.Cleanup(func() {
		if err := in.remove(); err != nil {
			t.Error(err)
		}
		if mounted {
			if err := syscall.Unmount(in.data, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}
	})
	in.start(t)
	in.claim(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=before"))
	repo.deploy(in, "full")
	load := in.load(t, "full")

	filler := filepath.Join(in.data, "filler")
	fill(t, filler)
	repo.commit("Large", files{"Dockerfile": dockerfile("ENV VERSION=after"), "cargo": strings.Repeat("0123456789abcdef", 1<<16)})
	out, err := repo.push(in, "full")
	if err == nil {
		t.Errorf("a push onto a full disk is accepted:\n%s", out)
	}
	if !strings.Contains(strings.ToLower(out), "disk is full") && !strings.Contains(strings.ToLower(out), "no space") {
		t.Errorf("the pusher is not told that the disk is full:\n%s", out)
	}
	if p := api.upload("full", []byte(strings.Repeat("large", 1<<20))); p.status != 422 {
		if detail := p.away().Detail; !strings.Contains(detail, "disk is full") {
			t.Errorf("an upload is told %q", detail)
		}
	} else {
		t.Errorf("an upload is told %s", p.body)
	}
	// Postgres has some room of its own left; a value larger than it does not.
	refused := false
	for i := 0; i < 200 && !refused; i++ {
		value := strings.Repeat(fmt.Sprint(i, " "), 4<<10)
		if r := api.patch("/api/v1/apps/full/config", map[string]any{"set": map[string]string{fmt.Sprint("KEY", i): value}}); r.status != 200 && r.status != 202 {
			refused = true
			if detail := r.away().Detail; !strings.Contains(detail, "disk is full") {
				t.Errorf("a change is told %q", detail)
			}
		}
	}
	if !refused {
		t.Error("Postgres finds room for everything on a full disk")
	}
	api.get("/api/v1/apps/full").want(200, 503)
	in.shows(t, "full", "/", "version before")

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the server is ready again", in.ready)
	for _, d := range api.deployments("full") {
		api.ended("full", d.Number)
	}
	repo.deploy(in, "full")
	in.shows(t, "full", "/", "version after")
	load.lost(t, 0)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, size := range []int{1 << 20, 4096, 1} {
		block := make([]byte, size)
		for {
			if _, err := file.Write(block); err != nil {
				break
			}
		}
	}
}
