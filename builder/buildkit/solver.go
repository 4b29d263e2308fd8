// Package buildkit runs builds on the BuildKit that a container engine has
// inside, reached through the engine's own socket. It is what the builders
// that make images share.
package buildkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/slipway-paas/slipway/builder"
)

// Engine is what a Solver needs of the container engine. The Docker SDK's
// client has it, with API version negotiation switched on.
type Engine interface {
	DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error)
	ImageInspect(ctx context.Context, ref string, opts ...client.ImageInspectOption) (image.InspectResponse, error)
	ImageRemove(ctx context.Context, ref string, opts image.RemoveOptions) ([]image.DeleteResponse, error)
}

// Solver runs builds. It holds no state between them and is safe for
// concurrent use.
type Solver struct {
	engine Engine
	log    *slog.Logger
}

// New makes a Solver over an engine.
func New(engine Engine, log *slog.Logger) *Solver {
	return &Solver{engine: engine, log: log}
}

// Job is one build from a Dockerfile.
type Job struct {
	ContextDir   string            // absolute; what COPY and ADD see
	Dockerfile   []byte            // its text
	Ignore       []byte            // text of a .dockerignore of its own, nil for the context's
	Tag          string            // reference to give the image
	Labels       map[string]string // to put on the image
	BuildArgs    map[string]string // visible in the image's history
	Secrets      map[string][]byte // by id, for RUN --mount=type=secret
	CacheKey     string            // separates cache mounts; jobs with the same key share them
	MaxImageSize int64             // bytes; 0 for no limit
}

// The time that an engine has to stop a build and to answer about its result.
// Beyond it something is wrong with the engine, and waiting does not help.
const (
	stopTimeout    = 30 * time.Second
	inspectTimeout = 10 * time.Second
)

// Build runs a job and tells progress of its steps. It returns the image with
// its ID as digest, its size and its ports.
//
// When ctx ends it returns ctx's error, and only once the engine has stopped
// the build and the tag is gone. What the source is to blame for is a
// *builder.Failure; an engine that is away is in errors.Is a
// builder.ErrUnavailable.
func (s *Solver) Build(ctx context.Context, job Job, progress builder.Progress) (builder.Image, error) {
	if _, err := reference.ParseNormalizedNamed(job.Tag); err != nil {
		return builder.Image{}, fmt.Errorf("image tag %q: %w", job.Tag, err)
	}
	if err := ctx.Err(); err != nil {
		return builder.Image{}, err
	}
	exported, err := s.solve(ctx, job, progress)
	if err != nil {
		if ctx.Err() != nil {
			return builder.Image{}, errors.Join(ctx.Err(), notStopped(err))
		}
		return builder.Image{}, err
	}
	made, err := s.inspect(ctx, job.Tag, exported["containerimage.digest"])
	if err != nil {
		s.untag(ctx, job.Tag)
		return builder.Image{}, err
	}
	if job.MaxImageSize > 0 && made.SizeBytes > job.MaxImageSize {
		s.untag(ctx, job.Tag)
		return builder.Image{}, &builder.Failure{Message: fmt.Sprintf(
			"the image has %d MB, and the limit is %d MB; leave out what only the build needs, with a second stage or a .dockerignore",
			made.SizeBytes>>20, job.MaxImageSize>>20)}
	}
	return made, nil
}

// solve runs the job over a connection of its own, so that one build's stream
// of output never holds up another's.
func (s *Solver) solve(ctx context.Context, job Job, progress builder.Progress) (map[string]string, error) {
	conn, err := s.connect()
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	sess, err := s.openSession(ctx, job)
	if err != nil {
		return nil, err
	}
	defer sess.close()

	control := controlapi.NewControlClient(conn)
	ref := identity.NewID()
	steps := newSteps(progress)
	// The stream of statuses ends when the engine has let go of the build. It
	// must outlive ctx: its end is how the end of a cancelled build is seen.
	watchCtx, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	watched := make(chan error, 1)
	go func() { watched <- steps.follow(watchCtx, control, ref) }()

	response, err := control.Solve(ctx, &controlapi.SolveRequest{
		Ref:                     ref,
		Session:                 sess.id(),
		Frontend:                "dockerfile.v0",
		FrontendAttrs:           frontendAttrs(job),
		ExporterDeprecated:      "moby",
		ExporterAttrsDeprecated: map[string]string{"name": job.Tag},
		Exporters:               []*controlapi.Exporter{{Type: "moby", Attrs: map[string]string{"name": job.Tag}}},
	})
	stopErr := awaitStop(watched, stopWatching)
	if err != nil {
		if ctx.Err() != nil {
			s.untag(ctx, job.Tag) // the end may have come just after the export
		}
		return nil, errors.Join(explain(err, steps.failed(), job), stopErr)
	}
	if stopErr != nil {
		s.log.Warn("the build's progress did not end with the build", "err", stopErr)
	}
	return response.GetExporterResponse(), nil
}

// errNotStopped says that an engine did not stop a build in time.
var errNotStopped = fmt.Errorf("%w within %s", builder.ErrNotStopped, stopTimeout)

func notStopped(err error) error {
	if errors.Is(err, errNotStopped) {
		return errNotStopped
	}
	return nil
}

func awaitStop(watched <-chan error, stopWatching func()) error {
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case err := <-watched:
		return err
	case <-timeout.C:
		stopWatching()
		<-watched // no progress may be told after Build has returned
		return errNotStopped
	}
}

func (s *Solver) connect() (*grpc.ClientConn, error) {
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		return s.engine.DialHijack(ctx, "/grpc", "h2c", nil)
	}
	return grpc.NewClient("passthrough:///engine",
		grpc.WithContextDialer(dial),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20), grpc.MaxCallSendMsgSize(16<<20)))
}

// untag removes a tag, and with it an image that has no other, whatever has
// become of ctx. It is a clean-up: failing is logged and not more.
func (s *Solver) untag(ctx context.Context, tag string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), inspectTimeout)
	defer cancel()
	_, err := s.engine.ImageRemove(ctx, tag, image.RemoveOptions{PruneChildren: true})
	if err != nil && !client.IsErrNotFound(err) {
		s.log.Warn("cannot remove the image of a build that failed", "image", tag, "err", err)
	}
}
