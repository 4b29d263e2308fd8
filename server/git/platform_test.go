package git_test

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/git"
	"github.com/slipway-paas/slipway/server/logs"
)

// platform stands in for everything behind the git door, in memory. It
// "deploys" a source by looking into it: a file named FAIL fails with its text
// as the reason, one named HOLD waits until the test lets it go, and everything
// else goes live.
type platform struct {
	dir string

	mu          sync.Mutex
	changed     *sync.Cond
	tokens      map[string]models.Actor
	apps        map[string]*models.App
	deployments []*models.Deployment
	streams     map[string][]logs.Line
	held        bool
	stopped     bool
}

func newPlatform(dir string) *platform {
	p := &platform{dir: dir, tokens: map[string]models.Actor{}, apps: map[string]*models.App{}, streams: map[string][]logs.Line{}, held: true}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *platform) token(secret, user string, scopes ...models.Scope) {
	p.tokens[secret] = models.Actor{UserID: user, Email: user + "@example.com", Role: models.RoleMember, Scopes: scopes}
}

func (p *platform) Authenticate(_ context.Context, token, _ string) (models.Actor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token == "slw_hasty" {
		return models.Actor{}, &models.Error{Kind: models.KindRateLimited, Message: "too many wrong tokens; wait a minute", RetryAfter: time.Minute}
	}
	actor, ok := p.tokens[token]
	if !ok {
		return models.Actor{}, models.Errorf(models.KindUnauthenticated, "this API token is wrong, revoked or expired")
	}
	return actor, nil
}

func (p *platform) Find(_ context.Context, actor models.Actor, name string) (*models.App, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	app, ok := p.apps[name]
	if !ok || app.OwnerID != actor.UserID {
		return nil, models.NotFound("app", name)
	}
	seen := *app
	return &seen, nil
}

func (p *platform) ForPush(ctx context.Context, actor models.Actor, name string) (*models.App, bool, error) {
	if app, err := p.Find(ctx, actor, name); err == nil {
		return app, false, nil
	}
	app, err := p.create(actor.UserID, name, "")
	return app, err == nil, err
}

func (p *platform) create(owner, name, branch string) (*models.App, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.apps[name] != nil {
		return nil, models.Errorf(models.KindConflict, "the app name %s is taken", name)
	}
	app := &models.App{ID: models.NewID(), Name: name, OwnerID: owner, Branch: branch}
	p.apps[name] = app
	made := *app
	return &made, nil
}

func (p *platform) Track(_ context.Context, _ models.Actor, appID, branch string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, app := range p.apps {
		if app.ID == appID {
			if app.Branch == "" {
				app.Branch = branch
			}
			return app.Branch, nil
		}
	}
	return "", models.NotFound("app", appID)
}

func (p *platform) SaveGit(ctx context.Context, repository, commit string, env []string) (string, int64, error) {
	id := models.NewID()
	cmd := exec.CommandContext(ctx, "git", "--git-dir="+repository, "archive", "--format=tar", "--output="+filepath.Join(p.dir, id), commit)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("%w: %s", err, out)
	}
	return id, 0, nil
}

// files gives the content of a stored source.
func (p *platform) files(id string) (map[string]string, error) {
	file, err := os.Open(filepath.Join(p.dir, id))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	files := map[string]string{}
	for in := tar.NewReader(file); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		files[head.Name] = strings.TrimSpace(string(content))
	}
}

func (p *platform) Submit(_ context.Context, actor models.Actor, app *models.App, s git.Submission) (*models.Deployment, error) {
	files, err := p.files(s.SourceID)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d := &models.Deployment{
		ID: models.NewID(), AppID: app.ID, Number: 1, Trigger: s.Trigger, State: models.DeploymentQueued, SourceID: s.SourceID,
		SourceRef: s.SourceRef, Commit: s.Commit, CommitMessage: s.CommitMessage, CreatedBy: actor.Email, CreatedAt: time.Now(),
	}
	for _, other := range p.deployments {
		if other.AppID == app.ID {
			d.Number++
		}
	}
	p.deployments = append(p.deployments, d)
	go p.deploy(d, files)
	given := *d
	return &given, nil
}

func (p *platform) deploy(d *models.Deployment, files map[string]string) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	p.say(d, logs.Line{Source: logs.SourceSlipway, Text: "Looking at " + strings.Join(names, ", ")})
	p.say(d, logs.Line{Source: logs.SourceBuild, Step: &logs.Step{ID: "1", Name: "COPY . .", Status: "running"}})
	p.say(d, logs.Line{Source: logs.SourceBuild, StepID: "1", Text: "copying"})
	p.say(d, logs.Line{Source: logs.SourceBuild, Step: &logs.Step{ID: "1", Name: "COPY . .", Status: "done", DurationMS: 12}})

	_, hold := files["HOLD"]
	p.mu.Lock()
	for hold && p.held && !p.stopped {
		p.changed.Wait()
	}
	p.mu.Unlock()
	state, reason := models.DeploymentSucceeded, ""
	if why, fails := files["FAIL"]; fails {
		state, reason = models.DeploymentFailed, why
		p.say(d, logs.Line{Source: logs.SourceApp, Process: "web", Instance: "hello.web.v1.1", Text: "panic: out of luck"})
	}
	p.say(d, logs.Line{Source: logs.SourceSlipway, State: string(state), Text: string(state)})
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	d.State, d.Reason, d.FinishedAt = state, reason, &now
	if state == models.DeploymentSucceeded {
		d.Release = d.Number
	}
	p.changed.Broadcast()
}

func (p *platform) say(d *models.Deployment, line logs.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stream := logs.DeploymentStream(d.ID)
	line.Seq, line.Time = int64(len(p.streams[stream])+1), time.Now()
	p.streams[stream] = append(p.streams[stream], line)
	p.changed.Broadcast()
}

// wait waits until found gives true, which it asks with the lock held.
func (p *platform) wait(ctx context.Context, found func() bool) error {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	for !found() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.changed.Wait()
	}
	return nil
}

func (p *platform) Done(ctx context.Context, _ models.Actor, id string) (*models.Deployment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var end models.Deployment
	err := p.wait(ctx, func() bool {
		i := slices.IndexFunc(p.deployments, func(d *models.Deployment) bool { return d.ID == id })
		end = *p.deployments[i]
		return end.State.Terminal()
	})
	return &end, err
}

func (p *platform) Follow(ctx context.Context, stream string, after int64, each func([]logs.Line, *logs.Gap) error) error {
	for {
		p.mu.Lock()
		err := p.wait(ctx, func() bool { return int64(len(p.streams[stream])) > after })
		lines := slices.Clone(p.streams[stream][min(after, int64(len(p.streams[stream]))):])
		p.mu.Unlock()
		if err != nil {
			return err
		}
		after += int64(len(lines))
		if err := each(lines, nil); err != nil {
			return err
		}
	}
}
