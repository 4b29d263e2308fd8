package api

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/server/logs"
)

// A write takes as long as something passes, and no longer.
func TestPatienceIsWithProgress(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = theirs.Close() }()
	c := &patientConn{Conn: ours, patience: 300 * time.Millisecond, silence: time.Minute}
	const pieces, size = 15, 1 << 10
	go func() {
		buf := make([]byte, size)
		for range pieces {
			time.Sleep(50 * time.Millisecond) // a slow line
			if _, err := io.ReadFull(theirs, buf); err != nil {
				return
			}
		}
	}()
	began := time.Now()
	n, err := c.Write(make([]byte, pieces*size))
	if took := time.Since(began); n != pieces*size || err != nil || took < 2*c.patience {
		t.Errorf("wrote %d bytes in %s: %v", n, took, err)
	}
	if n, err := c.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody takes it: %d, %v", n, err)
	}
	c.patience = time.Hour
	time.AfterFunc(20*time.Millisecond, c.finish)
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the farewell: %v", err)
	}
}

func TestWhoTakesNothingIsCutOff(t *testing.T) {
	h := open(t)
	h.api.patience = 50 * time.Millisecond
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	for range 100 { // more than the kernel takes
		if _, err := h.logs.Append(logs.AppStream(app.ID), logs.Line{Source: logs.SourceApp, Text: strings.Repeat("x", 250<<10)}); err != nil {
			t.Fatal(err)
		}
	}
	e := owner.listen("/api/v1/apps/hello/logs/stream?after=0") // and never reads
	deadline := time.Now().Add(10 * time.Second)
	for e.conn.WriteControl(websocket.PingMessage, nil, deadline) == nil {
		if time.Now().After(deadline) {
			t.Fatal("it is kept")
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

func TestFramesFitTheLine(t *testing.T) {
	room := maxRoom
	for range 10 {
		room = adapted(room, 2*slow)
	}
	if room != minRoom {
		t.Errorf("on a slow line %d bytes", room)
	}
	if again := adapted(room, slow-1); again != room {
		t.Errorf("it went from %d to %d", room, again)
	}
	for range 10 {
		room = adapted(room, time.Millisecond)
	}
	if room != maxRoom {
		t.Errorf("on a fast line %d bytes", room)
	}
	lines := make([]logs.Line, 3*frameLines)
	for i := range lines {
		lines[i] = logs.Line{Seq: int64(i + 1), Source: logs.SourceApp, Text: strings.Repeat("x", i)}
	}
	var all []logs.Line
	for rest := lines; len(rest) > 0; {
		var raw []byte
		before := len(rest)
		raw, rest = lineFrame(nil, rest, minRoom)
		var frame LogFrame
		if err := json.Unmarshal(raw, &frame); err != nil || frame.Type != "lines" || len(frame.Lines) != before-len(rest) || len(frame.Lines) == 0 {
			t.Fatalf("%v: %s", err, raw)
		}
		if len(raw) > 2*minRoom {
			t.Errorf("a frame of %d bytes", len(raw))
		}
		all = append(all, frame.Lines...)
	}
	if len(all) != len(lines) || all[len(all)-1].Seq != int64(len(lines)) {
		t.Errorf("%d lines of %d", len(all), len(lines))
	}
}
