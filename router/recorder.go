package router

import (
	"net/http"
	"time"
)

// recorder is the response writer with a memory of what was written.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	start  time.Time     // of the request
	wait   time.Duration // to the final header, 0 before it
}

// begin notes the final status, when it is that.
func (w *recorder) begin(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
		w.wait = max(time.Since(w.start), 1)
	}
}

// WriteHeader notes the final status.
func (w *recorder) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *recorder) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
