package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// statusError is an answer that HTTP itself has a status for and models has no
// kind.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

func httpError(status int, format string, args ...any) error {
	return &statusError{status: status, message: fmt.Sprintf(format, args...)}
}

// fail answers with a Problem.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), a.deps.Logger, err, w.Header().Get(requestIDHeader))
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	a.write(w, p.Status, p.ContentType(""), p)
}

// write answers with JSON. That it cannot be sent is the client's doing.
func (a *API) write(w http.ResponseWriter, status int, contentType string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types are ours
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(raw)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}
