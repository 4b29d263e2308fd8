package jobs_test

import (
	"context"

	"github.com/slipway-paas/slipway/deployer"
)

// slowDrain is a switchboard on which requests never end by themselves.
type slowDrain struct{ *switchboard }

// Drained implements deployer.Router.
func (slowDrain) Drained(ctx context.Context, _ deployer.WorkloadID) error {
	<-ctx.Done()
	return ctx.Err()
}
