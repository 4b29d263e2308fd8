package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/token" // which handlers finds by its name
	"github.com/distribution/distribution/v3/registry/handlers"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// embedded is the opened registry of this server: the library's own handler,
// and beside it the same files as the library's storage sees them.
type embedded struct {
	app   *handlers.App
	files driver.StorageDriver
	all   distribution.Namespace
}

// openEmbedded opens the registry in a folder, which it makes. The driver that
// is given back by wrap is what images are looked up, collected and forgotten
// through.
func openEmbedded(folder string, k *keys, secret string, wrap func(driver.StorageDriver) driver.StorageDriver) (*embedded, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	jwks, err := writeKeys(k)
	if err != nil {
		return nil, fmt.Errorf("registry: public key: %w", err)
	}
	defer func() { _ = os.Remove(jwks) }() // in the system's temporary folder, which is cleared anyway
	ctx := context.Background()            // the registry's own, until Close
	e := &embedded{files: wrap(filesystem.New(filesystem.DriverParameters{RootDirectory: folder, MaxThreads: 100}))}
	e.all, err = storage.NewRegistry(ctx, e.files, storage.EnableDelete)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	e.app = handlers.NewApp(ctx, &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": folder},
			"delete":     {"enabled": true},
			// Unfinished uploads go when images are collected.
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		Auth: configuration.Auth{"token": {
			"realm": tokenPath, "autoredirect": true, "autoredirectpath": tokenPath,
			"issuer": issuer, "service": k.service, "jwks": jwks, "signingalgorithms": []any{"EdDSA"},
		}},
		HTTP: configuration.HTTP{Secret: secret, RelativeURLs: true},
	})
	return e, nil
}

// writeKeys leaves the public key in a file: the library takes it no other way,
// and reads it once.
func writeKeys(k *keys) (path string, err error) {
	content, err := k.jwks()
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "slipway-registry-*.json")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
	}
	return file.Name(), err
}

func (e *embedded) close() error { return e.app.Shutdown() }

// repository gives the parts of one that images are looked up by.
func (e *embedded) repository(ctx context.Context, name string) (distribution.Repository, distribution.ManifestService, error) {
	named, err := reference.WithName(name)
	if err != nil {
		return nil, nil, err
	}
	repository, err := e.all.Repository(ctx, named)
	if err != nil {
		return nil, nil, err
	}
	manifests, err := repository.Manifests(ctx)
	return repository, manifests, err
}

// find gives the digest of the image that a repository has under a tag, "" when
// it has none, or not all of it.
func (e *embedded) find(ctx context.Context, name, tag string) (digest.Digest, error) {
	repository, manifests, err := e.repository(ctx, name)
	if err != nil {
		return "", err
	}
	tagged, err := repository.Tags(ctx).Get(ctx, tag)
	if err == nil {
		blobs := repository.Blobs(ctx)
		err = visit(ctx, manifests, tagged.Digest, func(part digest.Digest, isManifest bool) error {
			if isManifest {
				return nil // it was read
			}
			_, err := blobs.Stat(ctx, part)
			return err
		})
	}
	if missing(err) {
		return "", nil
	}
	return tagged.Digest, err
}

// visit calls see with a manifest and all that it is made of, each once. A
// manifest that is not there is an error for which missing holds.
func visit(ctx context.Context, manifests distribution.ManifestService, root digest.Digest, see func(part digest.Digest, isManifest bool) error) error {
	seen := map[digest.Digest]bool{root: true}
	for todo := []digest.Digest{root}; len(todo) > 0; todo = todo[1:] {
		manifest, err := manifests.Get(ctx, todo[0])
		if err != nil {
			return err
		}
		if err := see(todo[0], true); err != nil {
			return err
		}
		for _, part := range manifest.References() {
			if seen[part.Digest] {
				continue
			}
			seen[part.Digest] = true
			isManifest, err := manifests.Exists(ctx, part.Digest)
			switch {
			case err != nil:
				return err
			case isManifest:
				todo = append(todo, part.Digest)
			default:
				if err := see(part.Digest, false); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// missing says whether err is the storage's for what is not there.
func missing(err error) bool {
	var (
		tag      distribution.ErrTagUnknown
		manifest distribution.ErrManifestUnknownRevision
		name     distribution.ErrRepositoryUnknown
		path     driver.PathNotFoundError
	)
	return errors.Is(err, distribution.ErrBlobUnknown) || errors.As(err, &tag) || errors.As(err, &manifest) ||
		errors.As(err, &name) || errors.As(err, &path)
}

// bytes gives what the registry's files take on the disk, about.
func usedBy(folder string) (bytes int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return gone(err)
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return gone(err)
	})
	return bytes, err
}

// gone forgives that something went while it was being looked at.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
