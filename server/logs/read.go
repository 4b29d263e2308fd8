package logs

import (
	"context"
	"errors"
	"io"
	"os"
	"sort"

	"github.com/slipway-paas/slipway/models"
)

// The reasons of a Gap.
const (
	GapExpired = "expired" // no longer kept
	GapSlow    = "slow"    // skipped, since the reader was too slow
)

// batchBytes bounds what one read takes into memory, beyond its first line.
const batchBytes = 1 << 20

// Read gives the lines of a stream after a Seq, 0 for all: at most limit, and
// about 1 MiB. No lines mean that there are no more yet. A Gap, if any, comes
// before the lines. A stream that nobody wrote to is empty. An after beyond
// the end, of which a crash may have taken some, counts as the end.
func (s *Store) Read(ctx context.Context, stream string, after int64, limit int) ([]Line, *Gap, error) {
	st, err := s.acquire(stream)
	if err != nil {
		return nil, nil, err
	}
	defer s.release(st)
	v, err := st.snapshot(false)
	if err != nil {
		return nil, nil, err
	}
	r := reader{stream: st}
	return r.read(ctx, v, after, limit)
}

// Tail gives the last n lines of a stream, fewer if it has fewer.
func (s *Store) Tail(ctx context.Context, stream string, n int) ([]Line, error) {
	st, err := s.acquire(stream)
	if err != nil {
		return nil, err
	}
	defer s.release(st)
	v, err := st.snapshot(false)
	if err != nil {
		return nil, err
	}
	r := reader{stream: st}
	after := max(v.first()-1, v.last-int64(n))
	var all []Line
	for after < v.last {
		lines, _, err := r.read(ctx, v, after, n-len(all))
		if err != nil || len(lines) == 0 {
			return all, err
		}
		all = append(all, lines...)
		after = lines[len(lines)-1].Seq
	}
	return all, nil
}

// reader reads a stream in order and remembers where it stopped, so that a
// follower goes on without a search. It keeps no file open in between: a
// reader that stands still must not hold on to deleted segments.
type reader struct {
	stream   *stream
	maxBytes int   // of one read, 0 for batchBytes
	base     int64 // the segment it stopped in
	offset   int64
	seq      int64 // the line that begins there
}

// read gives lines of the view after a Seq.
func (r *reader) read(ctx context.Context, v view, after int64, limit int) (lines []Line, gap *Gap, err error) {
	after = min(after, v.last)
	for len(lines) == 0 && after < v.last && limit > 0 {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if first := v.first(); after+1 < first {
			gap = widen(gap, after+1, first-1)
			after = first - 1
			continue
		}
		i := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].base > after+1 }) - 1
		end := v.last // of this segment
		if i+1 < len(v.segments) {
			end = v.segments[i+1].base - 1
		}
		lines, err = r.readSegment(&v.segments[i], after, end, limit)
		if errors.Is(err, os.ErrNotExist) { // it expired since the view was taken
			if v, err = r.stream.snapshot(false); err != nil {
				return nil, nil, err
			}
			if v.first() <= after+1 {
				return nil, nil, models.Errorf(models.KindInternal, "a piece of the log is missing")
			}
			continue
		}
		if err != nil {
			return nil, nil, models.Wrap(err, models.KindUnavailable, "cannot read the log")
		}
		if len(lines) == 0 { // damaged from here on
			gap = widen(gap, after+1, end)
			after = end
		}
	}
	return lines, gap, nil
}

// readSegment gives the lines of one segment after a Seq and up to end. None
// means that the line cannot be read.
func (r *reader) readSegment(seg *segment, after, end int64, limit int) ([]Line, error) {
	file, err := os.Open(seg.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	offset := r.offset
	if r.base != seg.base || r.seq != after+1 {
		offset = seg.index.seek(file, seg.size, after+1)
	}
	sc := newScanner(file, offset, seg.size)
	defer sc.release()
	var lines []Line
	var line Line
	taken, most := 0, r.maxBytes
	if most <= 0 {
		most = batchBytes
	}
	for len(lines) < limit && taken < most {
		payload, err := sc.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errBadRecord) {
			break
		}
		if err != nil {
			return nil, err
		}
		seq, err := seqOf(payload)
		if err != nil || seq > end {
			break
		}
		if seq <= after {
			continue
		}
		if seq != after+1 || decodeLine(payload, &line) != nil {
			break
		}
		after = seq
		lines = append(lines, line)
		taken += len(payload)
	}
	r.base, r.offset, r.seq = seg.base, sc.offset, after+1
	return lines, nil
}

func widen(gap *Gap, from, to int64) *Gap {
	if gap == nil {
		return &Gap{From: from, To: to, Reason: GapExpired}
	}
	gap.To = to
	return gap
}

// Last gives the Seq of a stream's last line, 0 if it never had any.
func (s *Store) Last(stream string) (int64, error) {
	st, err := s.acquire(stream)
	if err != nil {
		return 0, err
	}
	defer s.release(st)
	v, err := st.snapshot(false)
	return v.last, err
}
