package swarm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

// errNoManager is what an engine answers with that has no say in a swarm. No
// waiting makes it one.
var errNoManager = errors.New("the engine is no manager of a swarm; `docker swarm init` there makes it one")

// failed says what was attempted, as docker.Failed does, and knows what only a
// manager says.
func failed(ctx context.Context, what string, err error) error {
	if err != nil && ctx.Err() == nil {
		switch text := err.Error(); {
		case strings.Contains(text, "not a swarm manager"):
			return fmt.Errorf("%s: %w", what, errNoManager)
		case strings.Contains(text, "does not have a leader"), strings.Contains(text, "context deadline exceeded"):
			return fmt.Errorf("%s: %w: %w", what, deployer.ErrUnavailable, err)
		case strings.Contains(text, "remote error: tls"), strings.Contains(text, "failed to verify certificate"):
			return fmt.Errorf("%s: %w: renew its certificates (%s)", what, deployer.ErrCredentials, clean(text))
		}
	}
	return docker.Failed(ctx, what, err)
}
