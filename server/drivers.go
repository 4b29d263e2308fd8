package server

import (
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/kubernetes"
	"github.com/slipway-paas/slipway/deployer/swarm"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/secrets"
)

// drivers are the kinds of cluster that can be added.
func (s *Server) drivers(box *secrets.Box) map[models.ClusterKind]clusters.Driver {
	labelKey := box.Key("labels of instances")
	kubernetes.LogTo(s.Logger)
	return map[models.ClusterKind]clusters.Driver{
		models.ClusterSwarm: func(cluster *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error) {
			host := cluster.Endpoint
			if host == "" {
				host = s.Config.DockerHost
			}
			return swarm.New(swarm.Options{
				Host: host, TLS: docker.TLS{CA: with.CA, Cert: with.Cert, Key: with.Key}, Installation: s.Config.Installation,
				StopGrace: s.Config.StopGrace, LabelKey: labelKey, Logger: s.Logger.With("cluster", cluster.Name), PullAuth: s.registry.PullAuth,
			})
		},
		models.ClusterKubernetes: func(cluster *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error) {
			o := cluster.Options
			return kubernetes.New(kubernetes.Options{
				Kubeconfig: with.Kubeconfig, Context: with.Context, InCluster: with.Kubeconfig == "", Installation: s.Config.Installation,
				StopGrace: s.Config.StopGrace, LabelKey: labelKey, Logger: s.Logger.With("cluster", cluster.Name), PullAuth: s.registry.PullAuth,
				Quota:        kubernetes.Quota{MemoryBytes: int64(o.Quota.MemoryMB) << 20, CPUMilli: int64(o.Quota.CPUMilli), Instances: int64(o.Quota.Instances)},
				StorageClass: o.StorageClass, VolumeBytes: int64(o.VolumeMB) << 20,
			})
		},
	}
}
