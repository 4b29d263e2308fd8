package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/server/git"
)

// What many pushes left is made one pack, after a push and not during it.
func TestRepositoriesArePacked(t *testing.T) {
	d := newDoor(t)
	work := folder(t, "index.html", "Hello")
	run(t, work, "push", "-q", d.remote("hello"), "main")
	app, err := d.apps.Find(t.Context(), d.ann, "hello")
	if err != nil {
		t.Fatal(err)
	}
	repository := git.Repositories{DataDir: d.dataDir}.Path(app.ID)
	packs := func() int {
		found, err := filepath.Glob(filepath.Join(repository, "objects", "pack", "*.pack"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	// As sixty pushes of a file each would leave them.
	for i := range 60 {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, fmt.Append(nil, "file ", i), 0o600); err != nil {
			t.Fatal(err)
		}
		object := strings.TrimSpace(run(t, repository, "hash-object", "-w", file))
		pack := gitCommand(t, repository, "pack-objects", "-q", filepath.Join("objects", "pack", "pack"))
		pack.Stdin = strings.NewReader(object + "\n")
		if out, err := pack.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if n := packs(); n < 60 {
		t.Fatalf("%d packs", n)
	}
	run(t, work, "tag", "one")
	run(t, work, "push", "-q", d.remote("hello"), "one")
	ctx, cancel := patience()
	defer cancel()
	if err := eventually(ctx, func() (bool, error) { return packs() <= 2, nil }); err != nil {
		t.Errorf("there are %d packs", packs())
	}
	run(t, work, "clone", "-q", d.remote("hello"), filepath.Join(t.TempDir(), "copy"))
	commit(t, work, "More")
	run(t, work, "push", "-q", d.remote("hello"), "main")
	run(t, repository, "fsck", "--strict")
}
