package logs

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Terminal writes a stream's lines for people: Slipway's sentences behind an
// arrow, build steps with how long they took, their output indented below them.
// The pusher's git and the command line client show a deployment through it,
// each from the same lines. It is not safe for concurrent use.
type Terminal struct {
	w     io.Writer
	color bool
	err   error

	steps   map[string]string // names of the steps that run, by ID
	waiting string            // the ID of a step whose name is not written yet
	last    string            // the ID of the step that the last written line is about
}

// Outcome is how a deployment ended.
type Outcome struct {
	App     string
	Number  int
	State   string // succeeded, failed, cancelled or superseded
	Reason  string // why it did not succeed
	Version int    // the release it made live
	URL     string // where the app answers
	Took    time.Duration
}

const (
	arrow  = "-----> "
	indent = "       "
	alarm  = " !     "
)

// NewTerminal writes to w. With color, the colours in the lines are kept and
// Slipway's own are added; everything else that would steer a terminal is
// always taken out.
func NewTerminal(w io.Writer, color bool) *Terminal {
	return &Terminal{w: w, color: color, steps: map[string]string{}}
}

// Line writes one line of a deployment's stream. A step that begins is held
// back until something follows, because most steps are over at once and then
// need one line, not two; call Flush when nothing has followed for a while. The
// error is the writer's first.
func (t *Terminal) Line(l Line) error {
	switch {
	case l.State != "":
		// What a state means for people is said in sentences and by End.
	case l.Step != nil:
		t.step(*l.Step)
	case l.StepID != "":
		t.output(l)
	case l.Source == SourceApp:
		t.Flush()
		t.last = ""
		t.writef("%s%s | %s", indent, t.paint(dim, instance(l)), t.clean(l.Text))
	default:
		t.Say("%s", l.Text)
	}
	return t.err
}

// Say writes a sentence of Slipway's own.
func (t *Terminal) Say(format string, args ...any) {
	t.Flush()
	t.last = ""
	t.writef("%s%s", t.paint(bold, arrow), t.clean(fmt.Sprintf(format, args...)))
}

// Warn writes what went wrong, each line of it behind an exclamation mark.
func (t *Terminal) Warn(format string, args ...any) {
	t.Flush()
	t.last = ""
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		t.writef("%s%s", t.paint(red, alarm), t.clean(strings.TrimRight(line, "\r\n")))
	}
}

// Gap writes that lines are missing.
func (t *Terminal) Gap(g Gap) error {
	t.Flush()
	why := "they are no longer kept"
	if g.Reason == "slow" {
		why = "they came faster than they could be shown"
	}
	t.writef("%s… %d lines are left out: %s", indent, g.To-g.From+1, why)
	return t.err
}

// End writes how the deployment ended. The error is the writer's first.
func (t *Terminal) End(o Outcome) error {
	t.Flush()
	switch o.State {
	case "succeeded":
		release := fmt.Sprintf("v%d, %s", o.Version, Duration(o.Took))
		if o.URL == "" {
			t.Say("%s is live (%s)", o.App, release)
		} else {
			t.Say("Live at %s (%s)", o.URL, release)
		}
	case "superseded":
		t.Warn("Deployment #%d of %s was superseded: %s", o.Number, o.App, orElse(o.Reason, "a newer one took its place"))
	case "cancelled":
		t.Warn("Deployment #%d of %s was %s", o.Number, o.App, orElse(o.Reason, "cancelled"))
	default:
		t.Warn("Deployment #%d of %s failed: %s", o.Number, o.App, orElse(o.Reason, "no reason was given"))
	}
	return t.err
}

// Runtime writes one line of an app's stream, as `slipway logs` shows it.
func (t *Terminal) Runtime(l Line) error {
	text, at := t.clean(l.Text), l.Time.Local().Format("15:04:05.000")
	if l.Stream == "stderr" && l.Source == SourceApp && !strings.Contains(text, "\x1b") {
		text = t.paint(red, text)
	}
	t.writef("%s %s | %s", t.paint(dim, at), t.paint(bold, instance(l)), text)
	return t.err
}

// Flush writes the name of a step that was held back.
func (t *Terminal) Flush() {
	if t.waiting == "" {
		return
	}
	id := t.waiting
	t.waiting, t.last = "", id
	t.writef("%s%s", indent, t.steps[id])
}

func (t *Terminal) step(s Step) {
	if s.Internal && s.Status != "failed" {
		return
	}
	name := t.clean(s.Name)
	if s.Status == "running" {
		t.Flush()
		t.steps[s.ID], t.waiting = name, s.ID
		return
	}
	took := Duration(time.Duration(s.DurationMS * float64(time.Millisecond)))
	switch s.Status {
	case "cached":
		took = "cached"
	case "failed":
		took = "failed after " + took
	}
	below := t.last == s.ID
	if t.waiting == s.ID {
		t.waiting = ""
	} else {
		t.Flush()
	}
	delete(t.steps, s.ID)
	t.last = ""
	if below {
		t.writef("%s  %s", indent, t.paint(dim, took))
		return
	}
	t.writef("%s%s %s", indent, name, t.paint(dim, "("+took+")"))
}

func (t *Terminal) output(l Line) {
	t.Flush()
	if name, known := t.steps[l.StepID]; known && t.last != l.StepID {
		t.writef("%s%s", indent, name)
	}
	t.last = l.StepID
	t.writef("%s  %s", indent, t.clean(l.Text))
}

func (t *Terminal) writef(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

const (
	bold = "\x1b[1m"
	dim  = "\x1b[2m"
	red  = "\x1b[31m"
)

func (t *Terminal) paint(code, text string) string {
	if !t.color {
		return text
	}
	return code + text + "\x1b[0m"
}

// clean makes a line of unknown origin safe to print: of a line that a progress
// bar wrote over, the last state; colours if they are wanted; no other control,
// nor one that turns the order of what is read.
func (t *Terminal) clean(text string) string {
	text = strings.TrimRight(text, "\r\n")
	if i := strings.LastIndexByte(text, '\r'); i >= 0 {
		text = text[i+1:]
	}
	var out strings.Builder
	painted := false
	for len(text) > 0 {
		if text[0] == 0x1b {
			n, isColor := escape(text)
			if isColor && t.color {
				out.WriteString(text[:n])
				painted = true
			}
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		if r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
			out.WriteRune(r)
		}
		text = text[n:]
	}
	if painted {
		out.WriteString("\x1b[0m")
	}
	return out.String()
}

// escape gives the length of the escape sequence that text begins with, and
// whether it only sets colours.
func escape(text string) (n int, isColor bool) {
	if len(text) < 2 {
		return 1, false
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text); i++ {
			switch c := text[i]; {
			case c >= 0x40 && c <= 0x7e:
				return i + 1, c == 'm' && strings.Trim(text[2:i], "0123456789;:") == ""
			case c < 0x20 || c > 0x7e:
				return i, false
			}
		}
		return len(text), false
	case ']', 'P', '_', '^', 'X': // a string up to BEL or ESC \
		for i := 2; i < len(text); i++ {
			if text[i] == 0x07 {
				return i + 1, false
			}
			if text[i] == 0x1b && i+1 < len(text) && text[i+1] == '\\' {
				return i + 2, false
			}
		}
		return len(text), false
	case 0x1b:
		return 1, false
	}
	_, size := utf8.DecodeRuneInString(text[1:])
	return 1 + size, false
}

// instance names who wrote a line: web.1, router, slipway.
func instance(l Line) string {
	switch {
	case l.Instance == "" && l.Process == "":
		return string(l.Source)
	case l.Instance == "":
		return l.Process
	case l.Process == "":
		return l.Instance
	}
	return l.Process + l.Instance[max(strings.LastIndexByte(l.Instance, '.'), 0):]
}

// Duration writes a duration for people: 80 ms, 2.1 s, 3 m 12 s.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 ms"
	case d < time.Second-500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d m %d s", int(d.Minutes()), int(d.Seconds())%60)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
