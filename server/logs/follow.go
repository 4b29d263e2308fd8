package logs

import (
	"context"
	"iter"
)

// FollowOptions say where a follower begins and how slow it may be.
type FollowOptions struct {
	After     int64 // begin after this Seq, 0 for all that is kept; -1 for the last Tail lines
	Tail      int   // lines of history when After is -1
	MaxBehind int64 // lines it may be behind what is written meanwhile, 0 for any number
	MaxBytes  int   // of a batch, beyond its first line; 0 for 1 MiB
}

// Batch is what a follower gets at once. Gap, if any, comes before Lines.
type Batch struct {
	Lines    []Line
	Gap      *Gap
	CaughtUp bool // there was nothing more when it was read
}

// batchLines bounds a batch.
const batchLines = 1000

// Follow yields the lines of a stream: those there are, then each as it is
// written, until ctx ends. It reads from disk at the consumer's pace and holds
// no more than one batch. The first moment without anything more is told by a
// batch with CaughtUp, which may be empty. It ends with an error when ctx
// ends (ctx's), the stream is removed (KindNotFound) or the store is closed
// (KindUnavailable).
//
// The history there was at the beginning does not count as being behind.
func (s *Store) Follow(ctx context.Context, stream string, opts FollowOptions) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		st, err := s.acquire(stream)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		defer s.release(st)
		f := follower{reader: reader{stream: st, maxBytes: opts.MaxBytes}, opts: opts}
		for {
			batch, err := f.next(ctx)
			if err != nil {
				yield(Batch{}, err)
				return
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

type follower struct {
	reader  reader
	opts    FollowOptions
	begun   bool
	told    bool  // of having caught up
	cursor  int64 // the last Seq yielded or skipped
	history int64 // the last Seq there was at the beginning
}

// next waits for something to yield.
func (f *follower) next(ctx context.Context) (Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Batch{}, err
		}
		v, err := f.reader.stream.snapshot(true)
		if err != nil {
			return Batch{}, err
		}
		if !f.begun {
			f.begin(v)
		}
		if f.cursor < v.last || !f.told {
			return f.batch(ctx, v)
		}
		select {
		case <-ctx.Done():
		case <-v.wake:
		}
	}
}

func (f *follower) begin(v view) {
	f.begun, f.history = true, v.last
	f.cursor = min(f.opts.After, v.last)
	if f.opts.After < 0 {
		f.cursor = max(v.first()-1, v.last-int64(f.opts.Tail))
	}
}

func (f *follower) batch(ctx context.Context, v view) (Batch, error) {
	var skipped *Gap
	if most := f.opts.MaxBehind; most > 0 && v.last-max(f.cursor, f.history) > most {
		// Half of it, or a reader that is a little too slow would jump at every step.
		to := v.last - (most+1)/2
		skipped = &Gap{From: f.cursor + 1, To: to, Reason: GapSlow}
		f.cursor = to
	}
	lines, gap, err := f.reader.read(ctx, v, f.cursor, batchLines)
	if err != nil {
		return Batch{}, err
	}
	if gap != nil {
		f.cursor = gap.To
	}
	if n := len(lines); n > 0 {
		f.cursor = lines[n-1].Seq
	}
	if skipped != nil && gap != nil {
		skipped.To = gap.To
	}
	if skipped != nil {
		gap = skipped
	}
	caughtUp := f.cursor >= v.last
	f.told = f.told || caughtUp
	return Batch{Lines: lines, Gap: gap, CaughtUp: caughtUp}, nil
}
