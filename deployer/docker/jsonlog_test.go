package docker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const entryTail = `","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}`

func TestEntries(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for line, want := range map[string]string{
		`{"log":"hello\n` + entryTail:                                "hello\n",
		`{"log":"` + entryTail:                                       "",
		`{"log":"a piece` + entryTail:                                "a piece",
		`{"log":"\u003cb\u003e \"x\" \\ \t\u001b[0m\r\n` + entryTail: "<b> \"x\" \\ \t\x1b[0m\r\n",
		`{"log":"\ud83d\ude00 \ud83d \u00e9\n` + entryTail:           "😀 \ufffd é\n",
		// What a crash left of a line, and the one behind it.
		`{"log":"to{"log":"whole\n` + entryTail:                                       "whole\n",
		`{"log":"torn\n","stream":"stdout","time":"2026-0{"log":"whole\n` + entryTail: "whole\n",
		"\x00\x00\x00" + `{"log":"whole\n` + entryTail:                                "whole\n",
		// Attributes, and no text at all.
		`{"log":"x\n","stream":"stdout","attrs":{"tag":"y"},"time":"2026-01-02T03:04:05.000000006Z"}`: "x\n",
		`{"stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}`:                                 "",
	} {
		var p entryParser
		for range 2 { // the second time it knows the second
			e, ok := p.parse([]byte(line))
			if !ok || string(e.text) != want || !e.at.Equal(at) || e.stderr {
				t.Errorf("%s is %q at %s, %v", line, e.text, e.at, ok)
			}
		}
	}
	for _, line := range []string{"", "\x00", `{"log":"cut`, `{"log":"x\n","stream":"stdout","time":"tomorrow"}`, `{"log":"\u00`, `{"log":"\`} {
		var p entryParser
		if e, ok := p.parse([]byte(line)); ok {
			t.Errorf("%q is %+v", line, e)
		}
	}
}

func FuzzEntry(f *testing.F) {
	for _, text := range []string{"hello\n", "", "\x1b[31mred\x1b[0m <b> \\ \"\n", "\xff\xfe", "😀\u2028", strings.Repeat("x", 100)} {
		raw, err := json.Marshal(map[string]any{"log": text, "stream": "stderr", "time": "2026-01-02T03:04:05.123456789Z"})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(append([]byte(`{"log":"torn`), raw...))
	}
	f.Add([]byte(`{"log":"hello\n` + entryTail))
	f.Add([]byte(`{"log":"\ud800\udc00\u12` + entryTail))
	f.Fuzz(func(t *testing.T, line []byte) {
		var p entryParser
		e, ok := p.parse(line)
		var want struct {
			Log, Stream string
			Time        time.Time
		}
		if json.Unmarshal(line, &want) != nil || want.Time.IsZero() || !strings.HasPrefix(string(line), `{"log":"`) {
			return
		}
		// A key that comes twice is nothing an engine writes.
		if ok && (string(e.text) != want.Log || !e.at.Equal(want.Time)) && strings.Count(string(line), `"log"`) == 1 {
			t.Errorf("%s is %q at %s, want %q at %s", line, e.text, e.at, want.Log, want.Time)
		}
	})
}

func BenchmarkEntry(b *testing.B) {
	line := []byte(`{"log":"` + strings.Repeat("x", 200) + `\n` + entryTail)
	var p entryParser
	for b.Loop() {
		if _, ok := p.parse(line); !ok {
			b.Fatal("not read")
		}
	}
}
