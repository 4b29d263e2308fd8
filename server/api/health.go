package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
)

// healthTimeout bounds each look at what the server needs.
const healthTimeout = 2 * time.Second

func (a *API) healthRoutes() {
	either := []string{http.MethodGet, http.MethodHead} // some load balancers send HEAD
	a.engine.Match(either, "/healthz", func(c *gin.Context) {
		a.write(c.Writer, http.StatusOK, "application/json", gin.H{"ok": true})
	})
	a.engine.Match(either, "/readyz", a.readyz)
}

// readyz says whether the server can do its work now, and if not, what is away.
func (a *API) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), healthTimeout)
	defer cancel()
	engine := make(chan error, 1)
	go func() {
		_, err := a.deps.Engine(ctx)
		engine <- err
	}()
	var away []string
	if err := a.deps.Store.Ping(ctx); err != nil {
		away = append(away, "Postgres")
	}
	select {
	case err := <-engine:
		if err != nil {
			away = append(away, "the container engine")
		}
	case <-ctx.Done():
		away = append(away, "the container engine")
	}
	if len(away) > 0 {
		a.fail(c.Writer, c.Request, &models.Error{
			Kind: models.KindUnavailable, RetryAfter: 5 * time.Second,
			Message: strings.Join(away, " and ") + " cannot be reached; Slipway goes on trying",
		})
		return
	}
	a.write(c.Writer, http.StatusOK, "application/json", gin.H{"ok": true})
}
