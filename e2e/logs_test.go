package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// logLine is a line of a log as the API gives it.
type logLine struct {
	Seq                                     int64
	Time                                    time.Time
	Source, Process, Instance, Stream, Text string
	State                                   string
}

// logOf reads all of a log: "apps/hello/logs" or "apps/hello/deployments/1/logs".
func (c *client) logOf(path string) []logLine {
	c.t.Helper()
	var all []logLine
	for after := int64(0); ; {
		var page struct {
			Lines []logLine
			Next  int64
		}
		c.get(fmt.Sprintf("/api/v1/%s?after=%d&limit=1000", path, after)).want(200).into(&page)
		if len(page.Lines) == 0 {
			return all
		}
		all, after = append(all, page.Lines...), page.Next
	}
}

// textOf gives what a log says, a line of text a line.
func (c *client) textOf(path string) string {
	c.t.Helper()
	var text strings.Builder
	for _, line := range c.logOf(path) {
		text.WriteString(line.Text + "\n")
	}
	return text.String()
}

// follower is somebody who follows a log over a websocket.
type follower struct {
	t    *testing.T
	conn *websocket.Conn
}

// frame is one message of a log's websocket.
type frame struct {
	Type, State, Reason string
	Lines               []logLine
	Gap                 *struct{ From, To int64 }
}

// follow opens a log's websocket: "apps/hello/logs/stream?after=7".
func (c *client) follow(path string) *follower {
	c.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + c.token}}
	conn, resp, err := websocket.DefaultDialer.Dial(strings.Replace(c.base, "http", "ws", 1)+"/api/v1/"+path, header)
	if err != nil {
		c.t.Fatalf("%s: %v, %+v", path, err, resp)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	return &follower{c.t, conn}
}

// next gives the next frame that is not a heartbeat.
func (f *follower) next() (frame, error) {
	for {
		if err := f.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return frame{}, err
		}
		_, raw, err := f.conn.ReadMessage()
		if err != nil {
			return frame{}, err
		}
		var got frame
		if err := json.Unmarshal(raw, &got); err != nil {
			return frame{}, err
		}
		if got.Type != "ping" {
			return got, nil
		}
	}
}

// until collects lines up to the one with a text.
func (f *follower) until(text string) (lines []logLine) {
	f.t.Helper()
	for {
		got, err := f.next()
		if err != nil {
			f.t.Fatalf("waiting for %q after %d lines: %v", text, len(lines), err)
		}
		if got.Gap != nil {
			f.t.Fatalf("a gap: %+v", got.Gap)
		}
		for _, line := range got.Lines {
			lines = append(lines, line)
			if line.Text == text {
				return lines
			}
		}
	}
}

// said picks what the app itself wrote: the numbered lines.
func said(lines []logLine) (texts []string) {
	for _, line := range lines {
		if line.Source == "app" && strings.HasPrefix(line.Text, "line ") {
			texts = append(texts, line.Text)
		}
	}
	return texts
}

// numbered fails the test unless the lines are all from 1 to n, each once, in
// order, and the cursors go up.
func numbered(t *testing.T, lines []logLine, n int) {
	t.Helper()
	texts := said(lines)
	for i, text := range texts {
		if want := fmt.Sprint("line ", i+1); text != want {
			t.Fatalf("of %d lines, line %d is %q, want %q", len(texts), i+1, text, want)
		}
	}
	if len(texts) != n {
		t.Fatalf("%d lines, want %d", len(texts), n)
	}
	for i := 1; i < len(lines); i++ {
		if lines[i].Seq <= lines[i-1].Seq {
			t.Fatalf("seq %d follows %d", lines[i].Seq, lines[i-1].Seq)
		}
	}
}

// Who follows an app's log and is cut off goes on from the last line seen and
// misses nothing and sees nothing twice: not what was said while nobody
// listened, and not what was said while the server was dead.
func TestLogsResume(t *testing.T) {
	in := install(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, `ENV VERSION=1 SAY="to stdout" COMPLAIN="to stderr"`))
	repo.deploy(in, "chatty")
	talk := func(from, to int) {
		t.Helper()
		in.shows(t, "chatty", fmt.Sprintf("/log?from=%d&to=%d", from, to), "")
	}
	follower := api.follow("apps/chatty/logs/stream?after=0")
	talk(1, 200)
	lines := follower.until("line 200")
	_ = follower.conn.Close() // cut, without a farewell

	talk(201, 400)
	in.kill(t)
	talk(401, 600)
	in.start(t)
	last := lines[len(lines)-1].Seq
	follower = api.follow(fmt.Sprintf("apps/chatty/logs/stream?after=%d", last))
	lines = append(lines, follower.until("line 600")...)

	// A server that is stopped in order says so, and the same goes for it.
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := follower.next(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				t.Errorf("the connection ends without a farewell: %v", err)
			}
			break
		}
	}
	talk(601, 800)
	in.start(t)
	follower = api.follow(fmt.Sprintf("apps/chatty/logs/stream?after=%d", lines[len(lines)-1].Seq))
	talk(801, 1000)
	lines = append(lines, follower.until("line 1000")...)
	numbered(t, lines, 1000)

	// Streams are told apart, and who said it is named.
	streams := map[string]string{}
	for _, line := range lines {
		streams[line.Text] = line.Source + " " + line.Process + " " + line.Stream + " " + line.Instance
	}
	for text, want := range map[string]string{"to stdout": "app web stdout chatty.web.v1.1", "to stderr": "app web stderr chatty.web.v1.1"} {
		if streams[text] != want {
			t.Errorf("%q is from %q, want %q", text, streams[text], want)
		}
	}

	// The log outlives the container.
	repo.commit("Second", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "chatty")
	in.settles(t, "chatty", "web v2")
	all := api.logOf("apps/chatty/logs")
	numbered(t, all, 1000)
	access := 0
	for _, line := range all {
		if line.Source == "router" && strings.Contains(line.Text, "/log") {
			access++
		}
	}
	if access == 0 {
		t.Error("the router's access lines are not in the app's log")
	}
	var tail struct{ Lines []logLine }
	api.get("/api/v1/apps/chatty/logs?tail=3").want(200).into(&tail)
	if len(tail.Lines) != 3 {
		t.Errorf("the tail is %+v", tail.Lines)
	}
}

// Who follows a deployment's log sees all of it and how it ended, whenever the
// connection was made, and again from any line.
func TestFollowDeployment(t *testing.T) {
	in := installed(t)
	api := in.api(t)
	repo := newRepository(t, testApp(t, step("nap", "1s")))
	push := repo.pushing(in, "followed")
	api.says("followed", 1, "taking a nap")
	follow := func(after int64) (lines []logLine, end frame) {
		f := api.follow(fmt.Sprintf("apps/followed/deployments/1/logs/stream?after=%d", after))
		for {
			got, err := f.next()
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, got.Lines...)
			if got.Type == "end" {
				return lines, got
			}
		}
	}
	live, end := follow(0)
	<-push.done
	if end.State != "succeeded" || push.err != nil {
		t.Fatalf("it ends as %+v, the push: %v\n%s", end, push.err, push.out)
	}
	later, _ := follow(0)
	rest, _ := follow(live[2].Seq)
	if fmt.Sprint(later) != fmt.Sprint(live) || fmt.Sprint(rest) != fmt.Sprint(live[3:]) {
		t.Errorf("followed live:\n%v\nlater:\n%v\nfrom the third line:\n%v", live, later, rest)
	}
	var states []string
	for _, line := range live {
		if line.State != "" {
			states = append(states, line.State)
		}
	}
	if got := strings.Join(states, " "); !strings.HasSuffix(got, "building deploying succeeded") && !strings.HasSuffix(got, "building releasing deploying succeeded") {
		t.Errorf("the states are %q", got)
	}
}
