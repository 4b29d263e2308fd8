// Package static builds sites of plain files: an image made from nothing that
// holds the files and a small file server.
package static

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

// Port is where the file server listens unless PORT says otherwise.
const Port = 8080

// places are where a site is looked for when nobody says, in this order.
var places = []string{".", "public", "dist", "build", "_site", "out", "site", "www"}

// Builder builds static sites. It is safe for concurrent use.
type Builder struct {
	solver     *buildkit.Solver
	fileserver func() ([]byte, error)
}

// New makes a Builder. fileserver gives the program cmd/slipway-static, linked
// statically for the engine's platform; it is asked for each build, so that
// nobody need hold it in memory between two.
func New(solver *buildkit.Solver, fileserver func() ([]byte, error)) *Builder {
	return &Builder{solver: solver, fileserver: fileserver}
}

// Name is "static".
func (b *Builder) Name() string { return "static" }

// Detect looks for an index.html at the root or in one of the usual places,
// unless slipway.yaml names the folder.
func (b *Builder) Detect(_ context.Context, src builder.Source, _ builder.Options) (builder.Detection, error) {
	plan, err := builder.ReadPlan(src.Dir)
	if err != nil {
		return builder.Detection{}, err
	}
	dir, reason, err := locate(src.Dir, plan)
	if err != nil {
		return builder.Detection{}, err
	}
	return builder.Detection{OK: dir != "", Reason: reason}, nil
}

// locate gives the folder to serve, relative to the source, or "" and what
// would make one.
func locate(src string, plan builder.Plan) (dir, reason string, err error) {
	if src == "" {
		return "", "the app has no source to look for an index.html in", nil
	}
	root, err := os.OpenRoot(src)
	if err != nil {
		return "", "", fmt.Errorf("open the source: %w", err)
	}
	defer func() { _ = root.Close() }()
	if named := plan.Static.Dir; named != "" {
		info, err := root.Stat(filepath.FromSlash(named))
		if err != nil || !info.IsDir() {
			return "", fmt.Sprintf("slipway.yaml names the folder %s, and there is none in the source", named), nil
		}
		return path.Clean(named), "slipway.yaml names the folder " + named, nil
	}
	built := hasBuildScript(src)
	for _, place := range places {
		info, err := root.Stat(filepath.Join(place, "index.html"))
		if err != nil || !info.Mode().IsRegular() || place == "." && built {
			continue
		}
		return place, "index.html found at " + path.Join(place, "index.html"), nil
	}
	if built {
		return "", "package.json has a build script, and nothing that it built is here: commit the result, " +
			"name its folder in slipway.yaml (static: {dir: …}), or build it in a Dockerfile", nil
	}
	return "", "add an index.html at the root or in public/, or name the folder in slipway.yaml (static: {dir: …})", nil
}

// hasBuildScript says whether an index.html at the root is likely the raw
// material of a bundler rather than a page.
func hasBuildScript(src string) bool {
	data, err := builder.ReadFile(src, "package.json", 1<<20)
	if err != nil {
		return false
	}
	var pkg struct {
		Scripts map[string]any `json:"scripts"`
	}
	return json.Unmarshal(data, &pkg) == nil && pkg.Scripts["build"] != nil
}

const dockerfile = `FROM scratch
COPY slipway-static /slipway-static
COPY srv /srv
USER 65534:65534
EXPOSE 8080
CMD ["/slipway-static"]
`

// Build compresses the files beforehand and makes the image.
func (b *Builder) Build(ctx context.Context, req builder.Request, progress builder.Progress) (builder.Image, error) {
	plan, err := builder.ReadPlan(req.Source.Dir)
	if err != nil {
		return builder.Image{}, err
	}
	dir, reason, err := locate(req.Source.Dir, plan)
	if err != nil {
		return builder.Image{}, err
	}
	if dir == "" {
		return builder.Image{}, &builder.Failure{Message: reason}
	}
	stage, err := os.MkdirTemp("", "slipway-static-")
	if err != nil {
		return builder.Image{}, fmt.Errorf("make room for the site: %w", err)
	}
	defer func() { _ = os.RemoveAll(stage) }()
	if err := b.prepare(ctx, req.Source.Dir, dir, plan.Static, stage, progress); err != nil {
		return builder.Image{}, err
	}
	made, err := b.solver.Build(ctx, buildkit.Job{
		ContextDir:   stage,
		Dockerfile:   []byte(dockerfile),
		Tag:          req.Tag,
		Labels:       req.Labels,
		CacheKey:     req.CacheKey,
		MaxImageSize: int64(req.MaxImageMB) << 20,
	}, progress)
	if err != nil {
		return builder.Image{}, err
	}
	made.Processes = []builder.Process{{Name: "web", Port: Port}}
	for _, process := range plan.Processes {
		if process.Name == "web" && process.HealthPath != "" {
			made.Processes[0].HealthPath = process.HealthPath
		}
	}
	return made, nil
}

const prepareStep = "prepare"

// prepare fills the stage, as a step of the build.
func (b *Builder) prepare(ctx context.Context, src, dir string, plan builder.StaticPlan, stage string, progress builder.Progress) error {
	step := builder.Step{ID: prepareStep, Name: "prepare the files of " + dir, Started: time.Now()}
	progress.Step(step)
	p := &preparation{plan: plan, stage: stage}
	err := p.run(ctx, src, dir)
	if err == nil {
		err = b.putFileServer(filepath.Join(stage, "slipway-static"))
	}
	if err == nil {
		err = setTimes(stage)
	}
	step.Ended = time.Now()
	var failure *builder.Failure
	if errors.As(err, &failure) {
		failure.StepID = prepareStep
	}
	if err != nil {
		step.Error = err.Error()
	} else {
		for _, line := range p.summary() {
			progress.Output(prepareStep, line, false)
		}
	}
	progress.Step(step)
	return err
}

// setTimes gives every file the same time, so that a file that has not changed
// is the same to the engine as in the last build.
func setTimes(stage string) error {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return filepath.WalkDir(stage, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, at, at)
	})
}

func (b *Builder) putFileServer(path string) error {
	program, err := b.fileserver()
	if err != nil {
		return err
	}
	return os.WriteFile(path, program, 0o755)
}
