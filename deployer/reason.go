package deployer

import (
	"fmt"
	"time"
)

// ExitReason says how an instance ended, in words that complete
// "hello.web.v3.1: …". memory is its limit in bytes, 0 when unknown.
func ExitReason(exitCode int, oomKilled bool, memory int64) string {
	switch {
	case oomKilled && memory > 0:
		return fmt.Sprintf("was killed because it used more than its %d MiB of memory (exit code %d)", memory>>20, exitCode)
	case oomKilled:
		return fmt.Sprintf("was killed because it used more memory than it may (exit code %d)", exitCode)
	default:
		return fmt.Sprintf("exited with code %d", exitCode)
	}
}

// TimeoutReason says that nothing accepted connections on a port in time, or,
// with lastAnswer, what the health path answered last.
func TimeoutReason(port int, h Health, lastAnswer string) string {
	within := Seconds(h.WithDefaults().Timeout)
	switch {
	case port == 0:
		return "did not keep running within " + within
	case h.Path == "" || lastAnswer == "":
		return fmt.Sprintf("nothing accepted connections on port %d within %s", port, within)
	default:
		return fmt.Sprintf("GET %s on port %d %s, and was not healthy within %s", h.Path, port, lastAnswer, within)
	}
}

// Backoff is the time between two looks at an instance that is not healthy
// yet: it starts short, since most apps are up in milliseconds, and grows so
// that one that never comes up costs little.
type Backoff struct{ next time.Duration }

// Bounds of Backoff.
const (
	backoffFirst = time.Millisecond
	backoffLast  = 100 * time.Millisecond
)

// Next gives 1 ms, then twice as much each time, up to 100 ms.
func (b *Backoff) Next() time.Duration {
	switch {
	case b.next == 0:
		b.next = backoffFirst
	case b.next < backoffLast:
		b.next = min(2*b.next, backoffLast)
	}
	return b.next
}
