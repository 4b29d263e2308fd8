package logs

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sampleLines() []Line {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	return []Line{
		{Seq: 1, Time: at, Source: SourceApp, Process: "web", Instance: "hello.web.v3.1", Stream: "stderr", Text: "\x1b[31mred\x1b[0m"},
		{Seq: 1 << 40, Time: at.Add(time.Hour), Source: SourceBuild, StepID: "sha256:1", Text: ""},
		{Seq: 3, Time: time.Unix(-5, 7).UTC(), Source: SourceSlipway, State: "building", Text: "bad \xff\xfe bytes"},
		{Seq: 4, Time: at, Source: SourceBuild, Text: "RUN make", Step: &Step{ID: "a", Name: "RUN make", Status: "failed", DurationMS: 12.5, Error: "exit 2", Internal: true}},
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	var b []byte
	want := sampleLines()
	for _, line := range want {
		b = appendRecord(b, &line)
	}
	var got Line // reused, as a reader does
	for _, line := range want {
		payload, n, err := splitRecord(b)
		if err != nil || payload == nil {
			t.Fatalf("split: %v", err)
		}
		if err := decodeLine(payload, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, line) {
			t.Errorf("got %+v, want %+v", got, line)
		}
		b = b[n:]
	}
}

func TestLongTextIsCut(t *testing.T) {
	line := Line{Seq: 1, Source: SourceApp, Process: strings.Repeat("p", 2*maxField), Text: strings.Repeat("é", maxText)}
	payload, _, err := splitRecord(appendRecord(nil, &line))
	if err != nil {
		t.Fatal(err)
	}
	var got Line
	if err := decodeLine(payload, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Text) > maxText || !strings.HasSuffix(got.Text, "é"+cutMark) || len(got.Process) != maxField {
		t.Errorf("text of %d bytes ends %q, process of %d", len(got.Text), got.Text[len(got.Text)-20:], len(got.Process))
	}
}

func FuzzRecord(f *testing.F) {
	var all []byte
	for _, line := range sampleLines() {
		one := appendRecord(nil, &line)
		f.Add(one)
		all = append(all, one...)
	}
	f.Add(all)
	f.Add(all[:len(all)-3])
	f.Add(make([]byte, 64))
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		sc := newScanner(bytes.NewReader(b), 0, int64(len(b)))
		defer sc.release()
		for {
			payload, err := sc.next()
			if err != nil {
				break
			}
			checkPayload(t, payload)
		}
		checkPayload(t, b) // and without the checksum, which hides nearly everything
	})
}

// checkPayload wants what decodes to come back the same from a record of its own.
func checkPayload(t *testing.T, payload []byte) {
	t.Helper()
	var line, again Line
	if decodeLine(payload, &line) != nil {
		return
	}
	if seq, err := seqOf(payload); err != nil || seq != line.Seq {
		t.Errorf("seqOf: %d, %v, want %d", seq, err, line.Seq)
	}
	if len(line.Text) > maxText || len(line.Source)+len(line.Process)+len(line.Instance)+len(line.Stream)+len(line.StepID)+len(line.State) > maxField {
		return // would be cut
	}
	if s := line.Step; s != nil && (len(s.ID) > maxField || len(s.Status) > maxField || s.DurationMS != s.DurationMS) {
		return // would be cut, or is no number
	}
	record := appendRecord(nil, &line)
	own, n, err := splitRecord(record)
	if err != nil || n != len(record) || decodeLine(own, &again) != nil || !reflect.DeepEqual(line, again) {
		t.Errorf("%+v came back as %+v (%v)", line, again, err)
	}
}
