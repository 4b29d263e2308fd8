package router

import (
	"bytes"
	"errors"
	"net/http"
)

// response is the header of an app's answer. Its parts are valid until the
// next one is read from the same connection.
type response struct {
	head
	minor  int
	status int
	reason []byte
}

var errBadAnswer = errors.New("the app's answer is not HTTP")

// read reads a whole header of an answer.
func (r *response) read(b []byte) error {
	r.reset()
	line, rest := firstLine(b)
	// HTTP/1.1 200 and then a reason, which may be missing with its space.
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return errBadAnswer
	}
	if r.minor = int(line[7] - '0'); r.minor != 0 && r.minor != 1 {
		return errBadAnswer
	}
	r.status = 0
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return errBadAnswer
		}
		r.status = 10*r.status + int(c-'0')
	}
	if r.status < 100 {
		return errBadAnswer
	}
	r.reason = nil
	if len(line) > 13 {
		if r.reason = line[13:]; !isValue(r.reason) {
			return errBadAnswer
		}
	}
	return r.readFields(rest, true)
}

// frame says how the body of the answer to a request with this method comes,
// and how long it is, -1 when that is not known.
func (r *response) frame(method string) (framing, int64) {
	switch {
	case method == http.MethodHead, r.status < 200, r.status == http.StatusNoContent, r.status == http.StatusNotModified:
		return framedNone, r.length
	case r.chunked:
		return framedChunked, -1
	case r.length == 0:
		return framedNone, 0
	case r.length > 0:
		return framedLength, r.length
	}
	return framedByClose, -1
}

// persistent says whether the connection may be used again once the body has
// been read.
func (r *response) persistent(how framing) bool {
	if r.close || how == framedByClose {
		return false
	}
	return r.minor == 1 || r.keepAlive
}
