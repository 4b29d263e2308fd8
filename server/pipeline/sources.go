package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/models"
)

// Sources keeps source snapshots: one tar a source, whichever door it came
// through, so that a build never depends on a repository that moves on. They
// are in the server's own folder, and with other servers on the database there
// too, so that any of them can build what one was given.
type Sources struct {
	dir      string
	maxBytes int64
	others   sharedSources // nil where there can be none
	shared   atomic.Bool   // other servers are there
	room     Room          // nil where there is always room
}

// sharedSources is where servers find each other's snapshots: a store.Store.
type sharedSources interface {
	SaveSource(ctx context.Context, id string, r io.Reader) error
	CopySource(ctx context.Context, id string, w io.Writer) (bool, error)
	HasSource(ctx context.Context, id string) (bool, error)
	DropSources(ctx context.Context, ids []string) error
	SourcesToShare(ctx context.Context) ([]string, error)
}

func (s *Sources) path(id string) string { return filepath.Join(s.dir, id+".tar") }

// Has says whether a snapshot is kept, here or with other servers.
func (s *Sources) Has(ctx context.Context, id string) bool {
	if s.here(id) {
		return true
	}
	if !models.IsID(id) || s.others == nil {
		return false
	}
	has, err := s.others.HasSource(ctx, id)
	return has && err == nil
}

func (s *Sources) here(id string) bool {
	if !models.IsID(id) {
		return false
	}
	_, err := os.Stat(s.path(id))
	return err == nil
}

// Share sets whether there are other servers on the database, and shows them
// the snapshots that open deployments are made of. It is to be called again
// and again while there are.
func (s *Sources) Share(ctx context.Context, others bool) error {
	s.shared.Store(others)
	if !others {
		return nil
	}
	ids, err := s.others.SourcesToShare(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.show(ctx, id); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err // it does not exist where another server has it
		}
	}
	return nil
}

func (s *Sources) show(ctx context.Context, id string) error {
	file, err := os.Open(s.path(id))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return s.others.SaveSource(ctx, id, file)
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
	up.ID, up.Bytes, err = s.keep(ctx, func(file *os.File) error {
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
	return s.keep(ctx, func(file *os.File) error {
		return sourceError(source.Archive(ctx, repository, commit, env, file))
	})
}

// keep lets write fill a file and then gives it its name, so that a snapshot is
// there whole or not at all. Other servers have it before it is told of.
func (s *Sources) keep(ctx context.Context, write func(*os.File) error) (id string, size int64, err error) {
	if s.room != nil {
		if err := s.room(ctx); err != nil {
			return "", 0, err
		}
	}
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
	if err := s.settle(file, id); err != nil {
		_ = os.Remove(s.path(id)) // it may have its name already
		return "", 0, diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	if s.shared.Load() {
		if err := s.show(ctx, id); err != nil {
			_ = os.Remove(s.path(id))
			return "", 0, err
		}
	}
	return id, info.Size(), nil
}

// settle gives a snapshot its name, so that it outlives a loss of power: what is
// acknowledged next must not be without its source.
func (s *Sources) settle(file *os.File, id string) error {
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), s.path(id)); err != nil {
		return err
	}
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// unpack puts a snapshot into a folder that must not exist yet.
func (s *Sources) unpack(ctx context.Context, id, dir string) error {
	if !s.here(id) && models.IsID(id) && s.others != nil {
		if err := s.bring(ctx, id); err != nil {
			return err
		}
	}
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

// shareWithin is how long another server may take to notice that this one has
// come, and that its snapshots are wanted: two beats of server/peers.
const shareWithin = 10 * time.Second

// bring fetches a snapshot that another server took. One that is not there yet
// is waited for: a server that has just come may be at work before the others
// know of it.
func (s *Sources) bring(ctx context.Context, id string) error {
	for end := time.Now().Add(shareWithin); ; {
		has, err := s.others.HasSource(ctx, id)
		if err != nil {
			return err
		}
		if has {
			break
		}
		if !s.shared.Load() || time.Now().After(end) {
			return nil // unpack says what is missing
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	file, err := os.CreateTemp(s.dir, "incoming-")
	if err != nil {
		return diskOr(err, models.KindUnavailable, "the source cannot be stored")
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	if _, err := s.others.CopySource(ctx, id, file); err != nil {
		return diskOr(err, models.KindUnavailable, "the source cannot be fetched from the server that took it")
	}
	return os.Rename(file.Name(), s.path(id))
}

// drop forgets snapshots, also what the other servers have of them.
func (s *Sources) drop(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if models.IsID(id) {
			_ = os.Remove(s.path(id))
		}
	}
	if s.others == nil || len(ids) == 0 {
		return nil
	}
	return s.others.DropSources(ctx, ids)
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
