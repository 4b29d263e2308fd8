package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// tokenPath is where tokens are had. No repository has a page there.
const tokenPath = "/v2/token"

// maxForm bounds the body of a request for a token, in bytes.
const maxForm = 64 << 10

// ServeHTTP serves the embedded registry below /v2/: its own protocol, and the
// tokens for it. There is nothing there unless a cluster has needed it, or an
// address was set for it.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, err := s.embedded(false)
	switch {
	case err != nil:
		s.log.Error("open the registry", "error", err)
		refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE", "the registry cannot be opened")
	case e == nil:
		http.NotFound(w, r)
	case r.URL.Path == tokenPath:
		s.giveToken(w, r)
	default:
		s.serve(w, withScheme(r), e)
	}
}

// serve lets everybody read who has a token for it, and pushes of ours write.
func (s *Service) serve(w http.ResponseWriter, r *http.Request, e *embedded) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		e.app.ServeHTTP(w, r)
		return
	}
	user := s.keys.holderOf(r.Header.Get("Authorization"))
	switch {
	case user == "": // the registry tells such a one what it wants
		r.Header.Del("Authorization") // and must not judge it otherwise than we did
		e.app.ServeHTTP(w, r)
	case !s.sessions.write(w, r, user, e.app):
		refuse(w, http.StatusForbidden, "DENIED", "only this server writes here")
	}
}

// withScheme says how the client came, because the address of the token's page
// is made of it. A proxy that ends TLS says so itself.
func withScheme(r *http.Request) *http.Request {
	scheme := strings.ToLower(r.Header.Get("X-Forwarded-Proto"))
	if scheme != "http" && scheme != "https" {
		scheme = "http"
		if r.TLS != nil {
			scheme = "https"
		}
	}
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-Proto", scheme)
	return r
}

// giveToken is the token server of the distribution's protocol: GET with Basic
// credentials, or POST with a form of OAuth 2.
func (s *Service) giveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	user, password, _ := r.BasicAuth()
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		var tooLarge *http.MaxBytesError
		switch err := r.ParseForm(); {
		case errors.As(err, &tooLarge):
			refuse(w, http.StatusRequestEntityTooLarge, "UNSUPPORTED", "the form is too large")
			return
		case err != nil:
			refuse(w, http.StatusBadRequest, "UNSUPPORTED", "the form cannot be read")
			return
		}
		if r.PostForm.Get("grant_type") != "password" {
			refuse(w, http.StatusBadRequest, "UNSUPPORTED", "only grants by password are given")
			return
		}
		user, password = r.PostForm.Get("username"), r.PostForm.Get("password")
		r.Form = r.PostForm // what the address says beside the form does not count
	default:
		w.Header().Set("Allow", "GET, POST")
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "a token is had by GET or POST")
		return
	}
	form := r.Form
	if form == nil {
		form = r.URL.Query()
	}
	h, ok := s.holder(user, password)
	if !ok {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", s.keys.service))
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "wrong user name or password")
		return
	}
	if service := form.Get("service"); service != "" && service != s.keys.service {
		refuse(w, http.StatusBadRequest, "UNSUPPORTED", "no such service")
		return
	}
	now := time.Now()
	signed, err := s.keys.issue(h, parseScopes(form["scope"]), now)
	if err != nil {
		s.log.Error("sign a token of the registry", "error", err)
		refuse(w, http.StatusInternalServerError, "UNKNOWN", "no token can be made")
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"token": signed, "access_token": signed, "expires_in": int(tokenLife.Seconds()), "issued_at": now.UTC().Format(time.RFC3339),
	})
}

// holder gives who has a password: a push that goes on, or an app's nodes.
func (s *Service) holder(user, password string) (holder, bool) {
	if strings.HasPrefix(user, pushPrefix) && !strings.Contains(user, "/") {
		return s.sessions.holder(user, password, s.o.Installation)
	}
	right := equal(s.keys.password(user), password)
	return holder{name: user, may: func(repository, action string) bool {
		return repository == user && action == actionPull
	}}, right && strings.HasPrefix(user, s.o.Installation+"/")
}

// refuse answers with an error of the registry's protocol.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails when the client has gone
}
