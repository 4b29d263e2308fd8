package api

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/apps"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/pipeline"
	"github.com/slipway-paas/slipway/server/space"
)

// maxSource is the largest upload in these tests, in bytes.
const maxSource = 1 << 20

// furnish adds the services behind the API: the real ones, on a cluster in
// memory, and with nobody who works off the queue, so that deployments stay
// where the test put them.
func (h *house) furnish(t *testing.T, deps *Deps) {
	t.Helper()
	h.far = memory.NewEngine()
	deps.Clusters = clusters.New(clusters.Deps{
		Store: h.store, Home: memory.New(memory.NewEngine(), "test"), Hub: h.hub, Box: deps.Box, Logger: deps.Logger,
		Drivers: map[models.ClusterKind]clusters.Driver{
			models.ClusterSwarm: func(_ *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error) {
				if with.Key != "" && with.Key != "the key" {
					return nil, errors.New("the key is not a key")
				}
				return memory.Many{Cluster: memory.New(h.far, "test")}, nil
			},
		},
	})
	deps.Pipeline = pipeline.New(pipeline.Deps{
		Store: h.store, Queue: asleep{}, Cluster: deps.Clusters.Fleet(), Routing: noRouters{},
		Logs: h.logs, Hub: h.hub, Box: deps.Box, Logger: deps.Logger,
		Settings: pipeline.Settings{
			DataDir: t.TempDir(), Installation: "test", BuildConcurrency: 1, BuildTimeout: time.Minute, MaxSourceBytes: maxSource,
		},
	})
	deps.Space = space.New(space.Deps{
		Store: h.store, Cluster: deps.Pipeline.Cluster, Logs: h.logs, Sources: deps.Pipeline, Remains: nothingRemains{}, Hub: h.hub, Logger: deps.Logger,
		Settings: space.Settings{DataDir: t.TempDir(), Installation: "test"},
	})
	deps.Apps = apps.NewService(apps.Deps{
		Store: h.store, Pipeline: deps.Pipeline, Routing: noRouters{}, Hub: h.hub, Box: deps.Box, Logger: deps.Logger, Remains: nothingRemains{},
		Addresses: apps.Addresses{Domain: "localhost", URL: func(host string) string { return "http://" + host + ":8080" }},
	})
}

type asleep struct{}

func (asleep) Wake(context.Context, *store.Store, string) error { return nil }

type noRouters struct{}

func (noRouters) Switch(context.Context, string, deployer.Targets) error { return nil }
func (noRouters) Drained(context.Context, deployer.WorkloadID) error     { return nil }
func (noRouters) Changed(string)                                         {}

type nothingRemains struct{}

func (nothingRemains) Forget(context.Context, string) error { return nil }
