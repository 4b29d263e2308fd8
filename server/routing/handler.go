package routing

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/slipway-paas/slipway/router"
)

const reportMost = 16 << 20 // bytes of one report

// TableHandler serves GET /internal/router/v1/table: the table and then its
// changes, for ever. It checks the router token itself.
func (s *Service) TableHandler() http.Handler {
	return s.authenticated(func(w http.ResponseWriter, r *http.Request, id string) {
		// The stream has no end, whatever the server allows other requests.
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Cache-Control", "no-store")
		se := s.connect(id)
		s.log.Info("router connected", "router", id)
		err := s.stream(r.Context(), se, w)
		s.disconnect(se)
		s.log.Info("router disconnected", "router", id, "err", err)
	})
}

// ReportHandler serves POST /internal/router/v1/reports and answers 204. It
// checks the router token itself.
func (s *Service) ReportHandler() http.Handler {
	return s.authenticated(func(w http.ResponseWriter, r *http.Request, id string) {
		var report router.Report
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, reportMost)).Decode(&report); err != nil {
			http.Error(w, "the report cannot be read", http.StatusBadRequest)
			return
		}
		if len(report.Windows) > 0 && !s.isReady() {
			// Which apps there are is not known yet. The router tells again.
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the routing table is not made yet", http.StatusServiceUnavailable)
			return
		}
		s.take(id, report)
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *Service) authenticated(next func(w http.ResponseWriter, r *http.Request, id string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		hash := sha256.Sum256([]byte(token))
		if !ok || subtle.ConstantTimeCompare(hash[:], s.opts.TokenHash[:]) != 1 {
			http.Error(w, "this needs the router token", http.StatusUnauthorized)
			return
		}
		id := r.Header.Get("X-Router-Id")
		if !saneID(id) {
			http.Error(w, "X-Router-Id must be 1 to 128 letters, digits, dots, hyphens and underscores", http.StatusBadRequest)
			return
		}
		next(w, r, id)
	})
}

func saneID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	return strings.IndexFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_'
	}) < 0
}

// take takes over what a router reports.
func (s *Service) take(id string, report router.Report) {
	lines := s.note(id, report)
	if s.opts.Access != nil && (len(lines) > 0 || report.Dropped > 0) {
		s.opts.Access(lines, report.Dropped)
	}
	if s.opts.Traffic != nil && len(report.Windows) > 0 {
		s.opts.Traffic(id, report.Windows)
	}
}

func (s *Service) note(id string, report router.Report) []router.Access {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A version that was never given out is of another server's table, which
	// the router still has.
	if se := s.sessions[id]; se != nil && report.Applied <= s.version {
		se.applied, se.inFlight, se.draining = report.Applied, report.InFlight, report.Draining
		if report.Leaving {
			s.leave(se)
		}
		s.tell()
	}
	for _, window := range report.Windows {
		maps.DeleteFunc(window.Apps, func(id string, _ router.Traffic) bool { return s.apps[id] == nil })
	}
	known := report.Access[:0]
	for _, line := range report.Access {
		if s.apps[line.AppID] == nil {
			continue
		}
		known = append(known, line)
		s.count(line)
	}
	return known
}
