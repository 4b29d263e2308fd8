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
	idleMost        = 1024 // idle connections to one backend

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

	used    bool // it has answered a request before
	since   int64
	aborted atomic.Bool
}

// dial connects to a backend. Its errors are all of before a byte was sent.
func (b *backend) dial(ctx context.Context) (*upstream, error) {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", b.Address)
	if err != nil {
		return nil, err
	}
	u := &upstream{Conn: c}
	u.tcp, _ = c.(*net.TCPConn)
	if b.scheme == "https" {
		host, _, _ := net.SplitHostPort(b.Address)
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

// connect gives a connection to the backend, an idle one if there is one that
// can be trusted. sure says that the request could not be repeated if the other
// side had just closed it.
func (b *backend) connect(ctx context.Context, sure bool, now time.Time) (*upstream, error) {
	for {
		u := b.take()
		if u == nil {
			return b.dial(ctx)
		}
		idle := time.Duration(now.UnixNano() - u.since)
		if idle > idleBackendConn || (sure || idle > trustIdle) && !u.quiet() {
			u.drop()
			continue
		}
		return u, nil
	}
}

// take gives the idle connection that was used last.
func (b *backend) take() *upstream {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.idle)
	if n == 0 {
		return nil
	}
	u := b.idle[n-1]
	b.idle[n-1] = nil
	b.idle = b.idle[:n-1]
	return u
}

// keep puts a connection by for the next request.
func (b *backend) keep(u *upstream, now time.Time, in *pools) {
	u.since, u.used = now.UnixNano(), true
	b.mu.Lock()
	kept := !b.retired.Load() && len(b.idle) < idleMost
	first := kept && !b.pooled
	if kept {
		b.idle = append(b.idle, u)
		b.pooled = true
	}
	b.mu.Unlock()
	if !kept {
		u.drop()
	}
	if first {
		in.add(b)
	}
}

// closeIdle closes the connections that have been idle since before a time.
func (b *backend) closeIdle(before time.Time) (left int) {
	b.mu.Lock()
	limit, n := before.UnixNano(), 0
	for n < len(b.idle) && b.idle[n].since < limit { // the oldest are in front
		n++
	}
	old := b.idle[:n:n]
	b.idle = append([]*upstream(nil), b.idle[n:]...)
	left = len(b.idle)
	b.mu.Unlock()
	for _, u := range old {
		u.drop()
	}
	return left
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

// drop closes the connection.
func (u *upstream) drop() {
	_ = u.Close()
	u.src.giveBack()
}
