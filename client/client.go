// Package client speaks to Slipway's REST API. Its types and calls are
// generated from web/openapi.json; `make gen` does it anew after a change.
package client
