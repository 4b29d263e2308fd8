package kubernetes

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"k8s.io/client-go/tools/remotecommand"
)

// attach connects to the task's input and, if out is not nil, its output. It
// returns when the task ends or ctx does.
func (r *running) attach(ctx context.Context, in io.Reader, out io.Writer) error {
	request := r.api.rest.Get().AbsPath(pods.one(r.namespace, r.pod)+"/attach").Param("container", containerName)
	if in != nil {
		request = request.Param("stdin", "true")
	}
	if out != nil {
		request = request.Param("stdout", "true")
	}
	if r.TTY {
		request = request.Param("tty", "true")
	}
	executor, err := remotecommand.NewWebSocketExecutor(r.api.config, "GET", request.URL().String())
	if err != nil {
		return fail(ctx, "attach to "+r.name, err)
	}
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Tty: r.TTY})
	return fail(ctx, "attach to "+r.name, err)
}

// inputSettles is how long the end of a task's input is kept back. A node that is
// told of it drops what it has not yet handed to the task; nothing tells what it has.
const inputSettles = 500 * time.Millisecond

// lateEnd is a reader that tells its end a moment later.
type lateEnd struct {
	ctx context.Context // of the task
	io.Reader
}

// Read implements io.Reader.
func (l lateEnd) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n == 0 && err != nil {
		pause(l.ctx, inputSettles)
	}
	return n, err
}

// settleTerminal is how long a terminal may show nothing before what it showed
// earlier is asked for: nothing tells that it is connected.
const settleTerminal = 300 * time.Millisecond

// terminal connects to the task's terminal. What it showed before comes from the
// log, as does all of a task that ended at once.
func (r *running) terminal(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := r.streams.Stdout
	if out == nil {
		out = io.Discard
	}
	joined := &joint{out: out, first: make(chan struct{})}
	attached := make(chan error, 1)
	go func() { attached <- r.attach(ctx, r.streams.Stdin, joined) }()

	var ended bool
	timer := time.NewTimer(settleTerminal)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-joined.first:
	case <-attached:
		ended = true
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var before bytes.Buffer
	if failure := r.copyLog(ctx, ended, &before); failure != nil {
		return failure
	}
	if failure := joined.begin(before.Bytes()); failure != nil {
		return failure
	}
	if ended {
		return nil // the log had all of it, whatever became of the connection
	}
	err := <-attached
	select {
	case <-joined.first: // it was connected
	default:
		if err != nil && ctx.Err() == nil && r.endsNow(ctx) {
			return r.rest(ctx, before.Len(), out)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// endedWithin is how long the engine may take to tell that a task has ended
// whose terminal cannot be connected to any more.
const endedWithin = 10 * time.Second

// endsNow says whether the task has ended.
func (r *running) endsNow(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, endedWithin)
	defer cancel()
	return r.untilSeen(ctx, func(v *pod) (bool, error) { return v == nil || v.lastEnd() != nil, nil }) == nil
}

// rest hands on what the log has of a task that has ended, from a byte on.
func (r *running) rest(ctx context.Context, from int, out io.Writer) error {
	var all bytes.Buffer
	if err := r.copyLog(ctx, true, &all); err != nil {
		return err
	}
	_, err := out.Write(all.Bytes()[min(from, all.Len()):])
	return err
}

// joint hands on what a terminal shows, behind what it showed before.
type joint struct {
	mu    sync.Mutex
	out   io.Writer
	held  []byte
	begun bool
	once  sync.Once
	first chan struct{} // closed when something is shown
}

// Write implements io.Writer.
func (j *joint) Write(p []byte) (int, error) {
	j.once.Do(func() { close(j.first) })
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begun {
		return j.out.Write(p)
	}
	j.held = append(j.held, p...)
	return len(p), nil
}

// begin hands on what was shown before, then what was held until now, but for
// what is in both.
func (j *joint) begin(before []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun = true
	_, err := j.out.Write(append(before, j.held[overlap(before, j.held):]...))
	j.held = nil
	return err
}

// overlap is how many bytes at the end of a are the begin of b.
func overlap(a, b []byte) int {
	for n := min(len(a), len(b)); n > 0; n-- {
		if bytes.Equal(a[len(a)-n:], b[:n]) {
			return n
		}
	}
	return 0
}
