package space

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/models/store"
)

// ownCache knows which records of the build cache this installation's builds
// made. The engine's cache is one for all who build on it and says nothing of
// whose a record is. A record counts as ours if it was made while one of our
// builds ran; one that somebody else's build made at the same time does too, and
// costs them a step made again at worst. What was ours once is written down, as
// builds are forgotten with their apps.
type ownCache struct {
	path string

	mu      sync.Mutex
	loaded  bool
	ids     map[string]bool
	through time.Time // builds that ended before it are in ids
}

// cacheSlack is by how much the engine's clock and the database's may differ
// from each other in telling when a build began and ended.
const cacheSlack = 200 * time.Millisecond

func newOwnCache(dataDir string) *ownCache {
	return &ownCache{path: filepath.Join(dataDir, "build-cache.json"), ids: map[string]bool{}}
}

type ownCacheFile struct {
	Through time.Time `json:"through"`
	IDs     []string  `json:"ids"`
}

// load reads what was written down; a file that cannot be read is begun anew.
func (c *ownCache) load() error {
	if c.loaded {
		return nil
	}
	raw, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var file ownCacheFile
	if json.Unmarshal(raw, &file) == nil {
		c.through = file.Through
		for _, id := range file.IDs {
			c.ids[id] = true
		}
	}
	c.loaded = true
	return nil
}

func (c *ownCache) save() error {
	file := ownCacheFile{Through: c.through, IDs: []string{}}
	for id := range c.ids {
		file.IDs = append(file.IDs, id)
	}
	raw, err := json.Marshal(file)
	if err != nil {
		return err
	}
	next := c.path + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(next, c.path)
}

// spans gives the builds that ended since a time; a store.Store does.
type spans func(ctx context.Context, since time.Time) ([]store.Span, error)

// split tells the records that are ours from the others.
func (c *ownCache) split(ctx context.Context, records []builder.CacheRecord, builds spans, now time.Time) (ours, others []builder.CacheRecord, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return nil, nil, err
	}
	ran, err := builds(ctx, c.through.Add(-cacheSlack))
	if err != nil {
		return nil, nil, err
	}
	there := map[string]bool{}
	changed := false
	for _, r := range records {
		if !c.ids[r.ID] && during(ran, r.CreatedAt) {
			changed = true
			c.ids[r.ID] = true
		}
		if c.ids[r.ID] {
			there[r.ID] = true
			ours = append(ours, r)
		} else {
			others = append(others, r)
		}
	}
	changed = changed || len(there) != len(c.ids)
	c.ids, c.through = there, now
	if changed {
		err = c.save()
	}
	return ours, others, err
}

func during(spans []store.Span, at time.Time) bool {
	for _, span := range spans {
		if !at.Before(span.From.Add(-cacheSlack)) && !at.After(span.To.Add(cacheSlack)) {
			return true
		}
	}
	return false
}
