// Package dockerfile builds sources that bring a Dockerfile.
package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

const (
	defaultName   = "Dockerfile"
	maxDockerfile = 1 << 20 // bytes
)

// Builder builds Dockerfiles. It is safe for concurrent use.
type Builder struct {
	solver *buildkit.Solver
}

// New makes a Builder over the engine's BuildKit.
func New(solver *buildkit.Solver) *Builder { return &Builder{solver: solver} }

// Name is "dockerfile".
func (b *Builder) Name() string { return "dockerfile" }

// Detect looks whether the Dockerfile is there.
func (b *Builder) Detect(_ context.Context, src builder.Source, opts builder.Options) (builder.Detection, error) {
	plan, err := builder.ReadPlan(src.Dir)
	if err != nil {
		return builder.Detection{}, err
	}
	name := pathOf(plan, opts)
	_, err = builder.ReadFile(src.Dir, name, maxDockerfile)
	var failure *builder.Failure
	switch {
	case err == nil:
		return builder.Detection{OK: true, Reason: "Dockerfile found at " + name}, nil
	case errors.Is(err, fs.ErrNotExist):
		return builder.Detection{Reason: missing(name)}, nil
	case errors.As(err, &failure):
		return builder.Detection{Reason: failure.Message}, nil
	}
	return builder.Detection{}, err
}

// Build makes the image as the Dockerfile says. The Dockerfile may lie
// anywhere in the source; the context is always the whole source.
func (b *Builder) Build(ctx context.Context, req builder.Request, progress builder.Progress) (builder.Image, error) {
	plan, err := builder.ReadPlan(req.Source.Dir)
	if err != nil {
		return builder.Image{}, err
	}
	name := pathOf(plan, req.Options)
	text, err := builder.ReadFile(req.Source.Dir, name, maxDockerfile)
	if errors.Is(err, fs.ErrNotExist) {
		return builder.Image{}, &builder.Failure{Message: missing(name)}
	}
	if err != nil {
		return builder.Image{}, err
	}
	// A Dockerfile may have an ignore file of its own beside it.
	ignore, err := builder.ReadFile(req.Source.Dir, name+".dockerignore", maxDockerfile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return builder.Image{}, err
	}
	args := maps.Clone(plan.BuildArgs)
	if args == nil {
		args = map[string]string{}
	}
	maps.Copy(args, req.BuildArgs)
	made, err := b.solver.Build(ctx, buildkit.Job{
		ContextDir:   req.Source.Dir,
		Dockerfile:   text,
		Ignore:       ignore,
		Tag:          req.Tag,
		Labels:       req.Labels,
		BuildArgs:    args,
		Secrets:      req.Secrets,
		CacheKey:     req.CacheKey,
		MaxImageSize: int64(req.MaxImageMB) << 20,
	}, progress)
	if err != nil {
		return builder.Image{}, err
	}
	made.Processes = plan.ProcessesOrWeb()
	return made, nil
}

func pathOf(plan builder.Plan, opts builder.Options) string {
	switch {
	case opts.Dockerfile != "":
		return opts.Dockerfile
	case plan.Dockerfile != "":
		return plan.Dockerfile
	}
	return defaultName
}

func missing(name string) string {
	if name == defaultName {
		return "add a file named Dockerfile at the root of the source, or name another path in the app's settings or in slipway.yaml"
	}
	return fmt.Sprintf("there is no Dockerfile at %s", name)
}
