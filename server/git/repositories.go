package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Repositories are the bare repositories in a data folder, one an app, named by
// the app's ID so that a name that is used again does not find an old one.
type Repositories struct{ DataDir string }

func (r Repositories) root() string { return filepath.Join(r.DataDir, "repositories") }

// Path is where an app's repository is once somebody has pushed to it.
func (r Repositories) Path(appID string) string {
	return filepath.Join(r.root(), filepath.Base(appID)+".git")
}

// Has says whether somebody has pushed to the app.
func (r Repositories) Has(appID string) bool {
	_, err := os.Stat(filepath.Join(r.Path(appID), "HEAD"))
	return err == nil
}

// Remove deletes an app's repository. One that is not there is no error. A push
// that runs at the same time fails.
func (r Repositories) Remove(appID string) error {
	// Renamed first, so that nobody sees half a repository.
	gone, err := os.MkdirTemp(r.root(), ".gone-")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = os.Rename(r.Path(appID), filepath.Join(gone, "repository"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(gone))
}

// sweep removes what a server that died left half made or half removed, once it
// is too old to be another server's work of this moment.
func (r Repositories) sweep() {
	found, _ := filepath.Glob(filepath.Join(r.root(), ".*-*"))
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(path)
		}
	}
}

// enter notes that a push runs in a repository. The last one to leave removes
// the quarantined objects of pushes that were cut off, which git itself leaves
// for weeks. That a server dies in between changes nothing: the note is a lock
// on a file, and whoever leaves next tidies up.
func enter(repository string) (leave func() error, err error) {
	file, err := os.OpenFile(filepath.Join(repository, "slipway.pushes"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	// Only held exclusively for the moment of tidying up.
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
	}
	return func() error {
		defer func() { _ = file.Close() }() // gives the lock back
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			return nil // another push runs
		}
		var failed error
		for _, pattern := range []string{"tmp_objdir-incoming-*", "incoming-*"} {
			left, err := filepath.Glob(filepath.Join(escapeGlob(repository), "objects", pattern))
			failed = errors.Join(failed, err)
			for _, path := range left {
				failed = errors.Join(failed, os.RemoveAll(path))
			}
		}
		return failed
	}, nil
}

var escapeGlob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace

// ensure makes an app's repository if it is not there, whole or not at all.
func (s *Server) ensure(ctx context.Context, appID string) (string, error) {
	path := s.repos.Path(appID)
	if s.repos.Has(appID) {
		return path, nil
	}
	return path, s.initialise(ctx, path)
}

func (s *Server) initialise(ctx context.Context, path string) error {
	fresh, err := s.provisional(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(fresh)) }()
	err = os.Rename(fresh, path)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil // another push was first
	}
	return err
}

// provisional makes a repository that belongs to no app yet, in a folder of its
// own that the caller removes.
func (s *Server) provisional(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp(s.repos.root(), ".new-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "repository")
	if _, err := s.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", "--", path); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return path, nil
}

// adopt makes a provisional repository the app's while a push to it waits in its
// hook. That git goes on by the old path, hence the link.
func (s *Server) adopt(provisional, appID string) error {
	path := s.repos.Path(appID)
	if err := os.Rename(provisional, path); err != nil {
		return fmt.Errorf("giving an app its repository: %w", err)
	}
	return os.Symlink(path, provisional)
}

// point makes branch the one that a clone checks out.
func (s *Server) point(ctx context.Context, repository, branch string) error {
	head, err := os.ReadFile(filepath.Join(repository, "HEAD"))
	if err == nil && strings.TrimSpace(string(head)) == "ref: "+heads+branch {
		return nil
	}
	_, err = s.run(ctx, nil, "--git-dir="+repository, "symbolic-ref", "HEAD", heads+branch)
	return err
}
