package registry

import (
	"time"

	"github.com/distribution/distribution/v3/registry/storage/driver"
)

// SetNow makes a Service go by another clock.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// WrapFiles puts something between a Service that has not opened its registry
// yet and the files that it collects.
func (s *Service) WrapFiles(wrap func(driver.StorageDriver) driver.StorageDriver) { s.wrap = wrap }

// What fuzz tests feed.
var (
	ParseScopes = parseScopes
	Split       = split
)

// TokenHolder gives whom an Authorization header's token was made for.
func (s *Service) TokenHolder(authorization string) string { return s.keys.holderOf(authorization) }

// TryCollect says whether a collection could begin now.
func (s *Service) TryCollect() bool {
	free := s.pushes.TryAcquire(allPushes)
	if free {
		s.pushes.Release(allPushes)
	}
	return free
}
