package logs

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	// What is read again when reading is taken up: by another server, where a
	// long line may have been cut in two, and by the same.
	overlapOnStart = 2 * time.Second
	overlapAfter   = 100 * time.Millisecond

	// The bounds of how late a followed line may come. Within the lower one no
	// app can fill a whole file of the engine's.
	minPatience = 50 * time.Millisecond
	maxPatience = time.Second

	// replayed is how far back an engine's replay goes at most. What is older
	// still means that the clock was set back.
	replayed = time.Minute
)

// lineReader reads one instance's output, each line once and in order.
//
// Engines keep output in a few files that rotate. A reader that follows them
// and is a whole file behind is known to skip one, and then to see another
// twice, without an error. One that does not follow reads a consistent
// picture. So what there is already is read without following, and a followed
// stream is left as soon as it falls behind.
type lineReader struct {
	instance deployer.Instance
	cluster  Cluster
	logger   *slog.Logger
	out      chan<- deployer.LogLine
	seen     cursor // of what went to out

	least    time.Duration // the least delay of a followed line: the clocks' difference, mostly
	patience time.Duration
}

// outcome is why a pass over the output ended.
type outcome int

const (
	atEnd outcome = iota
	fellBehind
	brokeOff
)

// run reads until the instance is removed (true) or ctx ends (false).
func (r *lineReader) run(ctx context.Context) (removed bool) {
	var again deployer.Backoff
	r.least, r.patience = math.MaxInt64, minPatience
	overlap := overlapOnStart
	for ctx.Err() == nil {
		n, why := r.drain(ctx, overlap)
		overlap = overlapAfter
		r.adapt(n)
		if why == atEnd {
			var followed int
			if followed, why = r.pass(ctx, true, overlap); followed > 0 {
				again = deployer.Backoff{}
			}
		}
		switch {
		case ctx.Err() != nil:
			return false
		case why == atEnd:
			return true
		case why == brokeOff:
			select {
			case <-ctx.Done():
			case <-time.After(10 * again.Next()):
			}
		}
	}
	return false
}

// drain reads what there is, until little is added meanwhile.
func (r *lineReader) drain(ctx context.Context, overlap time.Duration) (total int, why outcome) {
	for {
		n, why := r.pass(ctx, false, overlap)
		total += n
		if why != atEnd || n < batchLines {
			return total, why
		}
		overlap = overlapAfter
	}
}

// adapt makes it wait longer before it suspects to be behind, when it was not:
// on a busy machine lines are late for other reasons.
func (r *lineReader) adapt(backlog int) {
	if backlog >= batchLines {
		r.patience = minPatience
	} else {
		r.patience = min(2*r.patience, maxPatience)
	}
}

// A picture may end within a long line, of either output. The last lines of a
// picture, from a long one on, are read once more by the pass after it.
const (
	held     = 2
	longLine = 16 << 10 // bytes; engines write shorter ones in one piece
)

// pass reads the output once and gives how many new lines it had.
func (r *lineReader) pass(ctx context.Context, follow bool, overlap time.Duration) (n int, why outcome) {
	opened := time.Now()
	old := newRepeats(r.seen)
	var waiting []deployer.LogLine
	query := deployer.LogQuery{InstanceID: r.instance.ID, Since: r.seen.since(overlap), Follow: follow}
	for line, err := range r.cluster.Logs(ctx, query) {
		if err != nil {
			if ctx.Err() == nil {
				r.logger.Debug("an instance's log broke off", "app", r.instance.Workload.App, "instance", r.instance.Name, "error", err)
			}
			return n, brokeOff
		}
		if old.has(&line) {
			continue
		}
		if follow && (r.late(&line, opened) || r.again(&line)) {
			return n, fellBehind
		}
		if !follow && (len(waiting) > 0 || len(line.Text) >= longLine) {
			if waiting = append(waiting, line); len(waiting) <= held {
				continue
			}
			line, waiting = waiting[0], waiting[1:]
		}
		select {
		case r.out <- line:
		case <-ctx.Done():
			return n, brokeOff
		}
		r.seen.of(line.Stderr).pass(line.Time)
		n++
	}
	return n, atEnd
}

// late says whether a line took so long that the reader may be far behind.
func (r *lineReader) late(line *deployer.LogLine, opened time.Time) bool {
	ahead := time.Duration(0) // of the engine's clock
	if r.least != math.MaxInt64 {
		ahead = -r.least
	}
	if line.Time.Before(opened.Add(ahead)) {
		return false // it was there when the stream began, which says nothing
	}
	delay := time.Since(line.Time)
	r.least = min(r.least, delay)
	return delay-r.least > r.patience
}

// again says whether the engine begins to repeat itself.
func (r *lineReader) again(line *deployer.LogLine) bool {
	newest := r.seen.of(line.Stderr).Newest
	return line.Time.Before(newest) && newest.Sub(line.Time) < replayed
}
