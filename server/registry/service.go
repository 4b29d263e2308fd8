// Package registry has the images that clusters of several nodes pull: in a
// registry of its own below /v2/, or in one that somebody else runs.
//
// A single engine runs what it has built and needs none of it. Nothing is
// opened before the first image is published, or an address is set.
//
// An app's images are in the repository <installation>/<app>. Its nodes have a
// password that pulls from there and from nowhere else; only pushes of this
// server write. Passwords and the key of the tokens follow from the
// installation's secret key.
package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/distribution/distribution/v3/registry/storage/driver"
	"golang.org/x/sync/semaphore"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/models"
)

// Engine has the images that are built. *docker.Engine is one.
type Engine interface {
	ImageID(ctx context.Context, image string) (string, error)
	PushImage(ctx context.Context, p docker.Push) (digest string, err error)
	RemoteDigest(ctx context.Context, ref, username, password string) (string, error)
}

// Options say where images go. Address may be empty as long as no cluster needs
// the embedded registry; with External nothing of it is used.
type Options struct {
	Installation string        // first part of all repositories' names
	Folder       string        // of the embedded registry; made when it is needed
	Keys         Keys          // the installation's, from which passwords and keys follow
	Engine       Engine        // has the images
	Address      string        // host[:port] under which nodes reach the embedded registry
	Local        func() string // host:port under which Engine does, on its loopback; asked at each push
	External     *External     // a registry to use instead
	Logger       *slog.Logger  // nil for slog.Default
}

// collectGrace is for how long a published image stays without a release that
// names it: the release is written after the image is published.
const collectGrace = time.Hour

// allPushes is more than there ever are at once.
const allPushes = 1 << 30

// Service publishes images for clusters. It is safe for concurrent use. The
// folder belongs to one Service at a time.
type Service struct {
	o        Options
	log      *slog.Logger
	keys     *keys
	sessions sessions
	turns    deployer.Locks[string] // of repositories
	pushes   *semaphore.Weighted    // pushes hold a part of it, a collection all
	wrap     func(driver.StorageDriver) driver.StorageDriver
	now      func() time.Time

	mu     sync.Mutex
	opened *embedded
	recent map[string]time.Time // when a repository@digest was last published
}

// New makes a Service. It opens nothing yet.
func New(o Options) (*Service, error) {
	s := &Service{
		o: o, log: o.Logger, pushes: semaphore.NewWeighted(allPushes), recent: map[string]time.Time{}, now: time.Now,
		wrap: func(d driver.StorageDriver) driver.StorageDriver { return d },
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	s.keys, err = newKeys(o.Keys, o.Installation)
	return s, err
}

// Close ends the embedded registry. Nothing may be called after it.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		return nil
	}
	opened := s.opened
	s.opened = nil
	return opened.close()
}

// embedded gives the embedded registry, nil when there is none. It makes one
// when that is asked for, or an address says that nodes are to find one.
func (s *Service) embedded(make bool) (*embedded, error) {
	if s.o.External != nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened != nil {
		return s.opened, nil
	}
	if !make && s.o.Address == "" {
		if _, err := os.Stat(s.o.Folder); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	redirectLogs(s.log)
	secret := hex.EncodeToString(s.o.Keys.Key("registry uploads"))
	opened, err := openEmbedded(s.o.Folder, s.keys, secret, s.wrap)
	if err == nil {
		s.opened = opened
	}
	return opened, err
}

// Use gives the bytes that the embedded registry has on the disk.
func (s *Service) Use() (bytes int64, err error) {
	bytes, err = usedBy(s.o.Folder)
	return bytes, models.Wrap(err, models.KindInternal, "the registry's folder cannot be read")
}
