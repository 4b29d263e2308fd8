package deployer

import (
	"context"
	"errors"
	"iter"
)

// LogFiles is a Cluster on whose machine the server runs, so that it can read
// what instances write out of the engine's own files. Compared with Logs it is
// many times as fast, knows places instead of times, and goes on when the
// engine is away.
type LogFiles interface {
	// LogsFrom yields what an instance wrote behind a place, then what it
	// writes, until it is removed or ctx ends; it ends with ctx's error. It is
	// the same for each run of an instance, and ends at once without an error
	// for one that is not there. What was written before an instance was
	// removed is yielded to its end. It ends with ErrNoLogFile when the output
	// cannot be read this way, with ErrPlaceGone when the engine no longer has
	// the place, and with ErrUnavailable when the engine must be asked and does
	// not answer.
	//
	// A consumer may be slow: the engine's files are held on to, eight for an
	// instance at most. Lines that are left out for that are counted.
	LogsFrom(ctx context.Context, instanceID string, place LogPlace) iter.Seq2[LogBatch, error]
}

// LogPlace is a place between two lines of an instance's output. It is kept as
// JSON over restarts of the server and the engine; only the driver that gave it
// knows what it means. Zero is before the oldest line there is.
type LogPlace struct {
	File   uint64 `json:"file,omitempty"`
	Began  int64  `json:"began,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// LogBatch is some lines in a row.
type LogBatch struct {
	Lost  int64     // lines left out before Lines, or LostUnknown
	Lines []LogLine // at most about 256 KiB of text; good until the next batch
	End   LogPlace  // behind Lines; zero where a longer line is not over yet
}

// LostUnknown stands for a number of lines that nobody knows.
const LostUnknown = -1

// The ends of LogFiles.LogsFrom.
var (
	ErrNoLogFile = errors.New("the engine's log files cannot be read")
	ErrPlaceGone = errors.New("the engine no longer has this place of a log")
)
