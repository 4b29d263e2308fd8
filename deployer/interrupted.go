package deployer

import (
	"context"
	"fmt"
)

// ErrInterrupted is in the chain of an error of Ensure or WaitHealthy when the
// engine went away meanwhile, or stopped an instance because it was going: nothing is
// known to be wrong with the instance. Trying again when the engine answers is the right
// answer. It is an ErrUnavailable too.
var ErrInterrupted = fmt.Errorf("it went away while instances were coming up: %w", ErrUnavailable)

// Answerer is a Cluster that can say whether its engine takes on new work.
type Answerer interface {
	// Answers gives an error, with ErrUnavailable in its chain, while the engine
	// takes no new connections. One that is stopping does not, though it may still
	// answer on old ones.
	Answers(ctx context.Context) error
}
