package router

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often the front looks after its connections.
const tick = time.Second

// front takes the clients' connections. It speaks HTTP/1 itself and leaves
// HTTP/2 to net/http.
type front struct {
	proxy *proxy
	log   *slog.Logger
	life  context.Context // requests end with it
	web   *http.Server    // for HTTP/2
	given *handedOff      // its listener

	clock   atomic.Int64 // seconds, as far as connections care
	date    atomic.Pointer[[]byte]
	closing atomic.Bool
	hangups *hangups // nil where the system cannot tell

	mu    sync.Mutex
	last  int64
	conns map[int64]*conn
	gone  chan struct{} // holds one token when the last connection has gone
}

func newFront(life context.Context, p *proxy, log *slog.Logger) *front {
	f := &front{proxy: p, log: log, life: life, conns: map[int64]*conn{}, gone: make(chan struct{}, 1), given: newHandedOff()}
	f.setClock(time.Now())
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // it never is: those connections stay here
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	f.web = &http.Server{
		Handler:           p,
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return life },
		// What clients do wrong is not the operator's trouble.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	var err error
	if f.hangups, err = newHangups(f.hungUp); err != nil {
		log.Warn("that a client goes away is noticed late here", "err", err)
	}
	return f
}

// run looks after the connections until ctx ends.
func (f *front) run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { _ = f.web.Serve(f.given) })
	defer func() { _ = f.web.Close() }()
	if f.hangups != nil {
		group.Go(f.hangups.run)
		defer f.hangups.close()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	rest := rest{}
	for {
		select {
		case <-ctx.Done():
			f.closeAll()
			return
		case now := <-ticker.C:
			f.setClock(now)
			f.sweep()
			f.proxy.store.pools.sweep(now)
			if rest.due(f.proxy.stats.requests.Load()) {
				debug.FreeOSMemory()
			}
		}
	}
}

// rest tells when a time of many requests is over, which is when the memory
// they needed can be given back.
type rest struct {
	seen  int64 // requests
	busy  bool
	quiet int // ticks
}

const (
	busyTick   = 1000 // requests in a tick that need memory worth giving back
	quietTicks = 5
)

func (r *rest) due(requests int64) bool {
	many := requests-r.seen > busyTick
	r.seen = requests
	switch {
	case many:
		r.busy, r.quiet = true, 0
		return false
	case !r.busy:
		return false
	}
	if r.quiet++; r.quiet < quietTicks {
		return false
	}
	*r = rest{seen: requests}
	return true
}

func (f *front) setClock(now time.Time) {
	f.clock.Store(now.Unix())
	date := []byte(now.UTC().Format(http.TimeFormat))
	f.date.Store(&date)
}

// serve takes connections from a listener until that is closed.
func (f *front) serve(listener net.Listener, secure *tls.Config) error {
	pause := time.Duration(0)
	for {
		c, err := listener.Accept()
		if err != nil {
			var again net.Error
			if errors.As(err, &again) && again.Timeout() || isExhausted(err) {
				pause = min(max(2*pause, 5*time.Millisecond), time.Second)
				f.log.Warn("a connection could not be taken", "err", err, "again_in", pause)
				time.Sleep(pause) // until descriptors are free again
				continue
			}
			return err
		}
		pause = 0
		if secure == nil {
			go f.talk(newConn(f, c, false))
		} else {
			go f.shake(tls.Server(c, secure))
		}
	}
}

// shake makes a connection secure and sees what is spoken over it.
func (f *front) shake(c *tls.Conn) {
	ctx, cancel := context.WithTimeout(f.life, headerTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return
	}
	if c.ConnectionState().NegotiatedProtocol == "h2" {
		f.given.give(c)
		return
	}
	f.talk(newConn(f, c, true))
}

func (f *front) talk(c *conn) {
	defer func() {
		if what := recover(); what != nil {
			f.log.Error("a connection was given up", "err", what, "stack", string(debug.Stack()))
			c.end()
		}
	}()
	c.phase.Store(phaseReading)
	c.since.Store(f.clock.Load())
	f.mu.Lock()
	f.last++
	c.id = f.last
	f.conns[c.id] = c
	f.mu.Unlock()
	if f.hangups != nil && c.raw != nil {
		f.hangups.add(c.raw, c.id)
	}
	c.serve()
}

func (f *front) forget(c *conn) {
	f.mu.Lock()
	delete(f.conns, c.id)
	none := len(f.conns) == 0
	f.mu.Unlock()
	if none {
		notify(f.gone)
	}
}

// handOff gives a connection that speaks HTTP/2 to net/http.
func (f *front) handOff(c *conn) {
	if f.hangups != nil && c.raw != nil {
		f.hangups.remove(c.raw)
	}
	early := append([]byte(nil), c.src.ready()...)
	c.src.giveBack()
	f.given.give(&replayed{Conn: c.Conn, early: early})
}

func (f *front) hungUp(id int64, reset bool) {
	f.mu.Lock()
	c := f.conns[id]
	f.mu.Unlock()
	if c != nil {
		c.hangUp(reset)
	}
}

// all gives the connections that are open.
func (f *front) all() []*conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]*conn, 0, len(f.conns))
	for _, c := range f.conns {
		list = append(list, c)
	}
	return list
}

// sweep closes connections that have been idle, or with a header, for too long.
func (f *front) sweep() {
	now := f.clock.Load()
	for _, c := range f.all() {
		at, since := c.phase.Load(), c.since.Load()
		if at == phaseIdle && now-since > int64(idleTimeout/time.Second) || at == phaseReading && now-since > int64(headerTimeout/time.Second) {
			c.expire(at)
		}
	}
}

// expire ends a connection that is still in a phase.
func (c *conn) expire(at phase) {
	if c.phase.CompareAndSwap(at, phaseEnded) {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}

// closeIdle closes what is idle now, and the rest as it becomes idle.
func (f *front) closeIdle() {
	f.closing.Store(true)
	for _, c := range f.all() {
		c.expire(phaseIdle)
		if c.phase.Load() == phaseReading && c.since.Load() < f.clock.Load() {
			c.expire(phaseReading)
		}
	}
}

// closeAll breaks off whatever is left.
func (f *front) closeAll() {
	f.closing.Store(true)
	for _, c := range f.all() {
		c.cancel()
		_ = c.Close()
	}
}

// open is how many connections there are, over TLS and HTTP/2 too.
func (f *front) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

// handedOff is a listener of connections that were taken elsewhere.
type handedOff struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandedOff() *handedOff {
	return &handedOff{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *handedOff) give(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		_ = c.Close()
	}
}

// Accept gives the next connection.
func (l *handedOff) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, io.EOF
	}
}

// Close ends Accept.
func (l *handedOff) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr gives no address of use.
func (l *handedOff) Addr() net.Addr { return &net.TCPAddr{} }
