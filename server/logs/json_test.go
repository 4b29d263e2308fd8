package logs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestLinesAsJSON(t *testing.T) {
	for _, line := range sampleLines() {
		checkJSON(t, line)
	}
}

func FuzzLineAsJSON(f *testing.F) {
	for _, text := range []string{"", "hello", "\x1b[31m<b> & \"x\" \\ \n\r\t\b\x00\x7f", "\xff\xc3", "😀\u2028\u2029é"} {
		f.Add(int64(1), int64(1e18), text, "hello.web.v3.1", "")
		f.Add(int64(1<<62), int64(-5), "", text, text)
	}
	f.Fuzz(func(t *testing.T, seq, at int64, text, instance, state string) {
		line := Line{Seq: seq, Time: time.Unix(0, at).UTC(), Source: SourceApp, Process: instance, Instance: instance, Stream: state, Text: text, StepID: text, State: state}
		checkJSON(t, line)
		line.Step = &Step{ID: text, Name: instance, Status: state, DurationMS: 1.5, Internal: true}
		checkJSON(t, line)
	})
}

// checkJSON wants that what reads l as encoding/json writes it gets the same.
func checkJSON(t *testing.T, l Line) {
	t.Helper()
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var want, got Line
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	mine := l.AppendJSON(nil)
	if err := json.Unmarshal(mine, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s reads as %+v, want %+v: %v", mine, got, want, err)
	}
}

func BenchmarkLineAsJSON(b *testing.B) {
	line := Line{Seq: 123456, Time: time.Now().UTC(), Source: SourceApp, Process: "web", Instance: "hello.web.v3.1", Stream: "stdout", Text: strings.Repeat("x", 200)}
	var buf []byte
	for b.Loop() {
		buf = line.AppendJSON(buf[:0])
	}
}
