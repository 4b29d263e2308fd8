package routing

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/slipway-paas/slipway/router"
)

const (
	queueMost    = 1024 // updates waiting for one router; with more it gets the whole table
	writeTimeout = 15 * time.Second
)

// session is one router's connection, or what is left of it. The service's
// lock guards it.
type session struct {
	router    string
	queue     [][]byte
	whole     bool // the next message is the whole table
	wake      chan struct{}
	gone      chan struct{} // closed when another connection of the same router takes over
	connected bool
	lost      time.Time // when the connection ended
	applied   uint64
	inFlight  map[string]int
	draining  map[string]int
}

func (se *session) wakeUp() {
	select {
	case se.wake <- struct{}{}:
	default: // a token is there already
	}
}

// send queues an update for every connected router. The lock is held. What is
// encoded once goes to all.
func (s *Service) send(u router.Update) {
	var line []byte
	for _, se := range s.sessions {
		if !se.connected || se.whole {
			continue
		}
		if len(se.queue) >= queueMost {
			se.queue, se.whole = nil, true
			continue
		}
		if line == nil {
			line = encode(u)
		}
		se.queue = append(se.queue, line)
		se.wakeUp()
	}
}

func encode(u router.Update) []byte {
	line, err := json.Marshal(u)
	if err != nil {
		panic("an update must encode: " + err.Error()) // strings and numbers always do
	}
	return append(line, '\n')
}

// connect opens a session, which begins with the whole table. An older one of
// the same router ends. What the router last reported is kept: it still holds.
func (s *Service) connect(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	se := &session{router: id, whole: true, connected: true, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	if old := s.sessions[id]; old != nil {
		se.inFlight, se.draining = old.inFlight, old.draining
		if old.connected {
			close(old.gone)
		}
	}
	for other, old := range s.sessions {
		if !old.connected && time.Since(old.lost) > s.opts.Lease {
			delete(s.sessions, other) // every start of a router has an ID of its own
		}
	}
	s.sessions[id] = se
	se.wakeUp()
	s.tell()
	return se
}

// leave forgets a router that has ended. The lock is held.
func (s *Service) leave(se *session) {
	if se.connected {
		close(se.gone)
	}
	delete(s.sessions, se.router)
}

func (s *Service) disconnect(se *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[se.router] == se {
		se.connected, se.lost, se.queue = false, time.Now(), nil
	}
	s.tell()
}

// tell wakes those who wait for routers. The lock is held.
func (s *Service) tell() {
	close(s.news)
	s.news = make(chan struct{})
}

// next gives what is to be written to a router now.
func (s *Service) next(se *session) [][]byte {
	s.mu.Lock()
	if !s.ready {
		s.mu.Unlock()
		return nil
	}
	if !se.whole {
		lines := se.queue
		se.queue = nil
		s.mu.Unlock()
		return lines
	}
	table := router.Table{Version: s.version, Apps: make([]router.App, 0, len(s.apps)), Platform: s.opts.Platform}
	for _, st := range s.apps {
		table.Apps = append(table.Apps, st.published)
	}
	se.whole, se.queue = false, nil
	s.mu.Unlock() // encoding 10,000 apps takes a while
	return [][]byte{encode(router.Update{Version: table.Version, Table: &table})}
}

// stream writes to a router until it goes, or is too slow to take what is
// written: then it connects again and begins anew.
func (s *Service) stream(ctx context.Context, se *session, w http.ResponseWriter) error {
	out := &lineWriter{to: w, control: http.NewResponseController(w)}
	if err := out.control.SetReadDeadline(time.Time{}); err != nil { // nothing more is to be read
		return err
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	lines := [][]byte{nil} // shows that the connection stands
	for {
		if err := out.write(lines); err != nil {
			return err
		}
		if lines = s.next(se); len(lines) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-se.gone:
			return nil
		case <-s.over:
			return nil
		case <-se.wake:
		case <-ping.C:
			lines = [][]byte{encode(router.Update{Version: s.versionNow(), Ping: true})}
		}
	}
}

// lineWriter gives the router a limited time to take each batch of lines.
type lineWriter struct {
	to      http.ResponseWriter
	control *http.ResponseController
}

func (l *lineWriter) write(lines [][]byte) error {
	if len(lines) == 0 {
		return nil
	}
	for _, line := range lines {
		if err := l.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := l.to.Write(line); err != nil {
			return err
		}
	}
	if err := l.control.Flush(); err != nil {
		return err
	}
	return l.control.SetWriteDeadline(time.Time{})
}

func (s *Service) versionNow() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}
