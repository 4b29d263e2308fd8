package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// table writes rows under a heading. Cells come from people and builds, so
// what would steer a terminal is taken out.
func (c *cli) table(heading []string, rows [][]string) error {
	w := tabwriter.NewWriter(c.Out, 0, 0, 3, ' ', 0)
	if _, err := fmt.Fprintln(w, strings.Join(heading, "\t")); err != nil {
		return err
	}
	for _, row := range rows {
		for i := range row {
			row[i] = plain(row[i])
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// facts writes names and values below each other; those without value are left
// out.
func (c *cli) facts(pairs ...string) error {
	w := tabwriter.NewWriter(c.Out, 0, 0, 3, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\n", pairs[i], plain(pairs[i+1])); err != nil {
			return err
		}
	}
	return w.Flush()
}

// plain makes text fit a cell.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}

// shorten cuts text to at most n characters.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}

// ago writes a moment as people say it.
func ago(t time.Time) string {
	d := time.Since(t)
	switch {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Local().Format("2006-01-02")
}

func agoOf(t *time.Time, never string) string {
	if t == nil {
		return never
	}
	return ago(*t)
}

// bytes writes a size for people.
func bytesOf(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	if n < 1000_000_000 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
