package logs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

const (
	streamOut = "stdout"
	streamErr = "stderr"

	// What is said about an instance, after its name. The cursor knows the
	// lines again by them.
	textStarted = " started"
	textExited  = " exited with code "
	textRemoved = " removed"

	// settle is how long a note waits for the lines that belong before it, which
	// come by another way than the news of a start or an exit.
	settle = 250 * time.Millisecond

	// early is how much older than the engine's word on a start the first lines
	// after it may be.
	early = time.Second

	// newsDelay is how long news of a removal may take.
	newsDelay = 5 * time.Second

	// queued is how many lines wait for the one batch that is being written.
	queued = 128
)

// tailer collects one instance, from where its cursor stands to its removal.
type tailer struct {
	instance deployer.Instance
	store    *Store
	cluster  Cluster
	cursors  *appCursors
	logger   *slog.Logger
	notes    chan deployer.Event
	pending  []Line // notes that wait for the lines that belong before them
	failing  bool
	removed  bool // the cluster said so
}

// run ends when the instance is removed, or with ctx. It says which.
func (t *tailer) run(ctx context.Context) (removed bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan deployer.LogLine, queued)
	ended := make(chan bool, 1)
	select {
	case event := <-t.notes: // its news belongs before the first lines
		t.take(event)
	case <-ctx.Done():
		return false
	}
	go func() {
		in := lineReader{instance: t.instance, cluster: t.cluster, logger: t.logger, out: lines, seen: t.cursor()}
		ended <- in.run(ctx)
		close(lines)
	}()
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	for {
		select {
		case event := <-t.notes:
			t.take(event)
			quiet.Reset(settle)
		case line, more := <-lines:
			if !more {
				return t.finish(ctx, <-ended)
			}
			t.append(t.gather(line, lines))
			if len(t.pending) > 0 {
				quiet.Reset(settle)
			}
		case <-quiet.C:
			t.append(t.flush(time.Time{}))
		}
	}
}

// finish writes what is left to say. The end of an instance's log may be ahead
// of the news of its exit, which comes before that of its removal.
func (t *tailer) finish(ctx context.Context, removed bool) bool {
	late := time.NewTimer(newsDelay)
	defer late.Stop()
	for waiting := removed; waiting && !t.removed; {
		select {
		case event := <-t.notes:
			t.take(event)
		case <-late.C:
			waiting = false
		case <-ctx.Done():
			return false // the next server says it
		}
	}
	batch := t.flush(time.Time{})
	if removed {
		batch = append(batch, t.line(time.Now().UTC(), textRemoved))
	}
	t.append(batch)
	return removed
}

func (t *tailer) cursor() cursor {
	t.cursors.mu.Lock()
	defer t.cursors.mu.Unlock()
	return *t.cursors.of(t.instance.Name)
}

// gather makes a batch of a line and those behind it that are there already:
// while one batch is written the next one grows.
func (t *tailer) gather(line deployer.LogLine, lines <-chan deployer.LogLine) []Line {
	var batch []Line
	size := 0
	for {
		batch = append(batch, t.flush(line.Time)...)
		batch = append(batch, t.output(line))
		size += len(line.Text)
		if len(batch) >= batchLines || size >= batchBytes {
			return batch
		}
		select {
		case next, more := <-lines:
			if !more {
				return batch // the closed channel tells again
			}
			line = next
		default:
			return batch
		}
	}
}

func (t *tailer) output(l deployer.LogLine) Line {
	stream := streamOut
	if l.Stderr {
		stream = streamErr
	}
	return Line{
		Time: l.Time, Source: SourceApp, Process: t.instance.Workload.Process,
		Instance: t.instance.Name, Stream: stream, Text: l.Text,
	}
}

// flush gives the notes that wait and are due before a line of a time: of any
// time, if that is zero.
func (t *tailer) flush(before time.Time) []Line {
	n := 0
	for n < len(t.pending) && (before.IsZero() || before.After(due(&t.pending[n]))) {
		n++
	}
	notes := t.pending[:n]
	t.pending = t.pending[n:]
	return notes
}

func due(note *Line) time.Time {
	if strings.HasSuffix(note.Text, textStarted) {
		return note.Time.Add(-early)
	}
	return note.Time
}

// take turns news of the instance into a note, unless it is known already:
// events are told again after a reconnection, and a list tells them once more.
func (t *tailer) take(e deployer.Event) {
	seen := t.cursor()
	for i := range t.pending {
		seen.pass(&t.pending[i])
	}
	started := e.Instance.StartedAt
	known := started.Year() > 1
	switch e.Type {
	case deployer.EventStarted:
		if !known {
			started = e.At
		}
		if started.After(seen.Started) {
			t.pending = append(t.pending, t.line(started, textStarted))
		}
	case deployer.EventRemoved:
		t.removed = true
	case deployer.EventDied:
		told := known && !seen.Exited.Before(started) || !e.At.After(seen.Exited)
		if !told {
			t.pending = append(t.pending, t.line(e.At, exitText(e.Instance)))
		}
	}
}

func exitText(in deployer.Instance) string {
	text := fmt.Sprintf("%s%d", textExited, in.ExitCode)
	if in.OOMKilled {
		text += " (out of memory)"
	}
	return text
}

// line says something about the instance: "web.v3.1 started".
func (t *tailer) line(at time.Time, text string) Line {
	return Line{
		Time: at.UTC(), Source: SourceSlipway, Process: t.instance.Workload.Process,
		Instance: t.instance.Name, Text: strings.TrimPrefix(t.instance.Name, t.instance.AppName+".") + text,
	}
}

func (t *tailer) append(batch []Line) {
	if len(batch) == 0 {
		return
	}
	err := t.cursors.append(t.store, t.instance.Workload.App, batch)
	if err != nil && !t.failing && models.KindOf(err) != models.KindNotFound {
		t.logger.Warn("log lines are lost", "app", t.instance.Workload.App, "instance", t.instance.Name, "error", err)
	}
	t.failing = err != nil
}
