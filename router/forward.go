package router

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// continueAfter is how long a client that asked for permission to send its body
// waits for the app's word. Then the router gives it: not every app does.
const continueAfter = time.Second

// spliceFrom is how long a body must be for the kernel to move it by itself.
const spliceFrom = 64 << 10

var scratchBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// forward sends the request on and the answer back.
func (ex *exchange) forward() {
	if ex.upload == nil && ex.conn != nil && ex.req.minor == 1 {
		ex.upgrade = ex.req.protocol()
	}
	if err := ex.roundTrip(); err != nil {
		ex.fail(err)
		ex.release(false)
		return
	}
	if ex.up.res.status == http.StatusSwitchingProtocols {
		ex.tunnel()
		return
	}
	ex.relay()
}

// relay passes the answer on as it comes. When the backend breaks off, so does
// the client's connection: a cut answer must not look like a whole one.
func (ex *exchange) relay() {
	u := ex.up
	res := &u.res
	how, length := res.frame(ex.req.name)
	u.body.begin(&u.src, how, length)
	last := ex.settle()
	ex.begin(res.status)
	ex.out = answer{head: &res.head, status: res.status, reason: res.reason, length: length, bodiless: how == framedNone, id: ex.id, last: last}
	err := lost(ex.client.begin(&ex.out))
	if err == nil {
		err = ex.copyBody(u)
	}
	if err == nil {
		err = lost(ex.client.finish(&u.body.trailer))
	}
	if err != nil {
		ex.breakOff(err)
	}
	ex.release(err == nil && res.persistent(how) && len(u.src.ready()) == 0)
}

// copyBody sends what it has before it waits for more, so that a stream
// arrives as it is sent.
func (ex *exchange) copyBody(u *upstream) error {
	u.src.before = ex.client
	defer func() { u.src.before = nil }()
	var scratch *[32 << 10]byte
	var into []byte
	for !u.body.ended {
		if len(u.src.ready()) == 0 {
			if ex.conn != nil && ex.conn.tcp != nil && u.tcp != nil && u.body.framing == framedLength && u.body.left >= spliceFrom {
				n, err := ex.conn.splice(u.tcp, u.body.left)
				ex.bytes += n
				u.body.took(int(n))
				return err
			}
			if scratch == nil {
				scratch = scratchBuffers.Get().(*[32 << 10]byte)
				defer scratchBuffers.Put(scratch)
				into = scratch[:]
			}
		}
		piece, err := u.body.next(into)
		if eof(err) {
			return nil
		}
		if err != nil {
			return err
		}
		ex.bytes += int64(len(piece))
		if err := ex.client.write(piece); err != nil {
			return lost(err)
		}
	}
	return nil
}

// appendRequest writes the request's header as backends get it. Path, query
// and Host are the client's, byte for byte.
func (ex *exchange) appendRequest(out []byte) []byte {
	req := ex.req
	out = append(append(append(append(out, req.method...), ' '), req.target...), " HTTP/1.1\r\nHost: "...)
	out = append(append(out, req.host...), '\r', '\n')
	for i := range req.fields {
		f := &req.fields[i]
		if f.kind == kindExpect && ex.upload == nil || !req.passes(f) {
			continue
		}
		out = appendField(out, f)
	}
	if req.trailers {
		out = append(out, "Te: trailers\r\n"...)
	}
	if ex.upgrade != nil {
		out = append(append(append(out, "Connection: Upgrade\r\nUpgrade: "...), ex.upgrade...), '\r', '\n')
	}
	switch {
	case req.chunked:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
		if req.trailer {
			out = appendTrailerNames(out, &req.head)
		}
	case req.length >= 0:
		out = append(strconv.AppendInt(append(out, "Content-Length: "...), req.length, 10), '\r', '\n')
	}
	if ex.conn != nil {
		out = append(out, ex.conn.whoText...)
	} else {
		out = ex.caller.announce(out)
	}
	out = append(append(append(out, requestIDHeader+": "...), ex.id...), '\r', '\n')
	// Only the platform may know the token, and from nobody but the router.
	if ex.route.platform && ex.proxy.token != nil {
		if token, err := ex.proxy.token(); err == nil {
			out = append(append(append(out, vouchHeader+": "...), token...), '\r', '\n')
		}
	}
	return append(out, '\r', '\n')
}

// pump sends the request's body to the backend.
func (ex *exchange) pump(u *upstream, over chan<- struct{}) {
	defer close(over)
	if ex.req.expect {
		ex.awaitContinue()
	}
	scratch := scratchBuffers.Get().(*[32 << 10]byte)
	defer scratchBuffers.Put(scratch)
	var head []byte
	for {
		piece, err := ex.upload.next(scratch[:])
		switch {
		case eof(err):
			ex.endUpload(u, head)
			return
		case err != nil:
			u.abort() // what was sent is no whole request
			return
		case len(piece) == 0:
			continue
		}
		if err := u.pass(piece, &head, ex.req.chunked); err != nil {
			return // the answer, if there is one, says why
		}
	}
}

// endUpload sends what follows the body.
func (ex *exchange) endUpload(u *upstream, head []byte) {
	if ex.req.chunked {
		head = append(appendTrailer(append(head[:0], "0\r\n"...), ex.trailer()), '\r', '\n')
		_, _ = u.Write(head) // the answer, if there is one, says why
	}
	if ex.conn != nil {
		ex.conn.wait(func(l *link) { l.sending = false })
	}
}

// trailer gives what the client sent after the body.
func (ex *exchange) trailer() *head {
	if ex.conn != nil {
		return &ex.conn.inflow.trailer
	}
	return ex.client.(*stream).trailer()
}

// awaitContinue waits until somebody has told the client to send its body.
func (ex *exchange) awaitContinue() {
	timer := time.NewTimer(continueAfter)
	defer timer.Stop()
	select {
	case <-ex.said:
	case <-ex.ctx.Done():
	case <-timer.C:
		ex.interim.Lock()
		defer ex.interim.Unlock()
		if ex.permit() {
			_ = ex.client.early(&response{status: http.StatusContinue}) // a client that is gone is found out by reading
		}
	}
}

// passEarly passes on an interim answer that comes before the real one.
func (ex *exchange) passEarly(res *response) {
	ex.interim.Lock()
	defer ex.interim.Unlock()
	if res.status == http.StatusContinue {
		if !ex.permit() {
			return // nobody asked, or it was said before
		}
	}
	_ = ex.client.early(res) // the final answer finds out that the client is gone
}

// release ends the use of the backend's connection, and keeps it for another
// request if it is in a state for that.
func (ex *exchange) release(reusable bool) {
	if ex.upload != nil {
		ex.upload.finish()
		reusable = reusable && ex.upload.over()
	}
	u := ex.up
	if u != nil && !reusable {
		u.abort()
	}
	if ex.pumping != nil {
		<-ex.pumping
		if ex.conn != nil {
			_ = ex.conn.SetReadDeadline(time.Time{})
		}
	}
	if u == nil {
		return
	}
	ex.unbind()
	ex.up = nil
	if reusable && !u.aborted.Load() {
		ex.backend.keep(u, time.Now())
	} else {
		u.drop()
	}
}

// bind lets the client's going away cut the connection to the backend.
func (ex *exchange) bind(u *upstream) {
	ex.up = u
	if ex.conn == nil {
		stop := contextAfter(ex.ctx, u.abort)
		ex.unbound = stop
		return
	}
	ex.conn.wait(func(l *link) { l.up = u })
}

func (ex *exchange) unbind() {
	if ex.conn == nil {
		if ex.unbound != nil && !ex.unbound() {
			ex.up.aborted.Store(true) // it is being aborted at this moment
		}
		return
	}
	ex.conn.wait(func(l *link) { l.up = nil })
}
