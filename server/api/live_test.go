package api

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/server/live"
)

func (e *ear) live() LiveFrame {
	e.t.Helper()
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, raw, err := e.conn.ReadMessage()
		if err != nil {
			e.t.Fatalf("no frame: %v", err)
		}
		var frame LiveFrame
		if err := json.Unmarshal(raw, &frame); err != nil {
			e.t.Fatalf("%v: %s", err, raw)
		}
		if frame.Type != "ping" {
			return frame
		}
	}
}

func TestLiveTellsWhatConcernsOne(t *testing.T) {
	h := open(t)
	owner, member := h.owner(t), h.member(t, "m@example.com")
	mine, theirs := h.app(t, "mine", "m@example.com"), h.app(t, "theirs", ownerEmail)

	all, own := owner.listen("/api/v1/live"), member.listen("/api/v1/live")
	hello := own.live()
	if hello.Type != "hello" || hello.Epoch == "" {
		t.Fatalf("%+v", hello)
	}
	if f := all.live(); f.Type != "hello" {
		t.Fatalf("%+v", f)
	}
	h.hub.Publish(live.Event{Topic: live.TopicApp, App: "theirs", AppID: theirs.ID, ID: theirs.ID, Action: live.ActionChanged})
	late := h.app(t, "late", "m@example.com") // made after the socket was
	for _, app := range []struct{ name, id, action string }{{"mine", mine.ID, live.ActionChanged}, {"late", late.ID, live.ActionCreated}} {
		h.hub.Publish(live.Event{Topic: live.TopicApp, App: app.name, AppID: app.id, ID: app.id, Action: app.action})
	}
	if err := h.store.DeleteApp(t.Context(), mine.ID); err != nil {
		t.Fatal(err)
	}
	h.hub.Publish(live.Event{Topic: live.TopicApp, App: "mine", AppID: mine.ID, ID: mine.ID, Action: live.ActionRemoved})
	member.token("read") // about the member's own account

	for _, want := range []string{"app theirs changed", "app mine changed", "app late created", "app mine removed"} {
		f := all.live()
		if got := fmt.Sprintf("%s %s %s", f.Topic, f.App, f.Action); got != want {
			t.Errorf("the owner hears %q, want %q", got, want)
		}
	}
	var last LiveFrame
	for _, want := range []string{"app mine changed", "app late created", "app mine removed", "token  created"} {
		last = own.live()
		if got := fmt.Sprintf("%s %s %s", last.Topic, last.App, last.Action); got != want {
			t.Errorf("the member hears %q, want %q", got, want)
		}
	}

	// Cut and connected again: what was missed, or a reset when that is gone.
	h.hub.Publish(live.Event{Topic: live.TopicConfig, App: "late", AppID: late.ID, Action: live.ActionChanged})
	again := member.listen(fmt.Sprintf("/api/v1/live?epoch=%s&after=%d", hello.Epoch, last.Seq))
	if f := again.live(); f.Type != "hello" || f.Seq != last.Seq {
		t.Errorf("%+v", f)
	}
	if f := again.live(); f.Topic != "config" || f.App != "late" {
		t.Errorf("what was missed is %+v", f)
	}
	elsewhere := member.listen("/api/v1/live?epoch=another&after=3")
	elsewhere.live()
	if f := elsewhere.live(); f.Type != "reset" || f.Epoch != hello.Epoch {
		t.Errorf("a cursor of another server gives %+v", f)
	}
}
