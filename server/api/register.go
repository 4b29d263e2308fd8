package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/slipway-paas/slipway/models"
)

// caller is who sent a request, and from where.
type caller struct {
	models.Actor
	SessionID string // the browser session in use, "" with a token
	UserAgent string
	Device    string // the browser's device cookie, "" without one
	RequestID string
}

// callerKey is where the middleware leaves the caller for register, which hands
// it to the handler as an argument. Nothing else reads it.
type callerKey struct{}

// route is one line of the table of routes.
type route struct {
	id, method, path string
	tag, summary     string
	description      string
	status           int          // of success; 0 for 200, or 204 without a body
	scope            models.Scope // what the caller needs at least; "" for read
	public           bool         // no sign-in needed
	own              bool         // about the caller's own account; the service says who may
	creates          bool         // takes an Idempotency-Key
	maxBody          int64        // bytes; 0 for 1 MiB
	upload           []string     // media types of a body that is taken as a stream
	download         []string     // media types of an answer that is written as a stream
}

// register adds an operation. The handler gets the caller as an argument and
// returns plain errors; they become Problems here and nowhere else.
func register[I, O any](a *API, r route, handle func(context.Context, caller, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: apiBase + r.path, Tags: []string{r.tag},
		Summary: r.summary, Description: r.description, DefaultStatus: r.status, MaxBodyBytes: r.maxBody,
		Responses: map[string]*huma.Response{"default": a.problemResponse()},
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = 1 << 20
	}
	// The deadline holds for the handler too: net/http gives a request up when
	// it passes.
	op.BodyReadTimeout = time.Minute
	if r.scope == "" {
		r.scope = models.ScopeRead
	}
	if r.public {
		op.Security = []map[string][]string{}
	} else if !r.own {
		op.Extensions = map[string]any{"x-scope": string(r.scope)}
	}
	if r.upload != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		for _, media := range r.upload {
			op.RequestBody.Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		}
	}
	if r.download != nil {
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{}}
		for _, media := range r.download {
			op.Responses["200"].Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
	op.Middlewares = huma.Middlewares{a.identify(r), a.bound(r)}
	if r.creates {
		op.Middlewares = append(op.Middlewares, a.idempotent(r))
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: idempotencyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxIdempotencyKey)},
			Description: "Sending the same request again with the same key gives the first one's answer and does nothing more.",
		})
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(callerKey{}).(caller)
		out, err := handle(ctx, who, in)
		if err != nil {
			return nil, problemOf(ctx, a.deps.Logger, err, who.RequestID)
		}
		return out, nil
	})
}

func (a *API) problemResponse() *huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{
		Description: "What went wrong",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
}

func ptr[T any](v T) *T { return &v }

// body is an answer that is one JSON value.
type body[T any] struct {
	Body T
}

func answer[T any](v T) *body[T] { return &body[T]{Body: v} }

// nothing is an answer without a body.
type nothing struct{}

// Page is one part of a list.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor" doc:"Ask with it for what follows; empty at the end"`
}

func page[T any](items []T, next string) *body[Page[T]] {
	return answer(Page[T]{Items: list(items), NextCursor: next})
}

// PageInput asks for a part of a list.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

// AppInput names an app.
type AppInput struct {
	App string `path:"app" doc:"The app's name" example:"hello"`
}

func get(id, path, tag, summary string) route {
	return route{id: id, method: http.MethodGet, path: path, tag: tag, summary: summary}
}
