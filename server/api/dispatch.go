package api

import (
	"net/http"
	"strings"
)

// dispatch gives each door its requests. Gin has the API alone: the others
// stream, and want the connection as it is.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case under(path, "/api"), path == "/healthz", path == "/readyz":
		a.engine.ServeHTTP(w, r)
	case under(path, "/internal/router/v1"):
		a.mounted(a.deps.Routing, w, r)
	case under(path, "/webhooks"):
		a.mounted(a.deps.Webhooks, w, r)
	case under(path, "/v2") && a.deps.Registry != nil:
		a.mounted(a.deps.Registry, w, r)
	case isGit(path):
		a.mounted(a.deps.Git, w, r)
	case under(path, "/internal"):
		a.fail(w, r, errNoRoute(r))
	default:
		a.serveUI(w, r)
	}
}

func (a *API) mounted(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if h == nil {
		a.fail(w, r, errNoRoute(r))
		return
	}
	h.ServeHTTP(w, r)
}

func under(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// isGit says whether a path is below "/<app>.git".
func isGit(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return strings.HasSuffix(first, ".git")
}

func errNoRoute(r *http.Request) error {
	return httpError(http.StatusNotFound, "there is nothing at %.200s", r.URL.Path)
}
