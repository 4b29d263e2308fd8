package git

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// packing are the repositories that were pushed to and are to be looked at. Every
// push is a pack of its own, and many packs make every fetch slow.
type packing struct {
	mu      sync.Mutex
	waiting []string
	news    chan struct{} // holds one word while somebody waits
}

// packTime bounds the packing of one repository.
const packTime = 15 * time.Minute

// add has a repository looked at. It returns at once.
func (p *packing) add(repository string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.waiting, repository) {
		p.waiting = append(p.waiting, repository)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// next gives the repository that has waited longest, "" when none waits.
func (p *packing) next() (repository string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		repository, p.waiting = p.waiting[0], p.waiting[1:]
	}
	return repository
}

// pack packs repositories, one at a time, until ctx ends. It takes no lock of a
// push's: git itself sees to it that nothing is lost that a push brings meanwhile,
// and that two servers are not at one repository.
func (s *Server) pack(ctx context.Context) {
	for {
		select {
		case <-s.packing.news:
		case <-ctx.Done():
			return
		}
		for repository := s.packing.next(); repository != "" && ctx.Err() == nil; repository = s.packing.next() {
			limited, stop := context.WithTimeout(ctx, packTime)
			err := s.service(limited, []string{"GIT_DIR=" + repository}, strings.NewReader(""), io.Discard, "gc", "--auto", "--quiet")
			stop()
			if err != nil && ctx.Err() == nil {
				s.Logger.Warn("a repository could not be packed", "repository", repository, "error", err)
			}
		}
	}
}
