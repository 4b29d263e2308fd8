package git

import (
	"context"
	"errors"
	"sync"
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
	o := &offer{plan: decided, env: env}
	o.Trigger, o.SourceRef, o.Commit = models.TriggerPush, decided.branch, decided.deploy.new
	if o.CommitMessage, err = s.subject(ctx, p.repository, o.Commit, env); err != nil {
		return err
	}
	if p.kept, err = keepPush(p.repository, req.Quarantine, *decided.deploy); err != nil {
		return models.Wrap(err, models.KindUnavailable, "what is pushed cannot be kept; the server's disk may be full")
	}
	d, err := s.inTurn(ctx, p, o, out)
	if err != nil {
		if o.SourceID != "" && models.KindOf(err) != models.KindUnavailable { // then the deployment may be there all the same
			s.Deployments.DropSources([]string{o.SourceID})
		}
		return err
	}
	failpoint.Hit("push.acknowledged")
	say(out, decided.notes)
	if err := s.follow(ctx, p, d, out); err != nil {
		return err
	}
	if err := s.hasTurn(ctx, p, o); err != nil {
		return err
	}
	failpoint.Hit("push.before-answer")
	return nil
}

// offer is what a push wants to deploy.
type offer struct {
	plan
	pipeline.Submission          // SourceID once its snapshot is kept
	env                 []string // in which git sees its objects
}

// inTurn writes the push's deployment down: when it is its turn, or before, in
// place of the deployment that it would have to wait for.
func (s *Server) inTurn(ctx context.Context, p *push, o *offer, out *logs.Terminal) (*models.Deployment, error) {
	if err := s.unmoved(ctx, p, o); err != nil {
		return nil, err
	}
	wait := sync.OnceFunc(func() { out.Say("Waiting for another push to %s to end", p.name) })
	turn, err := s.lines.queue(ctx, p.repository, wait)
	if err != nil {
		return nil, err
	}
	p.turn = turn
	look, ask := time.NewTicker(lockLook), time.NewTicker(overLook)
	defer look.Stop()
	defer ask.Stop()
	for first := true; ; first = false {
		if come, err := turn.come(); err != nil || come {
			if err != nil {
				return nil, err
			}
			return s.onTurn(ctx, p, o, out)
		}
		wait()
		d, err := s.takeOver(ctx, p, o, out, first, ask.C)
		if d != nil || err != nil {
			return d, err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// overLook is how often who waits looks whether the deployment that it waits for
// can be superseded.
const overLook = 250 * time.Millisecond

// onTurn writes the deployment of a push down whose turn it is.
func (s *Server) onTurn(ctx context.Context, p *push, o *offer, out *logs.Terminal) (*models.Deployment, error) {
	if err := s.unmoved(ctx, p, o); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, p, o); err != nil {
		return nil, err
	}
	o.Over = ""
	d, err := s.acknowledge(ctx, p, o, out)
	if err != nil {
		return nil, err
	}
	// Without its name there, others only wait longer.
	if err := p.turn.note(d.ID); err != nil {
		s.Logger.Warn("a push cannot be superseded by the next", "app", p.app.ID, "deployment", d.ID, "error", err)
	}
	return d, nil
}

// takeOver writes the push's deployment down if it supersedes that of the push
// it waits for; nil when it does not. Both are settled in one transaction, so
// what is superseded never goes live, and the branch stays where it is until
// this push moves it.
func (s *Server) takeOver(ctx context.Context, p *push, o *offer, out *logs.Terminal, now bool, ask <-chan time.Time) (*models.Deployment, error) {
	if !now {
		select {
		case <-ask:
		default:
			return nil, nil
		}
	}
	before := p.turn.before()
	if before == "" || p.app == nil {
		return nil, nil
	}
	if may, err := s.Deployments.MaySupersede(ctx, before); err != nil || !may {
		return nil, nil // a Postgres that is away is waited for like the other push
	}
	if err := s.unmoved(ctx, p, o); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, p, o); err != nil {
		return nil, err
	}
	o.Over = before
	d, err := s.acknowledge(ctx, p, o, out)
	if errors.Is(err, pipeline.ErrKeepsPlace) {
		return nil, nil // it went on meanwhile
	}
	if err != nil {
		return nil, err
	}
	out.Say("It takes the place of the push before, which does not go live")
	p.turn.inherit(ctx, d.ID)
	return d, nil
}

// hasTurn waits, when a push's deployment is live, until git may move the
// branch: the push that it superseded may still be ending.
func (s *Server) hasTurn(ctx context.Context, p *push, o *offer) error {
	if o.Over == "" {
		return nil
	}
	if err := p.turn.inherited(ctx); err != nil {
		return err
	}
	failpoint.Hit("push.turn-taken")
	return s.unmoved(ctx, p, o)
}

// keep takes the snapshot of what is pushed, once.
func (s *Server) keep(ctx context.Context, p *push, o *offer) (err error) {
	if o.SourceID == "" {
		o.SourceID, _, err = s.Sources.SaveGit(ctx, p.repository, o.Commit, o.env)
		failpoint.Hit("push.source-kept")
	}
	return err
}

// unmoved refuses a push if the branch is not where it was when the push began:
// git's own check comes too late, when the deployment is live.
func (s *Server) unmoved(ctx context.Context, p *push, o *offer) error {
	at, err := s.at(ctx, p.repository, o.deploy.ref)
	if err != nil {
		return err
	}
	if at != o.deploy.old && (at != "" || !isZero(o.deploy.old)) {
		return models.Errorf(models.KindConflict, "%s was changed by another push in the meantime; fetch it, or push again", o.branch)
	}
	return nil
}

// acknowledge makes the app if there is none, and writes the deployment down.
// What it does it does to the end, also when the pusher leaves in the middle.
func (s *Server) acknowledge(ctx context.Context, p *push, o *offer, out *logs.Terminal) (*models.Deployment, error) {
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
	if err := s.track(ctx, p, o.branch, out); err != nil {
		return nil, err
	}
	if err := s.point(ctx, p.repository, o.branch); err != nil {
		return nil, err
	}
	d, err := s.Deployments.Submit(ctx, p.actor, p.app, o.Submission)
	if err != nil {
		return nil, err
	}
	s.Logger.Info("push acknowledged", "app", p.app.ID, "deployment", d.ID, "number", d.Number, "commit", o.Commit)
	out.Say("Deployment #%d of %s: %.7s %s", d.Number, p.app.Name, o.Commit, o.CommitMessage)
	return d, nil
}

// track makes branch the one that deploys if none does yet. Another one may by
// now.
func (s *Server) track(ctx context.Context, p *push, branch string, out *logs.Terminal) error {
	tracked := p.app.Branch
	if tracked == "" {
		var err error
		if tracked, err = s.Apps.Track(ctx, p.actor, p.app.ID, branch); err != nil {
			return err
		}
	}
	switch {
	case tracked != branch:
		return models.Errorf(models.KindConflict, "%s is the branch that deploys since a moment ago; push again", tracked)
	case p.app.Branch == "":
		out.Say("%s is now the branch that deploys", tracked)
		p.app.Branch = tracked
	}
	return nil
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
