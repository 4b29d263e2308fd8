package pipeline

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/slipway-paas/slipway/models"
)

func newSources(t *testing.T) *Sources {
	return &Sources{dir: filepath.Join(t.TempDir(), "sources"), maxBytes: 64 << 10}
}

func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		content := []byte("hello")
		if header.Typeflag != 0 && header.Typeflag != tar.TypeReg {
			content = nil
		}
		header.Size, header.Mode = int64(len(content)), 0o644
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// left lists all files below the folder of sources.
func (s *Sources) left(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && path != s.dir {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSave(t *testing.T) {
	good := tarOf(t, tar.Header{Name: "index.html"}, tar.Header{Name: "a/b"})
	for name, body := range map[string][]byte{"tar": good, "gzip": gzipped(t, good)} {
		t.Run(name, func(t *testing.T) {
			s := newSources(t)
			up, err := s.Save(t.Context(), iotest.OneByteReader(bytes.NewReader(body)))
			id := up.ID
			if err != nil || up.Bytes != int64(len(body)) || up.Files != 2 || !s.Has(t.Context(), id) {
				t.Fatalf("%+v, %v", up, err)
			}
			dir := filepath.Join(t.TempDir(), "out")
			if err := s.unpack(t.Context(), id, dir); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "a", "b")); err != nil || string(got) != "hello" {
				t.Errorf("%q, %v", got, err)
			}
			if left := s.left(t); len(left) != 1 {
				t.Errorf("there are %v", left)
			}
			if err := s.drop(t.Context(), []string{id}); err != nil {
				t.Fatal(err)
			}
			if s.Has(t.Context(), id) || len(s.left(t)) != 0 {
				t.Error("it was not dropped")
			}
			if err := s.unpack(t.Context(), id, filepath.Join(t.TempDir(), "out")); models.KindOf(err) != models.KindFailed {
				t.Errorf("unpacking what is gone: %v", err)
			}
		})
	}
}

func TestSaveRefuses(t *testing.T) {
	good := tarOf(t, tar.Header{Name: "index.html"})
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		body io.Reader
		kind models.Kind
	}{
		"nothing":       {strings.NewReader(""), models.KindInvalid},
		"no entry":      {bytes.NewReader(tarOf(t)), models.KindInvalid},
		"no file":       {bytes.NewReader(gzipped(t, tarOf(t, tar.Header{Name: "a/", Typeflag: tar.TypeDir}, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "a"}))), models.KindInvalid},
		"only git's":    {bytes.NewReader(tarOf(t, tar.Header{Name: ".git/config"})), models.KindInvalid},
		"no tar":        {strings.NewReader("hello, I am no tar"), models.KindInvalid},
		"cut":           {bytes.NewReader(good[:300]), models.KindInvalid},
		"cut gzip":      {bytes.NewReader(gzipped(t, good)[:20]), models.KindInvalid},
		"broken off":    {io.MultiReader(bytes.NewReader(good[:512]), iotest.ErrReader(broken)), models.KindInvalid},
		"too large":     {bytes.NewReader(make([]byte, 65<<10)), models.KindTooLarge},
		"outside":       {bytes.NewReader(tarOf(t, tar.Header{Name: "../evil"})), models.KindInvalid},
		"absolute":      {bytes.NewReader(tarOf(t, tar.Header{Name: "/etc/evil"})), models.KindInvalid},
		"link":          {bytes.NewReader(tarOf(t, tar.Header{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"})), models.KindInvalid},
		"through link":  {bytes.NewReader(tarOf(t, tar.Header{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "../.."}, tar.Header{Name: "x/evil"})), models.KindInvalid},
		"hard link":     {bytes.NewReader(tarOf(t, tar.Header{Name: "x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"})), models.KindInvalid},
		"device":        {bytes.NewReader(tarOf(t, tar.Header{Name: "x", Typeflag: tar.TypeChar})), models.KindInvalid},
		"file as a dir": {bytes.NewReader(tarOf(t, tar.Header{Name: "x"}, tar.Header{Name: "x/y"})), models.KindInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSources(t)
			up, err := s.Save(t.Context(), c.body)
			if models.KindOf(err) != c.kind || err == nil || up != (Upload{}) {
				t.Errorf("%+v, %v, of kind %s", up, err, models.KindOf(err))
			}
			if left := s.left(t); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
			if strings.Contains(models.SafeMessage(err), s.dir) {
				t.Errorf("the message shows where it is kept: %s", models.SafeMessage(err))
			}
		})
	}
}

func TestSaveGit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.com"}, args...)...)
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	git("add", ".")
	git("commit", "--quiet", "--message=First")
	commit := git("rev-parse", "HEAD")
	s := newSources(t)
	id, size, err := s.SaveGit(t.Context(), filepath.Join(dir, ".git"), commit, nil)
	if err != nil || size == 0 || !s.Has(t.Context(), id) {
		t.Fatalf("%q, %d, %v", id, size, err)
	}
	if err := s.drop(t.Context(), []string{id}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		repository, commit string
		kind               models.Kind
	}{
		"no commit":     {filepath.Join(dir, ".git"), strings.Repeat("0", 40), models.KindInvalid},
		"a branch":      {filepath.Join(dir, ".git"), "main", models.KindInvalid},
		"an option":     {filepath.Join(dir, ".git"), "--output=/tmp/evil", models.KindInvalid},
		"short":         {filepath.Join(dir, ".git"), commit[:10], models.KindInvalid},
		"no repository": {filepath.Join(dir, "gone"), commit, models.KindInternal},
	} {
		t.Run(name, func(t *testing.T) {
			if id, _, err := s.SaveGit(t.Context(), c.repository, c.commit, nil); models.KindOf(err) != c.kind || err == nil || id != "" {
				t.Errorf("%q, %v, of kind %s", id, err, models.KindOf(err))
			}
			if left := s.left(t); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

func TestHas(t *testing.T) {
	s := newSources(t)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "x.tar"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "x", "../x", "/x", strings.Repeat("0", 25), strings.Repeat("0", 27), strings.Repeat("A", 26), strings.Repeat("0", 25) + "/", models.NewID()} {
		if s.Has(t.Context(), id) {
			t.Errorf("it has %q", id)
		}
		if err := s.drop(t.Context(), []string{id}); err != nil {
			t.Fatal(err)
		}
		if err := s.unpack(t.Context(), id, filepath.Join(t.TempDir(), "out")); models.KindOf(err) != models.KindFailed {
			t.Errorf("unpack %q: %v", id, err)
		}
	}
	if len(s.left(t)) != 1 {
		t.Error("it dropped what is no snapshot")
	}
}

func TestSweepSources(t *testing.T) {
	s := newSources(t)
	if err := os.MkdirAll(filepath.Join(s.dir, "trial-1", "source"), 0o700); err != nil {
		t.Fatal(err)
	}
	old, young := models.NewID(), models.NewID()
	for _, name := range []string{"incoming-1", "incoming-2", old + ".tar", young + ".tar", "other.tar"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{"incoming-1", "trial-1", old + ".tar", "other.tar"} {
		if err := os.Chtimes(filepath.Join(s.dir, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	s.sweep(time.Hour)
	if left := s.left(t); len(left) != 4 {
		t.Errorf("there are %v", left)
	}
	if ids := s.olderThan(keptUpload); len(ids) != 1 || ids[0] != old {
		t.Errorf("old ones: %v", ids)
	}
}
