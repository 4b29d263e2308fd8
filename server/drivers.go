package server

import (
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/clusters"
)

// drivers are the kinds of cluster that can be added.
func (s *Server) drivers() map[models.ClusterKind]clusters.Driver {
	return map[models.ClusterKind]clusters.Driver{}
}
