package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/slipway-paas/slipway/deployer"
)

// Logs implements deployer.Cluster. A followed instance that the engine starts
// again is followed on, without losing or repeating a line. Memory is bounded
// by one line of 64 KiB for each of the two streams. The output of an instance
// that is not there is empty.
func (c *Cluster) Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	t := &tailer{Cluster: c, id: q.InstanceID, since: q.Since, follow: q.Follow}
	return t.lines(ctx)
}

// tailer reads one instance's output over any number of streams.
type tailer struct {
	*Cluster
	id     string
	since  time.Time
	follow bool
	last   int // only so many of the last lines, 0 for all

	newest time.Time // time of the newest frame handed on
	twins  int       // how many frames with that very time were
	lineOf [2]lineBuffer
	again  deployer.Backoff // between streams that bring nothing
}

var errStopped = errors.New("the reader wants no more")

func (t *tailer) lines(ctx context.Context) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err := t.run(ctx, func(line deployer.LogLine) bool { return yield(line, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(deployer.LogLine{}, err)
		}
	}
}

func (t *tailer) run(ctx context.Context, yield func(deployer.LogLine) bool) error {
	for {
		d, err := t.inspect(ctx, t.id)
		if err != nil || d == nil {
			return errors.Join(err, t.finish(false, yield))
		}
		err = t.stream(ctx, yield)
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if cerrdefs.IsNotFound(err) || !t.follow {
			return errors.Join(ignoreNotFound(err), t.finish(true, yield))
		}
		if err != nil && !unreachable(err) {
			return fail(ctx, "read the log of "+d.instance.Name, err)
		}
		if err := t.untilRuns(ctx); err != nil {
			return err
		}
	}
}

func ignoreNotFound(err error) error {
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// stream hands on the lines of one stream from the engine. It returns nil at
// its end, which is when the instance exits.
func (t *tailer) stream(ctx context.Context, yield func(deployer.LogLine) bool) error {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: t.follow}
	from := t.since
	if t.newest.After(from) {
		from = t.newest
	}
	if !from.IsZero() {
		options.Since = engineTime(from)
	}
	if t.last > 0 {
		options.Tail = strconv.Itoa(t.last)
	}
	body, err := t.API.ContainerLogs(ctx, t.id, options)
	if err != nil {
		return fail(ctx, "read a log", err)
	}
	defer func() { _ = body.Close() }() // only read from

	// Frames with the newest time seen come again: the engine's filter has no
	// "after". Those that were handed on before are left out by their number.
	newest, known := t.newest, t.twins
	in := newFrames(body)
	for {
		f, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fail(ctx, "read a log", err)
		}
		if known > 0 && f.at.Equal(newest) {
			known--
			continue
		}
		t.again = deployer.Backoff{}
		if !t.handOn(f, yield) {
			return errStopped
		}
	}
}

func (t *tailer) handOn(f frame, yield func(deployer.LogLine) bool) bool {
	switch {
	case f.at.After(t.newest):
		t.newest, t.twins = f.at, 1
	case f.at.Equal(t.newest):
		t.twins++
	}
	return t.lineOf[streamIndex(f.stderr)].add(f, yield)
}

func streamIndex(stderr bool) int {
	if stderr {
		return 1
	}
	return 0
}

// finish hands on what has no newline, because it never got one or because
// more of the line is still to be written.
func (t *tailer) finish(partial bool, yield func(deployer.LogLine) bool) error {
	for i := range t.lineOf {
		if len(t.lineOf[i].text) > 0 && !t.lineOf[i].flush(i == 1, partial, yield) {
			return errStopped
		}
	}
	return nil
}

// untilRuns waits until the instance runs (again) or is gone. The engine tells:
// nothing is polled.
func (t *tailer) untilRuns(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A stream that ends while its instance runs is asked for again, after a
	// pause: the instance may be about to be seen as exited.
	pause := time.NewTimer(t.again.Next())
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	notices, failed := t.API.Events(ctx, events.ListOptions{
		Since: engineTime(time.Now()),
		Filters: filters.NewArgs(
			filters.Arg("container", t.id), filters.Arg("event", "start"), filters.Arg("event", "destroy")),
	})
	for {
		d, err := t.inspect(ctx, t.id)
		if err != nil || d == nil || d.running {
			return err // the caller sees when it is gone
		}
		select {
		case <-notices:
		case err := <-failed:
			return fail(ctx, "follow a log", err)
		}
	}
}

// engineTime writes a time the way the engine's filters want it.
func engineTime(at time.Time) string {
	return fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond())
}
