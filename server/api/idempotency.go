package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	maxIdempotencyKey = 255

	// abandonedAfter is when a request that never ended is taken for dead.
	abandonedAfter = 10 * time.Minute
)

// keptAnswer is what is kept of an answer. It may hold a secret that is shown
// once, so it is sealed.
type keptAnswer struct {
	ContentType string `json:"content_type"`
	ETag        string `json:"etag,omitempty"`
	Body        []byte `json:"body"`
}

// idempotent makes a request that carries an Idempotency-Key happen once: sent
// again it gets the first one's answer. What failed is forgotten, since it did
// nothing and may be tried again.
func (a *API) idempotent(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	key := c.GetHeader(idempotencyHeader)
	who, _ := ctx.Context().Value(callerKey{}).(caller)
	if key == "" {
		next(ctx)
		return
	}
	if err := checkIdempotencyKey(key); err != nil {
		a.fail(c.Writer, c.Request, err)
		return
	}
	fingerprint, err := fingerprint(c.Request, ctx.Operation().MaxBodyBytes)
	if err != nil {
		a.fail(c.Writer, c.Request, err)
		return
	}
	first, err := a.deps.Store.ClaimIdempotencyKey(ctx.Context(), who.UserID, key, fingerprint, abandonedAfter)
	if err != nil {
		a.fail(c.Writer, c.Request, err)
		return
	}
	place := "idempotency/" + who.UserID + "/" + key
	if first != nil {
		a.replay(c, place, first.Status, first.Response)
		return
	}

	// What follows must be written even if the client has gone.
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), time.Minute)
	defer cancel()
	held := &heldWriter{ResponseWriter: c.Writer}
	c.Writer = held
	done := false
	defer func() { // also when the handler panics
		c.Writer = held.ResponseWriter
		if !done {
			a.settled(settle, a.deps.Store.DropIdempotencyKey(settle, who.UserID, key))
		}
	}()
	next(ctx)
	if status := held.Status(); status >= 200 && status < 300 {
		done = true
		kept, err := json.Marshal(keptAnswer{
			ContentType: held.Header().Get("Content-Type"), ETag: held.Header().Get("ETag"), Body: held.body.Bytes(),
		})
		if err == nil {
			err = a.deps.Store.AnswerIdempotencyKey(settle, who.UserID, key, status, a.deps.Box.Seal(place, kept))
		}
		a.settled(settle, err)
	}
	held.release()
}

func (a *API) settled(ctx context.Context, err error) {
	if err != nil {
		a.deps.Logger.WarnContext(ctx, "an idempotency key could not be settled", "error", err)
	}
}

func (a *API) replay(c *gin.Context, place string, status int, sealed []byte) {
	raw, err := a.deps.Box.Open(place, sealed)
	var kept keptAnswer
	if err == nil {
		err = json.Unmarshal(raw, &kept)
	}
	if err != nil {
		a.fail(c.Writer, c.Request, err)
		return
	}
	c.Header("Content-Type", kept.ContentType)
	if kept.ETag != "" {
		c.Header("ETag", kept.ETag)
	}
	c.Header(replayedHeader, "true")
	c.Status(status)
	_, _ = c.Writer.Write(kept.Body)
}

func checkIdempotencyKey(key string) error {
	bad := len(key) > maxIdempotencyKey
	for _, r := range key {
		bad = bad || r < ' ' || r > '~'
	}
	if bad {
		return &models.Error{Kind: models.KindInvalid, Message: "an Idempotency-Key is at most 255 printable ASCII characters"}
	}
	return nil
}

// fingerprint tells a request from others: what is asked of what. The body is
// read for it and put back.
func fingerprint(r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, httpError(http.StatusBadRequest, "the body could not be read")
	}
	if int64(len(body)) > most {
		return nil, models.Errorf(models.KindTooLarge, "the body is over %d bytes", most)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.New()
	_, _ = io.WriteString(sum, r.Method+"\n"+r.URL.RequestURI()+"\n")
	_, _ = sum.Write(body)
	return sum.Sum(nil), nil
}

// heldWriter keeps an answer back until it has been written down.
type heldWriter struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write keeps p.
func (w *heldWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

// WriteString keeps s.
func (w *heldWriter) WriteString(s string) (int, error) { return w.body.WriteString(s) }

// WriteHeaderNow keeps the status; it is sent with the body.
func (w *heldWriter) WriteHeaderNow() {}

func (w *heldWriter) release() {
	if w.body.Len() == 0 {
		w.ResponseWriter.WriteHeaderNow()
		return
	}
	_, _ = w.ResponseWriter.Write(w.body.Bytes())
}
