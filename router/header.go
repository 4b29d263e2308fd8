package router

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// hopByHop are the headers that concern one connection only.
var hopByHop = map[string]bool{
	"Connection":          true,
	"Proxy-Connection":    true,
	"Keep-Alive":          true,
	"Proxy-Authenticate":  true,
	"Proxy-Authorization": true,
	"Te":                  true,
	"Trailer":             true,
	"Transfer-Encoding":   true,
	"Upgrade":             true,
	"Http2-Settings":      true,
}

const requestIDHeader = "X-Request-Id"

// requestHeader copies what of a request's header goes on to the backend: all
// but the hop-by-hop headers and those that the router itself vouches for.
func requestHeader(from http.Header) http.Header {
	to := make(http.Header, len(from)+8)
	listed := connectionTokens(from)
	for name, values := range from {
		if hopByHop[name] || vouchedFor(name) || isListed(listed, name) {
			continue
		}
		to[name] = values
	}
	if hasToken(from["Te"], "trailers") {
		to["Te"] = []string{"trailers"}
	}
	if _, ok := from["User-Agent"]; !ok {
		to["User-Agent"] = []string{""} // or the transport would write its own
	}
	return to
}

// responseHeader copies what of a backend's header goes on to the client.
func responseHeader(to, from http.Header) {
	listed := connectionTokens(from)
	for name, values := range from {
		if hopByHop[name] || isListed(listed, name) {
			continue
		}
		to[name] = values
	}
	if _, ok := from["Content-Type"]; !ok {
		to["Content-Type"] = nil // or the server would guess one
	}
}

// vouchedFor says whether a header is one that apps may believe because the
// router sets it, in any spelling that an app's framework may take for it: CGI
// and WSGI turn hyphens into underscores, so both arrive as the same variable.
func vouchedFor(name string) bool {
	if name == "" || (name[0] != 'X' && name[0] != 'F') {
		return false
	}
	if strings.IndexByte(name, '_') >= 0 {
		name = http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
	}
	return strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip" || name == requestIDHeader
}

func connectionTokens(h http.Header) []string {
	var tokens []string
	for _, value := range h["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			if token = strings.TrimSpace(token); token != "" {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

func isListed(tokens []string, name string) bool {
	for _, token := range tokens {
		if strings.EqualFold(token, name) {
			return true
		}
	}
	return false
}

func hasToken(values []string, wanted string) bool {
	for _, value := range values {
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), wanted) {
				return true
			}
		}
	}
	return false
}

// upgradeOf gives the protocol that a message asks or agrees to switch to, ""
// when it does not. HTTP/2 in clear text is no such protocol here: inside it a
// client could send requests past the router's checks.
func upgradeOf(h http.Header) string {
	if len(h["Upgrade"]) != 1 || !hasToken(h["Connection"], "upgrade") {
		return ""
	}
	protocol := h["Upgrade"][0]
	for i := 0; i < len(protocol); i++ {
		if c := protocol[i]; c <= ' ' || c > '~' || c == ',' {
			return ""
		}
	}
	if len(protocol) >= 3 && strings.EqualFold(protocol[:3], "h2c") {
		return ""
	}
	return protocol
}

// requestID takes over the client's request ID when it is sane and makes a new
// one otherwise.
func requestID(h http.Header) string {
	if ids := h[requestIDHeader]; len(ids) == 1 && saneID(ids[0]) {
		return ids[0]
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand aborts the program instead
	return hex.EncodeToString(raw[:])
}

// saneID says whether an ID is safe to print anywhere: 8 to 128 characters of
// letters, digits and a few signs.
func saneID(id string) bool {
	if len(id) < 8 || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '=', c == '+':
		default:
			return false
		}
	}
	return true
}
