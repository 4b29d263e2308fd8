package builder

import "errors"

// ErrUnavailable is in the chain of an error from a container engine that
// cannot be reached or has run out of room. It is nobody's source's fault, and
// trying again later is the right answer.
var ErrUnavailable = errors.New("the container engine is not answering")
