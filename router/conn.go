package router

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// phase is what a client's connection is doing.
type phase = int32

const (
	phaseIdle    phase = iota // between two requests
	phaseReading              // a request's header has begun, or the connection is new
	phaseBusy                 // with a request
	phaseEnded                // it is to be closed
)

// lingering is how long a connection is read on after its last answer, so that
// a client which is still sending sees the answer and not a reset.
const lingering = time.Second

// conn is a client's connection that speaks HTTP/1.
type conn struct {
	front *front
	id    int64
	net.Conn
	tcp  *net.TCPConn // the same without TLS, nil with it
	raw  syscall.RawConn
	read func(fd uintptr) bool // waits for bytes without a buffer
	got  error

	src   source
	out   []byte
	phase atomic.Int32
	since atomic.Int64 // when the phase began, in seconds of the front's clock
	tls   bool
	peer  netip.Addr
	ip    string

	who     caller // of the requests with this Host
	whoHost string
	whoText []byte // what the app is told of the caller
	host    string // whoHost as the table has it

	req     request
	inflow  inflow
	ex      exchange
	closing bool // after the answer
	lingers bool // and what the client still sends is read first
	chunked bool // the answer's body is

	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	link   link
}

// link is what a request is waiting for, to be cut when the client goes away.
type link struct {
	up      *upstream
	sending bool // the request's body is still coming
	holding bool
	hungUp  bool
	tunnel  bool
}

func newConn(f *front, c net.Conn, secure bool) *conn {
	cn := &conn{front: f, Conn: c, tls: secure}
	cn.src.conn = c
	cn.ctx, cn.cancel = context.WithCancel(f.life)
	if at, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		cn.peer = at.Addr().Unmap().WithZone("")
		cn.ip = cn.peer.String()
	}
	tcp := tcpOf(c)
	if !secure && tcp != nil {
		cn.tcp = tcp
	}
	if tcp != nil {
		cn.raw, _ = tcp.SyscallConn() // fails for closed connections only, as all else does
	}
	cn.read = cn.readUnbuffered
	return cn
}

func tcpOf(c net.Conn) *net.TCPConn {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	tcp, _ := c.(*net.TCPConn)
	return tcp
}

// serve answers requests until the connection is to be closed, and closes it
// unless somebody else has it then.
func (c *conn) serve() {
	for {
		switch err := c.nextRequest(); {
		case errors.Is(err, errHTTP2):
			c.front.forget(c)
			c.front.handOff(c)
			return
		case err != nil:
			c.refuse(err)
			c.end()
			return
		}
		if !c.answerRequest() {
			c.end()
			return
		}
		c.rest()
		if c.front.closing.Load() || !c.phase.CompareAndSwap(phaseBusy, phaseIdle) {
			c.end()
			return
		}
		c.since.Store(c.front.clock.Load())
	}
}

// rest gives back what a connection does not need between two requests. What
// still referred to the buffer would keep it in memory.
func (c *conn) rest() {
	if cap(c.out) > 2*sourceSize {
		c.out = nil
	}
	if len(c.src.ready()) > 0 {
		return // of the next request
	}
	c.src.giveBack()
	c.req.forget()
	c.ex = exchange{id: c.ex.id[:0], text: c.ex.text[:0], tried: c.ex.tried[:0]}
}

// errHTTP2 says that the client speaks HTTP/2 without having been asked.
var errHTTP2 = errors.New("HTTP/2")

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// nextRequest waits for a request and reads its header.
func (c *conn) nextRequest() error {
	if err := c.awaitBytes(); err != nil {
		return err
	}
	if c.phase.CompareAndSwap(phaseIdle, phaseReading) {
		c.since.Store(c.front.clock.Load())
	}
	if err := c.skipEmptyLines(); err != nil {
		return err
	}
	if ready := c.src.ready(); ready[0] == 'P' && c.isHTTP2(ready) {
		return errHTTP2
	}
	b, err := c.src.header(maxHeaderBytes)
	if err != nil {
		if errors.Is(err, errHeadTooLong) {
			return errTooLarge
		}
		return err
	}
	if !c.phase.CompareAndSwap(phaseReading, phaseBusy) {
		return net.ErrClosed
	}
	return c.req.read(b)
}

// awaitBytes waits until there is something to read. A connection that waits
// has no buffer.
func (c *conn) awaitBytes() error {
	if len(c.src.ready()) > 0 {
		return nil
	}
	if c.tcp == nil || c.raw == nil {
		return c.src.fill(maxHeaderBytes)
	}
	c.got = nil
	if err := c.raw.Read(c.read); err != nil {
		return err
	}
	return c.got
}

func (c *conn) readUnbuffered(fd uintptr) bool {
	c.src.lend()
	n, err := syscall.Read(int(fd), c.src.buf)
	switch {
	case err == syscall.EAGAIN:
		c.src.giveBack()
		return false
	case err == syscall.EINTR:
		return c.readUnbuffered(fd)
	case err != nil:
		c.got = err
	case n <= 0:
		c.got = io.EOF
	default:
		c.src.r, c.src.w = 0, n
	}
	return true
}

// skipEmptyLines passes over the empty lines that some clients send after a
// request's body.
func (c *conn) skipEmptyLines() error {
	for range 4 {
		ready := c.src.ready()
		if len(ready) > 0 && ready[0] != '\r' && ready[0] != '\n' {
			return nil
		}
		if len(ready) > 0 && ready[0] == '\n' {
			c.src.r++
			continue
		}
		if len(ready) > 1 {
			if ready[1] != '\n' {
				return errRequestLine
			}
			c.src.r += 2
			continue
		}
		if err := c.src.fill(maxHeaderBytes); err != nil {
			return err
		}
	}
	if len(c.src.ready()) == 0 {
		return c.src.fill(maxHeaderBytes)
	}
	return nil
}

// isHTTP2 says whether the connection begins with HTTP/2's preface, for which
// it may have to read on.
func (c *conn) isHTTP2(ready []byte) bool {
	for {
		n := min(len(ready), len(http2Preface))
		if string(ready[:n]) != http2Preface[:n] {
			return false
		}
		if n == len(http2Preface) {
			return true
		}
		if c.src.fill(maxHeaderBytes) != nil {
			return false
		}
		ready = c.src.ready()
	}
}

// answerRequest answers the request just read. It says whether the connection
// can be used for another one.
func (c *conn) answerRequest() (again bool) {
	req := &c.req
	c.closing = req.close || req.minor == 0 && !req.keepAlive || req.chunked && req.length >= 0
	switch {
	case req.chunked:
		c.inflow.begin(&c.src, framedChunked, 0)
	case req.length > 0:
		c.inflow.begin(&c.src, framedLength, req.length)
	default:
		c.inflow.begin(&c.src, framedNone, 0)
	}
	ex := &c.ex
	*ex = exchange{proxy: c.front.proxy, client: c, conn: c, req: req, ctx: c.ctx, start: time.Now(), id: ex.id[:0], text: ex.text[:0], tried: ex.tried[:0]}
	if !c.inflow.ended {
		ex.upload = &upload{body: &c.inflow, control: c.Conn, stall: c.front.proxy.stall, whole: c.inflow.whole()}
		if ex.upload.whole == nil {
			c.wait(func(l *link) { l.sending = true })
			defer c.wait(func(l *link) { l.sending = false })
		}
	}
	c.know()
	ex.caller, ex.host = &c.who, c.host
	whole := c.front.proxy.serve(ex)
	if ex.upload != nil && ex.upload.whole != nil {
		c.inflow.skip()
	}
	over := ex.upload == nil || ex.upload.over()
	switch {
	case ex.broken:
		c.breakOff()
	case !ex.tunnelled:
		// A client that asked for the end sends no more.
		c.lingers = !over || c.closing && !req.close
	}
	return whole && over && !c.closing && !ex.tunnelled
}

// breakOff sees to it that a cut answer cannot look like a whole one: where
// only the connection's end tells, it is reset.
func (c *conn) breakOff() {
	if c.closing && !c.chunked && c.tcp != nil {
		_ = c.tcp.SetLinger(0)
	}
}

// know finds out who is asking. That changes from request to request only with
// the Host, or behind a trusted proxy.
func (c *conn) know() {
	trusted := c.front.proxy.trusted
	believe := len(trusted) != 0 && isTrusted(c.peer, trusted)
	if !believe && c.whoText != nil && string(c.req.host) == c.whoHost {
		return
	}
	c.whoHost = string(c.req.host)
	c.host = normalHost(c.whoHost)
	c.who = caller{ip: c.ip, chain: c.ip, proto: "http", host: c.whoHost}
	if c.tls {
		c.who.proto = "https"
	}
	if believe {
		c.who.believe(&c.req.head, trusted)
	}
	c.who.settlePort()
	c.whoText = c.who.announce(c.whoText[:0])
}

// refuse answers what is not a proper request, if there is anything to answer.
func (c *conn) refuse(err error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		return
	}
	c.out = append(c.out[:0], "HTTP/1.1 "...)
	c.out = append(strconv.AppendInt(c.out, int64(refused.status), 10), ' ')
	c.out = append(append(c.out, statusText(refused.status)...), "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(refused.why)+1), 10)
	c.out = append(append(append(c.out, "\r\n\r\n"...), refused.why...), '\n')
	_ = c.flush() // the client may be gone
	c.linger()
}

// end closes the connection and lets go of all it has.
func (c *conn) end() {
	if c.lingers {
		c.linger()
	}
	c.front.forget(c)
	c.cancel()
	_ = c.Close()
	c.src.giveBack()
}

// linger lets the client read the last answer before the connection closes.
func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(lingering))
	c.src.kept = 0
	c.src.lend()
	for total := 0; total < 1<<20; {
		n, err := c.Read(c.src.buf)
		if err != nil {
			return
		}
		total += n
	}
}

// hangUp is called when the client has closed its side of the connection, or,
// with reset, all of it. A client that has sent its request and closes does not
// wait for the answer.
func (c *conn) hangUp(reset bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.hungUp = true
	if c.link.tunnel || c.link.sending && !c.link.holding && !reset {
		return // reading finds out
	}
	c.cut()
}

// cut ends what the request waits for. The lock is held.
func (c *conn) cut() {
	c.cancel()
	if c.link.up != nil {
		c.link.up.abort()
	}
}

// wait notes what the request is waiting for from now on.
func (c *conn) wait(change func(*link)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.link)
	if c.link.hungUp && !c.link.tunnel && (!c.link.sending || c.link.holding) {
		c.cut()
	}
}

// replayed is a connection of which the beginning has been read already.
type replayed struct {
	net.Conn
	early []byte
}

// Read gives the beginning first.
func (r *replayed) Read(p []byte) (int, error) {
	if len(r.early) > 0 {
		n := copy(p, r.early)
		r.early = r.early[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}
