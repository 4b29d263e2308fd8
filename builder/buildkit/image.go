package buildkit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/slipway-paas/slipway/builder"
)

// inspect describes an image that was just made. It asks by ID where the
// engine gave one, so that a tag moved meanwhile does no harm.
func (s *Solver) inspect(ctx context.Context, tag, id string) (builder.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	for _, ref := range []string{id, tag} {
		if ref == "" {
			continue
		}
		found, err := s.engine.ImageInspect(ctx, ref)
		if client.IsErrNotFound(err) {
			continue
		}
		if err != nil {
			return builder.Image{}, EngineError(err)
		}
		return builder.Image{Reference: tag, Digest: found.ID, SizeBytes: found.Size, Ports: Ports(found)}, nil
	}
	return builder.Image{}, fmt.Errorf("the engine reports a finished build, and has no image %s", tag)
}

// Ports gives the tcp ports an image exposes, ascending.
func Ports(found image.InspectResponse) []int {
	ports := []int{}
	if found.Config == nil {
		return ports
	}
	for exposed := range found.Config.ExposedPorts {
		number, proto, _ := strings.Cut(string(exposed), "/")
		port, err := strconv.Atoi(number)
		if err == nil && (proto == "tcp" || proto == "") {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports
}

// EngineError marks an error of the engine's SDK as builder.ErrUnavailable
// where the engine could not be reached.
func EngineError(err error) error {
	if client.IsErrConnectionFailed(err) {
		return fmt.Errorf("%w: %w", builder.ErrUnavailable, err)
	}
	return err
}
