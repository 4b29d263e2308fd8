package router

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzAccessLine reads access lines back that were made of anything.
func FuzzAccessLine(f *testing.F) {
	f.Add("01h", "hello.web.v1.1", "/a?b", "GET", 200, int64(5), int64(1))
	f.Add("\"\\\x00\u2028", "ä\xff", "/\xc3\xa4\"\\\x7f", "X~`", 0, int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, app, instance, target, method string, status int, bytes, held int64) {
		ex := &exchange{
			req: &request{target: []byte(target), name: method}, route: &route{app: App{ID: app, Release: 7}}, backend: &backend{Backend: Backend{Name: instance}},
			start: time.Now(), host: "a.test", id: []byte("the-id-of-it"), caller: &caller{ip: "::1"}, status: status, bytes: bytes,
			held: spent(held), reason: "why", broken: true,
		}
		pieces, err := encodeReport(Report{Applied: 3, Dropped: 2}, append(append(ex.appendLine(nil), ','), ex.appendLine(nil)...))
		if err != nil {
			t.Fatal(err)
		}
		body := slices.Concat(pieces...)
		var report Report
		if err := json.Unmarshal(body, &report); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if report.Applied != 3 || report.Dropped != 2 || len(report.Access) != 2 {
			t.Fatalf("%+v", report)
		}
		line := report.Access[1]
		if status == 0 {
			instance = ""
		}
		if line.AppID != strings.ToValidUTF8(app, "\ufffd") && utf8.ValidString(app) || line.Backend != instance && utf8.ValidString(instance) || utf8.ValidString(method) && line.Method != method {
			t.Fatalf("%+v of %q, %q, %q", line, app, instance, method)
		}
		if line.Status != status || line.Bytes != bytes || line.HeldMS != max(held/1e6, 0) || !line.Time.Equal(ex.start) || line.Duration <= 0 ||
			line.Release != 7 || line.Host != "a.test" || line.RemoteIP != "::1" || line.RequestID != "the-id-of-it" || line.Error != "why" {
			t.Fatalf("%+v", line)
		}
		for _, c := range line.Path {
			if c <= ' ' || c > '~' || c == '?' {
				t.Fatalf("the path is %q", line.Path)
			}
		}
	})
}

func spent(ns int64) held { return held{spent: time.Duration(ns)} }

func TestAccessLogIsBounded(t *testing.T) {
	l := newAccessLog()
	kept := 0
	for i := range accessMost + 500 {
		if l.room() {
			l.add(fmt.Appendf(nil, "%d", i))
			kept++
		}
	}
	if kept != accessMost {
		t.Errorf("%d lines are kept", kept)
	}
	first, dropped := l.take()
	if first.lines != accessBatch || dropped != 500 || !strings.HasPrefix(string(first.text), "0,1,2,") {
		t.Errorf("%d lines, %d dropped", first.lines, dropped)
	}
	l.giveBack(first, dropped)
	next := 0
	for l.lines > 0 {
		batch, lost := l.take()
		if next > 0 && lost != 0 {
			t.Errorf("%d lines were dropped later", lost)
		}
		for text := range strings.SplitSeq(string(batch.text), ",") {
			if text != fmt.Sprint(next) {
				t.Fatalf("line %d is %s", next, text)
			}
			next++
		}
	}
	if next != accessMost {
		t.Errorf("%d lines came", next)
	}
}
