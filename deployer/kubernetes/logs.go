package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/slipway-paas/slipway/deployer"
)

// Logs implements deployer.Cluster. A followed instance that the engine starts
// again is followed on, without repeating a line or losing one, unless it was
// started more than once while nobody could read. Memory is bounded by one piece
// of 64 KiB.
func (c *Cluster) Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	t := &tailer{Cluster: c, from: q.Since, follow: q.Follow}
	t.namespace, t.pod = fromInstanceID(q.InstanceID)
	return t.lines(ctx)
}

// tailer reads one pod's output over any number of streams.
type tailer struct {
	*Cluster
	namespace, pod string
	from           time.Time
	follow         bool
	last           int // only so many of the last lines, 0 for all

	newest time.Time // time of the newest line handed on
	twins  int       // how many lines with that very time were
	again  deployer.Backoff
}

var errStopped = errors.New("the reader wants no more")

func (t *tailer) lines(ctx context.Context) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) {
		if t.pod == "" {
			if ctx.Err() != nil {
				yield(deployer.LogLine{}, ctx.Err())
			}
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err := t.run(ctx, func(line deployer.LogLine) bool { return yield(line, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(deployer.LogLine{}, err)
		}
	}
}

func (t *tailer) run(ctx context.Context, yield func(deployer.LogLine) bool) error {
	read := -1 // the run that was read to its end, by how many came before it
	for {
		v, err := t.see(ctx)
		if err != nil || v == nil {
			return err
		}
		now := v.instance.Restarts
		if now > 0 && read < now-1 { // of those before that one the engine keeps nothing
			if err := t.stream(ctx, true, yield); err != nil && !errors.Is(err, errNoLog) {
				return err
			}
			read = now - 1
		}
		if v.running || v.lastEnd() != nil && read < now {
			err = t.stream(ctx, false, yield)
			switch {
			case errors.Is(err, errStopped) || ctx.Err() != nil:
				return errors.Join(ctx.Err(), err)
			case t.follow && errors.Is(err, deployer.ErrUnavailable): // it goes on where it broke off
			case ignore(err, errNoLog) != nil:
				return err
			case !v.running:
				read = now
			}
		}
		if !t.follow {
			return nil
		}
		if err := t.untilMore(ctx, read); err != nil {
			return err
		}
	}
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// see gives nil when the pod is not there (any more), or not ours.
func (t *tailer) see(ctx context.Context) (*pod, error) {
	var found corev1.Pod
	err := t.api.get(ctx, pods.one(t.namespace, t.pod), &found)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fail(ctx, "read the log of "+t.pod, err)
	}
	if found.Labels[LabelInstallation] != t.options.Installation {
		return nil, nil
	}
	return look(&found), nil
}

var errNoLog = errors.New("there is no log of this")

// stream hands on the lines of one run of the container. It returns nil at its
// end, which is when the container exits.
func (t *tailer) stream(ctx context.Context, previous bool, yield func(deployer.LogLine) bool) error {
	request := t.api.rest.Get().AbsPath(pods.one(t.namespace, t.pod)+"/log").
		Param("container", containerName).Param("timestamps", "true")
	if previous {
		request = request.Param("previous", "true")
	} else if t.follow {
		request = request.Param("follow", "true")
	}
	from := t.from
	if t.newest.After(from) {
		from = t.newest
	}
	if !from.IsZero() {
		request = request.Param("sinceTime", from.UTC().Format(time.RFC3339)) // the engine goes by whole seconds
	}
	if t.last > 0 {
		request = request.Param("tailLines", strconv.Itoa(t.last))
	}
	body, err := request.Stream(ctx)
	if notFound(err) || apierrors.IsBadRequest(err) { // the container is not there yet, or not any more
		return errNoLog
	}
	if err != nil {
		return fail(ctx, "read the log of "+t.pod, err)
	}
	defer func() { _ = body.Close() }() // only read from

	// Lines with the newest time seen come again; those that were handed on
	// before are left out by their number.
	newest, known := t.newest, t.twins
	in := newPieces(body)
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errNotALog) { // the node says in its place why it has none
			return errNoLog
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read the log of %s: %w: %w", t.pod, deployer.ErrUnavailable, err)
		}
		if line.Time.Before(from) {
			continue
		}
		if known > 0 && line.Time.Equal(newest) {
			known--
			continue
		}
		t.again = deployer.Backoff{}
		if line.Time.After(t.newest) {
			t.newest, t.twins = line.Time, 0
		}
		if line.Time.Equal(t.newest) {
			t.twins++
		}
		if !yield(line) {
			return errStopped
		}
	}
}

// untilMore waits until there is more to read than the runs up to one, or until
// the pod is gone.
func (t *tailer) untilMore(ctx context.Context, read int) error {
	// A stream that ends while its container runs is asked for again, after a
	// pause: it may be about to be seen as exited.
	pause(ctx, t.again.Next())
	return t.until(ctx, t.ours(kindInstance, ""), func(ctx context.Context) (bool, error) {
		v, err := t.see(ctx)
		if errors.Is(err, deployer.ErrUnavailable) {
			return false, nil // it is waited for
		}
		if err != nil || v == nil {
			return true, err
		}
		return v.running || v.lastEnd() != nil && read < v.instance.Restarts, nil
	}, pods.in(t.namespace))
}
