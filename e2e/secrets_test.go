package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// A config var's value is in its store, sealed, and in the process it is for.
// It is in no label, argument, image, log or answer to those who may not read
// it. The same goes for tokens and passwords.
func TestSecretsStaySecret(t *testing.T) {
	in := install(t)
	api := in.api(t)
	const secret, atBuild = "hunter2-runtime-0123456789", "hunter2-build-0123456789"
	api.post("/api/v1/apps", map[string]any{"name": "vault"}).want(201)
	api.patch("/api/v1/apps/vault/config", map[string]any{"set": map[string]string{"API_KEY": secret, "BUILD_KEY": atBuild}}).want(200)
	repo := newRepository(t, testApp(t, "ENV VERSION=1", strings.Replace(step("has", "BUILD_KEY"), "RUN", "RUN --mount=type=secret,id=BUILD_KEY", 1)))
	pushed := repo.deploy(in, "vault")
	in.shows(t, "vault", "/env?name=API_KEY", secret)
	says(t, pushed, "the secret BUILD_KEY has")
	api.deployed(api.patch("/api/v1/apps/vault/config", map[string]any{"set": map[string]string{"OTHER": "thing"}}).want(200, 202))

	in.settles(t, "vault", "web v2")

	// Reading takes a scope of its own.
	var readable struct {
		Items []struct {
			Key   string
			Value *string
		}
		CanRead bool `json:"can_read"`
	}
	api.get("/api/v1/apps/vault/config").want(200).into(&readable)
	if !readable.CanRead || len(readable.Items) != 3 || readable.Items[0].Value == nil || *readable.Items[0].Value != secret {
		t.Errorf("with the scope, the config is %+v", readable)
	}
	var limited struct{ Token string }
	api.post("/api/v1/tokens", map[string]any{"name": "limited", "scopes": []string{"read", "write", "deploy"}}).want(201).into(&limited)
	seen := map[string]string{"the pusher's terminal": pushed}
	reader := in.api(t)
	reader.token = limited.Token
	for _, path := range []string{
		"/api/v1/apps", "/api/v1/apps/vault", "/api/v1/apps/vault/config", "/api/v1/apps/vault/releases", "/api/v1/apps/vault/deployments",
		"/api/v1/apps/vault/deployments/1/logs", "/api/v1/apps/vault/deployments/2/logs", "/api/v1/apps/vault/logs", "/api/v1/events",
	} {
		seen[path] = string(reader.get(path).want(200).body)
	}
	seen["an answer to a change"] = string(reader.patch("/api/v1/apps/vault/config", map[string]any{"set": map[string]string{"OTHER": "thing"}}).want(200, 202).body)
	engineView(t, in, seen)
	commandLines(t, seen)

	everywhere := []string{secret, atBuild, in.token, limited.Token, ownerPassword}
	for where, content := range seen {
		for _, s := range everywhere {
			if strings.Contains(content, s) {
				t.Errorf("%s shows %q", where, s)
			}
		}
	}
	search(t, in.dir, everywhere) // after everything else, and while Postgres has it all
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	search(t, in.dir, everywhere)
}

// engineView adds what the engine tells about the installation's containers and
// images, but for the environment of the containers, where the values belong.
func engineView(t *testing.T, in *installation, seen map[string]string) {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	containers, err := e.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "slipway.installation="+in.name))})
	if err != nil || len(containers) < 2 {
		t.Fatalf("containers: %v, %v", containers, err)
	}
	for _, c := range containers {
		inspected, err := e.ContainerInspect(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Names[0]+"'s labels and arguments"] = fmt.Sprint(inspected.Config.Labels, inspected.Path, inspected.Args, inspected.Config.Cmd, inspected.Config.Entrypoint)
		if c.Labels["slipway.kind"] == "router" {
			seen["the router's environment"] = fmt.Sprint(inspected.Config.Env)
		}
		history, err := e.ImageHistory(ctx, c.ImageID)
		if err != nil {
			t.Fatal(err)
		}
		image, err := e.ImageInspect(ctx, c.ImageID)
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Names[0]+"'s image history"] = fmt.Sprintf("%+v %+v", history, image.Config)
		saved, err := e.ImageSave(ctx, []string{c.ImageID})
		if err != nil {
			t.Fatal(err)
		}
		layers, err := io.ReadAll(saved)
		_ = saved.Close()
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Names[0]+"'s image layers"] = string(layers)
	}
}

// commandLines adds what every process of the machine was started with.
func commandLines(t *testing.T, seen map[string]string) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if line, err := os.ReadFile(path); err == nil {
			seen[path] = string(line)
		}
	}
}

// search looks for secrets in every file of a folder: the server's log, the
// stores of logs and sources, the router's table, Postgres.
func search(t *testing.T, dir string, secrets []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // Postgres removes files while we look
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		files++
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q", strings.TrimPrefix(path, dir), secret)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files searched, %v", files, err)
	}
}
