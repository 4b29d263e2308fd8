package logs

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func running(id, name string) Line {
	return Line{Source: SourceBuild, Text: name, Step: &Step{ID: id, Name: name, Status: "running"}}
}

func ended(id, name, status string, ms float64) Line {
	return Line{Source: SourceBuild, Text: name, Step: &Step{ID: id, Name: name, Status: status, DurationMS: ms}}
}

func output(id, text string) Line { return Line{Source: SourceBuild, StepID: id, Text: text} }

func show(t *testing.T, lines ...Line) string {
	t.Helper()
	var out strings.Builder
	terminal := NewTerminal(&out, false)
	for _, line := range lines {
		if err := terminal.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	terminal.Flush()
	return out.String()
}

func TestTerminalShowsADeployment(t *testing.T) {
	got := show(t,
		Line{Source: SourceSlipway, State: "building", Text: "building"},
		Line{Source: SourceSlipway, Text: "Dockerfile found at Dockerfile"},
		running("1", "load context"),
		ended("1", "load context", "done", 12),
		running("2", "RUN make"),
		output("2", "cc hello.c"),
		output("2", "\x1b[32mok\x1b[0m"),
		ended("2", "RUN make", "done", 1234),
		running("3", "COPY . ."),
		ended("3", "COPY . .", "cached", 0),
		Line{Source: SourceSlipway, Text: "Starting web"},
		Line{Source: SourceApp, Process: "web", Instance: "hello.web.v3.1", Text: "panic: no"},
	)
	want := `-----> Dockerfile found at Dockerfile
       load context (12 ms)
       RUN make
         cc hello.c
         ok
         1.2 s
       COPY . . (cached)
-----> Starting web
       web.1 | panic: no
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTerminalKeepsParallelStepsApart(t *testing.T) {
	got := show(t,
		running("1", "RUN one"),
		running("2", "RUN two"),
		output("2", "two speaks"),
		output("1", "one speaks"),
		ended("2", "RUN two", "done", 10),
		ended("1", "RUN one", "failed", 20),
	)
	want := `       RUN one
       RUN two
         two speaks
       RUN one
         one speaks
       RUN two (10 ms)
       RUN one (failed after 20 ms)
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTerminalHidesHousekeepingUnlessItFails(t *testing.T) {
	quiet, loud := ended("1", "exporting layers", "done", 1), ended("2", "exporting image", "failed", 1)
	quiet.Step.Internal, loud.Step.Internal = true, true
	if got := show(t, quiet, loud); got != "       exporting image (failed after 1 ms)\n" {
		t.Errorf("got %q", got)
	}
}

func TestTerminalEnds(t *testing.T) {
	for _, test := range []struct {
		outcome Outcome
		want    string
	}{
		{Outcome{App: "hello", State: "succeeded", Version: 3, URL: "http://hello.localhost", Took: 2100 * time.Millisecond}, "-----> Live at http://hello.localhost (v3, 2.1 s)\n"},
		{Outcome{App: "hello", Number: 4, State: "failed", Reason: "no Dockerfile\nadd one"}, " !     Deployment #4 of hello failed: no Dockerfile\n !     add one\n"},
		{Outcome{App: "hello", Number: 4, State: "cancelled", Reason: "cancelled by ann@example.com"}, " !     Deployment #4 of hello was cancelled by ann@example.com\n"},
		{Outcome{App: "hello", Number: 4, State: "superseded"}, " !     Deployment #4 of hello was superseded: a newer one took its place\n"},
	} {
		var out strings.Builder
		if err := NewTerminal(&out, false).End(test.outcome); err != nil || out.String() != test.want {
			t.Errorf("%v: got %q, %v, want %q", test.outcome, out.String(), err, test.want)
		}
	}
}

func TestTerminalShowsRuntimeLines(t *testing.T) {
	var out strings.Builder
	line := Line{Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.Local), Source: SourceApp, Process: "web", Instance: "hello.web.v3.2", Text: "GET /", Stream: "stdout"}
	if err := NewTerminal(&out, false).Runtime(line); err != nil || out.String() != "03:04:05.006 web.2 | GET /\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 80 * time.Millisecond: "80 ms", 999600 * time.Microsecond: "1.0 s",
		2140 * time.Millisecond: "2.1 s", 59960 * time.Millisecond: "1 m 0 s", 192 * time.Second: "3 m 12 s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// What a build prints must not steer the terminal of who watches it.
func FuzzTerminal(f *testing.F) {
	for _, seed := range []string{"plain", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07x", "a\rb", "\x1b[2Jgone", "\x1b", "\x1b[", "\x1bP1\x1b\\x", "\xff\x9b31m", "\x1b\x1b[31m", "\u009b2J", "\x1bé"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, color bool) {
		got := NewTerminal(nil, color).clean(text)
		rest := got
		for color && strings.Contains(rest, "\x1b[") {
			before, after, _ := strings.Cut(rest, "\x1b[")
			code, tail, found := strings.Cut(after, "m")
			if !found || strings.Trim(code, "0123456789;:") != "" {
				t.Fatalf("%q became %q, which steers the terminal", text, got)
			}
			rest = before + tail
		}
		if i := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }); i >= 0 {
			t.Fatalf("%q became %q, which holds a control character at %d", text, got, i)
		}
	})
}

// Text that turns the order of what is read could make a line say another thing.
func TestTerminalKeepsTheOrder(t *testing.T) {
	line := Line{Source: SourceApp, Process: "web", Instance: "hello.web.v1.1", Text: "paid \u202e001\u202c \u2066ok\u2069"}
	if got := line.Plain(true); !strings.HasSuffix(got, " paid 001 ok") {
		t.Errorf("%q", got)
	}
}
