package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/slipway-paas/slipway/models"
)

// Problem is the one shape of every error answer (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"Where this kind of problem is described" example:"/api/v1/docs#not_found"`
	Title     string         `json:"title" example:"Not Found"`
	Status    int            `json:"status" example:"404"`
	Detail    string         `json:"detail" doc:"What went wrong, in words for people" example:"no such app: hello"`
	Kind      string         `json:"kind" doc:"What sort of failure it is, for programs" enum:"invalid,unauthenticated,forbidden,not_found,conflict,precondition_failed,too_large,rate_limited,unavailable,cancelled,timeout,failed,internal"`
	Field     string         `json:"field,omitempty" doc:"The input field at fault"`
	Errors    []ProblemField `json:"errors,omitempty" nullable:"false" doc:"Every field at fault"`
	RequestID string         `json:"request_id" doc:"Name it when asking for help: the server's log has it"`

	retryAfter time.Duration
}

// ProblemField is one thing that is wrong with the input.
type ProblemField struct {
	Location string `json:"location" example:"body.name"`
	Message  string `json:"message"`
}

// Error gives what went wrong.
func (p *Problem) Error() string { return p.Detail }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes the answer application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders gives the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int((p.retryAfter+time.Second-1)/time.Second))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="Slipway"`)
	}
	return h
}

// statuses is the only place where a kind of failure becomes an HTTP status.
// The first kind of a status is the one that the status stands for.
var statuses = []struct {
	kind   models.Kind
	status int
}{
	{models.KindInvalid, http.StatusUnprocessableEntity},
	{models.KindFailed, http.StatusUnprocessableEntity},
	{models.KindUnauthenticated, http.StatusUnauthorized},
	{models.KindForbidden, http.StatusForbidden},
	{models.KindNotFound, http.StatusNotFound},
	{models.KindConflict, http.StatusConflict},
	{models.KindCancelled, http.StatusConflict},
	{models.KindPrecondition, http.StatusPreconditionFailed},
	{models.KindTooLarge, http.StatusRequestEntityTooLarge},
	{models.KindRateLimited, http.StatusTooManyRequests},
	{models.KindUnavailable, http.StatusServiceUnavailable},
	{models.KindTimeout, http.StatusGatewayTimeout},
	{models.KindTimeout, http.StatusRequestTimeout},
	{models.KindConflict, http.StatusGone},
}

func statusOf(kind models.Kind) int {
	for _, s := range statuses {
		if s.kind == kind {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// kindOf is the other way round, for what HTTP itself or the validation refuses.
func kindOf(status int) models.Kind {
	for _, s := range statuses {
		if s.status == status {
			return s.kind
		}
	}
	if status >= 500 {
		return models.KindInternal
	}
	return models.KindInvalid
}

func newProblem(status int, kind models.Kind, detail, requestID string) *Problem {
	return &Problem{
		Type: apiBase + "/docs#" + string(kind), Title: http.StatusText(status), Status: status,
		Detail: detail, Kind: string(kind), RequestID: requestID,
	}
}

// problemOf turns any error into a Problem. What is not safe to show is logged
// under the request's ID and left out.
func problemOf(ctx context.Context, logger *slog.Logger, err error, requestID string) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var plain *statusError
	if errors.As(err, &plain) {
		return newProblem(plain.status, kindOf(plain.status), plain.message, requestID)
	}
	var known *models.Error
	if !errors.As(err, &known) {
		known = &models.Error{Kind: models.KindInternal, Message: models.SafeMessage(err), Err: err}
		if errors.Is(err, context.Canceled) {
			known.Kind, known.Message = models.KindCancelled, "the request was given up"
		} else if errors.Is(err, context.DeadlineExceeded) {
			known.Kind, known.Message = models.KindTimeout, "it took too long"
		}
	}
	p := newProblem(statusOf(known.Kind), known.Kind, known.Message, requestID)
	p.Field, p.retryAfter = known.Field, known.RetryAfter
	if known.Field != "" {
		p.Errors = []ProblemField{{Location: "body." + known.Field, Message: known.Message}}
	}
	if p.retryAfter == 0 && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) {
		p.retryAfter = 5 * time.Second
	}
	if p.Status >= 500 {
		logger.ErrorContext(ctx, "request failed", "request", requestID, "kind", known.Kind, "error", err)
	}
	return p
}

// validationProblem puts what the validation found into words. The values that
// were sent are left out: they may be secrets.
func validationProblem(found *huma.ErrorModel, requestID string) *Problem {
	p := newProblem(found.Status, kindOf(found.Status), found.Detail, requestID)
	for _, e := range found.Errors {
		if e == nil {
			continue
		}
		message := e.Message
		if found.Status == http.StatusBadRequest && e.Location == "body" {
			message = "the body is not valid JSON: " + message
		}
		p.Errors = append(p.Errors, ProblemField{Location: e.Location, Message: message})
	}
	if len(p.Errors) > 0 {
		first := p.Errors[0]
		_, p.Field, _ = strings.Cut(first.Location, ".")
		p.Detail = first.Message
		if p.Field != "" {
			p.Detail = p.Field + ": " + first.Message
		}
		if more := len(p.Errors) - 1; more > 0 {
			p.Detail += " (and " + strconv.Itoa(more) + " more)"
		}
	}
	return p
}
