package builder

import "errors"

// ErrUnavailable is in the chain of an error from a container engine that
// cannot be reached or has run out of room. It is nobody's source's fault, and
// trying again later is the right answer.
var ErrUnavailable = errors.New("the container engine is not answering")

// ErrNotStopped is in the chain of an error of a build that was cancelled and
// that the engine may still be at.
var ErrNotStopped = errors.New("the engine has not stopped the build")

// ErrDiskFull is in the chain too when it is room on the engine's disk that it
// has run out of.
var ErrDiskFull = errors.New("the container engine's disk is full")
