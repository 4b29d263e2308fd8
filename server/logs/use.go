package logs

import (
	"slices"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Use is what one stream takes of the disk.
type Use struct {
	Stream string
	Bytes  int64
	Parts  []Part // oldest first
}

// Part is the unit in which a stream's lines go.
type Part struct {
	Bytes   int64
	Written time.Time // when its last line was
}

// Before gives the bytes of the lines that Expire would delete.
func (u Use) Before(t time.Time) (n int64) {
	for _, part := range u.Parts {
		if !part.Written.Before(t) {
			break // a later part does not go before an earlier one
		}
		n += part.Bytes
	}
	return n
}

// Uses lists what each stream takes of the disk, in no particular order.
func (s *Store) Uses() ([]Use, error) {
	all, err := s.pieces()
	if err != nil {
		return nil, models.Wrap(err, models.KindUnavailable, "cannot read the folder for logs")
	}
	byStream := map[string]*Use{}
	for _, p := range all {
		u := byStream[p.stream]
		if u == nil {
			u = &Use{Stream: p.stream}
			byStream[p.stream] = u
		}
		u.Bytes += p.size
		u.Parts = append(u.Parts, Part{Bytes: p.size, Written: p.written})
	}
	uses := make([]Use, 0, len(byStream))
	for _, u := range byStream {
		uses = append(uses, *u)
	}
	return uses, nil
}

// Expire deletes a stream's lines that were written before a time, as far as
// they are in parts without later ones, and gives the bytes freed. Readers get a
// gap. The numbers of lines go on where they were.
func (s *Store) Expire(stream string, before time.Time) (freed int64, err error) {
	if err := validName(stream); err != nil {
		return 0, err
	}
	all, err := s.pieces()
	if err != nil {
		return 0, models.Wrap(err, models.KindUnavailable, "cannot read the folder for logs")
	}
	all = slices.DeleteFunc(all, func(p piece) bool { return p.stream != stream })
	last := int64(0)
	for _, p := range all { // in order within a stream
		if p.size == 0 || !p.written.Before(before) {
			break
		}
		last, freed = p.base, freed+p.size
	}
	if last == 0 {
		return 0, nil
	}
	st, err := s.acquire(stream)
	if err != nil {
		return 0, err
	}
	defer s.release(st)
	return freed, st.expireThrough(last)
}
