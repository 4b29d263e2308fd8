package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
)

// build turns the deployment's source into an image and writes the build's row.
// When ctx is cancelled it returns only after the builder has stopped.
func (p *Pipeline) build(ctx context.Context, app *models.App, d *models.Deployment, j *journal) error {
	row := &models.Build{AppID: app.ID, DeploymentID: d.ID, SourceID: d.SourceID}
	if err := p.awaitSlot(ctx, app, d, row, j); err != nil {
		return p.buildEnded(ctx, d, row, err, j)
	}
	if p.Room != nil {
		if err := p.Room(ctx); err != nil {
			return p.buildEnded(ctx, d, row, err, j)
		}
	}
	ctx, stop := context.WithDeadlineCause(ctx, *d.PhaseDeadline, errBuildTimeout)
	defer stop()
	failpoint.Hit("build.before")
	image, err := p.outlastEngine(ctx, app, d, row, j)
	switch {
	case err == nil || !errors.Is(context.Cause(ctx), errBuildTimeout):
	case errors.Is(err, errEngineAway):
		err = models.Wrap(err, models.KindUnavailable, "the container engine was not back within the %s that the build had", p.Settings.BuildTimeout)
	default:
		err = models.Errorf(models.KindTimeout, "the build did not end within %s", p.Settings.BuildTimeout)
	}
	failpoint.Hit("build.after")
	if err == nil {
		row.State, row.Image, row.Digest, row.ImageSize = models.BuildSucceeded, image.Reference, image.Digest, image.SizeBytes
		row.Processes = processes(image, j)
		if image.SizeBytes > 0 {
			j.Say("Image %s, %.1f MB", short(image.Digest), float64(image.SizeBytes)/1e6)
		}
	}
	return p.buildEnded(ctx, d, row, err, j)
}

// outlastEngine is makeImage. An engine that is away is waited for, see outage; a
// build that has begun has shown a step.
func (p *Pipeline) outlastEngine(ctx context.Context, app *models.App, d *models.Deployment, row *models.Build, j *journal) (builder.Image, error) {
	away := &outage{pipeline: p, app: app, d: d, j: j, answers: p.buildsAnswers(app)}
	for {
		steps := j.steps.Load()
		image, err := p.makeImage(ctx, app, d, row, j)
		if err == nil {
			return image, nil
		}
		if again, err := away.over(ctx, j.steps.Load() > steps, p.blame(ctx, app, err)); !again {
			return builder.Image{}, err
		}
	}
}

// blame gives what a build failed of: an engine that is stopping ends its steps,
// and says of them that they failed.
func (p *Pipeline) blame(ctx context.Context, app *models.App, err error) error {
	var failure *builder.Failure
	if !errors.As(err, &failure) || failure.StepID == "" || ctx.Err() != nil {
		return err
	}
	if gone := p.buildsAnswers(app)(ctx); engineAway(gone) {
		return fmt.Errorf("%w: %v", builder.ErrUnavailable, err) // not a Failure any more
	}
	return err
}

// buildEnded writes how a build ended, and gives why the deployment cannot go on.
func (p *Pipeline) buildEnded(ctx context.Context, d *models.Deployment, row *models.Build, err error, j *journal) error {
	ending, stop := lastly(ctx)
	defer stop()
	switch {
	case err == nil:
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errBuildTimeout):
		row.State = models.BuildCancelled
	default:
		row.State, row.Error = models.BuildFailed, j.clean(storable(p.explain(d, err), maxReason))
	}
	if written := persist(ending, func() error { return p.Store.FinishBuild(ending, d, row) }); written != nil && err == nil {
		err = written
	}
	p.slots.freed()
	return err
}

var errBuildTimeout = errors.New("the build took too long")

func (p *Pipeline) workDir() string { return filepath.Join(p.Settings.DataDir, "work") }

// sweepWork removes what builds of an earlier life of this server left unpacked.
func (p *Pipeline) sweepWork() { _ = os.RemoveAll(p.workDir()) }

func (p *Pipeline) makeImage(ctx context.Context, app *models.App, d *models.Deployment, row *models.Build, j *journal) (builder.Image, error) {
	dir := filepath.Join(p.workDir(), d.ID)
	if err := os.MkdirAll(p.workDir(), 0o700); err != nil {
		return builder.Image{}, diskOr(err, models.KindUnavailable, "the source cannot be unpacked")
	}
	_ = os.RemoveAll(dir)
	defer func() { _ = os.RemoveAll(dir) }()

	options := builder.Options{Builder: app.Builder, Dockerfile: app.Dockerfile}
	switch d.Trigger {
	case models.TriggerImage:
		options = builder.Options{Builder: "image", ImageRef: d.ImageRef}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return builder.Image{}, err
		}
	case models.TriggerGit, models.TriggerWebhook:
		if err := p.fetch(ctx, app, d, row, j); err != nil {
			return builder.Image{}, err
		}
		fallthrough
	default:
		if err := p.sources.unpack(ctx, d.SourceID, dir); err != nil {
			return builder.Image{}, err
		}
	}

	src := builder.Source{Dir: dir, Commit: d.Commit}
	chosen, err := builder.Select(ctx, p.Builders, src, options, j)
	if err != nil {
		return builder.Image{}, err
	}
	row.Builder = chosen.Name()
	vars, err := p.config(ctx, p.Store, app.ID)
	if err != nil {
		return builder.Image{}, err
	}
	j.hide(vars)
	secrets := make(map[string][]byte, len(vars))
	for key, value := range vars {
		secrets[key] = []byte(value)
	}
	return chosen.Build(ctx, builder.Request{
		Source:   src,
		Options:  options,
		Tag:      p.imageTag(app, d.ID),
		Labels:   map[string]string{"slipway.installation": p.Settings.Installation, "slipway.app": app.ID},
		CacheKey: app.ID,
		Secrets:  secrets,
	}, j)
}

// fetch takes a snapshot of the app's git URL as it is now, whatever the
// webhook said it was, and notes the commit.
func (p *Pipeline) fetch(ctx context.Context, app *models.App, d *models.Deployment, row *models.Build, j *journal) error {
	if d.SourceID != "" && p.sources.Has(ctx, d.SourceID) {
		return nil // taken before this server took the deployment over
	}
	if app.SourceURL == "" {
		return models.Errorf(models.KindFailed, "%s has no git URL to deploy from", app.Name)
	}
	credential, err := p.openCredential(app)
	if err != nil {
		return err
	}
	ref := cmp.Or(d.SourceRef, app.Branch)
	j.Say("Fetching %s from %s", cmp.Or(ref, "the default branch"), app.SourceURL)
	repository := filepath.Join(p.workDir(), d.ID+"-fetch")
	_ = os.RemoveAll(repository)
	defer func() { _ = os.RemoveAll(repository) }()
	fetched, err := source.Fetch(ctx, source.FetchRequest{
		URL: app.SourceURL, Ref: ref, Credential: credential, Dir: repository,
		AllowFile: p.Settings.AllowFileSources, MaxBytes: p.Settings.MaxSourceBytes,
		KnownHosts: filepath.Join(p.Settings.DataDir, "known_hosts"),
	})
	if err != nil {
		return sourceError(err)
	}
	id, _, err := p.sources.SaveGit(ctx, repository, fetched.Commit, nil)
	if err != nil {
		return err
	}
	d.SourceID, row.SourceID = id, id
	d.Commit, d.CommitMessage = fetched.Commit, firstLine(fetched.Subject)
	j.Say("Commit %s %s", short(d.Commit), d.CommitMessage)
	return p.save(ctx, d)
}

// defaultPort is what a web process is told to listen on when neither the app
// nor its image says.
const defaultPort = 8080

// processes settles what an image runs and on which port.
func processes(image builder.Image, j *journal) []models.Process {
	var out []models.Process
	for _, declared := range image.Processes {
		process := models.Process{Name: declared.Name, Command: declared.Command, Port: declared.Port, HealthPath: declared.HealthPath}
		if process.Name == models.WebProcess && process.Port == 0 {
			process.Port = exposed(image.Ports, j)
		}
		out = append(out, process)
	}
	if len(out) == 0 {
		out = append(out, models.Process{Name: models.WebProcess, Port: exposed(image.Ports, j)})
	}
	return out
}

func exposed(ports []int, j *journal) int {
	switch {
	case len(ports) == 0:
		return defaultPort
	case len(ports) == 1:
		return ports[0]
	}
	// Of several, the usual one for HTTP if it is there.
	chosen := ports[0]
	for _, usual := range []int{8080, 80, 3000, 8000, 5000} {
		if slices.Contains(ports, usual) {
			chosen = usual
			break
		}
	}
	j.Say("The image exposes ports %v; requests go to %d. Set the app's port to choose another.", ports, chosen)
	return chosen
}

func short(digest string) string {
	if len(digest) > 7 && digest[:7] == "sha256:" {
		digest = digest[7:]
	}
	return digest[:min(12, len(digest))]
}
