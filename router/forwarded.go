package router

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
)

// caller is where a request came from, as far as the router can vouch for it.
type caller struct {
	ip    string // the client
	chain string // the client and the trusted proxies after it, for X-Forwarded-For
	proto string // http or https
	host  string
	port  string
}

// identify finds out who sent a request. What the request itself claims counts
// only when it comes straight from a trusted proxy.
func identify(peer netip.Addr, secure *tls.ConnectionState, host string, h *head, trusted []netip.Prefix) caller {
	c := caller{proto: schemeOf(secure), host: host}
	if peer.IsValid() {
		c.ip = peer.String()
	}
	c.chain = c.ip
	if len(trusted) != 0 && isTrusted(peer, trusted) {
		c.believe(h, trusted)
	}
	c.settlePort()
	return c
}

// settlePort finds the port that the client used, if nobody said.
func (c *caller) settlePort() {
	if c.port == "" {
		c.port = portOf(c.host)
	}
	switch {
	case c.port != "":
	case c.proto == "https":
		c.port = "443"
	default:
		c.port = "80"
	}
}

// believe takes over what a trusted proxy says. Of X-Forwarded-For it goes
// from the right up to the first address that is not a trusted proxy: that is
// the client, and everything left of it is the client's own invention.
func (c *caller) believe(h *head, trusted []netip.Prefix) {
	all := strings.Join(h.values("x-forwarded-for"), ",")
	for all != "" {
		var last string
		if i := strings.LastIndexByte(all, ','); i >= 0 {
			all, last = all[:i], all[i+1:]
		} else {
			all, last = "", all
		}
		ip, err := netip.ParseAddr(strings.TrimSpace(last))
		if err != nil {
			break
		}
		ip = ip.Unmap().WithZone("")
		c.ip = ip.String()
		c.chain = c.ip + ", " + c.chain
		if !isTrusted(ip, trusted) {
			break
		}
	}
	if proto := h.first("x-forwarded-proto"); proto == "http" || proto == "https" {
		c.proto = proto
	}
	if host := h.first("x-forwarded-host"); normalHost(host) != "" {
		c.host = host
	}
	if port := h.first("x-forwarded-port"); len(port) <= 5 && digitsOnly(port) {
		c.port = port
	}
}

// values gives what a proxy before this one says under a name.
func (h *head) values(name string) []string {
	var values []string
	for i := range h.fields {
		if f := &h.fields[i]; f.kind == kindForwardedBy && foldEqual(f.name, name) {
			values = append(values, string(f.value))
		}
	}
	return values
}

func (h *head) first(name string) string {
	if values := h.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// announce writes what the app may believe.
func (c *caller) announce(to []byte) []byte {
	for _, f := range [...]ownField{
		{"X-Forwarded-For", c.chain},
		{"X-Forwarded-Proto", c.proto},
		{"X-Forwarded-Host", c.host},
		{"X-Forwarded-Port", c.port},
		{"X-Real-Ip", c.ip},
	} {
		to = append(append(append(append(to, f.name...), ": "...), f.value...), "\r\n"...)
	}
	return append(c.forwarded(append(to, "Forwarded: "...)), "\r\n"...)
}

// forwarded says the same in the words of RFC 7239.
func (c *caller) forwarded(to []byte) []byte {
	if strings.IndexByte(c.ip, ':') >= 0 {
		to = append(append(append(to, `for="[`...), c.ip...), `]"`...)
	} else {
		to = append(append(to, "for="...), c.ip...)
	}
	to = append(append(to, ";proto="...), c.proto...)
	if normalHost(c.host) != "" { // so there is nothing to escape in it
		to = append(append(append(to, `;host="`...), c.host...), '"')
	}
	return to
}

func peerOf(address string) netip.Addr {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

func isTrusted(ip netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// parsePrefixes reads a comma-separated list of networks and single addresses.
func parsePrefixes(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		if ip, err := netip.ParseAddr(item); err == nil {
			ip = ip.Unmap()
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a network such as 10.0.0.0/8", item)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}
