package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

// ear is the client's end of a websocket.
type ear struct {
	t    *testing.T
	conn *websocket.Conn
}

func (c *client) dial(path string) (*ear, *http.Response) {
	c.t.Helper()
	conn, res, err := websocket.DefaultDialer.DialContext(c.t.Context(), "ws"+strings.TrimPrefix(c.h.url, "http")+path, c.headers)
	if err != nil {
		return nil, res
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	return &ear{t: c.t, conn: conn}, res
}

func (c *client) listen(path string) *ear {
	c.t.Helper()
	e, res := c.dial(path)
	if e == nil {
		c.t.Fatalf("%s: no websocket: %v", path, res)
	}
	return e
}

// next gives the next frame that is no ping.
func (e *ear) next() LogFrame {
	e.t.Helper()
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, raw, err := e.conn.ReadMessage()
		if err != nil {
			e.t.Fatalf("no frame: %v", err)
		}
		var frame LogFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			e.t.Fatalf("%v: %s", err, raw)
		}
		if frame.Type != "ping" {
			return frame
		}
	}
}

// lines gives the texts of the next n lines.
func (e *ear) lines(n int) []logs.Line {
	e.t.Helper()
	var got []logs.Line
	for len(got) < n {
		frame := e.next()
		if len(frame.Lines) > frameLines {
			e.t.Fatalf("a frame of %d lines", len(frame.Lines))
		}
		got = append(got, frame.Lines...)
	}
	if len(got) > n {
		e.t.Fatalf("%d lines came, want %d", len(got), n)
	}
	return got
}

// closed wants the connection to end with a code.
func (e *ear) closed(code int) {
	e.t.Helper()
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, _, err := e.conn.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, code) {
				e.t.Errorf("it ended with %v, want code %d", err, code)
			}
			return
		}
	}
}

// app makes an app of the user's straight in the store.
func (h *house) app(t *testing.T, name, ownerEmail string) *models.App {
	t.Helper()
	user, err := h.store.UserByEmail(t.Context(), ownerEmail)
	if err != nil {
		t.Fatal(err)
	}
	app := &models.App{Name: name, OwnerID: user.ID}
	if err := h.store.CreateApp(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	return app
}

func (h *house) say(t *testing.T, stream string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if _, err := h.logs.Append(stream, logs.Line{Source: logs.SourceApp, Stream: "stdout", Text: fmt.Sprintf("line %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLogStreamResumes(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	stream := logs.AppStream(app.ID)
	h.say(t, stream, 1, 450)

	first := owner.listen("/api/v1/apps/hello/logs/stream?after=0")
	history := first.lines(450)
	if history[0].Text != "line 1" || history[449].Seq != 450 {
		t.Errorf("history from %+v to %+v", history[0], history[449])
	}
	if frame := first.next(); frame.Type != "caught_up" {
		t.Errorf("after the history comes %+v", frame)
	}
	h.say(t, stream, 451, 453)
	now := first.lines(3)
	_ = first.conn.Close()
	h.say(t, stream, 454, 460) // while nobody listens

	second := owner.token("read").listen(fmt.Sprintf("/api/v1/apps/hello/logs/stream?after=%d", now[2].Seq))
	missed := second.lines(7)
	if missed[0].Seq != 454 || missed[6].Seq != 460 {
		t.Errorf("it resumes with %d to %d", missed[0].Seq, missed[6].Seq)
	}
	tail := owner.listen("/api/v1/apps/hello/logs/stream?tail=2").lines(2)
	if tail[0].Seq != 459 {
		t.Errorf("the tail begins with %d", tail[0].Seq)
	}
	page := owner.get("/api/v1/apps/hello/logs?after=450&limit=5").want(200)
	if page.value("next") != 455.0 || len(page.value("lines").([]any)) != 5 {
		t.Errorf("%s", page.body)
	}
	if empty := owner.get("/api/v1/apps/hello/logs?after=460").want(200); !strings.Contains(string(empty.body), `"lines":[]`) || empty.value("next") != 460.0 {
		t.Errorf("%s", empty.body)
	}
	h.api.Close()
	second.closed(websocket.CloseGoingAway)
}

func TestWebsocketsAreForThoseWhoMay(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	h.app(t, "hello", ownerEmail)
	const path = "/api/v1/apps/hello/logs/stream"
	for what, c := range map[string]struct {
		client *client
		path   string
		status int
	}{
		"nobody":              {h.nobody(t), path, 401},
		"another site":        {owner.with("Origin", "https://evil.example"), path, 403},
		"an app's own site":   {owner.with("Origin", "http://hello.localhost:8080"), path, 403},
		"a hidden page":       {owner.with("Origin", "null"), path, 403},
		"another user":        {h.member(t, "m@example.com"), path, 404},
		"a token without":     {owner.token("secrets"), path, 403},
		"no such app":         {owner, "/api/v1/apps/gone/logs/stream", 404},
		"a cursor in words":   {owner, path + "?after=yesterday", 422},
		"a cursor below zero": {owner, path + "?after=-1", 422},
		"no such deployment":  {owner, "/api/v1/apps/hello/deployments/9/logs/stream", 404},
		"deployment in words": {owner, "/api/v1/apps/hello/deployments/x/logs/stream", 422},
	} {
		e, res := c.client.dial(c.path)
		if e != nil || res == nil || res.StatusCode != c.status || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %v", what, res)
		}
	}
	if e, _ := owner.with("Origin", h.url).dial(path); e == nil {
		t.Error("the dashboard itself is refused")
	}
	owner.get(path).want(426)
}

func TestRevokedTokenHearsNoMore(t *testing.T) {
	h := open(t)
	h.api.beat = 50 * time.Millisecond
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	made := owner.post("/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{"read"}}).want(201)
	e := h.nobody(t).with("Authorization", "Bearer "+made.text("token")).listen("/api/v1/apps/hello/logs/stream")
	h.say(t, logs.AppStream(app.ID), 1, 1)
	if frame := e.next(); frame.Type != "caught_up" && frame.Type != "lines" {
		t.Errorf("%+v", frame)
	}
	owner.delete("/api/v1/tokens/" + made.text("id")).want(204)
	for {
		frame := e.next()
		if frame.Type != "error" {
			continue
		}
		if frame.Problem == nil || frame.Problem.Kind != string(models.KindUnauthenticated) {
			t.Errorf("%+v", frame.Problem)
		}
		break
	}
	e.closed(websocket.ClosePolicyViolation)
}

func TestSocketsPing(t *testing.T) {
	h := open(t)
	h.api.beat = 20 * time.Millisecond
	owner := h.owner(t)
	h.app(t, "hello", ownerEmail)
	e := owner.listen("/api/v1/apps/hello/logs/stream")
	pings := make(chan struct{}, 100)
	e.conn.SetPingHandler(func(string) error {
		pings <- struct{}{}
		return e.conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
	})
	seen := 0
	for seen < 3 || len(pings) < 3 {
		_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, raw, err := e.conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), `"ping"`) {
			seen++
		}
	}
	// A client that answers no ping is cut off.
	silent := owner.listen("/api/v1/apps/hello/logs/stream")
	silent.conn.SetPingHandler(func(string) error { return nil })
	deadline := time.Now().Add(10 * time.Second)
	for {
		_ = silent.conn.SetReadDeadline(deadline)
		if _, _, err := silent.conn.ReadMessage(); err != nil {
			if time.Now().After(deadline) {
				t.Error("a client that answers no ping is kept")
			}
			break
		}
	}
}

func TestSlowListenerCostsNoMemory(t *testing.T) {
	h := open(t)
	h.api.maxBehind = 20_000
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	stream := logs.AppStream(app.ID)
	e := owner.listen("/api/v1/apps/hello/logs/stream?after=0")
	if frame := e.next(); frame.Type != "caught_up" {
		t.Fatalf("%+v", frame)
	}
	// More than the connection's buffers and the allowed distance hold, while
	// nobody reads.
	long := strings.Repeat("x", 500)
	batch := make([]logs.Line, 500)
	const total = 60_000
	for range total / len(batch) {
		for i := range batch {
			batch[i] = logs.Line{Source: logs.SourceApp, Text: long}
		}
		if _, err := h.logs.Append(stream, batch...); err != nil {
			t.Fatal(err)
		}
	}
	var last, lines int64
	var gap *logs.Gap
	for last < total {
		frame := e.next()
		if frame.Gap != nil {
			if gap == nil {
				gap = frame.Gap
			}
			if frame.Gap.From != last+1 {
				t.Fatalf("the gap begins at %d after %d", frame.Gap.From, last)
			}
			last = frame.Gap.To
		}
		for _, line := range frame.Lines {
			if line.Seq != last+1 {
				t.Fatalf("line %d after %d, and no gap told", line.Seq, last)
			}
			last = line.Seq
			lines++
		}
	}
	if gap == nil || gap.Reason != logs.GapSlow {
		t.Errorf("%d lines came and the gap is %+v", lines, gap)
	}
}
