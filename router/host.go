package router

import (
	"net"
	"strings"
)

const maxHostLength = 253

// normalHost gives the form of a request's host that the table is keyed by:
// lower case, without port and without the root's trailing dot. It gives ""
// for what cannot be a host name. A host that is in this form already, as
// nearly all are, costs no allocation.
func normalHost(raw string) string {
	host := raw
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		if !digitsOnly(host[i+1:]) || len(host)-i > 6 {
			return ""
		}
		host = host[:i]
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxHostLength || host[0] == '.' || host[len(host)-1] == '.' {
		return ""
	}
	lower := true
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.':
			if host[i-1] == '.' { // i > 0: the first is no dot
				return ""
			}
		case 'A' <= c && c <= 'Z':
			lower = false
		default:
			return ""
		}
	}
	if lower {
		return host
	}
	return strings.ToLower(host)
}

// hostPattern checks one of an app's hosts as the table has it and gives the
// key it is found under: the name itself, or ".example.com" for *.example.com.
func hostPattern(host string) (key string, ok bool) {
	name, wild := strings.CutPrefix(host, "*.")
	if name == "" || normalHost(name) != name {
		return "", false
	}
	if wild {
		return host[1:], true
	}
	return host, true
}

// portOf gives the port that a Host header names, "" when it names none.
func portOf(rawHost string) string {
	i := strings.LastIndexByte(rawHost, ':')
	if i < 0 || !digitsOnly(rawHost[i+1:]) {
		return ""
	}
	return rawHost[i+1:]
}

func digitsOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isLoopback says whether a "host:port" or a bare host is this very machine.
func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
