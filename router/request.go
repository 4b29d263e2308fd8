package router

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
)

// request is the header of a request. Its parts are valid until the request has
// been answered.
type request struct {
	head
	method, target []byte
	major, minor   int
	name           string // the method
}

// refusal is why a request is not even looked at.
type refusal struct {
	status int
	why    string
}

// Error says why.
func (r *refusal) Error() string { return r.why }

var (
	errRequestLine = &refusal{http.StatusBadRequest, "the request line is malformed"}
	errTarget      = &refusal{http.StatusBadRequest, "the request's target is malformed"}
	errVersion     = &refusal{http.StatusHTTPVersionNotSupported, "this is not HTTP/1.0 or HTTP/1.1"}
	errHost        = &refusal{http.StatusBadRequest, "there must be one Host, and a valid one"}
	errField       = &refusal{http.StatusBadRequest, "a header field is malformed"}
	errLength      = &refusal{http.StatusBadRequest, "the length of the body is not clear"}
	errEncoding    = &refusal{http.StatusNotImplemented, "the transfer encoding is not known"}
	errTooLarge    = &refusal{http.StatusRequestHeaderFieldsTooLarge, "the header is too large"}
)

// read reads a whole request header. What is not clear is refused: another
// program behind the router might read it in another way.
func (r *request) read(b []byte) error {
	r.reset()
	line, rest := firstLine(b)
	if err := r.readLine(line); err != nil {
		return err
	}
	if err := r.readFields(rest, false); err != nil {
		switch {
		case errors.Is(err, errManyFields):
			return errTooLarge
		case errors.Is(err, errBadLength):
			return errLength
		case errors.Is(err, errBadEncoding):
			return errEncoding
		}
		return errField
	}
	if r.chunked && r.minor == 0 {
		return errLength
	}
	if r.hosts > 1 || r.hosts == 0 && r.minor > 0 {
		return errHost
	}
	return r.settleTarget()
}

// forget lets go of the buffer that the header was read into.
func (r *request) forget() {
	r.head.forget()
	r.method, r.target = nil, nil
}

func (r *request) readLine(line []byte) error {
	space := bytes.IndexByte(line, ' ')
	if space <= 0 || !isToken(line[:space]) {
		return errRequestLine
	}
	r.method, line = line[:space], line[space+1:]
	space = bytes.IndexByte(line, ' ')
	if space <= 0 {
		return errRequestLine
	}
	version := line[space+1:]
	r.target = line[:space]
	r.major = 1
	switch string(version) {
	case "HTTP/1.1":
		r.minor = 1
	case "HTTP/1.0":
		r.minor = 0
	default:
		if len(version) == len("HTTP/1.1") && bytes.HasPrefix(version, []byte("HTTP/")) {
			return errVersion
		}
		return errRequestLine
	}
	for _, c := range r.target {
		if c <= ' ' || c == 0x7f || c == '#' {
			return errTarget
		}
	}
	r.name = methodName(r.method)
	return nil
}

// settleTarget checks the target and the host. A target that names a host
// itself, as clients of forward proxies send it, wins over the Host header.
func (r *request) settleTarget() error {
	switch {
	case r.target[0] == '/':
	case string(r.target) == "*" && r.name == http.MethodOptions:
	case r.name == http.MethodConnect: // refused later, in a way that says why
	default:
		scheme := bytes.Index(r.target, []byte("://"))
		if scheme < 0 || !foldEqual(r.target[:scheme], "http") && !foldEqual(r.target[:scheme], "https") {
			return errTarget
		}
		rest := r.target[scheme+3:]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		r.host, r.target = rest[:end], rest[end:]
		if len(r.host) == 0 || bytes.IndexByte(r.host, '@') >= 0 {
			return errTarget
		}
		if len(r.target) == 0 || r.target[0] == '?' {
			r.target = append([]byte{'/'}, r.target...)
		}
	}
	for _, c := range r.host {
		if !hostBytes[c] {
			return errHost
		}
	}
	return nil
}

// methodName gives a method as a string, which for the common ones costs nothing.
func methodName(b []byte) string {
	switch string(b) {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodPost:
		return http.MethodPost
	case http.MethodHead:
		return http.MethodHead
	case http.MethodPut:
		return http.MethodPut
	case http.MethodPatch:
		return http.MethodPatch
	case http.MethodDelete:
		return http.MethodDelete
	case http.MethodOptions:
		return http.MethodOptions
	case http.MethodConnect:
		return http.MethodConnect
	}
	return string(b)
}

// path gives the target without the query, which may hold secrets.
func (r *request) path() []byte {
	if i := bytes.IndexByte(r.target, '?'); i >= 0 {
		return r.target[:i]
	}
	return r.target
}

// appendID adds the request's ID: the client's own when it is sane, and a new
// one otherwise.
func (r *request) appendID(to []byte) []byte {
	if r.ids == 1 && saneID(r.id) {
		return append(to, r.id...)
	}
	const digits = "0123456789abcdef"
	// It has to be unlike any other, not hard to guess.
	for _, n := range [2]uint64{rand.Uint64(), rand.Uint64()} {
		for shift := 60; shift >= 0; shift -= 4 {
			to = append(to, digits[n>>shift&15])
		}
	}
	return to
}

// saneID says whether an ID is safe to print anywhere: 8 to 128 characters of
// letters, digits and a few signs.
func saneID(id []byte) bool {
	if len(id) < 8 || len(id) > 128 {
		return false
	}
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '=', c == '+':
		default:
			return false
		}
	}
	return true
}
