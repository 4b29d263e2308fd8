package logs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	segmentSuffix = ".log"

	// markEvery is how many bytes lie between two entries of a segment's index:
	// what a reader has to pass over at most to find its line.
	markEvery = 32 << 10

	scanBuffer = 64 << 10
)

// segment is one file of a stream: the lines from base on, without holes,
// until the base of the next. Its name is its base, so that a listing sorts.
type segment struct {
	path  string
	base  int64
	size  int64 // bytes of whole records; a growing file may have more
	index *index
}

// index finds a line in a segment without reading all of it. It is filled by
// appending to the segment, or by one scan when somebody reads an old one.
type index struct {
	mu    sync.Mutex
	known int64 // bytes that marks cover
	marks []mark
}

type mark struct{ seq, offset int64 }

func segmentPath(dir string, base int64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", base, segmentSuffix))
}

// listSegments gives a stream's segments in order; none when it has no folder.
func listSegments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var segments []segment
	for _, entry := range entries {
		digits, ok := strings.CutSuffix(entry.Name(), segmentSuffix)
		base, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || base < 1 {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment{path: segmentPath(dir, base), base: base, size: info.Size(), index: &index{}})
	}
	slices.SortFunc(segments, func(a, b segment) int { return int(a.base - b.base) })
	return segments, nil
}

// add notes that the record of seq begins at offset and that the segment is
// good up to end.
func (x *index) add(seq, offset, end int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n := len(x.marks); n == 0 || offset-x.marks[n-1].offset >= markEvery {
		x.marks = append(x.marks, mark{seq, offset})
	}
	x.known = end
}

// seek gives an offset at or before the record of seq, scanning file for what
// the index does not cover yet.
func (x *index) seek(file io.ReaderAt, size, seq int64) int64 {
	x.mu.Lock()
	known := x.known
	x.mu.Unlock()
	if known == 0 {
		s := newScanner(file, 0, size)
		defer s.release()
		for {
			start := s.offset
			payload, err := s.next()
			if err != nil {
				break // the end, or damage that the reader meets itself
			}
			if n, err := seqOf(payload); err == nil {
				x.add(n, start, s.offset)
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	i, found := slices.BinarySearchFunc(x.marks, seq, func(m mark, seq int64) int { return int(m.seq - seq) })
	if !found {
		i--
	}
	if i < 0 {
		return 0
	}
	return x.marks[i].offset
}

// scanner walks over the records of a segment up to limit.
type scanner struct {
	file   io.ReaderAt
	offset int64 // of the next record
	limit  int64
	buf    []byte // borrowed from buffers
	lent   *[]byte
	have   []byte // read and not yet walked over
}

var buffers = sync.Pool{New: func() any { b := make([]byte, scanBuffer); return &b }}

func newScanner(file io.ReaderAt, offset, limit int64) *scanner {
	lent := buffers.Get().(*[]byte)
	return &scanner{file: file, offset: offset, limit: limit, buf: *lent, lent: lent}
}

func (s *scanner) release() { buffers.Put(s.lent) }

// next gives the next payload, good until the call after; io.EOF at the limit,
// errBadRecord when what stands there is none.
func (s *scanner) next() ([]byte, error) {
	for {
		if s.offset >= s.limit {
			return nil, io.EOF
		}
		payload, need, err := splitRecord(s.have)
		if err != nil {
			return nil, err
		}
		if payload != nil {
			s.have = s.have[need:]
			s.offset += int64(need)
			return payload, nil
		}
		if s.offset+int64(need) > s.limit {
			return nil, errBadRecord
		}
		if err := s.fill(need); err != nil {
			return nil, err
		}
	}
}

// fill reads at least need bytes from the offset on.
func (s *scanner) fill(need int) error {
	if need > len(s.buf) {
		s.buf = make([]byte, need)
	}
	want := min(int64(len(s.buf)), s.limit-s.offset)
	n, err := s.file.ReadAt(s.buf[:want], s.offset)
	s.have = s.buf[:n]
	if n >= need {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return errBadRecord
	}
	return err
}
