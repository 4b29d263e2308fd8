package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/server/logs"
)

// frame is what a log stream sends. It is the generated client.LogFrame with
// the lines as the formatter takes them.
type frame struct {
	Type    string          `json:"type"`
	Lines   []logs.Line     `json:"lines"`
	Gap     *logs.Gap       `json:"gap"`
	State   string          `json:"state"`
	Reason  string          `json:"reason"`
	Problem *client.Problem `json:"problem"`
}

// silence is how long a stream may say nothing. The server pings every 15 s.
const silence = 45 * time.Second

// giveUp is how long a stream is tried to be opened again after a cut.
const giveUp = 2 * time.Minute

// follow gives the frames of a log stream to handle, from after on, until
// handle gives an error, the stream ends, or ctx does. It opens the stream
// again after a cut, where it left off; cut is told of it.
func (s *session) follow(ctx context.Context, path string, after int64, handle func(frame) error, cut func(error)) error {
	lastHeard := time.Now()
	wait := 100 * time.Millisecond
	for {
		heard, err := s.listen(ctx, path, &after, handle)
		if heard {
			lastHeard, wait = time.Now(), 100*time.Millisecond
		}
		var dropped *cutError
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case !errors.As(err, &dropped):
			return err
		case time.Since(lastHeard) > giveUp:
			return unreachable(s.url, dropped.err)
		}
		cut(dropped.err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// cutError is a failure of the connection, after which it is worth to connect
// again.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }

func (e *cutError) Unwrap() error { return e.err }

// listen opens the stream once. It moves after on with every line, and says
// whether it heard anything.
func (s *session) listen(ctx context.Context, path string, after *int64, handle func(frame) error) (heard bool, err error) {
	address := "ws" + strings.TrimPrefix(s.url, "http") + path + "?after=" + strconv.FormatInt(*after, 10)
	header := http.Header{}
	s.sign(header)
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, NetDialContext: dialTCP, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, address, header)
	if err != nil {
		return false, s.refused(resp, err)
	}
	defer func() { _ = conn.Close() }()
	conn.SetReadLimit(maxFrame)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	for {
		if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return heard, &cutError{err}
		}
		var f frame
		_, raw, err := conn.ReadMessage()
		if ctx.Err() != nil {
			return heard, ctx.Err()
		}
		if err != nil {
			return heard, &cutError{err}
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			return heard, fail(exitFailed, "", "the server sent a frame that is not JSON: %v", err)
		}
		heard = true
		if done, err := s.take(f, after, handle); done || err != nil {
			return heard, err
		}
	}
}

// maxFrame bounds one frame: a batch of lines.
const maxFrame = 16 << 20

// take deals with one frame and says whether it was the last.
func (s *session) take(f frame, after *int64, handle func(frame) error) (done bool, err error) {
	switch f.Type {
	case "ping":
		return false, nil
	case "error":
		if f.Problem == nil {
			return true, fail(exitFailed, "", "the server ended the log without a reason")
		}
		failed := refusal(*f.Problem, nil)
		if failed.code == exitUnavailable {
			return true, &cutError{failed}
		}
		return true, failed
	}
	if err := handle(f); err != nil {
		return true, err
	}
	if n := len(f.Lines); n > 0 {
		*after = f.Lines[n-1].Seq
	} else if f.Gap != nil {
		*after = max(*after, f.Gap.To)
	}
	return f.Type == "end", nil
}

// refused tells a server that does not want to from one that cannot now.
func (s *session) refused(resp *http.Response, err error) error {
	if resp == nil {
		return &cutError{err}
	}
	raw, readErr := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	_ = resp.Body.Close()
	if readErr != nil {
		return &cutError{readErr}
	}
	failed := problem(resp, raw)
	if failed.code == exitUnavailable {
		return &cutError{failed}
	}
	return failed
}

func appLogPath(app string) string { return "/api/v1/apps/" + url.PathEscape(app) + "/logs/stream" }

func deploymentLogPath(app string, number int64) string {
	return "/api/v1/apps/" + url.PathEscape(app) + "/deployments/" + strconv.FormatInt(number, 10) + "/logs/stream"
}
