package api

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

const (
	frameLines  = 200    // lines in one frame at most
	defaultTail = 200    // lines of history when nothing else is asked for
	maxTail     = 10_000 //
	// maxBehind is how many lines a follower of a runtime log may fall behind
	// before it gets a gap instead. They wait on disk, not in memory.
	maxBehind = 200_000

	// A frame holds as many bytes of lines as the client's line takes in half a
	// second or so, one line at least: on a slow one, pings must pass between.
	maxRoom = 64 << 10
	minRoom = 2 << 10
	slow    = time.Second
	quick   = 200 * time.Millisecond
)

func (a *API) streamRoutes() {
	a.engine.GET(apiBase+"/apps/:app/logs/stream", a.streamAppLogs)
	a.engine.GET(apiBase+"/apps/:app/deployments/:number/logs/stream", a.streamDeploymentLogs)
	a.engine.GET(apiBase+"/live", a.streamLive)
}

func (a *API) streamAppLogs(c *gin.Context) {
	a.serveFeed(c, func(ctx context.Context, who caller) (feed, error) {
		opts, err := followOptions(c)
		if err != nil {
			return nil, err
		}
		opts.MaxBehind, opts.MaxBytes = a.maxBehind, maxRoom
		app, err := a.deps.Store.AppByName(ctx, who.Actor, c.Param("app"))
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, s *socket) error {
			_, err := a.follow(ctx, s, logs.AppStream(app.ID), opts)
			return err
		}, nil
	})
}

func (a *API) streamDeploymentLogs(c *gin.Context) {
	a.serveFeed(c, func(ctx context.Context, who caller) (feed, error) {
		number, err := strconv.Atoi(c.Param("number"))
		if err != nil || number < 1 {
			return nil, models.Invalid("number", "%.40q is not the number of a deployment", c.Param("number"))
		}
		after, err := queryNumber(c, "after", 0)
		if err != nil {
			return nil, err
		}
		d, err := a.deps.Pipeline.Deployment(ctx, who.Actor, c.Param("app"), number)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, s *socket) error { return a.followDeployment(ctx, s, who.Actor, d, after) }, nil
	})
}

// followDeployment sends a deployment's log until it has ended and all of it is
// sent, and then how it ended.
func (a *API) followDeployment(ctx context.Context, s *socket, actor models.Actor, d *models.Deployment, after int64) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	type outcome struct {
		d   *models.Deployment
		err error
	}
	ended := make(chan outcome, 1)
	go func() {
		d, err := a.deps.Pipeline.Done(following, actor, d.ID)
		ended <- outcome{d, err}
		stop()
	}()
	stream := logs.DeploymentStream(d.ID)
	cursor, err := a.follow(following, s, stream, logs.FollowOptions{After: after, MaxBytes: maxRoom})
	if ctx.Err() != nil || (err != nil && following.Err() == nil) {
		return err
	}
	end := <-ended
	if end.err != nil {
		return end.err
	}
	for {
		lines, gap, err := a.deps.Logs.Read(ctx, stream, cursor, frameLines)
		if err != nil {
			return err
		}
		if err := sendLines(s, lines, gap, func() {}); err != nil {
			return err
		}
		if len(lines) == 0 {
			break
		}
		cursor = lines[len(lines)-1].Seq
	}
	return s.send(LogFrame{Type: "end", State: string(end.d.State), Reason: end.d.Reason})
}

// follow sends a stream's lines until ctx ends, and gives the last seq sent.
func (a *API) follow(ctx context.Context, s *socket, stream string, opts logs.FollowOptions) (cursor int64, err error) {
	cursor = max(0, opts.After)
	told := false
	turn := turn{of: a.behind}
	defer turn.end()
	for batch, err := range a.deps.Logs.Follow(ctx, stream, opts) {
		if err != nil {
			return cursor, err
		}
		if err := sendLines(s, batch.Lines, batch.Gap, turn.end); err != nil {
			return cursor, err
		}
		if !batch.CaughtUp { // the next batch is there
			turn.begin(ctx)
		}
		if n := len(batch.Lines); n > 0 {
			cursor = batch.Lines[n-1].Seq
		} else if batch.Gap != nil {
			cursor = batch.Gap.To
		}
		if batch.CaughtUp && !told {
			told = true
			if err := s.send(LogFrame{Type: "caught_up"}); err != nil {
				return cursor, err
			}
		}
	}
	return cursor, nil
}

// turn lets only some of those who are behind read and write JSON at a time, so
// that many who have much to catch up with leave the processors to those for
// whom a line has just come. Nobody holds it while the client takes its time.
type turn struct {
	of   chan struct{}
	held bool
}

func (t *turn) begin(ctx context.Context) {
	if t.held {
		return
	}
	select {
	case t.of <- struct{}{}:
		t.held = true
	case <-ctx.Done():
	}
}

func (t *turn) end() {
	if t.held {
		<-t.of
		t.held = false
	}
}

// sendLines sends a gap, if any, and lines. It calls made when the first frame
// has been made, before it is sent.
func sendLines(s *socket, lines []logs.Line, gap *logs.Gap, made func()) error {
	if gap != nil {
		made()
	}
	if gap != nil {
		if err := s.send(LogFrame{Type: "gap", Gap: gap}); err != nil {
			return err
		}
	}
	lent := frames.Get().(*[]byte)
	defer frames.Put(lent)
	for len(lines) > 0 {
		*lent, lines = lineFrame((*lent)[:0], lines, s.room)
		made()
		began := time.Now()
		if err := s.write(*lent); err != nil {
			return err
		}
		s.room = adapted(s.room, time.Since(began))
		if cap(*lent) > 4*maxRoom {
			*lent = nil // a very long line does not stay in memory
		}
	}
	return nil
}

// frames are lent to those who send.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// lineFrame appends a LogFrame of the first lines, one at least, to b, and
// gives the lines that had no room.
func lineFrame(b []byte, lines []logs.Line, room int) (frame []byte, rest []logs.Line) {
	b = append(b, `{"type":"lines","lines":[`...)
	n := 0
	for n < len(lines) && n < frameLines && (n == 0 || len(b)+len(lines[n].Text) < room) {
		if n > 0 {
			b = append(b, ',')
		}
		b = lines[n].AppendJSON(b)
		n++
	}
	return append(b, "]}"...), lines[n:]
}

// adapted gives the room in a frame after one that took some time.
func adapted(room int, took time.Duration) int {
	switch {
	case took > slow:
		return max(room/2, minRoom)
	case took < quick:
		return min(2*room, maxRoom)
	}
	return room
}

// followOptions reads ?after= and ?tail=.
func followOptions(c *gin.Context) (logs.FollowOptions, error) {
	if _, given := c.GetQuery("after"); given {
		after, err := queryNumber(c, "after", 0)
		return logs.FollowOptions{After: after}, err
	}
	tail, err := queryNumber(c, "tail", defaultTail)
	if err != nil {
		return logs.FollowOptions{}, err
	}
	return logs.FollowOptions{After: -1, Tail: int(min(tail, maxTail))}, nil
}

func queryNumber(c *gin.Context, name string, otherwise int64) (int64, error) {
	text, given := c.GetQuery(name)
	if !given {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, models.Invalid(name, "%s: %.40q is not a number of lines or a seq", name, text)
	}
	return n, nil
}

// readLog gives a part of a log as JSON.
func (a *API) readLog(ctx context.Context, stream string, part LogRange) (*body[LogPage], error) {
	var lines []logs.Line
	var gap *logs.Gap
	var err error
	if part.Tail > 0 {
		lines, err = a.deps.Logs.Tail(ctx, stream, part.Tail)
	} else {
		lines, gap, err = a.deps.Logs.Read(ctx, stream, part.After, part.Limit)
	}
	if err != nil {
		return nil, err
	}
	next := part.After
	if gap != nil {
		next = gap.To
	}
	if n := len(lines); n > 0 {
		next = lines[n-1].Seq
	} else if next > 0 && gap == nil {
		// A loss of power may have taken the end that was seen.
		last, err := a.deps.Logs.Last(stream)
		if err != nil {
			return nil, err
		}
		next = min(next, last)
	}
	return answer(LogPage{Lines: list(lines), Gap: gap, Next: next}), nil
}
