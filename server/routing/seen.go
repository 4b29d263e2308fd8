package routing

import "github.com/slipway-paas/slipway/deployer"

// Seen gives the instances of an app as they were when the cluster last told of
// a change of them, and false when they were never looked at. The slice is not
// to be written to. It asks nobody, so it may be called for every request.
func (s *Service) Seen(appID string) ([]deployer.Instance, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.apps[appID]
	if st == nil || !s.ready {
		return nil, false
	}
	return st.instances, true
}
