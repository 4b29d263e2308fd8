package router

import (
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// stream is one request over HTTP/2, which net/http speaks.
type stream struct {
	w       http.ResponseWriter
	r       *http.Request
	pending bool // something was written and not flushed
	after   head // what came after the body
}

// ServeHTTP answers one request over HTTP/2.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &stream{w: w, r: r}
	req := s.request()
	ex := &exchange{proxy: p, client: s, req: req, ctx: r.Context(), start: time.Now()}
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		ex.upload = &upload{body: reader{r.Body}}
	}
	host := string(req.host)
	ex.host = normalHost(host)
	who := identify(peerOf(r.RemoteAddr), r.TLS, host, &req.head, p.trusted)
	ex.caller = &who
	if !p.serve(ex) {
		panic(http.ErrAbortHandler) // returning would end the answer as if it were whole
	}
}

// request puts a request into the words of HTTP/1.
func (s *stream) request() *request {
	r := s.r
	req := &request{method: []byte(r.Method), name: r.Method, target: []byte(r.URL.RequestURI()), major: 2, minor: 1}
	req.reset()
	for name, values := range r.Header {
		for _, value := range values {
			f := field{name: []byte(name), value: []byte(value)}
			if name == "" || !isToken(f.name) || !isValue(f.value) {
				continue // net/http lets no such field through
			}
			if f.kind = kindOf(f.name); f.kind != kindLength && f.kind != kindEncoding && f.kind != kindHost && f.kind != kindPlain {
				_ = req.note(f) // fails for the kinds above only
			}
			req.fields = append(req.fields, f)
		}
	}
	if len(r.Trailer) > 0 {
		names := make([]string, 0, len(r.Trailer))
		for name := range r.Trailer {
			names = append(names, name)
		}
		req.trailer = true
		req.fields = append(req.fields, field{name: []byte("Trailer"), value: []byte(strings.Join(names, ", ")), kind: kindTrailer})
	}
	req.host, req.hosts = []byte(r.Host), 1
	req.length = r.ContentLength
	if r.ContentLength < 0 {
		req.chunked = true
	} else if r.ContentLength == 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead || r.Header.Get("Content-Length") == "") {
		req.length = -1
	}
	return req
}

// trailer gives what came after the body.
func (s *stream) trailer() *head {
	for name, values := range s.r.Trailer {
		for _, value := range values {
			f := field{name: []byte(name), value: []byte(value)}
			if isToken(f.name) && isValue(f.value) {
				f.kind = kindOf(f.name)
				s.after.fields = append(s.after.fields, f)
			}
		}
	}
	return &s.after
}

// early implements client. Permission to send the body is given by reading it.
func (s *stream) early(res *response) error {
	if res.status == http.StatusContinue {
		return nil
	}
	h := s.w.Header()
	s.copyFields(&res.head)
	s.w.WriteHeader(res.status)
	clear(h)
	return nil
}

func (s *stream) copyFields(from *head) {
	h := s.w.Header()
	for i := range from.fields {
		if f := &from.fields[i]; from.passes(f) {
			name := http.CanonicalHeaderKey(string(f.name))
			h[name] = append(h[name], string(f.value))
		}
	}
}

// begin implements client.
func (s *stream) begin(a *answer) error {
	h := s.w.Header()
	if a.head != nil {
		s.copyFields(a.head)
	}
	for _, f := range a.own {
		h[f.name] = append(h[f.name], f.value)
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // or net/http would guess one
	}
	h[requestIDHeader] = []string{string(a.id)}
	if a.length >= 0 && a.status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.FormatInt(a.length, 10)}
	}
	s.w.WriteHeader(a.status)
	s.pending = true
	return nil
}

// write implements client.
func (s *stream) write(p []byte) error {
	_, err := s.w.Write(p)
	s.pending = true
	return err
}

// flush implements client.
func (s *stream) flush() error {
	if !s.pending {
		return nil
	}
	s.pending = false
	return http.NewResponseController(s.w).Flush()
}

// finish implements client. What is pending is sent when the handler returns.
func (s *stream) finish(trailer *head) error {
	if trailer == nil {
		return nil
	}
	h := s.w.Header()
	for i := range trailer.fields {
		if f := &trailer.fields[i]; !forbidden(f) {
			name := http.TrailerPrefix + string(f.name)
			h[name] = append(h[name], string(f.value))
		}
	}
	return nil
}

// reader makes a bodySource of an io.Reader.
type reader struct{ io.Reader }

func (r reader) next(scratch []byte) ([]byte, error) {
	n, err := r.Read(scratch)
	if n > 0 {
		return scratch[:n], nil // the error comes again
	}
	return nil, err
}

func schemeOf(secure *tls.ConnectionState) string {
	if secure != nil {
		return "https"
	}
	return "http"
}
