package router

import (
	"bytes"
	"errors"
	"math"
)

const (
	fieldsMost = 500 // in one header; many short ones would take much memory
	fieldsKept = 64  // for how many of them room is kept for the next header
)

// head is what the header of a message says, of a request or of an answer.
type head struct {
	fields  []field
	length  int64 // Content-Length, -1 without one
	chunked bool

	close, keepAlive, upgrades bool // what Connection says
	listed                     bool // Connection names other fields

	upgrade  []byte // the one protocol asked for or agreed to
	upgraded int    // how many Upgrade fields there are
	trailers bool   // TE: trailers
	expect   bool   // Expect: 100-continue
	trailer  bool   // there is a Trailer field
	dated    bool   // there is a Date field
	host     []byte
	hosts    int
	id       []byte // X-Request-Id
	ids      int
}

var (
	errBadField    = errors.New("a header field is malformed")
	errManyFields  = errors.New("there are too many header fields")
	errBadLength   = errors.New("the length is malformed")
	errBadEncoding = errors.New("the transfer encoding is not chunked")
)

func (h *head) reset() {
	if cap(h.fields) > fieldsKept {
		h.fields = nil
	}
	*h = head{fields: h.fields[:0], length: -1}
}

// forget lets go of the buffer that the header was read into.
func (h *head) forget() {
	clear(h.fields[:cap(h.fields)])
	h.reset()
}

// readFields reads the fields of a whole header, which ends with an empty line.
// Folded lines, which only old programs write, are unfolded in place or refused.
func (h *head) readFields(b []byte, unfold bool) error {
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			return errBadField
		}
		line := b[:end]
		if len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if len(line) == 0 {
			return nil
		}
		for end+1 < len(b) && (b[end+1] == ' ' || b[end+1] == '\t') {
			if !unfold {
				return errBadField
			}
			more := bytes.IndexByte(b[end+1:], '\n')
			if more < 0 {
				return errBadField
			}
			for i := len(line); i <= end; i++ {
				b[i] = ' '
			}
			end += 1 + more
			line = b[:end]
			if line[len(line)-1] == '\r' {
				line = line[:len(line)-1]
			}
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !isToken(line[:colon]) {
			return errBadField
		}
		f := field{name: line[:colon:colon], value: trimSpace(line[colon+1:])}
		if !isValue(f.value) {
			return errBadField
		}
		f.kind = kindOf(f.name)
		if f.kind != kindPlain {
			if err := h.note(f); err != nil {
				return err
			}
		}
		if len(h.fields) == fieldsMost {
			return errManyFields
		}
		h.fields = append(h.fields, f)
		b = b[end+1:]
	}
}

// note takes down what a field says of the message.
func (h *head) note(f field) error {
	switch f.kind {
	case kindHost:
		h.host = f.value
		h.hosts++
	case kindLength:
		n, ok := parseLength(f.value)
		if !ok || h.length >= 0 && h.length != n {
			return errBadLength
		}
		h.length = n
	case kindEncoding:
		if h.chunked || !foldEqual(f.value, "chunked") {
			return errBadEncoding
		}
		h.chunked = true
	case kindConnection:
		eachToken(f.value, h.noteConnection)
	case kindUpgrade:
		h.upgrade = f.value
		h.upgraded++
	case kindTE:
		eachToken(f.value, func(token []byte) bool {
			h.trailers = h.trailers || foldEqual(token, "trailers")
			return true
		})
	case kindTrailer:
		h.trailer = true
	case kindExpect:
		h.expect = h.expect || foldEqual(f.value, "100-continue")
	case kindDate:
		h.dated = true
	case kindRequestID:
		h.id = f.value
		h.ids++
	}
	return nil
}

func (h *head) noteConnection(token []byte) bool {
	switch {
	case foldEqual(token, "close"):
		h.close = true
	case foldEqual(token, "keep-alive"):
		h.keepAlive = true
	case foldEqual(token, "upgrade"):
		h.upgrades = true
	default:
		h.listed = true
	}
	return true
}

// passes says whether a field goes on to the other side.
func (h *head) passes(f *field) bool {
	return f.kind.endToEnd() && (!h.listed || !h.lists(f.name))
}

// lists says whether Connection names a field, which makes it hop-by-hop.
func (h *head) lists(name []byte) bool {
	found := false
	for i := range h.fields {
		if h.fields[i].kind != kindConnection {
			continue
		}
		eachToken(h.fields[i].value, func(token []byte) bool {
			found = found || bytes.EqualFold(token, name)
			return !found
		})
	}
	return found
}

// protocol gives the one that a message asks or agrees to switch to, nil when
// it does not. HTTP/2 in clear text is no such protocol here: inside it a
// client could send requests past the router's checks.
func (h *head) protocol() []byte {
	p := h.upgrade
	if !h.upgrades || h.upgraded != 1 || len(p) == 0 || len(p) >= 3 && foldEqual(p[:3], "h2c") {
		return nil
	}
	for _, c := range p {
		if c <= ' ' || c > '~' || c == ',' {
			return nil
		}
	}
	return p
}

// parseLength reads a Content-Length: digits alone.
func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return int64(n), n <= math.MaxInt64
}

// headEnd gives where the header that b begins with ends, -1 when more of it is
// to come. Before from there is no end.
func headEnd(b []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		switch {
		case i < len(b) && b[i] == '\n':
			return i + 1
		case i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n':
			return i + 2
		}
	}
}

// firstLine cuts the first line off, which has been found to be there.
func firstLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	line, rest = b[:end], b[end+1:]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	return line, rest
}
