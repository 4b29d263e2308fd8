package memory

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

const (
	maxLine  = 64 << 10 // bytes; longer lines are kept in pieces
	maxLines = 20_000   // per instance; the oldest go first
)

// log is what an instance wrote, over all its lives.
type log struct {
	mu      sync.Mutex
	lines   []deployer.LogLine
	first   int           // number of lines[0]
	changed chan struct{} // closed when there is more, or it is over
	over    bool
	pending map[*output]bool
	ended   map[*life]bool
}

func newLog() *log {
	return &log{changed: make(chan struct{}), pending: map[*output]bool{}, ended: map[*life]bool{}}
}

// output is one stream of one life.
type output struct {
	log    *log
	life   *life
	stderr bool
	text   []byte // a line that has no end yet
}

func (l *log) writer(of *life, stderr bool) io.Writer {
	o := &output{log: l, life: of, stderr: stderr}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[o] = true
	return o
}

// Write keeps whole lines. What a killed program goes on writing is dropped.
func (o *output) Write(p []byte) (int, error) {
	o.log.mu.Lock()
	defer o.log.mu.Unlock()
	if o.log.ended[o.life] || o.log.over {
		return 0, io.ErrClosedPipe
	}
	o.text = append(o.text, p...)
	for {
		i := bytes.IndexByte(o.text, '\n')
		switch {
		case i >= 0 && i <= maxLine:
			o.keep(i, false)
			o.text = o.text[1:] // the newline
		case len(o.text) > maxLine:
			o.keep(maxLine, true)
		default:
			return len(p), nil
		}
	}
}

func (o *output) keep(n int, partial bool) {
	l := o.log
	l.lines = append(l.lines, deployer.LogLine{Time: time.Now(), Stderr: o.stderr, Text: strings.Clone(string(o.text[:n])), Partial: partial})
	o.text = o.text[n:]
	if extra := len(l.lines) - maxLines; extra > 0 {
		l.lines = l.lines[extra:]
		l.first += extra
	}
	l.wake()
}

func (l *log) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// end keeps the lines that a life left unended, and no more of it.
func (l *log) end(of *life) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[of] = true
	for o := range l.pending {
		if o.life != of {
			continue
		}
		if len(o.text) > 0 {
			o.keep(len(o.text), false)
		}
		delete(l.pending, o)
	}
}

// close says that no more will come.
func (l *log) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	l.wake()
}

// read gives the lines from a number on, and how to wait for more: nil when
// there will be none.
func (l *log) read(from int) (lines []deployer.LogLine, next int, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from = max(from, l.first)
	lines = append(lines, l.lines[from-l.first:]...)
	if !l.over {
		more = l.changed
	}
	return lines, l.first + len(l.lines), more
}
