package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// slots tells those of this process who wait for a build slot when one may have
// become free. Who may build is in the rows: all servers of the installation
// share the slots.
type slots struct {
	mu   sync.Mutex
	news chan struct{}
}

// next gives what is closed when a slot becomes free.
func (s *slots) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news == nil {
		s.news = make(chan struct{})
	}
	return s.news
}

func (s *slots) freed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
}

// slotLook is how often who waits looks whether another server's build has
// ended. Of those of this process they are told at once.
const slotLook = time.Second

// awaitSlot waits until the build may run, and says that it waits. The build's
// time-out begins when it may.
func (p *Pipeline) awaitSlot(ctx context.Context, app *models.App, d *models.Deployment, row *models.Build, j *journal) error {
	last := -1
	for {
		news := p.slots.next()
		before, err := p.askForSlot(ctx, d, row)
		if err != nil {
			return err
		}
		if before != last {
			p.Announce(app, d)
		}
		if before == 0 {
			return nil
		}
		if last < 0 {
			j.Say("Waiting for a free build slot: at most %d builds run at once, and %d must end first", p.Settings.BuildConcurrency, before)
		}
		last = before
		look := time.NewTimer(slotLook)
		select {
		case <-news:
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return ctx.Err()
		}
		look.Stop()
	}
}

// askForSlot begins the build if it may run, with its time-out, or gives how
// many builds must end first.
func (p *Pipeline) askForSlot(ctx context.Context, d *models.Deployment, row *models.Build) (before int, err error) {
	err = persist(ctx, func() error {
		return p.Store.Transact(ctx, func(tx *store.Store) error {
			if before, err = tx.StartBuild(ctx, d, row, p.Settings.BuildConcurrency); err != nil {
				return err
			}
			d.PhaseDeadline = nil
			if before == 0 {
				ends := time.Now().UTC().Add(p.Settings.BuildTimeout)
				d.PhaseDeadline = &ends
			}
			return tx.UpdateDeployment(ctx, d)
		})
	})
	return before, err
}
