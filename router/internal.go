package router

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
)

// internal says whether a request is for the router itself: a path below
// /.slipway/, asked for by this machine under a loopback name, and not passed
// on by a proxy that runs on this machine too.
func (ex *exchange) internal() bool {
	if !bytes.HasPrefix(ex.req.target, []byte("/.slipway/")) || !isLoopback(string(ex.req.host)) {
		return false
	}
	if ip, err := netip.ParseAddr(ex.peer()); err != nil || !ip.IsLoopback() {
		return false
	}
	for i := range ex.req.fields {
		if k := ex.req.fields[i].kind; k == kindVouched || k == kindForwardedBy {
			return false
		}
	}
	return true
}

// peer gives the address that the request came from.
func (ex *exchange) peer() string {
	if ex.conn != nil {
		return ex.conn.ip
	}
	return peerOf(ex.client.(*stream).r.RemoteAddr).String()
}

// Stats are the router's own counters since its start, given as JSON at
// /.slipway/stats to those who ask from the same machine.
type Stats struct {
	Version  uint64 `json:"version"` // of the table in force, 0 before the first
	Requests int64  `json:"requests"`
	Errors   int64  `json:"errors"`   // answered by the router itself, or 5xx
	Retries  int64  `json:"retries"`  // attempts beyond the first
	Upgrades int64  `json:"upgrades"` // websockets and the like
	InFlight int64  `json:"in_flight"`
}

func (p *proxy) serveInternal(ex *exchange) {
	status, kind, body := http.StatusOK, "text/plain; charset=utf-8", ""
	switch string(ex.req.path()) {
	case "/.slipway/healthz":
		body = "ok\n"
		if !p.store.index.Load().loaded {
			status, body = http.StatusServiceUnavailable, "no table yet\n"
		}
	case "/.slipway/stats":
		text, _ := json.Marshal(Stats{
			Version:  p.store.index.Load().version,
			Requests: p.stats.requests.Load(),
			Errors:   p.stats.errors.Load(),
			Retries:  p.stats.retries.Load(),
			Upgrades: p.stats.upgrades.Load(),
			InFlight: p.active.Load() - 1, // not this one
		}) // numbers always encode
		kind, body = "application/json", string(text)+"\n"
	default:
		status, body = http.StatusNotFound, "not found\n"
	}
	_, err := ex.say(&answer{own: []ownField{{"Content-Type", kind}}, status: status, last: ex.settle()}, body)
	ex.broken = err != nil
}
