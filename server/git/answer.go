package git

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/git/hook"
	"github.com/slipway-paas/slipway/server/logs"
)

var errStopping = errors.New("the server is stopping")

// answer talks with one hook: it hears which push it is of and what that wants,
// deploys, and ends with the exit code for the hook.
func (s *Server) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	req, err := hook.ReadRequest(conn)
	if err != nil {
		s.Logger.Warn("a git hook said nothing sensible", "error", err)
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	out := &speech{conn: conn}
	p := s.claim(req.Push)
	if p == nil {
		s.Logger.Warn("a git hook named no push that runs")
		_ = hook.WriteText(conn, " !     Slipway does not know this push")
		_ = hook.WriteExit(conn, 1)
		return
	}
	defer close(p.over)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		// A hook says nothing more, so the end of reading is its end.
		_, _ = io.Copy(io.Discard, conn)
		cancel(errors.New("the pusher is gone"))
	}()
	go func() {
		select {
		case <-s.stopping:
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()

	terminal := logs.NewTerminal(out, false)
	err = s.receive(ctx, p, req, terminal)
	code := 0
	if err != nil {
		code = 1
		s.excuse(ctx, p, err, terminal)
		p.turn.end() // git moves nothing now
	}
	_ = hook.WriteExit(conn, code)
}

// claim finds the push that a hook belongs to. Each is found once.
func (s *Server) claim(id string) *push {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pushes[id]
	if p == nil || p.over != nil {
		return nil
	}
	p.over = make(chan struct{})
	return p
}

// errTold is a failure that the pusher has been told of.
var errTold = errors.New("the deployment did not succeed")

// excuse tells the pusher why the push is refused.
func (s *Server) excuse(ctx context.Context, p *push, err error, terminal *logs.Terminal) {
	logger := s.Logger.With("app", p.name)
	switch {
	case errors.Is(err, errTold):
	case errors.Is(context.Cause(ctx), errStopping):
		terminal.Warn("Slipway is stopping; push again in a moment")
	case ctx.Err() != nil:
		logger.Info("a pusher left before anything was deployed")
	default:
		if models.KindOf(err) == models.KindInternal {
			logger.Error("a push failed", "error", err)
		} else {
			logger.Info("a push is refused", "error", err)
		}
		terminal.Warn("%s", models.SafeMessage(err))
	}
}

// speech sends what is written to it to the hook, as texts.
type speech struct{ conn net.Conn }

func (s *speech) Write(p []byte) (int, error) {
	if err := hook.WriteText(s.conn, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
