package logs

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

const (
	maskText = "••••"

	// minSecret is the shortest value that is masked: shorter ones occur in
	// text by chance, and masking those would give them away.
	minSecret = 6
)

// Mask replaces known secret values in text. It is safe for concurrent use;
// nil and a Mask without secrets leave everything as it is.
type Mask struct {
	secrets []string // the longest first
	first   [256]bool
}

// NewMask makes a Mask of the values of at least six bytes. Each line of a
// value with several, such as a private key, is a secret as well.
func NewMask(values ...string) *Mask {
	m := &Mask{}
	add := func(v string) {
		if len(v) >= minSecret && !slices.Contains(m.secrets, v) {
			m.secrets = append(m.secrets, v)
			m.first[v[0]] = true
		}
	}
	for _, v := range values {
		add(v)
		add(strings.TrimSpace(v))
		if strings.Contains(v, "\n") {
			for line := range strings.Lines(v) {
				add(strings.TrimSpace(line))
			}
		}
	}
	slices.SortStableFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	return m
}

// Text gives text with every secret in it replaced.
func (m *Mask) Text(text string) string {
	if m == nil || len(m.secrets) == 0 || !m.occursIn(text) {
		return text
	}
	out, _ := m.filter(nil, []byte(text), true)
	return string(out)
}

func (m *Mask) occursIn(text string) bool {
	return slices.ContainsFunc(m.secrets, func(s string) bool { return strings.Contains(text, s) })
}

// Line gives line with the secrets in its text and its step replaced.
func (m *Mask) Line(line Line) Line {
	line.Text = m.Text(line.Text)
	if line.Step != nil {
		step := *line.Step
		step.Name, step.Error = m.Text(step.Name), m.Text(step.Error)
		line.Step = &step
	}
	return line
}

// filter appends in to out with secrets replaced. Unless final, it stops at an
// end that may be the beginning of a secret, and gives that back.
func (m *Mask) filter(out, in []byte, final bool) (filtered, rest []byte) {
	for i := 0; i < len(in); {
		if !m.first[in[i]] {
			out = append(out, in[i])
			i++
			continue
		}
		n, more := m.match(in[i:])
		switch {
		case more && !final:
			return out, in[i:]
		case n > 0:
			out = append(out, maskText...)
			i += n
		default:
			out = append(out, in[i])
			i++
		}
	}
	return out, nil
}

// match gives the length of the longest secret that text begins with, and
// whether a longer one may follow when there is more text.
func (m *Mask) match(text []byte) (n int, more bool) {
	for _, s := range m.secrets {
		if len(s) <= len(text) {
			if string(text[:len(s)]) == s {
				return len(s), more
			}
		} else if s[:len(text)] == string(text) {
			more = true
		}
	}
	return 0, more
}

// Writer gives a writer that masks what passes to w, also where a secret comes
// in several writes. It keeps back what may be the beginning of one until it
// knows, or Close. It is not safe for concurrent use, and does not close w.
func (m *Mask) Writer(w io.Writer) io.WriteCloser {
	if m == nil {
		m = &Mask{}
	}
	return &maskWriter{mask: m, to: w}
}

type maskWriter struct {
	mask *Mask
	to   io.Writer
	held []byte
}

func (w *maskWriter) Write(p []byte) (int, error) {
	in := p
	if len(w.held) > 0 {
		in = append(w.held, p...)
	}
	out, rest := w.mask.filter(make([]byte, 0, len(in)), in, false)
	w.held = bytes.Clone(rest)
	if len(out) > 0 {
		if _, err := w.to.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *maskWriter) Close() error {
	out, _ := w.mask.filter(nil, w.held, true)
	w.held = nil
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}
