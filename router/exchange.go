package router

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	proxy  *proxy
	out    recorder
	in     *http.Request
	start  time.Time
	host   string
	id     string
	caller caller
	upload *upload // nil when the request has no body

	route   *route   // the app asked for, nil when there is none
	backend *backend // who answers, nil when the router does
	tried   []*backend
	held    held
	upgrade string // the protocol the client asks to switch to
	reason  string // why the router answered itself, for the access log
	own     bool   // the router answered itself
	whole   bool   // the answer was given to its end
}

func (ex *exchange) serve() {
	ix := ex.proxy.store.index.Load()
	switch {
	case ex.in.Method == http.MethodConnect:
		ex.answer(pageConnect, "CONNECT is refused")
		return
	case !ix.loaded:
		ex.answer(pageNoTable, "the router has no table yet")
		return
	}
	if ex.route = ix.find(ex.host); ex.route == nil {
		ex.answer(pageUnknown, "no app has this host")
		return
	}
	if ex.in.Body != nil && ex.in.Body != http.NoBody && ex.in.ContentLength != 0 {
		ex.openUpload()
		defer ex.upload.finish()
	}
	ex.forward()
}

// openUpload lets the body be read while the answer is written, as streams in
// both directions need. HTTP/2 does so by itself.
func (ex *exchange) openUpload() {
	ex.upload = &upload{src: ex.in.Body, stall: ex.proxy.stall}
	if ex.in.ProtoMajor == 1 {
		ex.upload.control = http.NewResponseController(ex.out.ResponseWriter)
		_ = ex.upload.control.EnableFullDuplex() // supported by every HTTP/1 writer of net/http
	}
}

// answer gives one of the router's own pages.
func (ex *exchange) answer(p page, reason string) {
	ex.reason, ex.own = reason, true
	ex.settleConnection()
	p.write(&ex.out, ex.in, ex.in.Host, ex.id)
}

// settleConnection says that the connection closes after this answer, when the
// router is stopping or the request's body may never have been read to its end.
func (ex *exchange) settleConnection() {
	unfinished := ex.upload != nil && ex.upload.answer()
	if ex.in.ProtoMajor == 1 && (unfinished || ex.proxy.draining.Load()) {
		ex.out.Header().Set("Connection", "close")
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
		ex.answer(pageStalled, "the client stopped sending")
	case broken != nil:
		ex.answer(pageBadBody, "the request's body broke off")
	case ex.in.Context().Err() != nil:
		ex.out.status = statusClientGone
		ex.reason = "the client went away"
		panic(http.ErrAbortHandler) // returning would answer 200
	case errors.Is(err, errHeldTooLong), errors.Is(err, errHeldTooMany):
		ex.answer(pageHeld, err.Error())
	case errors.Is(err, errNoApp):
		ex.answer(pageUnknown, err.Error())
	case errors.Is(err, errNoBackend):
		ex.answer(pageFor(ex.route.app.Status), "no instance of the app is running")
	case ex.route.platform:
		ex.answer(pageServer, "the server is not answering")
	case isConnectFailure(err):
		ex.answer(pageDown, "no instance of the app accepted a connection")
	default:
		ex.answer(pageBroken, "the app closed the connection without a proper answer")
	}
}

// statusClientGone stands in the access log for a client that did not wait.
const statusClientGone = 499

// reasonBroken stands in the access log for an answer that did not come to its end.
const reasonBroken = "the app broke off its answer"

// finish counts the request out and writes its access line. It also runs when
// the answer is broken off by a panic.
func (ex *exchange) finish() {
	if !ex.whole && ex.reason == "" {
		ex.reason = reasonBroken
		if errors.Is(ex.in.Context().Err(), context.Canceled) {
			ex.reason = "the client went away"
		}
	}
	if ex.reason != "" || ex.out.status >= 500 {
		ex.proxy.stats.errors.Add(1)
	}
	if ex.route != nil && !ex.route.platform {
		ex.route.counter.count(ex.served())
		ex.proxy.access.add(ex.line())
	}
	// Last, so that the line is in the report that tells of the drain.
	ex.leave()
}

func (ex *exchange) line() Access {
	line := Access{
		AppID:     ex.route.app.ID,
		Time:      ex.start,
		Method:    ex.in.Method,
		Host:      ex.host,
		Path:      ex.in.URL.EscapedPath(),
		Status:    ex.out.status,
		Bytes:     ex.out.bytes,
		Duration:  time.Since(ex.start),
		HeldMS:    ex.held.spent.Milliseconds(),
		Release:   ex.route.app.Release,
		RemoteIP:  ex.caller.ip,
		RequestID: ex.id,
		Error:     ex.reason,
	}
	if len(line.Path) > pathMost {
		line.Path = line.Path[:pathMost]
	}
	if ex.backend != nil && ex.out.status != 0 && (ex.reason == "" || !ex.whole) {
		line.Backend = ex.backend.Name
	}
	return line
}
