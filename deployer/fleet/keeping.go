package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/slipway-paas/slipway/deployer"
)

// What builds leave is on the home: images are made there.

// ErrKeepsNothing is in the chain of an error from a cluster that does not keep
// what it was asked for.
var ErrKeepsNothing = errors.New("the cluster keeps none of these")

func home[T any](f *Fleet) (T, error) {
	m, err := f.member(f.home)
	if err != nil {
		var none T
		return none, err
	}
	able, ok := m.Cluster.(T)
	if !ok {
		return able, ErrKeepsNothing
	}
	return able, nil
}

// ImageReferences implements deployer.Images.
func (f *Fleet) ImageReferences(ctx context.Context, repository string) ([]string, error) {
	images, err := home[deployer.Images](f)
	if err != nil {
		return nil, err
	}
	return images.ImageReferences(ctx, repository)
}

// RemoveImages implements deployer.Images.
func (f *Fleet) RemoveImages(ctx context.Context, references []string) error {
	images, err := home[deployer.Images](f)
	if err != nil {
		return err
	}
	return images.RemoveImages(ctx, references)
}

// RemoveUnnamedOf implements deployer.Images.
func (f *Fleet) RemoveUnnamedOf(ctx context.Context, app string) error {
	images, err := home[deployer.Images](f)
	if err != nil {
		return err
	}
	return images.RemoveUnnamedOf(ctx, app)
}

// Stock implements deployer.Stocked.
func (f *Fleet) Stock(ctx context.Context) (deployer.Stock, error) {
	stocked, err := home[deployer.Stocked](f)
	if err != nil {
		return deployer.Stock{}, err
	}
	return stocked.Stock(ctx)
}

// RemoveUnnamed implements deployer.Stocked.
func (f *Fleet) RemoveUnnamed(ctx context.Context, id string) error {
	stocked, err := home[deployer.Stocked](f)
	if err != nil {
		return err
	}
	return stocked.RemoveUnnamed(ctx, id)
}

// Volumes implements deployer.Volumes. A volume that is on two members is named
// once.
func (f *Fleet) Volumes(ctx context.Context, app string) ([]string, error) {
	names, err := gather(ctx, f, app, func(ctx context.Context, m *member) ([]string, error) {
		volumes, ok := m.Cluster.(deployer.Volumes)
		if !ok {
			return nil, nil
		}
		return volumes.Volumes(ctx, app)
	}, func(_ *member, found []string, listed bool) ([]string, bool) { return found, listed })
	slices.Sort(names)
	return slices.Compact(names), err
}

// RemoveVolume implements deployer.Volumes, on each member that the app is on.
func (f *Fleet) RemoveVolume(ctx context.Context, app, name string) error {
	members, needed, err := f.asked(ctx, app)
	if err != nil {
		return err
	}
	for _, m := range members {
		volumes, ok := m.Cluster.(deployer.Volumes)
		if !ok {
			continue
		}
		if err := volumes.RemoveVolume(ctx, app, name); err != nil && needed(m) {
			return f.named(m, err)
		}
	}
	return nil
}

// Root gives the folder that the home's engine keeps its data in.
func (f *Fleet) Root(ctx context.Context) (string, error) {
	engine, err := home[interface {
		Root(ctx context.Context) (string, error)
	}](f)
	if err != nil {
		return "", err
	}
	return engine.Root(ctx)
}
