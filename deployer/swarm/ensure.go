package swarm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/swarm"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
)

const (
	// createTimeout bounds a create call that nobody waits for any more.
	createTimeout = time.Minute
	// parallelCalls bounds how many services are made or changed side by side.
	parallelCalls = 8
)

// Ensure implements deployer.Cluster. Instances that are removed get SIGTERM
// (or their image's own stop signal) and Options.StopGrace. It returns when
// the engine has found a node for each new instance, or has none; nodes pull
// the image after that.
func (c *Cluster) Ensure(ctx context.Context, w deployer.Workload) error {
	if err := w.Check(); err != nil {
		return err
	}
	unlock, err := c.workloads.Acquire(ctx, w.ID)
	if err != nil {
		return err
	}
	// A create call that was given up is still going on in the engine. The
	// workload stays locked until it is over, so that a Remove that follows
	// finds what it made.
	var creating sync.WaitGroup
	defer func() { go func() { creating.Wait(); unlock() }() }()

	v, err := c.look(ctx, withWorkload(c.ours(kindInstance), w.ID))
	if err != nil {
		return err
	}
	e := &ensuring{Cluster: c, w: w, view: v, creating: &creating}
	e.plan()
	if len(e.create)+len(e.restart) > 0 {
		if err := e.apply(ctx); err != nil {
			return err
		}
		return c.takeAway(ctx, w.ID, e.remove)
	}
	for _, s := range e.kept {
		if s.phase() == phasePlacing { // another server began, or went away
			if err := c.settle(ctx, w.ID); err != nil {
				return err
			}
			break
		}
	}
	return c.takeAway(ctx, w.ID, e.remove)
}

// ensuring is one call of Ensure.
type ensuring struct {
	*Cluster
	w        deployer.Workload
	view     *view
	creating *sync.WaitGroup

	kept    []*seat
	restart []*seat // have exited for good, or no node for what keeps them apart
	create  []int
	remove  []*seat // highest index first
	replace []*seat // to be gone before their index is created
}

// plan finds what keeps the workload's instances from being right.
func (e *ensuring) plan() {
	present := map[int]bool{}
	for _, s := range e.view.seats {
		if s.service == nil {
			continue // is gone but for its container
		}
		index := identity(s.id, s.labels).Index
		if index < 1 || index > e.w.Instances || present[index] {
			e.remove = append(e.remove, s)
			continue
		}
		present[index] = true
		switch {
		case !e.right(s):
			e.replace = append(e.replace, s)
			e.create = append(e.create, index)
		case s.exited() || s.phase() == phaseProven && s.stuck() != "":
			e.restart = append(e.restart, s)
		default:
			e.kept = append(e.kept, s)
		}
	}
	for index := 1; index <= e.w.Instances; index++ {
		if !present[index] {
			e.create = append(e.create, index)
		}
	}
	slices.Sort(e.create)
	slices.SortFunc(e.remove, func(a, b *seat) int {
		return cmp.Compare(identity(b.id, b.labels).Index, identity(a.id, a.labels).Index)
	})
}

// right says whether an instance is made from what the workload asks for.
func (e *ensuring) right(s *seat) bool {
	if s.phase() == phaseLeaving {
		return false
	}
	seen := deployer.Seen{Spec: s.labels[labelSpec]}
	if !seen.MadeFrom(e.Spec(e.w)) {
		return false
	}
	have := s.service.Spec.TaskTemplate.ContainerSpec
	return have != nil && slices.Equal(have.Env, docker.Environ(e.w))
}

func (e *ensuring) apply(ctx context.Context) error {
	image, auth, err := e.image(ctx, e.w.Image)
	if err != nil {
		return err
	}
	if err := e.takeAway(ctx, e.w.ID, e.replace); err != nil {
		return err
	}
	network, leave, err := e.networks.join(ctx, e.w.ID.App)
	if err != nil {
		return err
	}
	err = e.make(ctx, image, auth, network)
	leave()
	if err != nil {
		// What could not be made must not leave its network behind; who made an
		// instance of the app meanwhile keeps it.
		sweeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkTimeout)
		defer cancel()
		if err := e.networks.sweep(sweeping, e.w.ID.App); err != nil {
			e.log.Warn("an app's network could not be removed", "app", e.w.ID.App, "error", err)
		}
		return err
	}
	return e.settle(ctx, e.w.ID)
}

func (e *ensuring) make(ctx context.Context, image, auth, network string) error {
	wanted := constraints(e.w.Placement)
	if len(e.w.Volumes) > 0 {
		self, err := e.nodeID(ctx)
		if err != nil {
			return err
		}
		wanted = append(wanted, "node.id=="+self)
	}
	pins := e.view.spread(e.w.ID, e.kept, wanted, len(e.restart)+len(e.create))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for i, s := range e.restart {
		group.Go(func() error { return e.place(ctx, s, append(s.wanted(), pins[i]...)) })
	}
	for i, index := range e.create {
		spec := e.service(e.w, kindInstance, index, image, network)
		spec.TaskTemplate.Placement.Constraints = append(slices.Clone(wanted), pins[len(e.restart)+i]...)
		group.Go(func() error { return e.add(ctx, spec, index, auth) })
	}
	return group.Wait()
}

// add returns when the service is created or ctx ends, whichever is first. The
// engine goes on creating after a caller has hung up.
func (e *ensuring) add(ctx context.Context, spec swarm.ServiceSpec, index int, auth string) error {
	if ctx.Err() != nil {
		return ctx.Err() // another instance failed: do not begin
	}
	done := make(chan error, 1)
	e.creating.Go(func() {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
		defer cancel()
		done <- e.createService(detached, spec, index, auth)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *ensuring) createService(ctx context.Context, spec swarm.ServiceSpec, index int, auth string) error {
	for _, other := range []bool{false, true} {
		spec.Name = e.serviceName(e.w, index, other)
		_, err := e.engine.API.ServiceCreate(ctx, spec, swarm.ServiceCreateOptions{EncodedRegistryAuth: auth})
		if err == nil {
			return nil
		}
		if !nameTaken(err) {
			return failed(ctx, "create "+spec.Name, err)
		}
		// Another server may have made this very instance a moment ago.
		v, err := e.look(ctx, withWorkload(e.ours(kindInstance), e.w.ID))
		if err != nil {
			return err
		}
		for _, s := range v.seats {
			if s.service != nil && s.service.Spec.Name == spec.Name {
				return nil
			}
		}
	}
	return fmt.Errorf("create %s: its name is taken", spec.Name)
}

func nameTaken(err error) bool {
	return cerrdefs.IsConflict(err) || strings.Contains(err.Error(), "already in use") || strings.Contains(err.Error(), "name conflicts")
}
