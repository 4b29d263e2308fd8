package api

import (
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/slipway-paas/slipway/models"
)

// uploadTimeout is how long an upload may take.
const uploadTimeout = time.Hour

// lingering is for how long more is taken, and thrown away, after a refusal.
const lingering = 500 * time.Millisecond

// bound refuses a body that says to be too large before any of it is read, and
// gives an upload its time: the server's own read deadline is meant for small
// bodies. Those who do not say how much they send are cut off by whoever reads.
func (a *API) bound(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		most := ctx.Operation().MaxBodyBytes
		if r.upload != nil {
			most = a.deps.Pipeline.Sources().MaxBytes()
			_ = ctx.SetReadDeadline(time.Now().Add(uploadTimeout)) // an error says that there is no deadline to move
		}
		c := humagin.Unwrap(ctx)
		if sent := c.Request.ContentLength; sent > most {
			a.fail(c.Writer, c.Request, models.Errorf(models.KindTooLarge, "the body is %d bytes, and at most %d are taken here", sent, most))
			c.Writer.Flush()
			// A connection that is closed on what it has not read is reset, and
			// takes the answer with it before a client that still sends has seen it.
			_ = ctx.SetReadDeadline(time.Now().Add(lingering))
			_, _ = io.Copy(io.Discard, c.Request.Body)
			return
		}
		next(ctx)
	}
}
