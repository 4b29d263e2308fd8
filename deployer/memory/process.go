package memory

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Program is what an image runs. It returns its exit code. ctx ends when the
// instance is asked to stop (SIGTERM). A killed instance counts as exited at
// once; its program should return soon after Process.Killed.
type Program func(ctx context.Context, p *Process) int

// Process is what a Program runs in.
type Process struct {
	Env            map[string]string
	Args           []string // the workload's command, nil for the image's own
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Killed         <-chan struct{}

	host    string
	memory  int64
	oom     func()
	mu      sync.Mutex
	dead    bool
	closers []io.Closer
}

// Getenv gives an environment variable, "" if it is not set.
func (p *Process) Getenv(key string) string { return p.Env[key] }

// Listen listens on PORT of the instance's own loopback address.
func (p *Process) Listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(p.host, p.Env["PORT"]))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		_ = listener.Close() // the kernel of a dead process would have
		return nil, net.ErrClosed
	}
	p.closers = append(p.closers, listener)
	return listener, nil
}

// Allocate kills the instance for want of memory if it asks for more than its
// limit.
func (p *Process) Allocate(mib int) {
	if int64(mib)<<20 < p.memory {
		return
	}
	p.oom()
	<-p.Killed
}

// end closes what the process had open, as a kernel does.
func (p *Process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	for _, c := range p.closers {
		_ = c.Close() // the program may have closed it already
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// Serve is a Program that answers every request with 200 and its release.
func Serve(ctx context.Context, p *Process) int {
	return serve(ctx, p, http.StatusOK)
}

// Sick is a Program that answers every request with 503.
func Sick(ctx context.Context, p *Process) int {
	return serve(ctx, p, http.StatusServiceUnavailable)
}

func serve(ctx context.Context, p *Process, status int) int {
	if _, err := strconv.Atoi(p.Env["PORT"]); err != nil {
		return Idle(ctx, p)
	}
	listener, err := p.Listen()
	if err != nil {
		return 1
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, "hello from", p.host) // the client may be gone
	})}
	go func() { _ = server.Serve(listener) }() // ends when closed
	defer func() { _ = server.Close() }()
	return Idle(ctx, p)
}

// Idle is a Program that does nothing until it is stopped.
func Idle(ctx context.Context, p *Process) int {
	select {
	case <-ctx.Done():
		return 0
	case <-p.Killed:
		return 137
	}
}

// Exit makes a Program that writes a line to stderr and exits with a code.
func Exit(code int, lastWords string) Program {
	return func(_ context.Context, p *Process) int {
		_, _ = fmt.Fprintln(p.Stderr, lastWords) // kept in memory: it cannot fail
		return code
	}
}

// Slow makes a Program that does what another does, d later.
func Slow(d time.Duration, then Program) Program {
	return func(ctx context.Context, p *Process) int {
		wait := time.NewTimer(d)
		defer wait.Stop()
		select {
		case <-wait.C:
			return then(ctx, p)
		case <-ctx.Done():
			return 0
		case <-p.Killed:
			return 137
		}
	}
}
