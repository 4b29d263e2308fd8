package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	maxIdempotencyKey = 255

	// abandonedAfter is when a request that never ended is taken for dead; an
	// upload has its own time on top.
	abandonedAfter = 10 * time.Minute
)

// keptAnswer is what is kept of an answer. It may hold a secret that is shown
// once, so it is sealed.
type keptAnswer struct {
	ContentType string `json:"content_type"`
	ETag        string `json:"etag,omitempty"`
	Body        []byte `json:"body"`
	Upload      []byte `json:"upload,omitempty"` // SHA-256 of what was uploaded
}

// idempotent makes a request that carries an Idempotency-Key happen once: sent
// again it gets the first one's answer. What failed is forgotten, since it did
// nothing and may be tried again.
//
// A body is part of what is asked, so a key cannot be used for another one. An
// upload is too large to be read before it is known whether it is the first: it
// is hashed as it passes, and only a second one is compared.
func (a *API) idempotent(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) { a.once(r, ctx, next) }
}

func (a *API) once(r route, ctx huma.Context, next func(huma.Context)) {
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
	var uploaded *hashedBody
	abandoned := abandonedAfter
	if r.upload != nil {
		uploaded = &hashedBody{ReadCloser: c.Request.Body, sum: sha256.New()}
		abandoned += uploadTimeout
	}
	first, err := a.claim(c.Request, who, key, ctx.Operation().MaxBodyBytes, uploaded != nil, abandoned)
	if err != nil {
		a.fail(c.Writer, c.Request, err)
		return
	}
	place := "idempotency/" + who.UserID + "/" + key
	if first != nil {
		a.replay(c, place, first, uploaded)
		return
	}
	if uploaded != nil {
		c.Request.Body = uploaded
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
		answer := keptAnswer{ContentType: held.Header().Get("Content-Type"), ETag: held.Header().Get("ETag"), Body: held.body.Bytes()}
		if uploaded != nil {
			answer.Upload = uploaded.sum.Sum(nil)
		}
		kept, err := json.Marshal(answer)
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

// claim finds out whether the request is the first with its key, which is what
// nil says.
func (a *API) claim(r *http.Request, who caller, key string, most int64, upload bool, abandoned time.Duration) (*store.IdempotencyKey, error) {
	var body []byte
	if !upload {
		var err error
		if body, err = readBody(r, most); err != nil {
			return nil, err
		}
	}
	sum := sha256.New()
	_, _ = io.WriteString(sum, r.Method+"\n"+r.URL.RequestURI()+"\n")
	_, _ = sum.Write(body)
	return a.deps.Store.ClaimIdempotencyKey(r.Context(), who.UserID, key, sum.Sum(nil), abandoned)
}

func (a *API) replay(c *gin.Context, place string, first *store.IdempotencyKey, uploaded *hashedBody) {
	raw, err := a.deps.Box.Open(place, first.Response)
	var kept keptAnswer
	if err == nil {
		err = json.Unmarshal(raw, &kept)
	}
	if err == nil && uploaded != nil {
		err = uploaded.same(kept.Upload, a.deps.Pipeline.Sources().MaxBytes())
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
	c.Status(first.Status)
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

// readBody reads the body and puts it back.
func readBody(r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, httpError(http.StatusBadRequest, "the body could not be read")
	}
	if int64(len(body)) > most {
		return nil, models.Errorf(models.KindTooLarge, "the body is over %d bytes", most)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// hashedBody is an upload that is hashed as it is read.
type hashedBody struct {
	io.ReadCloser
	sum hash.Hash
}

// Read reads and hashes.
func (b *hashedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	_, _ = b.sum.Write(p[:n])
	return n, err
}

// same reads the upload, at most so many bytes of it, and refuses one that is
// not what was uploaded before.
func (b *hashedBody) same(before []byte, most int64) error {
	if _, err := io.Copy(io.Discard, io.LimitReader(b, most+1)); err != nil {
		return httpError(http.StatusBadRequest, "the body could not be read")
	}
	if !bytes.Equal(b.sum.Sum(nil), before) {
		return models.Invalid("", "this Idempotency-Key was used for another upload; use a new key for a new one")
	}
	return nil
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
