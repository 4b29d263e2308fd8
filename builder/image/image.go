// Package image takes an image that was made elsewhere.
package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/distribution/reference"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/errdefs"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

// Engine is what a Builder needs of the container engine. The Docker SDK's
// client has it.
type Engine interface {
	ImageInspect(ctx context.Context, ref string, opts ...client.ImageInspectOption) (dockerimage.InspectResponse, error)
	ImagePull(ctx context.Context, ref string, opts dockerimage.PullOptions) (io.ReadCloser, error)
	ImageTag(ctx context.Context, source, target string) error
}

// Builder resolves references to images. It is safe for concurrent use.
type Builder struct {
	engine Engine
}

// New makes a Builder over an engine.
func New(engine Engine) *Builder { return &Builder{engine: engine} }

// Name is "image".
func (b *Builder) Name() string { return "image" }

// Detect looks whether the app's settings name an image.
func (b *Builder) Detect(_ context.Context, _ builder.Source, opts builder.Options) (builder.Detection, error) {
	if opts.ImageRef == "" {
		return builder.Detection{Reason: "name an image in the app's settings, such as registry.example.com/team/app:1.2"}, nil
	}
	if _, err := parse(opts.ImageRef); err != nil {
		return builder.Detection{Reason: err.Error()}, nil
	}
	return builder.Detection{OK: true, Reason: "it names the image " + opts.ImageRef}, nil
}

// Build finds out what the reference stands for now. An image that the engine
// once got from a registry is asked for again, and the one on the engine is
// used if that fails; one that was made on the engine is never looked for
// elsewhere, where a stranger may have taken its name. The result is pinned:
// its digest stays the same whatever becomes of the name. It carries req.Tag,
// so that it counts as used; labels cannot be put on it.
func (b *Builder) Build(ctx context.Context, req builder.Request, progress builder.Progress) (builder.Image, error) {
	named, err := parse(req.Options.ImageRef)
	if err != nil {
		return builder.Image{}, err
	}
	plan := builder.Plan{}
	if req.Source.Dir != "" {
		if plan, err = builder.ReadPlan(req.Source.Dir); err != nil {
			return builder.Image{}, err
		}
	}
	ref := reference.TagNameOnly(named).String()
	found, err := b.find(ctx, named, ref, progress)
	if err != nil {
		return builder.Image{}, err
	}
	if limit := int64(req.MaxImageMB) << 20; limit > 0 && found.Size > limit {
		return builder.Image{}, &builder.Failure{Message: fmt.Sprintf("the image %s has %d MB, and the limit is %d MB", req.Options.ImageRef, found.Size>>20, req.MaxImageMB)}
	}
	if err := b.engine.ImageTag(ctx, found.ID, req.Tag); err != nil {
		return builder.Image{}, fmt.Errorf("tag %s: %w", ref, buildkit.EngineError(err))
	}
	made := builder.Image{
		Reference: req.Tag,
		Digest:    digestOf(named, found),
		SizeBytes: found.Size,
		Ports:     buildkit.Ports(found),
		Processes: plan.ProcessesOrWeb(),
	}
	progress.Say("%s is %s", req.Options.ImageRef, made.Digest)
	return made, nil
}

func parse(ref string) (reference.Named, error) {
	if ref == "" {
		return nil, &builder.Failure{Message: "the app's settings name no image"}
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil || len(ref) > 500 {
		return nil, badReference(ref, err)
	}
	return named, nil
}

func badReference(ref string, err error) *builder.Failure {
	return &builder.Failure{Message: fmt.Sprintf("image reference %.80q: write it as registry/name:tag or registry/name@sha256:…, in lower case", ref), Err: err}
}

func (b *Builder) find(ctx context.Context, named reference.Named, ref string, progress builder.Progress) (dockerimage.InspectResponse, error) {
	local, err := b.engine.ImageInspect(ctx, ref)
	there := err == nil
	if errdefs.IsInvalidParameter(err) {
		return local, badReference(ref, err)
	}
	if err != nil && !client.IsErrNotFound(err) {
		return local, engineOr(ctx, err)
	}
	if _, pinned := named.(reference.Digested); there && (pinned || len(local.RepoDigests) == 0) {
		progress.Say("%s is on the engine already", ref)
		return local, nil
	}
	pullErr := b.pull(ctx, ref, progress)
	switch {
	case pullErr == nil:
		pulled, err := b.engine.ImageInspect(ctx, ref)
		return pulled, engineOr(ctx, err)
	case ctx.Err() != nil || errors.Is(pullErr, builder.ErrUnavailable):
		return local, pullErr
	case there:
		progress.Say("%s cannot be pulled (%s): using the one on the engine", ref, reasonOf(pullErr))
		return local, nil
	}
	return local, &builder.Failure{
		Message: fmt.Sprintf("the image %s is neither on the engine nor could it be pulled: %s", reference.FamiliarString(named), reasonOf(pullErr)),
		StepID:  pullStep, Err: pullErr,
	}
}

const pullStep = "pull"

// pull pulls an image as one step, its layers as lines. The engine goes on by
// layer and not by image, so when ctx ends closing the stream ends the pull.
func (b *Builder) pull(ctx context.Context, ref string, progress builder.Progress) (err error) {
	step := builder.Step{ID: pullStep, Name: "pull " + ref, Started: time.Now()}
	progress.Step(step)
	defer func() {
		step.Ended = time.Now()
		if err != nil {
			step.Error = reasonOf(err)
		}
		progress.Step(step)
	}()
	stream, err := b.engine.ImagePull(ctx, ref, dockerimage.PullOptions{})
	if err != nil {
		return engineOr(ctx, err)
	}
	defer func() { _ = stream.Close() }()
	messages := json.NewDecoder(stream)
	for {
		var message struct {
			ID       string `json:"id"`
			Status   string `json:"status"`
			Progress *struct {
				Total int64 `json:"total"`
			} `json:"progressDetail"`
			Error string `json:"error"`
		}
		err := messages.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return ctx.Err()
		case err != nil:
			return engineOr(ctx, fmt.Errorf("%w: %w", builder.ErrUnavailable, err))
		case message.Error != "":
			return errors.New(message.Error)
		case message.Progress != nil && message.Progress.Total > 0:
			continue // a bar that moves; its end comes as a message of its own
		case message.ID != "":
			progress.Output(pullStep, message.ID+": "+message.Status, false)
		default:
			progress.Output(pullStep, message.Status, false)
		}
	}
}

func engineOr(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return buildkit.EngineError(err)
}

// reasonOf takes the engine's own wrapping off.
func reasonOf(err error) string {
	return strings.TrimPrefix(err.Error(), "Error response from daemon: ")
}

// digestOf prefers the digest under which the registry has the image: that one
// names it on every other engine too.
func digestOf(named reference.Named, found dockerimage.InspectResponse) string {
	for _, repoDigest := range found.RepoDigests {
		other, err := reference.ParseNormalizedNamed(repoDigest)
		if err != nil || other.Name() != named.Name() {
			continue
		}
		if digested, ok := other.(reference.Digested); ok {
			return digested.Digest().String()
		}
	}
	return found.ID
}
