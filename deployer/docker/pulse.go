package docker

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// pulse is a connection to the engine on which nothing is said: it breaks when the
// engine ends, also one that is back before anybody asks.
type pulse struct{ conn net.Conn }

// feel begins to feel the engine's pulse. The caller ends it.
func (e *Engine) feel(ctx context.Context) *pulse {
	conn, err := e.API.Dialer()(ctx)
	if err != nil {
		return &pulse{}
	}
	return &pulse{conn}
}

// stopped says whether the engine has ended since the pulse was felt first.
func (p *pulse) stopped() bool {
	if p.conn == nil {
		return true
	}
	_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond)) // one that has passed would be told first
	_, err := p.conn.Read(make([]byte, 1))
	var timeout net.Error
	return !errors.As(err, &timeout) || !timeout.Timeout()
}

func (p *pulse) end() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
}

// interrupted makes an error an ErrInterrupted if the engine went away since its
// pulse was felt: what failed then has not failed by itself.
func (c *Cluster) interrupted(ctx context.Context, pulse *pulse, err error) error {
	var unhealthy *deployer.Unhealthy
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.As(err, &unhealthy) && unhealthy.Instance.OOMKilled:
		return err
	case !errors.Is(err, deployer.ErrUnavailable) && !pulse.stopped() && c.answers(ctx) && !c.stopsNow(ctx, pulse, unhealthy):
		return err
	}
	c.doubtful.Store(true)
	return fmt.Errorf("%w: %v", deployer.ErrInterrupted, err) // not of err's own kind
}

// stopsNow looks for a moment longer whether the engine goes away, when an instance
// ended as one does that is told to: the engine may tell it so before it closes
// its own doors.
func (c *Cluster) stopsNow(ctx context.Context, pulse *pulse, unhealthy *deployer.Unhealthy) bool {
	if unhealthy == nil || !unhealthy.Exited || !slices.Contains([]int{0, 128 + 9, 128 + 15}, unhealthy.Instance.ExitCode) {
		return false
	}
	look := time.NewTicker(stopLook)
	defer look.Stop()
	for range stopLooks {
		select {
		case <-look.C:
		case <-ctx.Done():
			return false
		}
		if pulse.stopped() || !c.answers(ctx) {
			return true
		}
	}
	return false
}

const (
	stopLook  = 50 * time.Millisecond
	stopLooks = 8
)

// sure makes sure, after the engine was seen to go away, that it is there: one that
// is stopping still answers on old connections, and would stop again at once what
// it is told to start.
func (c *Cluster) sure(ctx context.Context) error {
	if !c.doubtful.Load() {
		return nil
	}
	if !c.answers(ctx) {
		return fmt.Errorf("the engine is stopping: %w", deployer.ErrUnavailable)
	}
	_ = c.API.Close() // the old connections; it is used on
	c.doubtful.Store(false)
	return nil
}

// Answers implements deployer.Answerer.
func (e *Engine) Answers(ctx context.Context) error {
	if e.answers(ctx) {
		return nil
	}
	return fmt.Errorf("ask the engine whether it answers: %w", cmp.Or(ctx.Err(), deployer.ErrUnavailable))
}

// answers says whether the engine takes new connections. One that is stopping
// does not, and stops the containers while it still answers on old ones.
func (e *Engine) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := e.API.Dialer()(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	until, _ := ctx.Deadline()
	_ = conn.SetDeadline(until)
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err == nil {
		err = ask.Write(conn)
	}
	if err != nil {
		return false
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), ask)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil
}
