package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// turn is the place of a push among those that deploy from one repository. Git
// moves a branch only if it is where the push saw it, so they go one after the
// other: of two that overlap the second would be refused after its deployment is
// live.
//
// Whose turn it is has the file slipway.lock locked until git has moved the
// branch, and its deployment's ID stands in it. One other may be next, and has
// slipway.next locked. Only that one may supersede the deployment that it waits
// for: then no third gets in between. The locks are files', so that servers on
// one data folder share them and one that dies gives them back.
//
// A turn is used by one goroutine at a time; end may be called by any, and on a
// nil turn.
type turn struct {
	repository string
	leave      func() // the line of this process
	next, now  *os.File

	mu     sync.Mutex
	ended  bool
	cancel context.CancelFunc // of inherit
	has    chan struct{}      // closed when inherit is over
	failed error              // of inherit
}

// turnFile is whose turn it is, in a repository.
const turnFile = "slipway.lock"

// lockLook is how often a lock is asked for: it can only be asked for, or waited
// for without an end.
const lockLook = 50 * time.Millisecond

// queue takes the place next to whose turn it is. It waits until ctx ends, and
// calls wait if it has to.
func (l *lines) queue(ctx context.Context, repository string, wait func()) (*turn, error) {
	first, leave := l.join(repository)
	t := &turn{repository: repository, leave: leave}
	select {
	case <-first:
	default:
		wait()
		select {
		case <-first:
		case <-ctx.Done():
			t.end()
			return nil, ctx.Err()
		}
	}
	var err error
	if t.next, err = openLock(repository, "slipway.next"); err == nil {
		err = await(ctx, t.next, wait)
	}
	if err == nil {
		t.now, err = openLock(repository, turnFile)
	}
	if err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

// come says whether it is the push's turn now. Then another may be next.
func (t *turn) come() (bool, error) {
	free, err := tryLock(t.now)
	if err == nil && free {
		err = t.note("") // what the last one left is not this one's
		t.giveNext()
	}
	return free, err
}

// before gives the deployment of whose turn it is, "" when it has none yet.
func (t *turn) before() string {
	content, err := os.ReadFile(t.now.Name())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// note writes down which deployment the turn is of.
func (t *turn) note(deploymentID string) error {
	err := t.now.Truncate(0)
	if err == nil && deploymentID != "" {
		_, err = t.now.WriteAt([]byte(deploymentID), 0)
	}
	if err != nil {
		return fmt.Errorf("writing down whose turn it is: %w", err)
	}
	return nil
}

// inherit takes the turn once whoever has it ends, who has been superseded.
// Meanwhile the push's deployment goes on.
func (t *turn) inherit(ctx context.Context, deploymentID string) {
	ctx, cancel := context.WithCancel(ctx)
	has := make(chan struct{})
	t.mu.Lock()
	t.cancel, t.has = cancel, has
	t.mu.Unlock()
	go func() {
		defer close(has)
		defer cancel()
		t.failed = await(ctx, t.now, nil)
		if t.failed == nil {
			t.failed = t.note(deploymentID)
			t.giveNext()
		}
	}()
}

// inherited waits until it is the push's turn, if it is not yet.
func (t *turn) inherited(ctx context.Context) error {
	if t.has == nil {
		return nil
	}
	select {
	case <-t.has:
		return t.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// giveNext lets another be next.
func (t *turn) giveNext() {
	_ = t.next.Close()
	t.leave()
}

// end gives the turn back.
func (t *turn) end() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	if t.has != nil {
		t.cancel()
		<-t.has
	}
	if t.now != nil {
		_ = t.now.Close()
	}
	if t.next != nil {
		_ = t.next.Close()
	}
	t.leave()
}

func openLock(repository, name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(repository, name), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
}

func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("locking a repository: %w", err)
	}
	return true, nil
}

// await locks a file. It waits until ctx ends, and calls wait if it has to and
// there is any.
func await(ctx context.Context, file *os.File, wait func()) error {
	look := time.NewTicker(lockLook)
	defer look.Stop()
	for {
		free, err := tryLock(file)
		if err != nil || free {
			return err
		}
		if wait != nil {
			wait()
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lines are the pushes of this process that wait for a repository, in the order
// in which they came. It is safe for concurrent use.
type lines struct {
	mu  sync.Mutex
	all map[string][]chan struct{}
}

// join goes to the end of a repository's line. first is closed when all who came
// before have left.
func (l *lines) join(repository string) (first <-chan struct{}, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[string][]chan struct{}{}
	}
	mine := make(chan struct{})
	l.all[repository] = append(l.all[repository], mine)
	if len(l.all[repository]) == 1 {
		close(mine)
	}
	return mine, sync.OnceFunc(func() { l.leave(repository, mine) })
}

func (l *lines) leave(repository string, who chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := l.all[repository]
	for i, one := range line {
		if one != who {
			continue
		}
		line = append(line[:i], line[i+1:]...)
		if i == 0 && len(line) > 0 {
			close(line[0])
		}
		break
	}
	if l.all[repository] = line; len(line) == 0 {
		delete(l.all, repository)
	}
}
