package git

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/failpoint"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/git/hook"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// receive does what a push asks for while git waits. A nil error lets git move
// the refs.
func (s *Server) receive(ctx context.Context, p *push, req hook.Request, out *logs.Terminal) error {
	updates, err := parseUpdates(req.Updates)
	if err != nil {
		return err
	}
	tracked := ""
	if p.app != nil {
		tracked = p.app.Branch
	}
	decided, err := decide(tracked, updates)
	if err != nil {
		return err
	}
	if err := s.recheck(ctx, p); err != nil { // its objects may have been long on the way
		return err
	}
	if decided.deploy == nil {
		if p.app == nil {
			return models.Invalid("ref", "there is no app %s yet; push a branch to make it", p.name)
		}
		say(out, decided.notes)
		return nil
	}
	env, err := quarantine(p.repository, req.Quarantine)
	if err != nil {
		return err
	}
	if err := s.await(ctx, p, decided, out); err != nil {
		return err
	}
	submission := pipeline.Submission{Trigger: models.TriggerPush, SourceRef: decided.branch, Commit: decided.deploy.new}
	if submission.CommitMessage, err = s.subject(ctx, p.repository, decided.deploy.new, env); err != nil {
		return err
	}
	if submission.SourceID, _, err = s.Sources.SaveGit(ctx, p.repository, decided.deploy.new, env); err != nil {
		return err
	}
	failpoint.Hit("push.source-kept")
	d, err := s.acknowledge(ctx, p, decided, submission, out)
	if err != nil {
		s.Deployments.DropSources([]string{submission.SourceID})
		return err
	}
	failpoint.Hit("push.acknowledged")
	say(out, decided.notes)
	err = s.follow(ctx, p, d, out)
	failpoint.Hit("push.before-answer")
	return err
}

// await lets pushes that deploy go one after the other: git moves a branch only
// if it is where the push saw it, so of two that overlap the second would be
// refused after its deployment is live.
func (s *Server) await(ctx context.Context, p *push, decided plan, out *logs.Terminal) error {
	unlock, err := lock(ctx, p.repository, func() {
		out.Say("Waiting for another push to %s to end", p.name)
	})
	if err != nil {
		return err
	}
	p.unlock = unlock

	// git's own check comes too late, hence the look now.
	now, err := s.run(ctx, nil, "--git-dir="+p.repository, "for-each-ref", "--format=%(objectname)", "--", decided.deploy.ref)
	if err != nil {
		return err
	}
	if at := strings.TrimSpace(string(now)); at != decided.deploy.old && (at != "" || !isZero(decided.deploy.old)) {
		return models.Errorf(models.KindConflict, "%s was changed by another push in the meantime; fetch it, or push again", decided.branch)
	}
	return nil
}

// acknowledge makes the app if there is none, and writes the deployment down.
// What it does it does to the end, also when the pusher leaves in the middle.
func (s *Server) acknowledge(ctx context.Context, p *push, decided plan, submission pipeline.Submission, out *logs.Terminal) (*models.Deployment, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := s.recheck(ctx, p); err != nil { // it may have waited long for another push
		return nil, err
	}
	if p.app == nil {
		if err := s.create(ctx, p, out); err != nil {
			return nil, err
		}
	}
	if p.app.Branch == "" {
		tracked, err := s.Apps.Track(ctx, p.actor, p.app.ID, decided.branch)
		if err != nil {
			return nil, err
		}
		if tracked != decided.branch {
			return nil, models.Errorf(models.KindConflict, "%s is the branch that deploys since a moment ago; push again", tracked)
		}
		out.Say("%s is now the branch that deploys", tracked)
	}
	if err := s.point(ctx, p.repository, decided.branch); err != nil {
		return nil, err
	}
	d, err := s.Deployments.Submit(ctx, p.actor, p.app, submission)
	if err != nil {
		return nil, err
	}
	s.Logger.Info("push acknowledged", "app", p.app.ID, "deployment", d.ID, "number", d.Number, "commit", submission.Commit)
	out.Say("Deployment #%d of %s: %.7s %s", d.Number, p.app.Name, submission.Commit, submission.CommitMessage)
	return d, nil
}

// create makes the app that a push is for, and gives it the repository.
func (s *Server) create(ctx context.Context, p *push, out *logs.Terminal) error {
	app, created, err := s.Apps.ForPush(ctx, p.actor, p.name)
	if err != nil {
		return err
	}
	if !created {
		return models.Errorf(models.KindConflict, "%s was made by somebody else at the same moment; push again", p.name)
	}
	failpoint.Hit("push.app-made")
	out.Say("Created app %s", app.Name)
	if err := s.adopt(p.repository, app.ID); err != nil {
		return models.Wrap(err, models.KindConflict, "somebody else pushed to %s at the same moment; push again", p.name)
	}
	p.app = app
	return nil
}

func say(out *logs.Terminal, notes []string) {
	for _, note := range notes {
		out.Say("%s", note)
	}
}
