package api

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
)

const requestIDHeader = "X-Request-Id"

// contentPolicy lets the dashboard load from here and nowhere else. Nothing may
// be inline: what sets positions and colours goes through the style object,
// which the policy leaves alone.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard is what every request goes through, whichever door it is for: an ID,
// headers that keep browsers strict, refusal of what other sites' pages make a
// browser send, and a net under panics.
func (a *API) guard(next http.Handler) (http.Handler, error) {
	crossOrigin := http.NewCrossOriginProtection()
	if own, err := url.Parse(a.deps.URL); err == nil && own.Host != "" {
		if err := crossOrigin.AddTrustedOrigin(own.Scheme + "://" + own.Host); err != nil {
			return nil, fmt.Errorf("the server's URL: %w", err)
		}
	}
	secure := strings.HasPrefix(a.deps.URL, "https://")

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := givenID(r.Header.Get(requestIDHeader))
		h := w.Header()
		h.Set(requestIDHeader, id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer") // links carry one-time tokens
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Content-Security-Policy", contentPolicy)
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		watched := &watchedWriter{ResponseWriter: w}
		defer func() {
			a.caught(watched, r, recover())
			a.deps.Logger.DebugContext(r.Context(), "request", "request", id, "method", r.Method, "path", r.URL.Path,
				"status", cmp.Or(watched.status, http.StatusOK), "ip", a.deps.Proxies.ClientIP(r), "ms", time.Since(began).Milliseconds())
		}()
		if err := crossOrigin.Check(r); err != nil {
			a.fail(watched, r, models.Errorf(models.KindForbidden, "another site's page sent this request; Slipway takes them from its own only"))
			return
		}
		if !readable(r.URL) {
			a.fail(watched, r, httpError(http.StatusBadRequest, "the address contains a NUL character or is not UTF-8"))
			return
		}
		next.ServeHTTP(watched, r)
	}), nil
}

// caught answers for a handler that panicked: without details, which are in
// the log.
func (a *API) caught(w *watchedWriter, r *http.Request, failure any) {
	if failure == nil {
		return
	}
	if err, ok := failure.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(failure) // asked for: net/http cuts the connection
	}
	a.deps.Logger.ErrorContext(r.Context(), "a handler panicked", "request", w.Header().Get(requestIDHeader),
		"method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(failure), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	a.fail(w, r, httpError(http.StatusInternalServerError, "something went wrong inside Slipway; the server's log has the details"))
}

// watchedWriter remembers whether an answer has begun.
type watchedWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and passes it on.
func (w *watchedWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer has begun.
func (w *watchedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Flush sends what is written.
func (w *watchedWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Hijack hands the connection to a websocket.
func (w *watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

// Unwrap gives http.ResponseController the connection's own writer.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// givenID takes a request ID from whoever is in front if it is harmless, and
// makes one otherwise.
func givenID(id string) string {
	if id == "" || len(id) > 64 {
		return models.NewID()
	}
	for _, r := range id {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r) {
			return models.NewID()
		}
	}
	return id
}

func requestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

// readable says whether an address is text that the database can hold.
func readable(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		return false
	}
	for _, s := range []string{u.Path, query} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}
