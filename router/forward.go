package router

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
)

// forward sends the request on and the answer back.
func (ex *exchange) forward() {
	early := &earlyHints{ex: ex}
	res, err := ex.roundTrip(ex.outgoing(early))
	early.stop()
	if err != nil {
		ex.fail(err)
		return
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		ex.tunnel(res)
		return
	}
	ex.relay(res)
}

// outgoing makes the request as backends get it. Path, query and Host are the
// client's, byte for byte.
func (ex *exchange) outgoing(early *earlyHints) *http.Request {
	ctx := httptrace.WithClientTrace(ex.in.Context(), &httptrace.ClientTrace{Got1xxResponse: early.pass})
	out := ex.in.WithContext(ctx)
	at := *ex.in.URL
	out.URL = &at
	out.Header = requestHeader(ex.in.Header)
	out.Close = false
	out.TransferEncoding = nil
	out.Body = nil
	out.ContentLength = 0
	if ex.upload != nil {
		out.Body = ex.upload
		out.ContentLength = ex.in.ContentLength
		// out.Trailer stays the map that the server fills at the body's end.
	}
	if ex.upload == nil && ex.in.ProtoMajor == 1 && ex.in.ProtoMinor == 1 {
		ex.upgrade = upgradeOf(ex.in.Header)
	}
	if ex.upgrade != "" {
		out.Header["Connection"] = []string{"Upgrade"}
		out.Header["Upgrade"] = []string{ex.upgrade}
	}
	ex.caller.announce(out.Header, ex.id)
	// Only the platform may know the token, and from nobody but the router.
	delete(out.Header, vouchHeader)
	if ex.route.platform && ex.proxy.token != nil {
		if token, err := ex.proxy.token(); err == nil {
			out.Header[vouchHeader] = []string{token}
		}
	}
	return out
}

// relay passes the answer on as it comes. When the backend breaks off, so does
// the client's connection: a cut answer must not look like a whole one.
func (ex *exchange) relay(res *http.Response) {
	defer res.Body.Close()
	h := ex.out.Header()
	responseHeader(h, res.Header)
	h[requestIDHeader] = []string{ex.id}
	announced := len(res.Trailer)
	if announced > 0 {
		names := make([]string, 0, announced)
		for name := range res.Trailer {
			names = append(names, name)
		}
		h["Trailer"] = []string{strings.Join(names, ", ")}
	}
	ex.settleConnection()
	ex.out.WriteHeader(res.StatusCode)
	if err := ex.copyBody(res); err != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range res.Trailer {
		if announced == len(res.Trailer) {
			h[name] = values
		} else {
			h[http.TrailerPrefix+name] = values
		}
	}
}

// copyBody flushes after every read, so that a stream arrives as it is sent.
// When the length is known, the end of the handler flushes the last piece
// together with the header of a short answer.
func (ex *exchange) copyBody(res *http.Response) error {
	if res.ContentLength == 0 || ex.in.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(ex.out.ResponseWriter)
	if res.ContentLength < 0 {
		if err := control.Flush(); err != nil {
			return err
		}
	}
	buffer := ex.proxy.buffers.Get().(*[]byte)
	defer ex.proxy.buffers.Put(buffer)
	for {
		n, err := res.Body.Read(*buffer)
		if n > 0 {
			if _, werr := ex.out.Write((*buffer)[:n]); werr != nil {
				return werr
			}
			if err == nil && ex.out.bytes != res.ContentLength {
				if ferr := control.Flush(); ferr != nil {
					return ferr
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// earlyHints passes on the 1xx answers that come before the real one.
type earlyHints struct {
	ex *exchange

	mu      sync.Mutex
	stopped bool
}

func (e *earlyHints) pass(code int, header textproto.MIMEHeader) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.ex.in
	if e.stopped || !in.ProtoAtLeast(1, 1) {
		return nil
	}
	if code == http.StatusContinue && !strings.EqualFold(in.Header.Get("Expect"), "100-continue") {
		return nil
	}
	h := e.ex.out.Header()
	for name, values := range header {
		if !hopByHop[name] {
			h[name] = values
		}
	}
	e.ex.out.WriteHeader(code)
	clear(h)
	return nil
}

// stop waits for a 1xx that is being written; from here on the header belongs
// to the final answer.
func (e *earlyHints) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
}
