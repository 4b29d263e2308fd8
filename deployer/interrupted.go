package deployer

import "fmt"

// ErrInterrupted is in the chain of an error of Ensure or WaitHealthy when the
// engine went away meanwhile, or stopped an instance because it was going: nothing is
// known to be wrong with the instance. Trying again when the engine answers is the right
// answer. It is an ErrUnavailable too.
var ErrInterrupted = fmt.Errorf("it went away while instances were coming up: %w", ErrUnavailable)
