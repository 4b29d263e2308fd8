package fleet

import (
	"context"
	"slices"

	"github.com/slipway-paas/slipway/deployer"
)

// What builds leave is on the home: images are made there. A home that keeps
// none has none to remove.

func home[T any](f *Fleet) (able T, ok bool) {
	m, err := f.member(f.home)
	if err == nil {
		able, ok = m.Cluster.(T)
	}
	return able, ok
}

// Answers implements deployer.Answerer for the home, which builds.
func (f *Fleet) Answers(ctx context.Context) error {
	if engine, ok := home[deployer.Answerer](f); ok {
		return engine.Answers(ctx)
	}
	_, err := f.Instances(ctx, "")
	return err
}

// ImageReferences implements deployer.Images.
func (f *Fleet) ImageReferences(ctx context.Context, repository string) ([]string, error) {
	if images, ok := home[deployer.Images](f); ok {
		return images.ImageReferences(ctx, repository)
	}
	return nil, nil
}

// RemoveImages implements deployer.Images.
func (f *Fleet) RemoveImages(ctx context.Context, references []string) error {
	if images, ok := home[deployer.Images](f); ok {
		return images.RemoveImages(ctx, references)
	}
	return nil
}

// RemoveUnnamedOf implements deployer.Images.
func (f *Fleet) RemoveUnnamedOf(ctx context.Context, app string) error {
	if images, ok := home[deployer.Images](f); ok {
		return images.RemoveUnnamedOf(ctx, app)
	}
	return nil
}

// Stock implements deployer.Stocked.
func (f *Fleet) Stock(ctx context.Context) (deployer.Stock, error) {
	if stocked, ok := home[deployer.Stocked](f); ok {
		return stocked.Stock(ctx)
	}
	return deployer.Stock{}, nil
}

// RemoveUnnamed implements deployer.Stocked.
func (f *Fleet) RemoveUnnamed(ctx context.Context, id string) error {
	if stocked, ok := home[deployer.Stocked](f); ok {
		return stocked.RemoveUnnamed(ctx, id)
	}
	return nil
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

// Root gives the folder that the home's engine keeps its data in, "" when it
// does not say.
func (f *Fleet) Root(ctx context.Context) (string, error) {
	engine, ok := home[interface {
		Root(ctx context.Context) (string, error)
	}](f)
	if !ok {
		return "", nil
	}
	return engine.Root(ctx)
}
