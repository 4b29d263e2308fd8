package router

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// idleBackendConn is short on purpose: many app servers close an idle
	// connection after 2 to 5 s, and a request that meets such a close cannot
	// always be sent again. Connecting anew on the same machine or network
	// costs a fraction of a millisecond.
	idleBackendConn = 1500 * time.Millisecond
	dialTimeout     = 3 * time.Second
	maxAnswerHeader = 256 << 10
	outKept         = 2 << 10 // bytes of an idle connection's room for requests

	// trustIdle is how long a connection may have been idle to be used for a
	// request that can be repeated without asking the kernel whether the other
	// side has closed it.
	trustIdle = 5 * time.Millisecond
)

// errUnsent says that nothing of the request was taken by the backend.
var errUnsent = errors.New("the backend's connection took nothing")

// upstream is a connection to a backend. One request uses it at a time.
type upstream struct {
	net.Conn
	tcp  *net.TCPConn // the same without TLS, nil with it
	raw  syscall.RawConn
	src  source
	out  []byte
	res  response
	body inflow

	opened  int64 // by the pools' clock
	used    bool  // it has answered a request before
	since   int64 // when it became idle, Unix nanoseconds
	aborted atomic.Bool
}

// dial connects to the address. Its errors are all of before a byte was sent.
func (p *pool) dial(ctx context.Context) (*upstream, error) {
	u := &upstream{opened: p.all.clock.Load()}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	u.Conn = c
	u.tcp, _ = c.(*net.TCPConn)
	if p.scheme == "https" {
		host, _, _ := net.SplitHostPort(p.address)
		secure := tls.Client(c, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := secure.HandshakeContext(within); err != nil {
			_ = c.Close()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
		u.Conn, u.tcp = secure, nil
	}
	if u.tcp != nil {
		u.raw, _ = u.tcp.SyscallConn() // fails for closed connections only
	}
	u.src.conn = u.Conn
	return u, nil
}

// send writes the request's header with what is there of its body. It gives
// errUnsent when nothing was taken. An error after the first byte is no error
// here: the backend may have answered before it closed.
func (u *upstream) send(body []byte) error {
	var n int64
	var err error
	if len(body) > 0 && len(u.out)+len(body) > gather {
		pieces := net.Buffers{u.out, body}
		n, err = pieces.WriteTo(u.Conn)
	} else {
		u.out = append(u.out, body...)
		var m int
		m, err = u.Write(u.out)
		n = int64(m)
	}
	if err != nil && n == 0 {
		return errUnsent
	}
	return nil
}

// pass sends a piece of the request's body. The buffer is for what stands
// around a chunk.
func (u *upstream) pass(piece []byte, buffer *[]byte, chunked bool) error {
	if !chunked {
		_, err := u.Write(piece)
		return err
	}
	*buffer = append(strconv.AppendInt((*buffer)[:0], int64(len(piece)), 16), '\r', '\n')
	pieces := net.Buffers{*buffer, piece, crlf}
	_, err := pieces.WriteTo(u.Conn)
	return err
}

// header reads the header of an answer. It gives io.EOF or a reset when the
// backend closed the connection without a byte.
func (u *upstream) header() error {
	b, err := u.src.header(maxAnswerHeader)
	if err != nil {
		return err
	}
	return u.res.read(b)
}

// silent says whether an error of header means that not a byte came.
func (u *upstream) silent(err error) bool {
	return len(u.src.ready()) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
}

// abort makes reads and writes fail, from any goroutine.
func (u *upstream) abort() {
	u.aborted.Store(true)
	_ = u.SetDeadline(time.Unix(1, 0))
}

// rest gives back what an idle connection does not need. What was read is lost,
// so nothing may refer to it any more.
func (u *upstream) rest() {
	u.src.giveBack()
	u.res.forget()
	u.res.reason = nil
	u.body = inflow{}
	if cap(u.out) > outKept {
		u.out = nil
	}
}

// drop closes the connection.
func (u *upstream) drop() {
	_ = u.Close()
	u.src.giveBack()
}
