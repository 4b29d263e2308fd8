package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// environment is all that a git process knows of the world. The server's own
// environment, which may hold secrets, is not in it.
func (s *Server) environment(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + s.home,
		"LANG=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + s.config,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
	}, more...)
}

// run runs a git command to its end and gives its output, of which there must
// be little.
func (s *Server) run(ctx context.Context, env []string, args ...string) ([]byte, error) {
	return s.runWith(ctx, env, nil, args...)
}

func (s *Server) runWith(ctx context.Context, env []string, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.git, args...)
	cmd.Env = s.environment(env...)
	cmd.Dir = "/"
	cmd.Stdin = stdin
	complaints := &excerpt{}
	cmd.Stderr = complaints
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, complaints)
	}
	return out, nil
}

// service runs a git service with in as what the client sends and out as what
// it gets. When ctx ends it stops the process and all its children, and returns
// once they are gone. What the client sends after git has stopped reading is
// read and thrown away, or it would never see git's answer.
func (s *Server) service(ctx context.Context, env []string, in io.Reader, out io.Writer, args ...string) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return &models.Error{Kind: models.KindUnavailable, Message: "too many git commands are running; try again in a moment", RetryAfter: 5 * time.Second}
	}
	cmd := exec.Command(s.git, args...)
	cmd.Env = s.environment(env...)
	cmd.Dir = "/"
	cmd.Stdout = out
	complaints := &excerpt{}
	cmd.Stderr = complaints
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second // a collector left running may hold the pipes
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting git: %w", err)
	}
	stop := stopGroup(ctx, cmd.Process.Pid)
	fed := make(chan error, 1)
	go func() { fed <- feed(stdin, in) }()
	err = cmd.Wait()
	stop()
	// The request's body must not be read after its handler has returned.
	broke := <-fed
	if err == nil {
		err = broke
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil
	case err != nil:
		return fmt.Errorf("git %s: %w: %s", args[0], err, complaints)
	}
	return nil
}

// feed gives git what the client sends, and reads on when git has heard enough.
func feed(stdin io.WriteCloser, in io.Reader) error {
	_, err := io.Copy(stdin, in)
	closed := stdin.Close()
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		_, err = io.Copy(io.Discard, in)
		return err
	}
	if errors.Is(closed, os.ErrClosed) {
		closed = nil
	}
	return errors.Join(err, closed)
}

// stopGroup stops a process group when ctx ends: with a word first, so that git
// removes its temporary files. The function it gives must be called when the
// process is gone.
func stopGroup(ctx context.Context, pid int) (release func()) {
	gone := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-gone:
			return
		case <-ctx.Done():
		}
		_ = syscall.Kill(-pid, syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	})
	return func() {
		close(gone)
		watching.Wait()
	}
}

// excerpt keeps the beginning of what a program complains about.
type excerpt struct{ text bytes.Buffer }

func (t *excerpt) Write(p []byte) (int, error) {
	t.text.Write(p[:min(len(p), 4096-min(t.text.Len(), 4096))])
	return len(p), nil
}

func (t *excerpt) String() string { return strings.TrimSpace(t.text.String()) }
