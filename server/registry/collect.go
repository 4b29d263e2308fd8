package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// Collected is what a collection took away.
type Collected struct {
	Images int   // of which no reference was to be kept
	Bytes  int64 // of their parts that no other image has
}

// digests is what is kept of each repository.
type digests map[string]map[digest.Digest]bool

func (d digests) add(repository string, one digest.Digest) {
	if d[repository] == nil {
		d[repository] = map[digest.Digest]bool{}
	}
	d[repository][one] = true
}

// sweep is what a collection is going to take away.
type sweep struct {
	repositories []*swept
	kept         map[digest.Digest]bool // blobs, of any repository
}

type swept struct {
	name      string
	manifests []digest.Digest
	tags      []string
	layers    []digest.Digest
	empty     bool // nothing of it stays
}

// collect takes away all images but those to keep. Nothing may be written
// meanwhile.
//
// Names go before manifests, those before the links to layers, and blobs last.
// So whenever it is broken off, what is still there is whole, and what is left
// over goes the next time.
func (e *embedded) collect(ctx context.Context, keep digests) (done Collected, err error) {
	_, wrong := storage.PurgeUploads(ctx, e.files, time.Now(), true)
	for _, err := range wrong {
		if !missing(err) {
			return done, fmt.Errorf("purge uploads: %w", err)
		}
	}
	plan, err := e.plan(ctx, keep)
	if err != nil {
		return done, err
	}
	vacuum := storage.NewVacuum(ctx, e.files)
	for _, r := range plan.repositories {
		if err := e.sweepManifests(ctx, vacuum, r); err != nil {
			return done, fmt.Errorf("%s: %w", r.name, err)
		}
		done.Images += len(r.manifests)
	}
	for _, r := range plan.repositories {
		if err := e.sweepLayers(ctx, vacuum, r); err != nil {
			return done, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	done.Bytes, err = e.sweepBlobs(ctx, vacuum, plan.kept)
	return done, err
}

// plan looks through all repositories. What it cannot read for another reason
// than that it is not there is an error: its parts would be taken for nobody's.
func (e *embedded) plan(ctx context.Context, keep digests) (*sweep, error) {
	repositories, ok := e.all.(distribution.RepositoryEnumerator)
	if !ok {
		return nil, errors.New("the storage does not list repositories")
	}
	plan := &sweep{kept: map[digest.Digest]bool{}}
	err := repositories.Enumerate(ctx, func(name string) error {
		r, err := e.planRepository(ctx, name, keep[name], plan.kept)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		plan.repositories = append(plan.repositories, r)
		return nil
	})
	if missing(err) { // there is no repository at all
		err = nil
	}
	return plan, err
}

func (e *embedded) planRepository(ctx context.Context, name string, keep, allKept map[digest.Digest]bool) (*swept, error) {
	r := &swept{name: name, empty: true}
	repository, manifests, err := e.repository(ctx, name)
	if err != nil {
		return nil, err
	}
	kept := map[digest.Digest]bool{}
	for one := range keep {
		err := visit(ctx, manifests, one, func(part digest.Digest, _ bool) error {
			kept[part], allKept[part], r.empty = true, true, false
			return nil
		})
		if err != nil && !missing(err) { // what is not there cannot be kept
			return nil, err
		}
	}
	unkept := func(into *[]digest.Digest) func(digest.Digest) error {
		return func(one digest.Digest) error {
			if !kept[one] {
				*into = append(*into, one)
			}
			return nil
		}
	}
	if err := enumerate(ctx, manifests, unkept(&r.manifests)); err != nil {
		return nil, err
	}
	if err := enumerate(ctx, repository.Blobs(ctx), unkept(&r.layers)); err != nil {
		return nil, err
	}
	tags := repository.Tags(ctx)
	all, err := tags.All(ctx)
	if err != nil && !missing(err) {
		return nil, err
	}
	for _, tag := range all {
		tagged, err := tags.Get(ctx, tag)
		if err != nil && !missing(err) {
			return nil, err
		}
		if err != nil || !kept[tagged.Digest] {
			r.tags = append(r.tags, tag)
		}
	}
	return r, nil
}

// enumerate lists what a store of one repository has.
func enumerate(ctx context.Context, store any, see func(digest.Digest) error) error {
	list, ok := store.(distribution.ManifestEnumerator) // layers are listed by the same method
	if !ok {
		return errors.New("the storage does not list what a repository has")
	}
	err := list.Enumerate(ctx, see)
	if missing(err) {
		return nil
	}
	return err
}

func (e *embedded) sweepManifests(ctx context.Context, vacuum storage.Vacuum, r *swept) error {
	repository, _, err := e.repository(ctx, r.name)
	if err != nil {
		return err
	}
	for _, tag := range r.tags {
		if err := repository.Tags(ctx).Untag(ctx, tag); err != nil && !missing(err) {
			return err
		}
	}
	for _, one := range r.manifests {
		if err := vacuum.RemoveManifest(r.name, one, nil); err != nil && !missing(err) {
			return err
		}
	}
	return ctx.Err()
}

func (e *embedded) sweepLayers(ctx context.Context, vacuum storage.Vacuum, r *swept) error {
	for _, one := range r.layers {
		if err := vacuum.RemoveLayer(r.name, one); err != nil && !missing(err) {
			return err
		}
	}
	if !r.empty {
		return ctx.Err()
	}
	return errors.Join(ctx.Err(), e.forget(ctx, r.name))
}

// sweepBlobs removes the blobs that no kept image has.
func (e *embedded) sweepBlobs(ctx context.Context, vacuum storage.Vacuum, kept map[digest.Digest]bool) (freed int64, err error) {
	var unkept []digest.Digest
	err = e.all.Blobs().Enumerate(ctx, func(one digest.Digest) error {
		if !kept[one] {
			unkept = append(unkept, one)
		}
		return nil
	})
	if err != nil && !missing(err) { // there is no blob at all
		return 0, err
	}
	for _, one := range unkept {
		if err := ctx.Err(); err != nil {
			return freed, err
		}
		info, err := e.all.BlobStatter().Stat(ctx, one)
		if err == nil {
			err = vacuum.RemoveBlob(one.String())
		}
		if err != nil && !missing(err) {
			return freed, err
		}
		freed += info.Size
	}
	return freed, nil
}

// forget removes a repository. Its blobs go when images are collected.
func (e *embedded) forget(ctx context.Context, name string) error {
	named, err := reference.WithName(name)
	if err != nil {
		return err
	}
	remover, ok := e.all.(distribution.RepositoryRemover)
	if !ok {
		return errors.New("the storage does not remove repositories")
	}
	if err := remover.Remove(ctx, named); err != nil && !missing(err) {
		return err
	}
	return nil
}
