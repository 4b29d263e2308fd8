package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slipway-paas/slipway/builder"
)

var _ builder.Cache = (*Solver)(nil)

// Records implements builder.Cache.
func (s *Solver) Records(ctx context.Context) ([]builder.CacheRecord, error) {
	conn, err := s.connect()
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	usage, err := controlapi.NewControlClient(conn).DiskUsage(ctx, &controlapi.DiskUsageRequest{})
	if err != nil {
		return nil, cacheError("list the build cache", err)
	}
	records := make([]builder.CacheRecord, 0, len(usage.GetRecord()))
	for _, r := range usage.GetRecord() {
		one := builder.CacheRecord{ID: r.GetID(), What: r.GetDescription(), Bytes: max(r.GetSize(), 0), InUse: r.GetInUse(), CreatedAt: r.GetCreatedAt().AsTime()}
		if one.UsedAt = one.CreatedAt; r.GetLastUsedAt() != nil {
			one.UsedAt = r.GetLastUsedAt().AsTime()
		}
		records = append(records, one)
	}
	return records, nil
}

// discardAtOnce is how many records are named in one call: the engine compares
// each of its records with each that is named.
const discardAtOnce = 100

// Discard implements builder.Cache.
func (s *Solver) Discard(ctx context.Context, ids []string) (freed int64, err error) {
	conn, err := s.connect()
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	control := controlapi.NewControlClient(conn)
	left := slices.Clone(ids)
	for progress := true; progress && len(left) > 0; { // again: a record's parents can go only after it
		progress = false
		for batch := range slices.Chunk(slices.Clone(left), discardAtOnce) {
			gone, bytes, err := discard(ctx, control, batch)
			freed += bytes
			if err != nil {
				return freed, err
			}
			progress = progress || len(gone) > 0
			left = slices.DeleteFunc(left, func(id string) bool { return slices.Contains(gone, id) })
		}
	}
	return freed, nil
}

func discard(ctx context.Context, control controlapi.ControlClient, ids []string) (gone []string, freed int64, err error) {
	request := &controlapi.PruneRequest{All: true}
	for _, id := range ids {
		request.Filter = append(request.Filter, fmt.Sprintf("id==%q", id)) // any of them
	}
	stream, err := control.Prune(ctx, request)
	if err != nil {
		return nil, 0, cacheError("discard build cache", err)
	}
	for {
		record, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return gone, freed, nil
		}
		if err != nil {
			return gone, freed, cacheError("discard build cache", err)
		}
		gone, freed = append(gone, record.GetID()), freed+max(record.GetSize(), 0)
	}
}

func cacheError(what string, err error) error {
	if status.Code(err) == codes.Unavailable {
		return fmt.Errorf("%s: %w: %w", what, builder.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// CacheTimeout bounds a call about the cache: an engine with very much of it
// takes a while.
const CacheTimeout = 2 * time.Minute
