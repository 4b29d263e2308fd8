package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/slipway-paas/slipway/deployer"
)

// Image is what the engine knows of an image.
type Image struct {
	ID        string // sha256:…
	Digest    string // name@sha256:… if it came from a registry, else the ID
	Ports     []int  // tcp ports it exposes, ascending
	SizeBytes int64
	Labels    map[string]string
}

// ImagePresent says whether the engine has an image, without trying to get it.
func (e *Engine) ImagePresent(ctx context.Context, ref string) (bool, error) {
	_, err := e.API.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, fail(ctx, "look for the image "+ref, err)
}

// ResolveImage describes an image, after pulling it if the engine does not
// have it. The error has deployer.ErrNoImage in its chain when it cannot be had.
func (e *Engine) ResolveImage(ctx context.Context, ref string) (Image, error) {
	found, err := e.API.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) || cerrdefs.IsInvalidArgument(err) { // the latter is pull's to explain
		if err := e.pull(ctx, ref); err != nil {
			return Image{}, err
		}
		found, err = e.API.ImageInspect(ctx, ref)
	}
	if err != nil {
		return Image{}, fail(ctx, "look for the image "+ref, err)
	}
	described := Image{ID: found.ID, Digest: repoDigest(ref, found), SizeBytes: found.Size}
	if found.Config == nil {
		return described, nil
	}
	described.Labels = found.Config.Labels
	for exposed := range found.Config.ExposedPorts {
		number, protocol, _ := strings.Cut(exposed, "/")
		port, err := strconv.Atoi(number)
		if err == nil && (protocol == "tcp" || protocol == "") {
			described.Ports = append(described.Ports, port)
		}
	}
	slices.Sort(described.Ports)
	return described, nil
}

// ImageReferences implements deployer.Images.
func (e *Engine) ImageReferences(ctx context.Context, repository string) ([]string, error) {
	list, err := e.API.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", repository+":*"))})
	if err != nil {
		return nil, fail(ctx, "list the images of "+repository, err)
	}
	var references []string
	for _, i := range list {
		for _, ref := range i.RepoTags { // of all its names, those asked for
			if name, _, ok := strings.Cut(ref, ":"); ok && name == repository {
				references = append(references, ref)
			}
		}
	}
	return references, nil
}

// Without it nothing would be removed, and nobody told.
var _ deployer.Images = (*Cluster)(nil)

// RemoveImages implements deployer.Images.
func (e *Engine) RemoveImages(ctx context.Context, references []string) error {
	var failures []error
	for _, ref := range references {
		_, err := e.API.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
		if !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
			failures = append(failures, fail(ctx, "remove the image "+ref, err))
		}
	}
	return errors.Join(failures...)
}

// RemoveUnnamedOf implements deployer.Images.
func (e *Engine) RemoveUnnamedOf(ctx context.Context, app string) error {
	found, err := e.API.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("dangling", "true"), filters.Arg("label", LabelInstallation+"="+e.installation), filters.Arg("label", LabelApp+"="+app))})
	if err != nil {
		return fail(ctx, "list the images without a name", err)
	}
	var failures []error
	for i := range found {
		failures = append(failures, e.RemoveUnnamed(ctx, found[i].ID))
	}
	return errors.Join(failures...)
}

// repoDigest picks the digest under the name that was asked for: an image may
// have one from every registry it was seen in.
func repoDigest(ref string, found image.InspectResponse) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return found.ID
	}
	for _, digest := range found.RepoDigests {
		other, err := reference.ParseNormalizedNamed(digest)
		if err == nil && other.Name() == named.Name() {
			return digest
		}
	}
	return found.ID
}

// pull gets an image from its registry.
func (e *Engine) pull(ctx context.Context, ref string) error {
	if strings.HasPrefix(ref, "sha256:") { // an ID says nothing of where to get it
		return fmt.Errorf("%w: %s", deployer.ErrNoImage, ref)
	}
	if _, err := reference.ParseDockerRef(ref); err != nil {
		return fmt.Errorf("%w: %q: %w", deployer.ErrNoImage, ref, err)
	}
	body, err := e.API.ImagePull(ctx, ref, image.PullOptions{})
	if err == nil {
		err = progressError(body)
		_ = body.Close() // only read from
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || unreachable(err):
		return fail(ctx, "pull "+ref, err)
	default:
		return fmt.Errorf("%w: %s: %w", deployer.ErrNoImage, ref, err)
	}
}

// pinned says whether a reference names its content. Only such an image may be
// pulled when an instance starts: the tag of one that was built here and is
// gone belongs, in a public registry, to a stranger.
func pinned(ref string) bool {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return false
	}
	_, ok := named.(reference.Digested)
	return ok
}

// progressError reads an engine's progress messages to their end and gives the
// error that is among them.
func progressError(r io.Reader) error {
	messages := json.NewDecoder(r)
	for {
		var message struct {
			Error string `json:"error"`
		}
		switch err := messages.Decode(&message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case message.Error != "":
			return errors.New(message.Error)
		}
	}
}
