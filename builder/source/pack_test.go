package source

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/builder"
)

// git runs the real git as a user would.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		mode := os.FileMode(0o644)
		if bare, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = bare, 0o755
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func symlink(t testing.TB, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
}

// packed packs and unpacks dir and describes what came through.
func packed(t *testing.T, dir string) (map[string]string, Packed) {
	t.Helper()
	var buf bytes.Buffer
	info, err := Pack(t.Context(), dir, &buf, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := Extract(t.Context(), &buf, out, Limits{}); err != nil {
		t.Fatal(err)
	}
	return look(t, out), info
}

func TestPackInAWorkTree(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	write(t, dir, map[string]string{
		".gitignore": "*.log\nnode_modules/\n", "run*": "#!", "app/a b.txt": "ab", "new.txt": "untracked", "gone.txt": "x", "x.log": "no",
		"node_modules/m/i.js": "no", ".slipwayignore": "# docs\ndocs\n*.md\n!keep.md\n", "docs/d.txt": "no", "a.md": "no", "keep.md": "yes",
		"inner/.git/HEAD": "ref: refs/heads/main\n", "inner/f": "inner",
	})
	symlink(t, "app/a b.txt", filepath.Join(dir, "link"))
	git(t, dir, "add", "run", "app", "gone.txt")
	if err := os.Remove(filepath.Join(dir, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	got, info := packed(t, dir)
	want := map[string]string{
		".gitignore": "-rw-r--r-- *.log\nnode_modules/\n", "run": "-rwxr-xr-x #!", "app/a b.txt": "-rw-r--r-- ab", "new.txt": "-rw-r--r-- untracked",
		"keep.md": "-rw-r--r-- yes", "link": "-> app/a b.txt", ".slipwayignore": "-rw-r--r-- # docs\ndocs\n*.md\n!keep.md\n", "inner/f": "-rw-r--r-- inner",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !info.Git || info.Files != len(want) {
		t.Errorf("%+v", info)
	}
	// A directory within the work tree is packed as a root of its own.
	got, _ = packed(t, filepath.Join(dir, "app"))
	if diff := cmp.Diff(map[string]string{"a b.txt": "-rw-r--r-- ab"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPackElsewhere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "A", ".env": "E", ".slipwayignore": ".env\n", "sub/b": "B"})
	got, info := packed(t, dir)
	want := map[string]string{"a": "-rw-r--r-- A", "sub/b": "-rw-r--r-- B", ".slipwayignore": "-rw-r--r-- .env\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if info.Git || info.Bytes != 7 {
		t.Errorf("%+v", info)
	}
}

func TestPackRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(dir string)
		want    string
	}{
		"link out":      {func(dir string) { symlink(t, "../../x", filepath.Join(dir, "l")) }, `"l" leads out`},
		"absolute link": {func(dir string) { symlink(t, "/etc/passwd", filepath.Join(dir, "l")) }, "leads out"},
		"too many":      {func(dir string) { write(t, dir, map[string]string{"1": "", "2": "", "3": "", "4": ""}) }, "over 3 files"},
		"too large":     {func(dir string) { write(t, dir, map[string]string{"1": strings.Repeat("x", 1<<20+1)}) }, "over 1 MB"},
		"bad name":      {func(dir string) { write(t, dir, map[string]string{"a\nb": "x"}) }, "control"},
		"bad pattern":   {func(dir string) { write(t, dir, map[string]string{".slipwayignore": "[a-\n", "f": ""}) }, ".slipwayignore"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.prepare(dir)
			var buf bytes.Buffer
			_, err := Pack(t.Context(), dir, &buf, Limits{Files: 3, Bytes: 1 << 20})
			var failure *builder.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	write(t, dir, map[string]string{"run*": "#!", "sub/b": "B"})
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "First")
	commit := git(t, dir, "rev-parse", "HEAD")
	var buf bytes.Buffer
	if err := Archive(t.Context(), filepath.Join(dir, ".git"), commit, nil, &buf); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := Extract(t.Context(), &buf, out, Limits{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"run": "-rwxr-xr-x #!", "sub/b": "-rw-r--r-- B"}, look(t, out)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"HEAD", "--output=/tmp/x", "", commit[:39], strings.Repeat("0", 40)} {
		var failure *builder.Failure
		if err := Archive(t.Context(), filepath.Join(dir, ".git"), bad, nil, &buf); !errors.As(err, &failure) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Objects of a push that is not accepted yet lie in a directory of their own.
func TestArchiveFromQuarantine(t *testing.T) {
	dir, bare := t.TempDir(), filepath.Join(t.TempDir(), "bare")
	git(t, dir, "init", "-q")
	write(t, dir, map[string]string{"a": "A"})
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "First")
	git(t, dir, "init", "-q", "--bare", bare)
	commit := git(t, dir, "rev-parse", "HEAD")
	var buf bytes.Buffer
	if err := Archive(t.Context(), bare, commit, nil, &buf); err == nil {
		t.Fatal("the commit is in the repository already")
	}
	env := []string{"GIT_OBJECT_DIRECTORY=" + filepath.Join(dir, ".git/objects"), "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + filepath.Join(bare, "objects")}
	buf.Reset()
	if err := Archive(t.Context(), bare, commit, env, &buf); err != nil || buf.Len() == 0 {
		t.Errorf("%d bytes, %v", buf.Len(), err)
	}
}
