package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/server/accounts"
)

const (
	securityCookie = "session"
	securityBearer = "token"
)

const apiDescription = `Everything that Slipway does can be done over this API; the dashboard and the command line use nothing else.

Sign in with an API token: send it as "Authorization: Bearer slw_…". Browsers use the cookie that signing in sets.

Errors are application/problem+json (RFC 9457). Lists come in pages: ask for what follows with cursor=next_cursor. What creates takes an Idempotency-Key; what is edited gives an ETag and honours If-Match.

Logs and live changes come over websockets, one JSON object a frame. When a connection is cut, connect again with after= the last seq you have seen.`

// describe makes the router of the REST operations. Its spec is complete when
// routes has run.
func (a *API) describe(engine *gin.Engine) {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Slipway", Version: "1", Description: apiDescription, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					securityCookie: {Type: "apiKey", In: "cookie", Name: accounts.CookieName},
					securityBearer: {Type: "http", Scheme: "bearer", BearerFormat: "slw_…"},
				},
			},
			Security: []map[string][]string{{securityBearer: {}}, {securityCookie: {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{a.transform},
	}
	a.huma = humagin.New(engine, config)
}

// transform turns what huma itself refuses into a Problem.
func (a *API) transform(ctx huma.Context, _ string, v any) (any, error) {
	if found, ok := v.(*huma.ErrorModel); ok {
		return validationProblem(found, requestID(humagin.Unwrap(ctx))), nil
	}
	return v, nil
}

// routes is the table of routes; each noun's file has its part.
func (a *API) routes() {
	a.sessionRoutes()
	a.tokenRoutes()
	a.userRoutes()
	a.invitationRoutes()
	a.appRoutes()
	a.configRoutes()
	a.planRoutes()
	a.deploymentRoutes()
	a.exampleRoutes()
	a.releaseRoutes()
	a.volumeRoutes()
	a.logRoutes()
	a.downloadRoutes()
	a.metricsRoutes()
	a.platformRoutes()
	a.clusterRoutes()
	a.spaceRoutes()

	// The models of errors that huma would have answered with are never sent.
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

// Spec gives the API's OpenAPI 3.1 document, indented. It needs neither a
// database nor anything else that runs.
func Spec() ([]byte, error) {
	doc, err := described()
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(raw, '\n'), nil
}

// Spec30 gives the same as OpenAPI 3.0.3, for generators that know no newer.
func Spec30() ([]byte, error) {
	doc, err := described()
	if err != nil {
		return nil, err
	}
	return doc.Downgrade()
}

func described() (*huma.OpenAPI, error) {
	a := &API{engine: newEngine()}
	a.describe(a.engine)
	a.routes()
	return a.huma.OpenAPI(), nil
}
