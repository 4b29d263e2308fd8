package logs

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// fileReader reads one instance's output from the cluster's own files. Unlike
// times, the places in them are exact: a clock that is set back, and lines of
// one and the same moment, make no difference.
type fileReader struct {
	*tailer
	files deployer.LogFiles
	told  bool // that lines may be missing
}

// run reads until the instance is removed (true) or ctx ends (false). It is not
// ok when the output cannot be read this way.
func (r *fileReader) run(ctx context.Context) (removed, ok bool) {
	var again deployer.Backoff
	for ctx.Err() == nil {
		n, err := r.pass(ctx)
		if n > 0 {
			again = deployer.Backoff{}
		}
		switch {
		case ctx.Err() != nil:
			return false, true
		case err == nil:
			return true, true
		case errors.Is(err, deployer.ErrNoLogFile):
			r.logger.Debug("the engine is asked for the log, which is slower", "instance", r.instance.Name, "reason", err)
			return false, false
		case errors.Is(err, deployer.ErrPlaceGone):
			r.cursors.forgetPlace(r.instance.Name)
			if !r.told {
				r.told = true
				r.lines(ctx, deployer.LogBatch{Lost: deployer.LostUnknown})
			}
		case errors.Is(err, errNotThere):
			r.cursors.forgetPlace(r.instance.Name)
		default:
			r.logger.Debug("an instance's log broke off", "app", r.instance.Workload.App, "instance", r.instance.Name, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(10 * again.Next()):
			}
		}
	}
	return false, true
}

// errNotThere means that what is behind a place is not what was collected.
var errNotThere = errors.New("the lines behind the place are others")

// pass reads from where the cursor stands, and gives how many new lines it had.
func (r *fileReader) pass(ctx context.Context) (n int, err error) {
	seen := r.cursor()
	skip := newSkip(seen)
	for batch, err := range r.files.LogsFrom(ctx, r.instance.ID, seen.Place) {
		if err != nil {
			return n, err
		}
		if skip != nil {
			var over bool
			if batch.Lines, over, err = skip(batch.Lines); err != nil {
				return n, err
			}
			if over {
				skip = nil
			}
			if len(batch.Lines) == 0 && batch.Lost == 0 {
				continue
			}
		}
		r.lines(ctx, batch)
		n += len(batch.Lines)
	}
	return n, nil
}

// newSkip gives what takes lines away that have been collected, nil if there
// are none.
func newSkip(seen cursor) func([]deployer.LogLine) (left []deployer.LogLine, over bool, err error) {
	if seen.Place == (deployer.LogPlace{}) {
		if seen.Last.IsZero() && seen.since(0).IsZero() {
			return nil
		}
		old := newRepeats(seen)
		return func(lines []deployer.LogLine) ([]deployer.LogLine, bool, error) {
			var left []deployer.LogLine
			for i := range lines {
				if !old.has(&lines[i]) {
					left = append(left, lines[i])
				}
			}
			return left, old.out.over && old.err.over, nil
		}
	}
	past := seen.Past
	if past == 0 {
		return nil
	}
	return func(lines []deployer.LogLine) ([]deployer.LogLine, bool, error) {
		n := min(past, int64(len(lines)))
		past -= n
		if past == 0 && !lines[n-1].Time.Equal(seen.Last) {
			return nil, false, errNotThere
		}
		return lines[n:], past == 0, nil
	}
}
