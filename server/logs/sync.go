package logs

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
)

const (
	// syncEvery bounds what a loss of power takes.
	syncEvery = 5 * time.Second

	// maxFresh is how many segments of a stream are synced at a time. One that
	// has more, of tens of megabytes, is left to the kernel, which writes it
	// within half a minute: syncing it would hold up all that is written to the
	// same disk.
	maxFresh = 4
)

// syncer calls Sync now and then until the store is closed.
func (s *Store) syncer() {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-s.closed:
			return
		case <-tick.C:
		}
		err := s.Sync()
		if err != nil && !failing {
			s.logger.Error("logs are not safe from a loss of power", "error", err)
		}
		failing = err != nil
	}
}

// Sync makes what was appended survive a loss of power, but for streams that are
// flooded. Nobody who appends or reads waits for it.
func (s *Store) Sync() error {
	s.mu.Lock()
	fresh := s.fresh
	s.fresh = nil
	streams := slices.Collect(maps.Values(s.streams))
	s.mu.Unlock()
	for _, st := range streams { // one that is being written to may take a while
		fresh = append(fresh, st.takeFresh()...)
	}
	var errs []error
	folders := map[string]bool{}
	for _, path := range fresh {
		folders[filepath.Dir(path)] = true
		folders[filepath.Dir(filepath.Dir(path))] = true
		err := syncPath(path)
		if err != nil {
			s.mu.Lock()
			s.fresh = append(s.fresh, path) // and again the next time
			s.mu.Unlock()
		}
		errs = append(errs, err)
	}
	for folder := range folders { // or new files are nowhere to be found
		errs = append(errs, syncPath(folder))
	}
	return models.Wrap(errors.Join(errs...), models.KindUnavailable, "cannot write the logs to disk")
}

// syncPath syncs a file or a folder, if it is still there.
func syncPath(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
