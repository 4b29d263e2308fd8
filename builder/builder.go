// Package builder turns a source folder into a container image. It is a
// library: it knows nothing of apps, the database or who asked. Plan looks at
// a source and chooses; each subpackage is one way to build.
package builder

import (
	"context"
	"time"
)

// Source is an unpacked source tree.
type Source struct {
	Dir    string // absolute path; only files below it are ever read; "" for an app that has an image and no source
	Commit string // "" when unknown
}

// Process is one kind of instance that an image can run.
type Process struct {
	Name       string
	Command    []string // argument vector; nil for the image's own
	Port       int      // 0: follow the image's EXPOSE
	HealthPath string
}

// Request says what to build and as what.
type Request struct {
	Source     Source
	Options    Options
	Tag        string            // the reference to give the image, such as slipway/hello:b01h…
	Labels     map[string]string // to put on the image
	CacheKey   string            // builds with the same key share their cache
	BuildArgs  map[string]string // visible in the image's history: never secrets
	Secrets    map[string][]byte // for RUN --mount=type=secret,id=NAME; never in a layer
	MaxImageMB int               // 0: no limit
}

// Options are what the app's settings say about building; the source's
// slipway.yaml fills in what they leave open.
type Options struct {
	Builder    string // "dockerfile", "static", "image" or "" to detect
	Dockerfile string // path inside the source, "" for Dockerfile
	ImageRef   string // for the image builder
}

// Image is what a build made. Reference is what the engine runs; Digest names
// its content (a repository digest where there is one, else the image's ID).
type Image struct {
	Reference string
	Digest    string
	SizeBytes int64
	Processes []Process // what the source declares; web alone when it says nothing
	Ports     []int     // tcp ports the image exposes, ascending
}

// Step is one step of a build as the builder knows it. It is reported once
// when it starts and again when it ends; the ID is the same.
type Step struct {
	ID       string
	Name     string // "[2/4] RUN go build ./…", on one line
	Started  time.Time
	Ended    time.Time // zero while it runs
	Cached   bool
	Error    string
	Internal bool // housekeeping that a person need not see
}

// Progress hears how a build goes. Its methods are called from one goroutine
// at a time and must not block for long.
type Progress interface {
	Say(format string, args ...any)          // a sentence from the builder itself: what was chosen and why
	Step(step Step)                          // a step began or ended
	Output(stepID, text string, stderr bool) // one line of a step's output, without its newline, ANSI kept
}

// Builder is one way to make an image. Implementations hold no state between
// calls and may be used concurrently.
type Builder interface {
	// Name is the word used in settings, slipway.yaml and logs.
	Name() string

	// Detect says whether the source can be built this way and, either way,
	// why, in words that complete "…: " in the build log. It reads little and
	// runs nothing of the source's.
	Detect(ctx context.Context, src Source, opts Options) (Detection, error)

	// Build makes the image and gives it req.Tag. When ctx is cancelled it
	// returns only once the build process has really stopped. A failure that
	// is the source's fault is a *Failure.
	Build(ctx context.Context, req Request, progress Progress) (Image, error)
}

// Detection is a Builder's opinion of a source.
type Detection struct {
	OK     bool
	Reason string // "Dockerfile found at Dockerfile" or what would make it buildable
}

// Failure is a build that failed through the source's own fault: a step that
// exited non-zero, a Dockerfile that does not parse. Message is safe to show.
type Failure struct {
	Message string
	StepID  string // the step that failed, "" if none
	Err     error
}

// Error gives the message.
func (f *Failure) Error() string { return f.Message }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }
