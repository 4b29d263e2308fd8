package server

import (
	"context"
	"path/filepath"
	"time"

	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/secrets"
)

// openRegistry makes the registry that clusters take images from. It costs
// nothing until one does.
func (s *Server) openRegistry(box *secrets.Box) (err error) {
	cfg := s.Config
	options := registry.Options{
		Installation: cfg.Installation, Folder: filepath.Join(cfg.DataDir, "registry"), Keys: box, Engine: s.cluster.Engine,
		Address: cfg.RegistryAddress, Local: func() string { return onLoopback(cfg.Listen) }, Logger: s.Logger,
	}
	if cfg.Registry != "" {
		options.External = &registry.External{Address: cfg.Registry, Username: cfg.RegistryUsername, Password: cfg.RegistryPassword}
	}
	if s.registry, err = registry.New(options); err == nil {
		s.onClose("registry", func(context.Context) error { return s.registry.Close() })
	}
	return err
}

// collectRegistryEvery is how often the registry is rid of images that no
// release needs any more.
const collectRegistryEvery = 12 * time.Hour

func (s *Server) collectRegistry(ctx context.Context) error {
	tick := time.NewTicker(collectRegistryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		kept, err := s.store.KeptImages(ctx, "", s.pipeline.Keeping())
		if err == nil {
			_, err = s.registry.Collect(ctx, kept)
		}
		if err != nil && ctx.Err() == nil {
			s.Logger.Warn("the registry keeps images that no release needs", "error", err)
		}
	}
}
