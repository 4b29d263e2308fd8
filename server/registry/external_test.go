package registry_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	"golang.org/x/crypto/bcrypt"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/registry"
)

// startExternal runs a registry that is none of ours, with Basic credentials,
// and gives its address.
func startExternal(t *testing.T, user, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	ok(t, err)
	file := filepath.Join(t.TempDir(), "users")
	ok(t, os.WriteFile(file, []byte(user+":"+string(hash)+"\n"), 0o600))
	app := handlers.NewApp(context.Background(), &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": t.TempDir()},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		Auth: configuration.Auth{"htpasswd": {"realm": "external", "path": file}},
	})
	server := httptest.NewServer(app)
	t.Cleanup(func() { server.Close(); ok(t, app.Shutdown()) })
	return strings.TrimPrefix(server.URL, "http://")
}

func TestExternal(t *testing.T) {
	b := newBench(t)
	address := startExternal(t, "ann", "correct horse")
	id := b.image("web:one", 50_000)
	for _, path := range []string{"", "/team", "/deep/team"} {
		b.options.External = &registry.External{Address: address + path, Username: "ann", Password: "correct horse"}
		b.start()
		var said []string
		ref, err := b.Publish(t.Context(), "hello", id, func(line string) { said = append(said, line) })
		ok(t, err)
		want := address + path + "/" + b.options.Installation + "-hello@sha256:"
		if path == "" {
			want = address + "/" + b.options.Installation + "/hello@sha256:"
		}
		if !strings.HasPrefix(ref, want) || len(said) == 0 {
			t.Errorf("published as %s, saying %v", ref, said)
		}
		said = nil
		again, err := b.Publish(t.Context(), "hello", id, func(line string) { said = append(said, line) })
		if err != nil || again != ref || len(said) != 0 {
			t.Errorf("published again as %s, %v, saying %v", again, err, said)
		}
		user, password, err := b.PullAuth(t.Context(), ref)
		if err != nil || user != "ann" || password != "correct horse" {
			t.Errorf("pulled as %s, %v", user, err)
		}
		for _, foreign := range []string{strings.Replace(ref, b.options.Installation, "another", 1), strings.Replace(ref, address, "example.com", 1)} {
			if user, _, _ := b.PullAuth(t.Context(), foreign); user != "" {
				t.Errorf("%s is given our credentials", foreign)
			}
		}
		if err := b.pull(ref, "ann", "wrong"); err == nil { // before the engine has it
			t.Error("the registry does not ask for the password")
		}
		ok(t, b.pullAsApp(ref))
		b.drop(id)
		id = b.image("web:one", 50_000)
	}
	// Nothing of the embedded one is there.
	if response, _ := b.ask("GET", "/v2/", "", "", ""); response.StatusCode != 404 {
		t.Errorf("/v2/ answers %s", response.Status)
	}
	if _, err := os.Stat(b.options.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
	ok(t, b.Forget(t.Context(), "hello"))
	_, err := b.Collect(t.Context(), nil)
	ok(t, err)
}

func TestExternalRefuses(t *testing.T) {
	b := newBench(t)
	address := startExternal(t, "ann", "correct horse")
	id := b.image("web:one", 1000)
	for name, c := range map[string]struct {
		external registry.External
		is       error
		kind     models.Kind
	}{
		"wrong password": {registry.External{Address: address, Username: "ann", Password: "hunter2"}, deployer.ErrCredentials, models.KindFailed},
		"no password":    {registry.External{Address: address}, deployer.ErrCredentials, models.KindFailed},
		"away":           {registry.External{Address: "127.0.0.1:1", Username: "ann", Password: "hunter2"}, deployer.ErrUnavailable, models.KindUnavailable},
	} {
		b.options.External = &c.external
		b.start()
		ref, err := b.Publish(t.Context(), "hello", id, nil)
		if ref != "" || !errors.Is(err, c.is) || models.KindOf(err) != c.kind {
			t.Errorf("%s: published as %q, %v", name, ref, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v repeats the password", name, err)
		}
		if names := b.names(id); len(names) != 1 {
			t.Errorf("%s: the image is left with the names %v", name, names)
		}
	}
}
