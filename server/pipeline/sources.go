package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/models"
)

// Sources keeps source snapshots: one tar a source, whichever door it came
// through, so that a build never depends on a repository that moves on.
type Sources struct {
	dir      string
	maxBytes int64
}

func (s *Sources) path(id string) string { return filepath.Join(s.dir, id+".tar") }

// Has says whether a snapshot is kept.
func (s *Sources) Has(id string) bool {
	if !models.IsID(id) {
		return false
	}
	_, err := os.Stat(s.path(id))
	return err == nil
}

// MaxBytes is how large an upload may be, in bytes as it is sent.
func (s *Sources) MaxBytes() int64 { return s.maxBytes }

// Upload is a source that somebody uploaded.
type Upload struct {
	ID    string
	Bytes int64 // as it was sent
	Files int   // regular files in it
}

// Save keeps what somebody uploaded: a tar, gzipped or not. It is unpacked once
// to see that it can be and has a file in it; what cannot leaves nothing behind
// and is a models.Error of KindInvalid or KindTooLarge.
func (s *Sources) Save(ctx context.Context, r io.Reader) (Upload, error) {
	var up Upload
	var err error
	up.ID, up.Bytes, err = s.keep(func(file *os.File) error {
		n, err := io.Copy(file, io.LimitReader(r, s.maxBytes+1))
		if err != nil {
			return diskOr(err, models.KindInvalid, "the upload broke off")
		}
		if n > s.maxBytes {
			return models.Errorf(models.KindTooLarge, "the source is over the limit of %d MB", s.maxBytes>>20)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		trial, err := os.MkdirTemp(s.dir, "trial-")
		if err != nil {
			return diskOr(err, models.KindUnavailable, "the source cannot be stored")
		}
		defer func() { _ = os.RemoveAll(trial) }()
		if err := sourceError(source.Extract(ctx, file, filepath.Join(trial, "source"), source.Limits{})); err != nil {
			return err
		}
		if up.Files, err = countFiles(filepath.Join(trial, "source")); err == nil && up.Files == 0 {
			err = models.Errorf(models.KindInvalid, "the archive has no file in it")
		}
		return err
	})
	if err != nil {
		return Upload{}, err
	}
	return up, nil
}

// countFiles counts the regular files below a folder.
func countFiles(dir string) (n int, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			n++
		}
		return err
	})
	return n, err
}

// SaveGit keeps the tree of a commit of a repository on this machine. The
// environment may point git at objects that are still in quarantine.
func (s *Sources) SaveGit(ctx context.Context, repository, commit string, env []string) (id string, size int64, err error) {
	return s.keep(func(file *os.File) error {
		return sourceError(source.Archive(ctx, repository, commit, env, file))
	})
}

// keep lets write fill a file and then gives it its name, so that a snapshot is
// there whole or not at all.
func (s *Sources) keep(write func(*os.File) error) (id string, size int64, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", 0, diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	file, err := os.CreateTemp(s.dir, "incoming-")
	if err != nil {
		return "", 0, diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // gone already when it got its name
	}()
	if err := write(file); err != nil {
		return "", 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return "", 0, err
	}
	id = models.NewID()
	if err := os.Rename(file.Name(), s.path(id)); err != nil {
		return "", 0, diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	return id, info.Size(), nil
}

// unpack puts a snapshot into a folder that must not exist yet.
func (s *Sources) unpack(ctx context.Context, id, dir string) error {
	file, err := os.Open(s.path(id))
	if errors.Is(err, os.ErrNotExist) || !models.IsID(id) {
		return models.Errorf(models.KindFailed, "the source of this deployment is no longer kept; push it again")
	}
	if err != nil {
		return fmt.Errorf("opening a source: %w", err)
	}
	defer func() { _ = file.Close() }()
	return sourceError(source.Extract(ctx, file, dir, source.Limits{}))
}

func (s *Sources) drop(id string) {
	if models.IsID(id) {
		_ = os.Remove(s.path(id))
	}
}

// sweep removes what a server that died left half done, older than age.
func (s *Sources) sweep(age time.Duration) {
	for _, pattern := range []string{"incoming-*", "trial-*"} {
		found, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > age {
				_ = os.RemoveAll(path)
			}
		}
	}
}
