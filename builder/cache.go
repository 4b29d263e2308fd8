package builder

import (
	"context"
	"time"
)

// CacheRecord is a piece of the builder's cache: a step's result, a copy of a
// source, a folder that builds keep between them.
type CacheRecord struct {
	ID        string
	What      string // in the builder's words, which may hold a build's command line
	Bytes     int64
	InUse     bool // by a build that runs, or by another record
	CreatedAt time.Time
	UsedAt    time.Time // when a build last wanted it
}

// Cache is the cache of a builder. It may be shared with builds that are none
// of ours, and says nothing of whose a record is. It is safe for concurrent use.
type Cache interface {
	// Records lists all of it.
	Records(ctx context.Context) ([]CacheRecord, error)

	// Discard takes records out of the cache and gives the bytes that were
	// freed. A record that a build uses, or that another record is made of,
	// stays, which is no error; nor is one that is not there. What is discarded
	// is made anew by the next build that wants it.
	Discard(ctx context.Context, ids []string) (freed int64, err error)
}
