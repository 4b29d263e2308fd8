package router

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	proxy  *proxy
	client client
	conn   *conn // the client's, nil with HTTP/2
	req    *request
	ctx    context.Context // ends when the client goes away
	start  time.Time
	host   string // as the table has it
	id     []byte
	text   []byte // of the access line
	caller *caller
	upload *upload // nil when the request has no body

	route   *route    // the app asked for, nil when there is none
	found   *index    // where route is from, until a backend is taken from it
	backend *backend  // who answers, nil when the router does
	up      *upstream // the connection to it
	tried   []*backend
	held    held
	pass    func()        // lets the next of those that waited go on; nil for who did not wait
	upgrade []byte        // the protocol the client asks to switch to
	pumping chan struct{} // closed when nobody reads the body any more; nil before
	unbound func() bool   // ends the watch on ctx, with HTTP/2

	out       answer
	status    int
	bytes     int64         // of the answer's body
	wait      time.Duration // to the answer's header, 0 before it
	reason    string        // why the router answered itself, for the access log
	own       bool          // the router answered itself
	broken    bool          // the answer is not whole
	tunnelled bool

	interim sync.Mutex    // guards what follows, and interim answers
	said    chan struct{} // closed when the client has been told to send its body, or need not be; nil when it did not ask
}

func (ex *exchange) serve() {
	ix := ex.proxy.store.index.Load()
	switch {
	case ex.req.name == http.MethodConnect:
		ex.answer(&pageConnect, "CONNECT is refused")
		return
	case !ix.loaded:
		ex.answer(&pageNoTable, "the router has no table yet")
		return
	}
	if ex.route = ix.find(ex.host); ex.route == nil {
		ex.answer(&pageUnknown, "no app has this host")
		return
	}
	ex.found = ix
	ex.forward()
}

// begin notes the final status.
func (ex *exchange) begin(status int) {
	ex.passed()
	ex.status = status
	ex.wait = max(time.Since(ex.start), 1)
}

// answer gives one of the router's own pages.
func (ex *exchange) answer(p *page, reason string) {
	ex.reason, ex.own = reason, true
	last := ex.settle()
	ex.begin(p.status)
	n, err := p.write(ex, last)
	ex.bytes += int64(n)
	if err != nil {
		ex.broken = true // the client is gone, and nobody else is to be told
	}
}

// settle ends interim answers. It says whether the connection closes after the
// final one: because the router is stopping, or the request's body may never be
// read to its end.
func (ex *exchange) settle() (last bool) {
	ex.interim.Lock()
	ex.permit()
	ex.interim.Unlock()
	last = ex.upload != nil && ex.upload.answer()
	return last || ex.proxy.draining.Load()
}

// permit ends the wait for the app's word before the body is read. It reports
// whether it was the first to. The lock is held.
func (ex *exchange) permit() bool {
	if ex.said == nil {
		return false
	}
	select {
	case <-ex.said:
		return false
	default:
		close(ex.said)
		return true
	}
}

// fail answers for a backend that did not.
func (ex *exchange) fail(err error) {
	var broken error
	if ex.upload != nil {
		broken = ex.upload.failed()
	}
	switch {
	case errors.Is(broken, os.ErrDeadlineExceeded):
		ex.answer(&pageStalled, "the client stopped sending")
	case broken != nil:
		ex.answer(&pageBadBody, "the request's body broke off")
	case ex.ctx.Err() != nil:
		ex.status, ex.reason, ex.broken = statusClientGone, reasonGone, true
	case errors.Is(err, errHeldTooLong), errors.Is(err, errHeldTooMany):
		ex.answer(&pageHeld, err.Error())
	case errors.Is(err, errNoApp):
		ex.answer(&pageUnknown, err.Error())
	case errors.Is(err, errNoBackend):
		ex.answer(pageFor(ex.route.app.Status), "no instance of the app is running")
	case ex.route.platform:
		ex.answer(&pageServer, "the server is not answering")
	case isConnectFailure(err):
		ex.answer(&pageDown, "no instance of the app accepted a connection")
	default:
		ex.answer(&pageBroken, "the app closed the connection without a proper answer")
	}
}

// statusClientGone stands in the access log for a client that did not wait.
const statusClientGone = 499

// What the access log says of answers that did not come to their end.
const (
	reasonBroken = "the app broke off its answer"
	reasonGone   = "the client went away"
)

// breakOff notes that the answer cannot come to its end. By whose fault is to
// be seen from the error and from the client.
func (ex *exchange) breakOff(err error) {
	ex.broken = true
	ex.reason = reasonBroken
	var lost *clientLost
	if errors.As(err, &lost) || ex.ctx.Err() != nil {
		ex.reason = reasonGone
	}
}

// clientLost is an error of writing to the client.
type clientLost struct{ err error }

// Error says what went wrong.
func (e *clientLost) Error() string { return "write to the client: " + e.err.Error() }

func lost(err error) error {
	if err == nil {
		return nil
	}
	return &clientLost{err}
}

// finish counts the request out and writes its access line.
func (ex *exchange) finish() {
	ex.passed()
	if ex.reason != "" || ex.status >= 500 {
		ex.proxy.stats.errors.Add(1)
	}
	if ex.route != nil && !ex.route.platform {
		ex.route.counter.count(ex.served())
		if ex.proxy.access.room() {
			ex.text = ex.appendLine(ex.text[:0])
			ex.proxy.access.add(ex.text)
		}
	}
	// Last, so that the line is in the report that tells of the drain.
	ex.leave()
}

// eof says whether an error is a body's proper end.
func eof(err error) bool { return err == io.EOF }
