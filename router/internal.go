package router

import (
	"encoding/json"
	"net/http"
	"strings"
)

// isInternal says whether a request is for the router itself: a path below
// /.slipway/, asked for by this machine under a loopback name, and not passed
// on by a proxy that runs on this machine too.
func isInternal(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/.slipway/") &&
		isLoopback(r.RemoteAddr) && isLoopback(r.Host) &&
		r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
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

func (p *proxy) serveInternal(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.slipway/healthz":
		if !p.store.index.Load().loaded {
			http.Error(w, "no table yet", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	case "/.slipway/stats":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(Stats{
			Version:  p.store.index.Load().version,
			Requests: p.stats.requests.Load(),
			Errors:   p.stats.errors.Load(),
			Retries:  p.stats.retries.Load(),
			Upgrades: p.stats.upgrades.Load(),
			InFlight: p.active.Load() - 1, // not this one
		})
	default:
		http.NotFound(w, r)
	}
}
