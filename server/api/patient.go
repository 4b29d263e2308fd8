package api

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// patientConn is a connection whose writes may take long as long as they get
// on: it fails only when nothing at all has passed for a while. A fixed time
// for each frame would cut off whoever has a slow line.
type patientConn struct {
	net.Conn
	patience time.Duration
	silence  time.Duration // how long the other side may say nothing
	last     atomic.Int64  // the time in nanoseconds at which it is over, 0 as long as it may go on
}

// Write implements net.Conn.
func (c *patientConn) Write(p []byte) (n int, err error) {
	for {
		if err := c.Conn.SetWriteDeadline(c.deadline()); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:])
		n += m
		if err == nil || m == 0 || c.last.Load() != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		// It takes what it is sent, if slowly, and cannot answer a ping that
		// stands behind that.
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
			return n, err
		}
	}
}

func (c *patientConn) deadline() time.Time {
	if last := c.last.Load(); last != 0 {
		return time.Unix(0, last)
	}
	return time.Now().Add(c.patience)
}

// SetWriteDeadline does nothing: each write has its own.
func (c *patientConn) SetWriteDeadline(time.Time) error { return nil }

// finish leaves only a moment for what is still to be said.
func (c *patientConn) finish() {
	last := time.Now().Add(farewellTimeout)
	c.last.Store(last.UnixNano())
	_ = c.Conn.SetWriteDeadline(last) // for the write that is under way
}

// patientWriter gives the upgrader a patientConn.
type patientWriter struct {
	http.ResponseWriter
	conn *patientConn
}

// Hijack implements http.Hijacker.
func (w *patientWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	limitUnsent(conn)
	w.conn.Conn = conn
	return w.conn, buffered, nil
}
