package accounts

import (
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// RouterHeader is how Slipway's own router says that it is the one who passes
// a request on: with the token it shares with the server. What it says of the
// client is then believed wherever it connects from.
const RouterHeader = "X-Slipway-Router-Token"

// Proxies knows who is believed about where a request came from.
type Proxies struct {
	trusted []netip.Prefix
	token   string
}

// NewProxies takes the CIDRs of trusted proxies, and the router's token ("" for
// none).
func NewProxies(cidrs []string, routerToken string) (*Proxies, error) {
	p := &Proxies{token: routerToken}
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(cidr))
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is not a CIDR", cidr)
		}
		p.trusted = append(p.trusted, prefix.Masked())
	}
	return p, nil
}

// ClientIP gives the address a request came from: that of the connection, or,
// when that is a trusted proxy's, the last address in X-Forwarded-For that is
// not one. What is left of that address may be anybody's invention.
func (p *Proxies) ClientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	peer = peer.Unmap().WithZone("")
	if !p.trusts(peer) && !p.isRouter(r) {
		return peer.String()
	}
	client := peer
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			break
		}
		client = hop
		if !p.trusts(hop) {
			break
		}
	}
	return client.String()
}

// parseHop reads one element of X-Forwarded-For: an address, perhaps with a
// port.
func parseHop(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

func (p *Proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

func (p *Proxies) isRouter(r *http.Request) bool {
	got := r.Header.Get(RouterHeader)
	return p.token != "" && subtle.ConstantTimeCompare([]byte(got), []byte(p.token)) == 1
}
