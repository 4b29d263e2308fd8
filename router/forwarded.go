package router

import (
	"fmt"
	"net/http"
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
func identify(r *http.Request, trusted []netip.Prefix) caller {
	c := caller{proto: "http", host: r.Host}
	if r.TLS != nil {
		c.proto = "https"
	}
	peer := peerOf(r)
	if peer.IsValid() {
		c.ip = peer.String()
	}
	c.chain = c.ip
	if len(trusted) != 0 && isTrusted(peer, trusted) {
		c.believe(r.Header, trusted)
	}
	if c.port == "" {
		c.port = portOf(c.host)
	}
	if c.port == "" {
		c.port = map[string]string{"http": "80", "https": "443"}[c.proto]
	}
	return c
}

// believe takes over what a trusted proxy says. Of X-Forwarded-For it goes
// from the right up to the first address that is not a trusted proxy: that is
// the client, and everything left of it is the client's own invention.
func (c *caller) believe(h http.Header, trusted []netip.Prefix) {
	all := strings.Join(h["X-Forwarded-For"], ",")
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
	if proto := h.Get("X-Forwarded-Proto"); proto == "http" || proto == "https" {
		c.proto = proto
	}
	if host := h.Get("X-Forwarded-Host"); normalHost(host) != "" {
		c.host = host
	}
	if port := h.Get("X-Forwarded-Port"); len(port) <= 5 && digitsOnly(port) {
		c.port = port
	}
}

// announce writes what the app may believe.
func (c *caller) announce(h http.Header, id string) {
	values := [...]string{c.chain, c.proto, c.host, c.port, c.ip, c.forwarded(), id}
	h["X-Forwarded-For"] = values[0:1:1]
	h["X-Forwarded-Proto"] = values[1:2:2]
	h["X-Forwarded-Host"] = values[2:3:3]
	h["X-Forwarded-Port"] = values[3:4:4]
	h["X-Real-Ip"] = values[4:5:5]
	h["Forwarded"] = values[5:6:6]
	h[requestIDHeader] = values[6:7:7]
}

// forwarded says the same in the words of RFC 7239.
func (c *caller) forwarded() string {
	node := c.ip
	if strings.IndexByte(node, ':') >= 0 {
		node = `"[` + node + `]"`
	}
	out := "for=" + node + ";proto=" + c.proto
	if normalHost(c.host) != "" { // so there is nothing to escape in it
		out += `;host="` + c.host + `"`
	}
	return out
}

func peerOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
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
