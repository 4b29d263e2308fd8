package docker

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// What the driver of Docker Swarm has in common with this one: it speaks to
// the same engine, in the same API.

// Failed says what was attempted, gives ctx's error when ctx is over, and marks
// the errors of an engine that is away or has no room. A nil err stays nil.
func Failed(ctx context.Context, what string, err error) error { return fail(ctx, what, err) }

// Capabilities are what is left of root's powers inside a container.
func Capabilities() []string { return slices.Clone(capabilities) }

// Environ gives a workload's variables as the engine wants them, sorted.
func Environ(w deployer.Workload) []string { return environ(w) }

// Pinned says whether an image's reference names its content.
func Pinned(ref string) bool { return pinned(ref) }

// Subnets hands out the networks that a range of addresses is cut into. It is
// safe for concurrent use.
type Subnets struct{ pool *pool }

// NewSubnets cuts an IPv4 range, in CIDR notation, into networks of bits.
func NewSubnets(cidr string, bits int) (*Subnets, error) {
	pool, err := newPool(cidr, bits)
	if err != nil {
		return nil, err
	}
	return &Subnets{pool}, nil
}

// Take reserves a subnet for an app that overlaps none of used, until release
// is called. Which is tried first depends on the app alone. The error has
// ErrPoolExhausted in its chain when none is left.
func (s *Subnets) Take(app string, used []netip.Prefix) (subnet netip.Prefix, release func(), err error) {
	return s.pool.take(app, used)
}

// LogJoiner makes lines of the frames of one instance's output, over any number
// of the engine's streams with timestamps, each of which may begin with what an
// earlier one had. Memory is bounded by one line of 64 KiB for each of stdout
// and stderr. It is not for concurrent use.
type LogJoiner struct {
	t tailer
}

// Newest is the time of the newest frame that was handed on, or zero.
func (j *LogJoiner) Newest() time.Time { return j.t.newest }

// Read hands on the lines of one stream. It returns nil at the stream's end,
// and ErrLogStopped when yield wants no more.
func (j *LogJoiner) Read(stream io.Reader, yield func(deployer.LogLine) bool) error {
	newest, known := j.t.newest, j.t.twins
	in := newFrames(stream)
	for {
		f, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if f.at.Before(newest) {
			continue
		}
		if known > 0 && f.at.Equal(newest) {
			known--
			continue
		}
		if !j.t.handOn(f, yield) {
			return ErrLogStopped
		}
	}
}

// Finish hands on what has no newline: a piece when more of its line may come.
func (j *LogJoiner) Finish(partial bool, yield func(deployer.LogLine) bool) error {
	return j.t.finish(partial, yield)
}

// ErrLogStopped is what LogJoiner gives when its reader wants no more.
var ErrLogStopped = errStopped

// LimitsOf gives a workload's limits with every open one filled in.
func (c *Cluster) LimitsOf(w deployer.Workload) deployer.Limits { return c.limitsOf(w) }

// VolumeOf gives the engine's name of an app's volume, and the labels it has.
func (c *Cluster) VolumeOf(app, name string) (string, map[string]string) {
	return c.volumeName(app, name), c.volumeLabels(app, name)
}
