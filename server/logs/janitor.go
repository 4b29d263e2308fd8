package logs

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// piece is a segment of any stream, open or not.
type piece struct {
	stream  string
	base    int64
	size    int64
	written time.Time
}

// pieces lists what is on disk.
func (s *Store) pieces() ([]piece, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "streams"))
	if err != nil {
		return nil, err
	}
	var all []piece
	for _, entry := range entries {
		if !entry.IsDir() || validName(entry.Name()) != nil {
			continue
		}
		segments, err := listSegments(s.streamDir(entry.Name()))
		if err != nil {
			return nil, err
		}
		for _, seg := range segments {
			p := piece{stream: entry.Name(), base: seg.base, size: seg.size}
			if info, err := os.Stat(seg.path); err == nil {
				p.written = info.ModTime()
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// grow counts bytes on disk, and wakes the janitor when they are too many.
func (s *Store) grow(delta int64) {
	if s.bytes.Add(delta) <= s.opts.MaxTotalBytes || delta <= 0 {
		return
	}
	select {
	case s.full <- struct{}{}:
	default: // it is awake
	}
}

// janitor keeps all streams together within bounds by deleting what was
// written longest ago, wherever it is.
func (s *Store) janitor() {
	for {
		select {
		case <-s.closed:
			return
		case <-s.full:
		}
		if err := s.clean(); err != nil {
			s.logger.Error("old logs cannot be deleted", "error", err)
		}
	}
}

func (s *Store) clean() error {
	all, err := s.pieces()
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b piece) int {
		if c := a.written.Compare(b.written); c != 0 {
			return c
		}
		return int(a.base - b.base)
	})
	// Some room beyond the bound, so that it does not run for every line.
	target := s.opts.MaxTotalBytes - s.opts.MaxTotalBytes/10
	for _, p := range all {
		if s.bytes.Load() <= target {
			return nil
		}
		if p.size == 0 {
			continue
		}
		st, err := s.acquire(p.stream)
		if err != nil {
			return err
		}
		err = st.expireThrough(p.base)
		s.release(st)
		if err != nil {
			return err
		}
	}
	return nil
}
