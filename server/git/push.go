package git

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/git/hook"
)

// push is one git-receive-pack that runs. Its hook's conversation and its HTTP
// request share it.
type push struct {
	id          string // secret: who knows it is this push's hook
	actor       models.Actor
	again       func(context.Context) (models.Actor, error) // authenticates anew
	name        string                                      // the app's
	app         *models.App                                 // nil until the push has made it
	repository  string
	provisional bool // the repository belongs to no app yet

	kept string // folder of what is kept of it, "" for nothing
	goes bool   // its deployment goes on without it because the server stops

	leave func() error  // says that no git runs for this push any more
	turn  *turn         // nil unless it deploys
	over  chan struct{} // nil until the hook has come, closed when it has its answer
}

// advertisePush answers the first request of a push: what there is already. It
// makes nothing, because a client may only be trying.
func (s *Server) advertisePush(w http.ResponseWriter, r *http.Request, actor models.Actor, name string) {
	app, err := s.writable(r.Context(), actor, name)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	repository := s.empty()
	if app != nil && s.repos.Has(app.ID) {
		repository = s.repos.Path(app.ID)
	}
	s.advertise(w, r, receivePack, repository)
}

// writable gives the app that the actor may push to, nil when the push would
// make it.
func (s *Server) writable(ctx context.Context, actor models.Actor, name string) (*models.App, error) {
	if err := actor.Require(models.ScopeDeploy); err != nil {
		return nil, err
	}
	app, err := s.Apps.Find(ctx, actor, name)
	if models.KindOf(err) != models.KindNotFound {
		return app, err
	}
	if err := models.CheckAppName(name); err != nil {
		return nil, err
	}
	if !actor.Can(models.ScopeWrite) {
		return nil, models.Errorf(models.KindNotFound, "no such app: %s, and making it needs a token with the scope %q", name, models.ScopeWrite)
	}
	return nil, nil
}

// recheck refuses a push whose pusher may no longer push: because the token was
// revoked, the account removed or its role changed since the push began.
func (s *Server) recheck(ctx context.Context, p *push) error {
	actor, err := p.again(ctx)
	if err != nil {
		return err
	}
	app, err := s.writable(ctx, actor, p.name)
	if err != nil {
		return err
	}
	if p.app != nil && (app == nil || app.ID != p.app.ID) {
		return models.NotFound("app", p.name)
	}
	p.actor = actor
	if p.app != nil {
		p.app.Branch = app.Branch
	}
	return nil
}

// push answers the request of a push that carries it.
func (s *Server) push(w http.ResponseWriter, r *http.Request, actor models.Actor, name string) {
	app, err := s.writable(r.Context(), actor, name)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	// The pack has a limit of its own, which git explains better; this one is
	// for what else a client might send.
	in, err := body(w, r, int64(s.MaxPushMB)<<20+16<<20)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	again := func(ctx context.Context) (models.Actor, error) { return s.authenticate(r.WithContext(ctx)) }
	p := &push{id: rand.Text(), actor: actor, again: again, name: name, app: app}
	if err := s.open(r.Context(), p); err != nil {
		s.refuseError(w, models.Wrap(err, models.KindUnavailable, "the repository cannot be written; the server's disk may be full"))
		return
	}
	defer s.close(p)
	s.stream(w, r, receivePack, in, []string{
		hook.EnvPush + "=" + p.id,
		hook.EnvSocket + "=" + s.listener.Addr().String(),
	}, "receive-pack", "--stateless-rpc", "--", p.repository)
}

// open gives a push its repository and lets its hook find it.
func (s *Server) open(ctx context.Context, p *push) error {
	var err error
	if p.app == nil {
		p.provisional = true
		p.repository, err = s.provisional(ctx)
	} else {
		p.repository, err = s.ensure(ctx, p.app.ID)
	}
	if err != nil {
		return fmt.Errorf("opening a repository: %w", err)
	}
	if p.leave, err = enter(p.repository); err != nil {
		if p.provisional {
			err = errors.Join(err, os.RemoveAll(filepath.Dir(p.repository)))
		}
		return fmt.Errorf("opening a repository: %w", err)
	}
	s.mu.Lock()
	s.pushes[p.id] = p
	s.mu.Unlock()
	return nil
}

// close ends what open began, once git is gone. Its hook went with it, so the
// conversation ends too.
func (s *Server) close(p *push) {
	s.mu.Lock()
	delete(s.pushes, p.id)
	over := p.over
	s.mu.Unlock()
	if over != nil {
		<-over
	}
	if p.kept != "" && !p.goes {
		if err := os.RemoveAll(p.kept); err != nil {
			s.Logger.Warn("what was kept of a push is left over", "error", err)
		}
	}
	if err := p.leave(); err != nil {
		s.Logger.Warn("objects of a push that was cut off are left over", "error", err)
	}
	if p.provisional {
		// What was adopted has left a link here, and only that is removed.
		if err := os.RemoveAll(filepath.Dir(p.repository)); err != nil {
			s.Logger.Warn("a provisional repository is left over", "error", err)
		}
	}
	p.turn.end()
	if p.app != nil && over != nil {
		s.packing.add(s.repos.Path(p.app.ID))
	}
}
