package router

import "bytes"

// field is one line of a header, as it came: name and value are parts of the
// buffer that the header was read into.
type field struct {
	name, value []byte
	kind        kind
}

// kind is what the router has to know of a header field.
type kind uint8

const (
	kindPlain      kind = iota // goes on as it is
	kindHost                   // these concern the message itself
	kindLength                 // Content-Length
	kindEncoding               // Transfer-Encoding
	kindConnection             // these concern one connection only
	kindUpgrade
	kindTE
	kindTrailer
	kindHop       // hop-by-hop, and of no interest
	kindRequestID // these are the router's to set
	kindVouched
	kindExpect      // these go on, and tell the router something
	kindAccept      //
	kindForwardedBy // X-Forwarded-For and the like: vouched for, and believed of a trusted proxy
	kindDate
)

// endToEnd says whether a field of this kind goes on to the other side.
func (k kind) endToEnd() bool {
	return k == kindPlain || k == kindExpect || k == kindAccept || k == kindDate
}

// kindOf looks a name up. Names that an app's framework may take for one of
// the router's own count as that: CGI and WSGI turn hyphens into underscores,
// so both spellings arrive as the same variable.
func kindOf(name []byte) kind {
	switch name[0] | 0x20 {
	case 'a':
		return is(name, "accept", kindAccept)
	case 'c':
		switch len(name) {
		case len("connection"):
			return is(name, "connection", kindConnection)
		case len("content-length"):
			return is(name, "content-length", kindLength)
		}
	case 'd':
		return is(name, "date", kindDate)
	case 'e':
		return is(name, "expect", kindExpect)
	case 'f':
		return isVouched(name, "forwarded")
	case 'h':
		if len(name) == len("host") {
			return is(name, "host", kindHost)
		}
		return is(name, "http2-settings", kindHop)
	case 'k':
		return is(name, "keep-alive", kindHop)
	case 'p':
		return kindOfProxy(name)
	case 't':
		switch len(name) {
		case len("te"):
			return is(name, "te", kindTE)
		case len("trailer"):
			return is(name, "trailer", kindTrailer)
		}
		return is(name, "transfer-encoding", kindEncoding)
	case 'u':
		return is(name, "upgrade", kindUpgrade)
	case 'x':
		return kindOfX(name)
	}
	return kindPlain
}

func kindOfProxy(name []byte) kind {
	for _, hop := range [...]string{"proxy-connection", "proxy-authenticate", "proxy-authorization"} {
		if foldEqual(name, hop) {
			return kindHop
		}
	}
	return kindPlain
}

func kindOfX(name []byte) kind {
	switch {
	case foldEqual(name, "x-request-id"):
		return kindRequestID
	case len(name) > len("x-forwarded-") && hyphenEqual(name[:len("x-forwarded-")], "x-forwarded-"):
		if bytes.IndexByte(name, '_') < 0 {
			return kindForwardedBy
		}
		return kindVouched
	}
	for _, own := range [...]string{"x-real-ip", "x-request-id", "x-slipway-router-token"} {
		if hyphenEqual(name, own) {
			return kindVouched
		}
	}
	return kindPlain
}

func is(name []byte, lower string, k kind) kind {
	if foldEqual(name, lower) {
		return k
	}
	return kindPlain
}

func isVouched(name []byte, lower string) kind {
	if hyphenEqual(name, lower) {
		return kindVouched
	}
	return kindPlain
}

// foldEqual compares a valid name with one in lower case of letters, digits and
// hyphens.
func foldEqual(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// hyphenEqual is foldEqual with underscores taken for hyphens.
func hyphenEqual(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if c|0x20 != lower[i] && (c != '_' || lower[i] != '-') {
			return false
		}
	}
	return true
}

// tokenBytes are the bytes of a method or of a field's name.
var tokenBytes = func() (is [256]bool) {
	for c := range is {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0:
			is[c] = true
		}
	}
	return is
}()

// hostBytes are the bytes that a Host header may have.
var hostBytes = func() (is [256]bool) {
	for c := range is {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', bytes.IndexByte([]byte("!$%&'()*+,-.:;=[]_~"), byte(c)) >= 0:
			is[c] = true
		}
	}
	return is
}()

// isToken says whether b is a method or a field's name.
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

// isValue says whether b may be a field's value: no control characters but tabs.
func isValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// eachToken calls what for the parts of a list with commas, until it says no.
func eachToken(list []byte, what func(token []byte) bool) {
	for len(list) > 0 {
		token := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			token, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if token = trimSpace(token); len(token) > 0 && !what(token) {
			return
		}
	}
}
