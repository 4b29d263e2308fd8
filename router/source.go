package router

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
)

const (
	sourceSize  = 8 << 10 // of a connection's buffer, which grows for long headers
	lineMost    = 4 << 10 // of the line before a chunk
	trailerMost = 16 << 10
)

var (
	errHeadTooLong = errors.New("a header is too long")
	errChunk       = errors.New("a chunk is malformed")
)

// source reads from a connection through a buffer. The header of the message
// being read stays at its front, because its parts are in use.
type source struct {
	conn net.Conn
	buf  []byte
	r, w int // buf[r:w] has been read and not been used
	kept int // buf[:kept] stays as it is

	before client // what it was given is sent before a read that may wait; nil for nobody
}

// wait reads from the connection.
func (s *source) wait(p []byte) (int, error) {
	if s.before != nil {
		if err := s.before.flush(); err != nil {
			return 0, lost(err)
		}
	}
	return s.conn.Read(p)
}

var sourceBuffers = sync.Pool{New: func() any { return new([sourceSize]byte) }}

// lend gives the source a buffer if it has none.
func (s *source) lend() {
	if s.buf == nil {
		s.buf = sourceBuffers.Get().(*[sourceSize]byte)[:]
	}
}

// giveBack lets go of the buffer. What it held is lost.
func (s *source) giveBack() {
	if len(s.buf) == sourceSize {
		sourceBuffers.Put((*[sourceSize]byte)(s.buf))
	}
	s.buf, s.r, s.w, s.kept = nil, 0, 0, 0
}

// ready gives what has been read and not been used.
func (s *source) ready() []byte { return s.buf[s.r:s.w] }

// fill reads more, for which it makes room behind what is kept.
func (s *source) fill(most int) error {
	s.lend()
	if s.r == s.w {
		s.r, s.w = s.kept, s.kept
	}
	if s.w == len(s.buf) {
		if s.r > s.kept {
			s.w = s.kept + copy(s.buf[s.kept:], s.buf[s.r:s.w])
			s.r = s.kept
		} else if err := s.grow(most); err != nil {
			return err
		}
	}
	n, err := s.wait(s.buf[s.w:])
	s.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// grow moves to a larger buffer. The parts of a header that are in use stay in
// the old one, so that one is left to whoever refers to it.
func (s *source) grow(most int) error {
	if len(s.buf) >= most {
		return errHeadTooLong
	}
	larger := make([]byte, min(2*len(s.buf), most))
	copy(larger, s.buf[:s.w])
	s.buf = larger
	return nil
}

// header reads up to the end of a header and keeps it.
func (s *source) header(most int) ([]byte, error) {
	s.kept = 0
	for seen := 0; ; {
		b := s.ready()
		if end := headEnd(b, max(0, seen-2)); end >= 0 {
			if end > most {
				return nil, errHeadTooLong
			}
			s.r += end
			s.kept = s.r
			return b[:end:end], nil
		}
		if seen = len(b); seen >= most {
			return nil, errHeadTooLong
		}
		if err := s.fill(most + sourceSize); err != nil {
			if seen > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// line reads up to the end of a line, and gives it without. It is valid until
// the next read.
func (s *source) line() ([]byte, error) {
	for {
		b := s.ready()
		if end := bytes.IndexByte(b, '\n'); end >= 0 {
			if end == 0 || b[end-1] != '\r' || end > lineMost {
				return nil, errChunk
			}
			s.r += end + 1
			return b[:end-1], nil
		}
		if len(b) > lineMost {
			return nil, errChunk
		}
		if err := s.fill(s.kept + 2*sourceSize); err != nil {
			return nil, unexpected(err)
		}
	}
}

// unexpected makes the end of a stream an error.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
