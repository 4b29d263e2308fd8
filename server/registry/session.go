package registry

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// pushPrefix begins the user name of a push. Users who pull have their
// repository's name, with a slash, so none is taken for another.
const pushPrefix = "push-"

// sessions are the pushes that go on. Only during one, and with the password
// made for it, can anything be written; Collect waits for all of them, so it
// never meets an upload. It is safe for concurrent use.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

type session struct {
	user, password string
	repository     string
	ended          context.Context // is over when the session is
	end            context.CancelFunc
	writes         sync.WaitGroup
}

// begin lets one push to a repository in.
func (s *sessions) begin(repository string) *session {
	p := &session{user: pushPrefix + strings.ToLower(rand.Text()), password: rand.Text(), repository: repository}
	p.ended, p.end = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]*session{}
	}
	s.open[p.user] = p
	return p
}

// close refuses further writes of a push, breaks off what there are, and
// returns when they have ended.
func (s *sessions) close(p *session) {
	s.mu.Lock()
	delete(s.open, p.user)
	s.mu.Unlock()
	p.end()
	p.writes.Wait()
}

// holder gives who a push's password is of.
func (s *sessions) holder(user, password, installation string) (holder, bool) {
	s.mu.Lock()
	p := s.open[user]
	s.mu.Unlock()
	if p == nil || !equal(p.password, password) {
		return holder{}, false
	}
	return holder{name: user, may: func(repository, action string) bool {
		// A layer that another app's image has need not be sent again.
		return repository == p.repository || action == actionPull && strings.HasPrefix(repository, installation+"/")
	}}, true
}

// write passes on a writing request of a push while it goes on, and gives false
// without doing anything when it does not.
func (s *sessions) write(w http.ResponseWriter, r *http.Request, user string, next http.Handler) bool {
	s.mu.Lock()
	p := s.open[user]
	if p != nil {
		p.writes.Add(1)
	}
	s.mu.Unlock()
	if p == nil {
		return false
	}
	defer p.writes.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	body := http.NewResponseController(w)
	defer context.AfterFunc(p.ended, func() {
		cancel()
		_ = body.SetReadDeadline(time.Now()) // one who sends nothing must not be waited for; where it cannot be set, the connection ends
	})()
	next.ServeHTTP(w, r.WithContext(ctx))
	return true
}
