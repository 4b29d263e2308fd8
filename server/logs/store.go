package logs

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/slipway-paas/slipway/models"
)

// Options bound a Store. Zero values mean the defaults.
type Options struct {
	MaxStreamBytes int64 // of one stream, its oldest lines go first; 64 MiB
	SegmentBytes   int64 // of one file of a stream, the unit in which lines expire; 4 MiB
	MaxTotalBytes  int64 // of all streams together; 8 GiB
	MaxOpen        int   // streams kept open while nobody uses them; 128
}

func (o Options) withDefaults() Options {
	set := func(v *int64, to int64) {
		if *v <= 0 {
			*v = to
		}
	}
	set(&o.MaxStreamBytes, 64<<20)
	set(&o.SegmentBytes, 4<<20)
	set(&o.MaxTotalBytes, 8<<30)
	if o.MaxOpen <= 0 {
		o.MaxOpen = 128
	}
	o.SegmentBytes = min(o.SegmentBytes, max(o.MaxStreamBytes/4, 1))
	return o
}

// Store keeps streams of lines in a folder, each within bounds. Lines survive
// the end of the process as soon as Append returns, and the machine's after
// Sync, which is called every five seconds: a loss of power takes the lines of
// the last seconds, and what can be had from the engine again is collected
// again. Its methods are safe for concurrent use; their errors are
// models.Errors.
type Store struct {
	dir    string
	opts   Options
	logger *slog.Logger
	lock   *os.File
	bytes  atomic.Int64
	full   chan struct{} // wakes the janitor
	closed chan struct{}
	ended  sync.WaitGroup

	mu      sync.Mutex
	streams map[string]*stream
	owed    map[string]lost // by closed streams, which say so when they are written to
	fresh   []string        // segments of closed streams that must be synced
	clock   int64           // grows with each use, for the least recently used
	gone    bool
}

var errClosed = models.Errorf(models.KindUnavailable, "the server is shutting down")

// Open opens the store in dir, making it if need be. Only one process may have
// it open at a time.
func Open(dir string, opts Options, logger *slog.Logger) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "streams"), 0o700); err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot make the folder for logs, %s", dir)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot lock the folder for logs, %s", dir)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, models.Wrap(err, models.KindConflict, "another server uses the folder for logs, %s", dir)
	}
	s := &Store{
		dir: dir, opts: opts.withDefaults(), logger: logger, lock: lock,
		full: make(chan struct{}, 1), closed: make(chan struct{}), streams: map[string]*stream{}, owed: map[string]lost{},
	}
	pieces, err := s.pieces()
	if err != nil {
		_ = lock.Close()
		return nil, models.Wrap(err, models.KindUnavailable, "cannot read the folder for logs, %s", dir)
	}
	for _, p := range pieces {
		s.grow(p.size)
	}
	s.ended.Go(s.janitor)
	s.ended.Go(s.syncer)
	return s, nil
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

func validName(stream string) error {
	if !namePattern.MatchString(stream) {
		return models.Invalid("stream", "%.140q is no name for a log stream", stream)
	}
	return nil
}

func (s *Store) streamDir(name string) string { return filepath.Join(s.dir, "streams", name) }

// Append adds lines to a stream, which begins to be with its first line, and
// gives the Seq of the last. It sets each line's Seq, and its Time if that is
// zero. Text over 256 KiB is cut. When the disk is full it fails with
// KindUnavailable; the lines are then lost and must not be appended again: the
// next Append that succeeds writes how many were.
func (s *Store) Append(stream string, lines ...Line) (last int64, err error) {
	st, err := s.acquire(stream)
	if err != nil {
		return 0, err
	}
	defer s.release(st)
	return st.append(lines)
}

// acquire gives an open stream and keeps it open until release.
func (s *Store) acquire(name string) (*stream, error) {
	if err := validName(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return nil, errClosed
	}
	st := s.streams[name]
	if st == nil {
		st = &stream{name: name, dir: s.streamDir(name), opts: s.opts, logger: s.logger, total: s.grow}
		// Under the store's lock, as it is short: one file of at most one segment.
		if err := st.open(); err != nil {
			return nil, err
		}
		st.lost = s.owed[name]
		delete(s.owed, name)
		s.streams[name] = st
	}
	s.clock++
	st.pins, st.used = st.pins+1, s.clock
	s.evict()
	return st, nil
}

func (s *Store) release(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.pins--
	s.evict()
}

// evict closes the least recently used streams beyond MaxOpen that nobody
// holds. The caller holds the lock.
func (s *Store) evict() {
	for len(s.streams) > s.opts.MaxOpen {
		var oldest *stream
		for _, st := range s.streams {
			if st.pins == 0 && (oldest == nil || st.used < oldest.used) {
				oldest = st
			}
		}
		if oldest == nil {
			return
		}
		delete(s.streams, oldest.name)
		if oldest.lost.lines > 0 {
			s.owed[oldest.name] = oldest.lost
		}
		s.fresh = append(s.fresh, oldest.takeFresh()...)
		if err := oldest.end(errClosed); err != nil {
			s.logger.Error("a log cannot be closed", "stream", oldest.name, "error", err)
		}
	}
}

// Remove deletes a stream. Its followers end with KindNotFound. What is not
// there is removed already.
func (s *Store) Remove(stream string) error {
	if err := validName(stream); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return errClosed
	}
	if st := s.streams[stream]; st != nil {
		delete(s.streams, stream)
		_ = st.end(models.NotFound("log", stream)) // its file is deleted next
	}
	delete(s.owed, stream)
	segments, err := listSegments(s.streamDir(stream))
	if err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot delete the log")
	}
	if err := os.RemoveAll(s.streamDir(stream)); err != nil {
		return models.Wrap(err, models.KindUnavailable, "cannot delete the log")
	}
	for _, seg := range segments {
		s.grow(-seg.size)
	}
	return nil
}

// Close syncs and closes the store. Followers end with KindUnavailable, and so
// does every call after it.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return nil
	}
	s.gone = true
	close(s.closed)
	s.mu.Unlock()
	s.ended.Wait()
	errs := []error{s.Sync()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.streams {
		errs = append(errs, st.end(errClosed))
	}
	s.streams = map[string]*stream{}
	return errors.Join(append(errs, s.lock.Close())...)
}
