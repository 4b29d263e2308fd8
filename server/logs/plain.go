package logs

import (
	"fmt"
	"strings"
	"time"
)

// Pick says which lines are wanted; "" takes any.
type Pick struct {
	Process  string // such as web
	Instance string // such as hello.web.v3.1, or web.1 whichever release it is of
	Stream   string // stdout or stderr
}

// Takes says whether a line is wanted.
func (p Pick) Takes(l Line) bool {
	if p.Process != "" && l.Process != p.Process || p.Stream != "" && l.Stream != p.Stream {
		return false
	}
	return p.Instance == "" || p.Instance == l.Instance || l.Instance != "" && p.Instance == instance(l)
}

// Plain gives a line as one line of a text file: its time (UTC), who wrote it
// and its text. Colours stay if they are wanted; no other control character
// does.
func (l Line) Plain(colors bool) string {
	clean := (&Terminal{color: colors}).clean
	who := string(l.Source)
	if l.Instance != "" || l.Process != "" {
		who += "/" + orElse(l.Instance, l.Process)
	}
	text := clean(l.Text)
	switch {
	case l.Step != nil:
		text = clean(l.Step.Name) + ": " + l.Step.Status
		if l.Step.Status != "running" {
			text += " (" + Duration(time.Duration(l.Step.DurationMS*float64(time.Millisecond))) + ")"
		}
		if l.Step.Error != "" {
			text += ": " + clean(l.Step.Error)
		}
	case l.State != "":
		text = strings.TrimSpace("deployment is " + l.State + " " + text)
	}
	return l.Time.UTC().Format("2006-01-02T15:04:05.000Z") + " " + who + " " + text
}

// Plain says in words what is missing.
func (g Gap) Plain() string {
	why := "skipped, since the reader was too slow"
	if g.Reason == GapExpired {
		why = "no longer kept"
	}
	return fmt.Sprintf("… lines %d to %d are missing here: %s", g.From, g.To, why)
}
