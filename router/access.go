package router

import (
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	accessMost  = 8192 // lines kept while the server is slow or away
	accessBatch = 2000 // lines in one report
	pathMost    = 2048 // bytes of a path that are kept
)

// accessLog is a bounded buffer of access lines, as they are sent. What does
// not fit is counted.
type accessLog struct {
	mu      sync.Mutex
	batches []accessLines // oldest first
	lines   int           // in all of them
	dropped int
	usual   int // bytes of a batch, so that the next one need not grow

	ready chan struct{} // holds one token when there are lines
}

// accessLines are the access lines of one report: JSON objects, with commas
// between them.
type accessLines struct {
	text  []byte
	lines int
}

func newAccessLog() *accessLog { return &accessLog{ready: make(chan struct{}, 1)} }

// room says whether a line would be kept. If it would not it is counted as
// dropped, so that nobody needs to make it.
func (l *accessLog) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines < accessMost {
		return true
	}
	l.dropped++
	return false
}

// add takes a copy of a line.
func (l *accessLog) add(line []byte) {
	l.mu.Lock()
	first := l.lines == 0
	if n := len(l.batches); n == 0 || l.batches[n-1].lines >= accessBatch {
		l.batches = append(l.batches, accessLines{text: make([]byte, 0, l.usual)})
	}
	batch := &l.batches[len(l.batches)-1]
	if batch.lines > 0 {
		batch.text = append(batch.text, ',')
	}
	batch.text = append(batch.text, line...)
	batch.lines++
	l.lines++
	l.mu.Unlock()
	if first {
		notify(l.ready)
	}
}

// take removes the oldest lines, as many as fit a report.
func (l *accessLog) take() (oldest accessLines, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dropped, l.dropped = l.dropped, 0
	if len(l.batches) == 0 {
		return accessLines{}, dropped
	}
	oldest = l.batches[0]
	l.batches = append(l.batches[:0], l.batches[1:]...)
	l.lines -= oldest.lines
	l.usual = len(oldest.text) + len(oldest.text)/16
	if l.lines > 0 {
		notify(l.ready)
	}
	return oldest, dropped
}

// giveBack puts lines that could not be sent in front of the newer ones.
func (l *accessLog) giveBack(batch accessLines, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += dropped
	if batch.lines > 0 {
		l.batches = append([]accessLines{batch}, l.batches...)
		l.lines += batch.lines
	}
	notify(l.ready)
}

// appendLine writes the exchange's access line: an Access in JSON.
func (ex *exchange) appendLine(to []byte) []byte {
	app := &ex.route.app
	to = appendText(append(to, `{"app_id":`...), app.ID)
	to = ex.start.AppendFormat(append(to, `,"time":"`...), time.RFC3339Nano)
	to = appendText(append(to, `","method":`...), ex.req.name)
	to = appendText(append(to, `,"host":`...), ex.host)
	to = appendPath(append(to, `,"path":`...), ex.req.path())
	to = strconv.AppendInt(append(to, `,"status":`...), int64(ex.status), 10)
	to = strconv.AppendInt(append(to, `,"bytes":`...), ex.bytes, 10)
	to = strconv.AppendInt(append(to, `,"duration":`...), int64(time.Since(ex.start)), 10)
	if ms := ex.held.spent.Milliseconds(); ms > 0 {
		to = strconv.AppendInt(append(to, `,"held_ms":`...), ms, 10)
	}
	to = append(to, `,"backend":`...)
	if ex.backend != nil && ex.status != 0 && (ex.reason == "" || ex.broken) {
		to = appendText(to, ex.backend.Name)
	} else {
		to = append(to, `""`...)
	}
	to = strconv.AppendInt(append(to, `,"release":`...), int64(app.Release), 10)
	to = appendText(append(to, `,"remote_ip":`...), ex.caller.ip)
	to = append(append(append(to, `,"request_id":"`...), ex.id...), '"')
	if ex.reason != "" {
		to = appendText(append(to, `,"error":`...), ex.reason)
	}
	return append(to, '}')
}

const hexDigits = "0123456789ABCDEF"

// appendText writes a string as JSON.
func appendText(to []byte, s string) []byte {
	to = append(to, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c < ' ' || c == 0x7f:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			to = append(to, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			to = utf8.AppendRune(to, r) // U+FFFD for what is none
			i += size
			continue
		}
		i++
	}
	return append(to, '"')
}

// appendPath writes a path as JSON. Bytes that are not ASCII are escaped as in
// a URL, and what is too long is cut.
func appendPath(to, path []byte) []byte {
	to = append(to, '"')
	for _, c := range path[:min(len(path), pathMost)] {
		switch {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c <= ' ' || c > '~':
			to = append(to, '%', hexDigits[c>>4], hexDigits[c&15])
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}
