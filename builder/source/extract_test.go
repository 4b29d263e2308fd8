package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/builder"
)

type item struct {
	name, content string // for links, content is the target
	kind          byte
	mode          int64
}

func tarOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, it := range items {
		h := &tar.Header{Name: it.name, Typeflag: it.kind, Mode: it.mode, ModTime: time.Unix(1700000000, 0)}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
			h = &tar.Header{Name: it.name, Typeflag: it.kind, PAXRecords: map[string]string{"comment": it.content}}
		case tar.TypeReg:
			h.Size = int64(len(it.content))
		case tar.TypeSymlink, tar.TypeLink:
			h.Linkname = it.content
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, it.content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// look describes a tree: path to "mode content" or "-> target".
func look(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			found[name] = "-> " + target
			return err
		case entry.IsDir():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		found[name] = info.Mode().String() + " " + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestExtract(t *testing.T) {
	archive := tarOf(t,
		item{name: "pax_global_header", kind: tar.TypeXGlobalHeader},
		item{name: "./", kind: tar.TypeDir, mode: 0o700},
		item{name: "./a", content: "first", mode: 0o600},
		item{name: "a", content: "A", mode: 0o4777},
		item{name: "deep/er/b", content: "B", mode: 0o640},
		item{name: "deep/", kind: tar.TypeDir, mode: 0o000},
		item{name: "link", content: "deep/er/b", kind: tar.TypeSymlink},
		item{name: "deep/up", content: "../a", kind: tar.TypeSymlink},
		item{name: "dangling", content: "nothing", kind: tar.TypeSymlink},
		item{name: "hard", content: "deep/er/b", kind: tar.TypeLink},
		item{name: ".git/config", content: "[core]"},
		item{name: "sub/.GIT/x", content: "x"},
		item{name: ".gitignore", content: "x"},
	)
	want := map[string]string{
		"a": "-rwxr-xr-x A", "deep/er/b": "-rw-r--r-- B", "link": "-> deep/er/b", "deep/up": "-> ../a",
		"dangling": "-> nothing", "hard": "-rw-r--r-- B", ".gitignore": "-rw-r--r-- x",
	}
	for name, data := range map[string][]byte{"tar": archive, "tar.gz": gzipped(t, archive)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "src")
			if err := Extract(t.Context(), bytes.NewReader(data), dir, Limits{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, look(t, dir)); diff != "" {
				t.Error(diff)
			}
			info, err := os.Stat(filepath.Join(dir, "deep/er/b"))
			if err != nil || !info.ModTime().Equal(time.Unix(1700000000, 0)) {
				t.Errorf("time %v, %v", info.ModTime(), err)
			}
		})
	}
}

func TestExtractRefuses(t *testing.T) {
	good := item{name: "good", content: strings.Repeat("x", 1000)}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"absolute":                {tarOf(t, good, item{name: "/etc/x", content: "x"}), "absolute"},
		"dot dot":                 {tarOf(t, good, item{name: "../x", content: "x"}), "leads out"},
		"dot dot within":          {tarOf(t, good, item{name: "a/../../x", content: "x"}), "leads out"},
		"symlink absolute":        {tarOf(t, good, item{name: "l", content: "/etc/passwd", kind: tar.TypeSymlink}), "leads out"},
		"symlink out":             {tarOf(t, good, item{name: "d/l", content: "../../x", kind: tar.TypeSymlink}), "leads out"},
		"symlink out by another":  {tarOf(t, good, item{name: "x/up", content: "..", kind: tar.TypeSymlink}, item{name: "y", content: "x/up/..", kind: tar.TypeSymlink}), "leads out"},
		"through a symlink":       {tarOf(t, item{name: "d/f", content: "x"}, item{name: "l", content: "d", kind: tar.TypeSymlink}, item{name: "l/f", content: "y"}), "as something else"},
		"hardlink out":            {tarOf(t, good, item{name: "l", content: "../x", kind: tar.TypeLink}), "leads out"},
		"hardlink absolute":       {tarOf(t, good, item{name: "l", content: "/etc/passwd", kind: tar.TypeLink}), "leads out"},
		"hardlink to nothing":     {tarOf(t, good, item{name: "l", content: "later", kind: tar.TypeLink}), "not a file"},
		"hardlink to a link":      {tarOf(t, item{name: "s", content: "good", kind: tar.TypeSymlink}, item{name: "l", content: "s", kind: tar.TypeLink}), "not a file"},
		"device":                  {tarOf(t, good, item{name: "null", kind: tar.TypeChar}), "neither"},
		"pipe":                    {tarOf(t, good, item{name: "pipe", kind: tar.TypeFifo}), "neither"},
		"file over a directory":   {tarOf(t, item{name: "a/b", content: "x"}, item{name: "a", content: "x"}), "as a directory and as a file"},
		"too many":                {tarOf(t, item{name: "a"}, item{name: "b"}, item{name: "c"}, item{name: "d"}, item{name: "e"}, item{name: "f"}), "over 5 files"},
		"too large":               {tarOf(t, item{name: "a", content: strings.Repeat("x", 1<<20+1)}), "over 1 MB"},
		"too large together":      {tarOf(t, item{name: "a", content: strings.Repeat("x", 1<<19+1)}, item{name: "b", content: strings.Repeat("x", 1<<19)}), "over 1 MB"},
		"too large and left out":  {tarOf(t, item{name: ".git/a", content: strings.Repeat("x", 3<<20)}), "over 1 MB"},
		"control characters":      {tarOf(t, item{name: "a\nb", content: "x"}), "control"},
		"not UTF-8":               {tarOf(t, item{name: "a\xff", content: "x"}), "UTF-8"},
		"long name":               {tarOf(t, item{name: strings.Repeat("n", 300), content: "x"}), "255"},
		"deep":                    {tarOf(t, item{name: strings.Repeat("d/", 150) + "x", content: "x"}), "deep"},
		"empty":                   {nil, "empty"},
		"not an archive":          {[]byte(strings.Repeat("this is not a tar. ", 100)), "not a tar"},
		"cut short":               {tarOf(t, good)[:900], "ends early"},
		"cut short and gzipped":   {gzipped(t, tarOf(t, good))[:40], "ends early"},
		"damaged gzip":            {append([]byte{0x1f, 0x8b}, "nonsense"...), "not a valid tar.gz"},
		"damaged gzip in the mid": {spoil(gzipped(t, tarOf(t, good))), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			err := Extract(t.Context(), bytes.NewReader(c.data), filepath.Join(parent, "src"), Limits{Files: 5, Bytes: 1 << 20})
			var failure *builder.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, c.want) {
				t.Errorf("got %v, want a *Failure with %q", err, c.want)
			}
			checkEmpty(t, parent)
		})
	}
}

func spoil(data []byte) []byte {
	data[10] = 0xff // a kind of block that does not exist
	return data
}

func checkEmpty(t testing.TB, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestExtractStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	parent := t.TempDir()
	r, w := io.Pipe()
	go func() {
		_, err := w.Write(tarOf(t, item{name: "a", content: strings.Repeat("x", 1<<20)})[:1<<19])
		cancel()
		_ = w.CloseWithError(errors.Join(err, io.ErrUnexpectedEOF))
	}()
	if err := Extract(ctx, r, filepath.Join(parent, "src"), Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	checkEmpty(t, parent)
}

// A server whose umask is 077 must not make images that only root can read.
func TestExtractModesAreNotTheUmasks(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(t.TempDir(), "source")
	err := Extract(t.Context(), bytes.NewReader(tarOf(t, item{name: "bin/app", mode: 0o755}, item{name: "page", mode: 0o600})), dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"bin": 0o755, "bin/app": 0o755, "page": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info, err, want)
		}
	}
}

func TestExtractKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Extract(t.Context(), bytes.NewReader(tarOf(t, item{name: "a"})), dir, Limits{}); err == nil {
		t.Error("unpacked over files that were there")
	}
	if diff := cmp.Diff(map[string]string{"mine": "-rw-r--r-- "}, look(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// FuzzExtract holds that nothing outside of the directory ever changes, that
// no link leads out, and that a refusal leaves nothing.
func FuzzExtract(f *testing.F) {
	f.Add(tarOf(f, item{name: "a", content: "x"}, item{name: "d/l", content: "../a", kind: tar.TypeSymlink}, item{name: "h", content: "a", kind: tar.TypeLink}))
	f.Add(tarOf(f, item{name: "x/up", content: "..", kind: tar.TypeSymlink}, item{name: "y", content: "x/up/..", kind: tar.TypeSymlink}))
	f.Add(tarOf(f, item{name: "l", content: ".", kind: tar.TypeSymlink}, item{name: "l/x", content: "y"}, item{name: "l", content: "z"}))
	f.Add(gzipped(f, tarOf(f, item{name: "../x", content: "x"})))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		canary := filepath.Join(parent, "canary")
		if err := os.WriteFile(canary, []byte("sings"), 0o644); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(parent, "src")
		err := Extract(t.Context(), bytes.NewReader(data), dir, Limits{Files: 50, Bytes: 1 << 16})
		if text, err := os.ReadFile(canary); err != nil || string(text) != "sings" {
			t.Fatalf("the file outside became %q, %v", text, err)
		}
		entries, _ := os.ReadDir(parent)
		if err != nil {
			if len(entries) != 1 {
				t.Fatalf("left behind after %v: %v", err, entries)
			}
			return
		}
		if len(entries) != 2 {
			t.Fatalf("beside the source: %v", entries)
		}
		for name, what := range look(t, dir) {
			if !strings.HasPrefix(what, "-> ") {
				continue
			}
			if at, err := filepath.EvalSymlinks(filepath.Join(dir, name)); err == nil && at != dir && !strings.HasPrefix(at, dir+"/") {
				t.Fatalf("%s leads to %s", name, at)
			}
		}
	})
}
