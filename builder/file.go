package builder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadFile reads a regular file of a source tree. The name is relative to dir
// and uses slashes; it may pass through symlinks that stay within dir. A file
// that is missing is an fs.ErrNotExist; anything else that is wrong with it,
// such as more than most bytes, is a *Failure.
func ReadFile(dir, name string, most int64) ([]byte, error) {
	if err := CheckPath(name); err != nil {
		return nil, err
	}
	if dir == "" { // an app may have an image and no source
		return nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	defer func() { _ = root.Close() }()

	// Asking first keeps a named pipe from being opened, which would block.
	info, err := root.Stat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, &Failure{Message: fmt.Sprintf("%s cannot be read: it leads out of the source or is not accessible", name), Err: err}
	case !info.Mode().IsRegular():
		return nil, &Failure{Message: fmt.Sprintf("%s is not a file", name)}
	}
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, &Failure{Message: fmt.Sprintf("%s cannot be read", name), Err: err}
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > most {
		return nil, &Failure{Message: fmt.Sprintf("%s is over %d KiB", name, most>>10)}
	}
	return data, nil
}

// CheckPath says what is wrong with a path inside a source, as a *Failure.
func CheckPath(name string) error {
	if name == "" || strings.ContainsAny(name, "\x00\\\n\r") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return &Failure{Message: fmt.Sprintf("path %q: use a path inside the source, relative to its root", shorten(name))}
	}
	return nil
}

func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
