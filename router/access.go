package router

import "sync"

const (
	accessMost  = 8192 // lines kept while the server is slow or away
	accessBatch = 2000 // lines in one report
	pathMost    = 2048 // bytes of a path that are kept
)

// accessLog is a bounded buffer of access lines. What does not fit is counted.
type accessLog struct {
	mu      sync.Mutex
	lines   []Access
	dropped int

	ready chan struct{} // holds one token when there are lines
}

func newAccessLog() *accessLog { return &accessLog{ready: make(chan struct{}, 1)} }

// room says whether a line would be kept. If it would not it is counted as
// dropped, so that nobody needs to make it.
func (l *accessLog) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < accessMost {
		return true
	}
	l.dropped++
	return false
}

func (l *accessLog) add(line Access) {
	l.mu.Lock()
	first := len(l.lines) == 0
	if len(l.lines) < accessMost {
		l.lines = append(l.lines, line)
	} else {
		l.dropped++
	}
	l.mu.Unlock()
	if first {
		notify(l.ready)
	}
}

// take removes the oldest lines, as many as fit a report.
func (l *accessLog) take() (lines []Access, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines, dropped = l.lines, l.dropped
	l.lines, l.dropped = nil, 0
	if len(lines) > accessBatch {
		l.lines = append(l.lines, lines[accessBatch:]...)
		lines = lines[:accessBatch:accessBatch]
		notify(l.ready)
	}
	return lines, dropped
}

// giveBack puts lines that could not be sent in front of the newer ones, as
// far as there is room.
func (l *accessLog) giveBack(lines []Access, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := max(0, accessMost-len(l.lines))
	if len(lines) > room {
		dropped += len(lines) - room
		lines = lines[len(lines)-room:]
	}
	l.lines = append(lines, l.lines...)
	l.dropped += dropped
	notify(l.ready)
}
