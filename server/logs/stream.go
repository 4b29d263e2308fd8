package logs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// stream is an open stream. What it holds in memory is its list of segments
// and their indexes, and no lines.
type stream struct {
	name   string
	dir    string
	opts   Options
	logger *slog.Logger
	total  func(delta int64) // told what the stream takes up more, or less

	mu       sync.RWMutex
	segments []segment // by base; the last one is appended to
	file     *os.File  // of the last segment; nil until the first Append
	next     int64     // the Seq of the next line
	lost     lost
	wake     chan struct{}
	gone     error // set when the stream was removed or the store closed
	buf      []byte
	fresh    []string // segments with lines that a loss of power would take

	// The store's, under its lock.
	pins int
	used int64
}

// lost is what could not be written since the last line that was.
type lost struct {
	lines int64
	why   string
}

// open reads what is on disk and cuts what a crash left half written.
func (s *stream) open() error {
	segments, err := listSegments(s.dir)
	if err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot read the log")
	}
	s.next = 1
	if len(segments) == 0 {
		return nil
	}
	last := &segments[len(segments)-1]
	file, err := os.OpenFile(last.path, os.O_RDWR, 0)
	if err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot read the log")
	}
	s.next = last.base
	good := int64(0)
	sc := newScanner(file, 0, last.size)
	defer sc.release()
	for {
		payload, err := sc.next()
		if err == nil {
			var seq int64
			if seq, err = seqOf(payload); err == nil && seq != s.next {
				err = errBadRecord
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, errBadRecord) {
				_ = file.Close()
				return models.Wrap(err, models.KindUnavailable, "cannot read the log")
			}
			break
		}
		last.index.add(s.next, good, sc.offset)
		good = sc.offset
		s.next++
	}
	if good < last.size {
		s.logger.Warn("the log's end was damaged and is cut off", "stream", s.name, "bytes", last.size-good, "last", s.next-1)
		if err := file.Truncate(good); err != nil {
			_ = file.Close()
			return models.Wrap(err, models.KindUnavailable, "cannot repair the log")
		}
		s.total(good - last.size)
		last.size = good
	}
	s.segments, s.file = segments, file
	return nil
}

// append writes lines in order and gives the Seq of the last one written. What
// cannot be written is dropped and counted.
func (s *stream) append(lines []Line) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return 0, s.gone
	}
	if s.lost.lines > 0 {
		note := Line{Source: SourceSlipway, Text: fmt.Sprintf("%s could not be written: %s", count(s.lost.lines, "line"), s.lost.why)}
		if _, err := s.write([]Line{note}); err != nil {
			s.lost.lines += int64(len(lines))
			return s.next - 1, s.failed(err)
		}
		s.lost = lost{}
	}
	n, err := s.write(lines)
	if n > 0 && s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	if err != nil {
		s.lost.lines += int64(len(lines) - n)
		return s.next - 1, s.failed(err)
	}
	return s.next - 1, nil
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// failed gives err words, and remembers them for the note about the hole.
func (s *stream) failed(err error) error {
	s.lost.why = "the disk failed"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		s.lost.why = "disk full"
	}
	return &models.Error{Kind: models.KindUnavailable, Message: "log lines cannot be written: " + s.lost.why, Err: err}
}

// write puts lines into one segment or more and says how many it wrote.
func (s *stream) write(lines []Line) (written int, err error) {
	now := time.Now().UTC()
	for written < len(lines) {
		if err := s.room(); err != nil {
			return written, err
		}
		seg := &s.segments[len(s.segments)-1]
		s.buf = s.buf[:0]
		n := 0
		for _, line := range lines[written:] {
			if n > 0 && seg.size+int64(len(s.buf)) >= s.opts.SegmentBytes {
				break
			}
			line.Seq = s.next + int64(n)
			if line.Time.IsZero() {
				line.Time = now
			}
			s.buf = appendRecord(s.buf, &line)
			n++
		}
		if _, err := s.file.WriteAt(s.buf, seg.size); err != nil {
			// Part of it may be there, and must not pass for lines later.
			if err2 := s.file.Truncate(seg.size); err2 != nil {
				s.logger.Error("the log cannot be cut after a failed write", "stream", s.name, "error", err2)
			}
			return written, err
		}
		s.commit(seg, n)
		written += n
	}
	return written, nil
}

// commit makes the n records in buf visible.
func (s *stream) commit(seg *segment, n int) {
	if len(s.fresh) == 0 || s.fresh[len(s.fresh)-1] != seg.path {
		s.fresh = append(s.fresh, seg.path)
	}
	offset, rest := seg.size, s.buf
	for range n {
		size := int64(recordBytes(rest))
		seg.index.add(s.next, offset, offset+size)
		rest = rest[size:]
		offset += size
		s.next++
	}
	s.total(offset - seg.size)
	seg.size = offset
	if cap(s.buf) > scanBuffer {
		s.buf = nil // a burst does not stay in memory
	}
}

// room makes sure that the last segment takes another line.
func (s *stream) room() error {
	if n := len(s.segments); s.file != nil && n > 0 && s.segments[n-1].size < s.opts.SegmentBytes {
		return nil
	}
	if err := s.rotate(); err != nil {
		return err
	}
	kept := int64(0)
	for i := len(s.segments) - 1; i >= 0; i-- {
		kept += s.segments[i].size
		if kept+s.opts.SegmentBytes > s.opts.MaxStreamBytes {
			s.expire(i + 1)
			break
		}
	}
	return nil
}

// rotate begins a segment at the next line.
func (s *stream) rotate() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	path := segmentPath(s.dir, s.next)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if s.file != nil {
		_ = s.file.Close() // all of it was written before
	}
	s.file = file
	s.segments = append(s.segments, segment{path: path, base: s.next, index: &index{}})
	return nil
}

// expire deletes the n oldest segments, never the one appended to.
func (s *stream) expire(n int) {
	n = min(n, len(s.segments)-1)
	for n > 0 {
		oldest := s.segments[0]
		if err := os.Remove(oldest.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.logger.Error("an old piece of a log cannot be deleted", "stream", s.name, "error", err)
			return
		}
		s.total(-oldest.size)
		s.segments = append([]segment(nil), s.segments[1:]...)
		n--
	}
}

// expireThrough deletes all segments up to the one that begins at base.
func (s *stream) expireThrough(base int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil || len(s.segments) == 0 {
		return nil
	}
	if last := s.segments[len(s.segments)-1]; last.base <= base && last.size > 0 {
		if err := s.rotate(); err != nil { // the new one, empty, keeps count
			return err
		}
	}
	n := 0
	for n < len(s.segments) && s.segments[n].base <= base {
		n++
	}
	s.expire(n)
	return nil
}

// view is what a reader needs to know, taken in one moment.
type view struct {
	segments []segment // not to be changed
	last     int64
	wake     <-chan struct{} // closed by the next change
}

// first gives the oldest Seq that is kept, last+1 if there is none.
func (v *view) first() int64 {
	if len(v.segments) == 0 {
		return v.last + 1
	}
	return v.segments[0].base
}

// snapshot gives the present view; with wait, one that can be waited on.
func (s *stream) snapshot(wait bool) (view, error) {
	if wait {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.wake == nil {
			s.wake = make(chan struct{})
		}
	} else {
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	if s.gone != nil {
		return view{}, s.gone
	}
	return view{segments: append([]segment(nil), s.segments...), last: s.next - 1, wake: s.wake}, nil
}

// takeFresh gives the segments that must be synced, and forgets them.
func (s *stream) takeFresh() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.fresh
	s.fresh = nil
	if len(fresh) > maxFresh {
		return nil
	}
	return fresh
}

// end closes the stream for good and tells its followers why.
func (s *stream) end(why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return nil
	}
	s.gone = why
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
