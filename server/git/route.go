package git

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/slipway-paas/slipway/models"
)

// The two services of git's smart HTTP protocol.
const (
	uploadPack  = "git-upload-pack"  // fetch
	receivePack = "git-receive-pack" // push
)

// IsPath says whether a URL path belongs to the git door.
func IsPath(path string) bool {
	first, rest, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return found && rest != "" && strings.HasSuffix(first, ".git")
}

// route takes a request apart. It is not ok when no smart HTTP client would
// send it.
func route(r *http.Request) (app, service string, ok bool) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	app, ok = strings.CutSuffix(first, ".git")
	if !ok {
		return "", "", false
	}
	switch {
	case r.Method == http.MethodGet && rest == "info/refs":
		service = r.URL.Query().Get("service")
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-"+rest+"-request":
		service = rest
	}
	return app, service, service == uploadPack || service == receivePack
}

// authenticate takes a token as the password of any user name, or as a bearer
// token.
func (s *Server) authenticate(r *http.Request) (models.Actor, error) {
	_, token, ok := r.BasicAuth()
	if !ok {
		token, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	if !ok || token == "" {
		return models.Actor{}, models.Errorf(models.KindUnauthenticated,
			"this needs an API token: give any user name, and the token as the password. Make one at %s", s.URL)
	}
	return s.Auth.Authenticate(r.Context(), token, s.remoteIP(r))
}

func (s *Server) remoteIP(r *http.Request) string {
	if s.RemoteIP != nil {
		return s.RemoteIP(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// statuses are the HTTP statuses of the kinds of failure. git shows a text only
// beside the status of its first request.
var statuses = map[models.Kind]int{
	models.KindInvalid:         http.StatusBadRequest,
	models.KindUnauthenticated: http.StatusUnauthorized,
	models.KindForbidden:       http.StatusForbidden,
	models.KindNotFound:        http.StatusNotFound,
	models.KindConflict:        http.StatusConflict,
	models.KindTooLarge:        http.StatusRequestEntityTooLarge,
	models.KindRateLimited:     http.StatusTooManyRequests,
	models.KindUnavailable:     http.StatusServiceUnavailable,
}

// refuseError answers with what went wrong, in words for the person at git's
// other end.
func (s *Server) refuseError(w http.ResponseWriter, err error) {
	status, known := statuses[models.KindOf(err)]
	if !known {
		status = http.StatusInternalServerError
		s.Logger.Error("a git request failed", "error", err)
	}
	var detail *models.Error
	if errors.As(err, &detail) && detail.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(detail.RetryAfter.Seconds()+0.999)))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Slipway: any user name, an API token as password", charset="UTF-8"`)
	}
	refuse(w, status, models.SafeMessage(err))
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
