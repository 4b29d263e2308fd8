package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// A push whose server dies has no git any more that moves its branch, and git
// throws its objects away, though its deployment goes on and may go live. So that
// the branch can follow, each push that deploys is kept in a folder of its
// repository until git is done with it: links to its objects, which take no room,
// and what it does to the branch. What is there at a server's start is of pushes
// that were cut off.

const (
	keptPrefix = "slipway.kept-"
	keptUpdate = "update"  // "old new ref", written last
	keptFiles  = "objects" // as below the repository's own
)

// keepPush keeps a push's objects, which may be in quarantine, and gives the
// folder.
func keepPush(repository, quarantine string, u update) (dir string, err error) {
	if dir, err = os.MkdirTemp(repository, keptPrefix); err != nil {
		return "", err
	}
	if quarantine != "" {
		err = eachObject(quarantine, func(from, name string) error {
			to := filepath.Join(dir, keptFiles, name)
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			return os.Link(from, to)
		})
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, keptUpdate), []byte(u.old+" "+u.new+" "+u.ref+"\n"), 0o600)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// eachObject finds the files of objects below a folder, a pack before its index.
func eachObject(folder string, do func(path, name string) error) error {
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		base := filepath.Base(path)
		if err == nil && entry.Type().IsRegular() && !strings.HasPrefix(base, "tmp_") && filepath.Ext(base) != ".keep" {
			name, _ := filepath.Rel(folder, path) // it is below it
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	// What has its index is taken to be there.
	slices.SortStableFunc(names, func(a, b string) int {
		return boolInt(filepath.Ext(a) == ".idx") - boolInt(filepath.Ext(b) == ".idx")
	})
	for _, name := range names {
		if err := do(filepath.Join(folder, name), name); err != nil {
			return err
		}
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cutOff lists what is kept of pushes that are over.
func (r Repositories) cutOff() []string {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(r.root()), "*.git", keptPrefix+"*"))
	return found
}

// resume ends what a push that was cut off began: once its deployment has ended
// it moves the branch, if that succeeded.
func (s *Server) resume(ctx context.Context, dir string) {
	for {
		err := s.follows(ctx, dir)
		if ctx.Err() != nil {
			return // the next start finds it
		}
		if models.KindOf(err) != models.KindUnavailable {
			if err != nil {
				s.Logger.Warn("a push that was cut off is given up", "folder", dir, "error", err)
			}
			break
		}
		select {
		case <-time.After(time.Second): // Postgres is away, most likely
		case <-ctx.Done():
			return
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		s.Logger.Warn("what was kept of a push is left over", "error", err)
	}
}

// follows lets a branch follow the deployment of a push that was cut off.
func (s *Server) follows(ctx context.Context, dir string) error {
	repository := filepath.Dir(dir)
	app := strings.TrimSuffix(filepath.Base(repository), ".git")
	content, err := os.ReadFile(filepath.Join(dir, keptUpdate))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was cut off before it was written down
	}
	if err != nil {
		return err
	}
	updates, err := parseUpdates(string(content))
	if err != nil {
		return err
	}
	u := updates[0]
	d, err := s.Deployments.PushOf(ctx, app, u.branch(), u.new)
	if err != nil || d == nil {
		return err
	}
	if d, err = s.Deployments.Done(ctx, models.SystemActor(), d.ID); err != nil || d.State != models.DeploymentSucceeded {
		return err
	}
	turn, err := s.await(ctx, repository)
	if err != nil {
		return err
	}
	defer turn.end()
	at, err := s.at(ctx, repository, u.ref)
	if err != nil || at == u.new || at != u.old && (at != "" || !isZero(u.old)) {
		return err // a later push has moved it
	}
	words := fmt.Sprintf("%s is at %.7s now, which #%d has made live: the server was gone before git could move it", u.branch(), u.new, d.Number)
	if err := s.move(ctx, repository, dir, u, d); err != nil {
		s.Logger.Error("a branch cannot follow the deployment of a push that was cut off", "app", app, "deployment", d.ID, "error", err)
		words = fmt.Sprintf("%s stays where it was, though #%d has made %.7s live: what was pushed is gone; push it again", u.branch(), d.Number, u.new)
	}
	return s.Deployments.TellPush(ctx, app, u.branch(), words)
}

// await waits for the turn in a repository.
func (s *Server) await(ctx context.Context, repository string) (*turn, error) {
	turn, err := s.lines.queue(ctx, repository, func() {})
	if err != nil {
		return nil, err
	}
	if err := await(ctx, turn.now, nil); err != nil {
		turn.end()
		return nil, err
	}
	if _, err := turn.come(); err != nil {
		turn.end()
		return nil, err
	}
	return turn, nil
}

// at gives where a ref is, "" if it is not there.
func (s *Server) at(ctx context.Context, repository, ref string) (string, error) {
	out, err := s.run(ctx, nil, "--git-dir="+repository, "for-each-ref", "--format=%(objectname)", "--", ref)
	return strings.TrimSpace(string(out)), err
}

// move gives a repository what was kept of a push, and moves its branch if that
// is still where the push saw it and all of what it leads to is there.
func (s *Server) move(ctx context.Context, repository, dir string, u update, d *models.Deployment) error {
	kept := filepath.Join(dir, keptFiles)
	if _, err := os.Stat(kept); err == nil {
		err := eachObject(kept, func(from, name string) error {
			to := filepath.Join(repository, "objects", name)
			if _, err := os.Stat(to); err == nil {
				return nil
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			return os.Rename(from, to)
		})
		if err != nil {
			return err
		}
	}
	if _, err := s.run(ctx, nil, "--git-dir="+repository, "rev-list", "--quiet", "--objects", u.new, "--not", "--all"); err != nil {
		return err
	}
	_, err := s.run(ctx, nil, "--git-dir="+repository, "update-ref", "-m", fmt.Sprintf("deployment %d", d.Number), "--create-reflog", u.ref, u.new, u.old)
	return err
}

// unknown finds a branch that was moved for a deployment that is not there, as
// after a Postgres that was set back, and tells of it once.
func (s *Server) unknown(ctx context.Context, repository string) error {
	lock := filepath.Join(repository, turnFile)
	content, err := os.ReadFile(lock)
	id := strings.TrimSpace(string(content))
	if err != nil || id == "" {
		return nil // nobody has deployed from it
	}
	known, err := s.Deployments.Knows(ctx, id)
	if err != nil || known {
		return err
	}
	head, err := os.ReadFile(filepath.Join(repository, "HEAD"))
	if err != nil {
		return err
	}
	ref := strings.TrimPrefix(strings.TrimSpace(string(head)), "ref: ")
	at, err := s.at(ctx, repository, ref)
	if err != nil || at == "" {
		return err
	}
	app, branch := strings.TrimSuffix(filepath.Base(repository), ".git"), strings.TrimPrefix(ref, heads)
	d, err := s.Deployments.PushOf(ctx, app, branch, at)
	if err != nil || d != nil {
		return err
	}
	words := fmt.Sprintf("%s is at %.7s, and there is no deployment of it: the database is older than the repository. Deploy it again, as with an empty commit", branch, at)
	if err := s.Deployments.TellPush(ctx, app, branch, words); err != nil {
		return err
	}
	return os.Truncate(lock, 0)
}

// recover does what pushes of an earlier life of this server want: those that
// were cut off are in cutOff.
func (s *Server) recover(ctx context.Context, cutOff []string) {
	for _, dir := range cutOff {
		s.talks.Go(func() { s.resume(ctx, dir) })
	}
	repositories, _ := filepath.Glob(filepath.Join(escapeGlob(s.repos.root()), "*.git"))
	for _, repository := range repositories {
		if err := s.unknown(ctx, repository); err != nil && ctx.Err() == nil {
			s.Logger.Warn("a repository could not be compared with the deployments", "repository", repository, "error", err)
		}
	}
}
