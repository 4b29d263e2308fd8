package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/live"
)

const (
	heartbeat   = 15 * time.Second // between pings; also how often the right to listen is looked at again
	sendTimeout = 20 * time.Second // in which something must pass; who takes nothing is cut off and resumes
	readLimit   = 1 << 10          // clients have nothing to say

	// farewellTimeout is for the last words when it is the server that ends.
	farewellTimeout = 2 * time.Second
)

// Why a socket ends other than by having sent everything.
var (
	errClientGone = errors.New("the client has gone")
	errClosing    = errors.New("the server is stopping")
	errNewRole    = errors.New("your role has changed; connect again")
)

// socket is one websocket. Any goroutine may send.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex
	room int // bytes of lines in a frame, as many as the line takes at once
}

// send writes one frame. An error means that the connection is of no more use.
func (s *socket) send(frame any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.WriteJSON(frame); err != nil {
		return errClientGone
	}
	return nil
}

// write sends a frame that is JSON already.
func (s *socket) write(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
		return errClientGone
	}
	return nil
}

// feed sends frames until there are no more to come or ctx ends.
type feed func(ctx context.Context, s *socket) error

// serveFeed upgrades a request and runs the feed that find gives. What find
// refuses is answered over HTTP. It is asked again at every heartbeat, and as
// soon as this server changes the caller's account, with the caller as it is
// then, so that a revoked session or token hears no more.
func (a *API) serveFeed(c *gin.Context, find func(context.Context, caller) (feed, error)) {
	r := c.Request
	since := a.deps.Hub.Cursor()
	who, _, err := a.caller(r, requestID(c))
	if err == nil {
		err = who.Require(models.ScopeRead)
	}
	if err == nil {
		err = a.checkOrigin(r)
	}
	if err == nil && !websocket.IsWebSocketUpgrade(r) {
		c.Header("Upgrade", "websocket")
		err = httpError(http.StatusUpgradeRequired, "this address speaks websocket only")
	}
	var run feed
	if err == nil {
		run, err = find(r.Context(), who)
	}
	if err != nil {
		a.fail(c.Writer, r, err)
		return
	}
	upgrader := websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second, ReadBufferSize: readLimit, WriteBufferSize: 4 << 10, WriteBufferPool: &writeBuffers,
		CheckOrigin: func(*http.Request) bool { return true }, // done above, with an answer in words
		Error: func(_ http.ResponseWriter, r *http.Request, status int, reason error) {
			a.fail(c.Writer, r, httpError(status, "the websocket handshake is not right: %s", reason))
		},
	}
	patient := &patientConn{patience: a.patience, silence: 3 * a.beat}
	conn, err := upgrader.Upgrade(&patientWriter{c.Writer, patient}, r, http.Header{requestIDHeader: {requestID(c)}})
	if err != nil {
		return // the upgrader has answered
	}
	defer func() { _ = conn.Close() }()

	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(a.closing, func() { cancel(errClosing) })()
	defer context.AfterFunc(ctx, patient.finish)()
	s := &socket{conn: conn, room: maxRoom}
	go s.listen(a.beat, cancel)
	go a.keepUp(ctx, s, r, a.touched(ctx, who.UserID, since), func(ctx context.Context, now caller) error {
		if now.Role != who.Role {
			return errNewRole
		}
		_, err := find(ctx, now)
		return err
	}, cancel)

	err = run(ctx, s)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	a.farewell(s, r, err, requestID(c))
}

// writeBuffers are lent to sockets while they send.
var writeBuffers sync.Pool

// heard notes that the client is there.
func (s *socket) heard(beat time.Duration) { _ = s.conn.SetReadDeadline(time.Now().Add(3 * beat)) }

// listen reads, since gorilla answers pings and notices closing only then. A
// client that answers no ping for three beats is gone, and so is one that takes
// nothing of what it is sent.
func (s *socket) listen(beat time.Duration, cancel context.CancelCauseFunc) {
	s.conn.SetReadLimit(readLimit)
	s.heard(beat)
	s.conn.SetPongHandler(func(string) error { s.heard(beat); return nil })
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			cancel(errClientGone)
			return
		}
	}
}

// touched gives what hears of changes to a user's own account after a cursor,
// until ctx ends.
func (a *API) touched(ctx context.Context, userID string, since live.Cursor) <-chan struct{} {
	heard := make(chan struct{}, 1)
	go func() {
		for notice, err := range a.deps.Hub.Subscribe(ctx, since) {
			if err != nil {
				return
			}
			about := notice.Reset
			for _, e := range notice.Events {
				about = about || e.UserID == userID && e.Action != live.ActionCreated
			}
			if !about {
				continue
			}
			select {
			case heard <- struct{}{}:
			default: // it is told already
			}
		}
	}()
	return heard
}

// ping sends a frame for scripts in browsers, which never see a ping, and a
// ping for proxies and for whether anybody answers.
func (s *socket) ping() error {
	if err := s.send(map[string]string{"type": "ping"}); err != nil {
		return err
	}
	if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(sendTimeout)); err != nil {
		return errClientGone
	}
	return nil
}

// keepUp pings, and ends the feed of a caller who may no longer hear it.
func (a *API) keepUp(ctx context.Context, s *socket, r *http.Request, touched <-chan struct{}, check func(context.Context, caller) error, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(a.beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-touched:
		case <-ticker.C:
			if err := s.ping(); err != nil {
				cancel(err)
				return
			}
		}
		who, _, err := a.caller(r.WithContext(ctx), "")
		if err == nil {
			err = who.Require(models.ScopeRead)
		}
		if err == nil {
			err = check(ctx, who)
		}
		if errors.Is(err, errNewRole) {
			cancel(err)
			return
		}
		switch models.KindOf(err) {
		case models.KindUnauthenticated, models.KindForbidden, models.KindNotFound:
			cancel(err)
			return
		}
	}
}

// farewell says why the connection ends and closes it.
func (a *API) farewell(s *socket, r *http.Request, err error, requestID string) {
	code, reason := websocket.CloseNormalClosure, ""
	switch {
	case err == nil:
	case errors.Is(err, errClientGone):
		return
	case errors.Is(err, errClosing), errors.Is(err, context.Canceled):
		code, reason = websocket.CloseGoingAway, "the server is stopping; connect again"
	case errors.Is(err, errNewRole):
		code, reason = websocket.CloseServiceRestart, err.Error()
	default:
		p := problemOf(r.Context(), a.deps.Logger, err, requestID)
		if s.send(LogFrame{Type: "error", Problem: p}) != nil {
			return
		}
		switch models.Kind(p.Kind) {
		case models.KindUnauthenticated, models.KindForbidden, models.KindNotFound:
			code = websocket.ClosePolicyViolation
		case models.KindUnavailable:
			code = websocket.CloseTryAgainLater
		default:
			code = websocket.CloseInternalServerErr
		}
		reason = p.Detail
		if len(reason) > 100 { // a close frame holds 123 bytes
			reason = strings.ToValidUTF8(reason[:100], "")
		}
	}
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(sendTimeout))
}

// checkOrigin refuses websockets that another site's page opens: the browser
// would send the cookie along. Programs send no Origin.
func (a *API) checkOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	from, err := url.Parse(origin)
	if err == nil && from.Host != "" {
		own, err := url.Parse(a.deps.URL)
		if strings.EqualFold(from.Host, r.Host) || (err == nil && strings.EqualFold(from.Host, own.Host)) {
			return nil
		}
	}
	return models.Errorf(models.KindForbidden, "another site's page opened this websocket; Slipway takes them from its own only")
}
