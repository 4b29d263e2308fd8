// Package client speaks to Slipway's REST API. Its types and calls are
// generated from web/openapi.json; run `go -C client/tools run .` after that
// has changed.
package client
