package logs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
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

	// newsDelay is how long news of a start or a removal may take.
	newsDelay = 5 * time.Second

	// queued is how many lines wait for the one batch that is being written.
	queued = 32
)

// tailer collects one instance, from where its cursor stands to its removal.
type tailer struct {
	instance deployer.Instance
	store    *Store
	cluster  Cluster
	cursors  *appCursors
	logger   *slog.Logger
	notes    chan deployer.Event

	mu      sync.Mutex    // held while lines are taken, so that notes come between them
	pending []Line        // notes that wait for the lines that belong before them
	heard   time.Time     // when there last were lines
	between chan struct{} // while it has exited; closed when it is started again
	exited  time.Time
	failing bool
	removed bool // the cluster said so
}

// run ends when the instance is removed, or with ctx. It says which.
func (t *tailer) run(ctx context.Context) (removed bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan bool, 1)
	select {
	case event := <-t.notes: // its news belongs before the first lines
		t.take(event)
	case <-ctx.Done():
		return false
	}
	go func() { ended <- t.collect(ctx) }()
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	for {
		select {
		case event := <-t.notes:
			t.take(event)
			quiet.Reset(settle)
		case removed := <-ended:
			return t.finish(ctx, removed)
		case <-quiet.C:
			if wait := t.flushQuiet(); wait > 0 {
				quiet.Reset(wait)
			}
		}
	}
}

// collect reads what the instance writes until it is removed (true) or ctx ends
// (false), the fastest way there is.
func (t *tailer) collect(ctx context.Context) (removed bool) {
	if files, ok := t.cluster.(deployer.LogFiles); ok {
		in := fileReader{tailer: t, files: files}
		if removed, ok := in.run(ctx); ok {
			return removed
		}
	}
	lines := make(chan deployer.LogLine, queued)
	ended := make(chan bool, 1)
	go func() {
		in := lineReader{instance: t.instance, cluster: t.cluster, logger: t.logger, out: lines, seen: t.cursor()}
		ended <- in.run(ctx)
		close(lines)
	}()
	for line := range lines {
		t.lines(ctx, gather(line, lines))
	}
	return <-ended
}

// gather makes a batch of a line and those behind it that are there already:
// while one batch is written the next one grows.
func gather(line deployer.LogLine, lines <-chan deployer.LogLine) (batch deployer.LogBatch) {
	size := 0
	for {
		batch.Lines = append(batch.Lines, line)
		size += len(line.Text)
		if len(batch.Lines) >= batchLines || size >= batchBytes {
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

// lineBuffers are for batches on their way into the store.
var lineBuffers = sync.Pool{New: func() any { b := make([]Line, 0, batchLines); return &b }}

// lines puts a batch in the store, with the notes that belong between its lines.
func (t *tailer) lines(ctx context.Context, batch deployer.LogBatch) {
	t.awaitStart(ctx, batch.Lines)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = time.Now()
	lent := lineBuffers.Get().(*[]Line)
	into := (*lent)[:0]
	if batch.Lost != 0 {
		into = append(into, t.line(t.heard, lostText(batch.Lost)))
	}
	for i := range batch.Lines {
		if len(t.pending) > 0 {
			into = append(into, t.flush(batch.Lines[i].Time)...)
		}
		into = append(into, t.output(&batch.Lines[i]))
	}
	t.append(into, batch.End)
	clear(into)
	*lent = into
	lineBuffers.Put(lent)
}

// awaitStart waits for the news of a start, when lines of an instance that had
// exited come before it.
func (t *tailer) awaitStart(ctx context.Context, lines []deployer.LogLine) {
	t.mu.Lock()
	started := t.between
	wait := started != nil && len(lines) > 0 && lines[len(lines)-1].Time.After(t.exited)
	t.mu.Unlock()
	if !wait {
		return
	}
	late := time.NewTimer(newsDelay)
	defer late.Stop()
	select {
	case <-started:
	case <-late.C: // they are its last words
		t.mu.Lock()
		if t.between == started {
			t.between = nil
		}
		t.mu.Unlock()
	case <-ctx.Done():
	}
}

// flushQuiet puts the notes in the store that wait for lines which do not come.
// It says how long to wait before it is worth another try.
func (t *tailer) flushQuiet() (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.pending) == 0 {
		return 0
	}
	if wait := settle - time.Since(t.heard); wait > 0 {
		return wait
	}
	t.append(t.flush(time.Time{}), deployer.LogPlace{})
	return 0
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
	t.mu.Lock()
	defer t.mu.Unlock()
	batch := t.flush(time.Time{})
	if removed {
		batch = append(batch, t.line(time.Now(), textRemoved))
	}
	t.append(batch, deployer.LogPlace{})
	return removed
}

func (t *tailer) cursor() cursor {
	t.cursors.mu.Lock()
	defer t.cursors.mu.Unlock()
	return *t.cursors.of(t.instance.Name)
}

func (t *tailer) output(l *deployer.LogLine) Line {
	stream := streamOut
	if l.Stderr {
		stream = streamErr
	}
	return Line{
		Time: l.Time, Source: SourceApp, Process: t.instance.Workload.Process,
		Instance: t.instance.Name, Stream: stream, Text: l.Text,
	}
}

// lostText says that lines are missing.
func lostText(n int64) string {
	switch {
	case n < 0:
		return ": lines may be missing here, as the engine deleted them before they were read"
	case n == 1:
		return ": 1 line is missing here, as it came faster than it could be kept"
	}
	return fmt.Sprintf(": %d lines are missing here, as they came faster than they could be kept", n)
}

// flush gives the notes that wait and are due before a line of a time: of any
// time, if that is zero. The caller holds the lock.
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
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := t.cursor()
	for i := range t.pending {
		seen.pass(&t.pending[i])
	}
	started := e.Instance.StartedAt
	known := started.Year() > 1
	switch e.Type {
	case deployer.EventStarted:
		if t.between != nil {
			close(t.between)
			t.between = nil
		}
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
		if t.exited = e.At; t.between == nil {
			t.between = make(chan struct{})
		}
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

// append puts lines in the store, and notes that they reach to a place in the
// output. The caller holds the lock.
func (t *tailer) append(batch []Line, end deployer.LogPlace) {
	if len(batch) == 0 {
		return
	}
	err := t.cursors.append(t.store, t.instance, batch, end)
	if err != nil && !t.failing && models.KindOf(err) != models.KindNotFound {
		t.logger.Warn("log lines are lost", "app", t.instance.Workload.App, "instance", t.instance.Name, "error", err)
	}
	t.failing = err != nil
}
