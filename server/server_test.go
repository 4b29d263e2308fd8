package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

// A data folder's servers have one ID. It is not readable for others, and what
// is no ID is replaced.
func TestServerID(t *testing.T) {
	dir := t.TempDir()
	first, err := serverID(dir)
	if err != nil || !models.IsID(first) {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := serverID(dir); err != nil || again != first {
		t.Errorf("%q became %q, %v", first, again, err)
	}
	path := filepath.Join(dir, "server-id")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if other, err := serverID(t.TempDir()); err != nil || other == first {
		t.Errorf("two folders have the ID %q, %v", other, err)
	}
	for _, broken := range []string{"", "\n", first[:25], first + "x", "%", string(make([]byte, 26))} {
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		made, err := serverID(dir)
		if err != nil || !models.IsID(made) {
			t.Errorf("%q gives %q, %v", broken, made, err)
		}
		if again, err := serverID(dir); err != nil || again != made {
			t.Errorf("%q, then %q, %v", made, again, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if id, err := serverID(dir); err == nil {
		t.Errorf("a folder gives %q", id)
	}
}
