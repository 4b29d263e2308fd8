package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// Cluster is a driver over an Engine.
type Cluster struct {
	engine       *Engine
	installation string
}

var _ deployer.Cluster = (*Cluster)(nil)

// New makes a driver. Drivers of one engine and installation see the same.
func New(engine *Engine, installation string) *Cluster {
	return &Cluster{engine: engine, installation: installation}
}

// use locks the engine if it answers. The caller unlocks it.
func (c *Cluster) use(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.engine.mu.Lock()
	if c.engine.away {
		c.engine.mu.Unlock()
		return deployer.ErrUnavailable
	}
	return nil
}

// Ensure implements deployer.Cluster.
func (c *Cluster) Ensure(ctx context.Context, w deployer.Workload) error {
	if err := w.Check(); err != nil {
		return err
	}
	if err := c.use(ctx); err != nil {
		return err
	}
	program, ok := c.engine.images[w.Image]
	var wrong []*instance
	present := map[int]*instance{}
	for _, i := range c.of(w.ID) {
		if i.info.Index > w.Instances || !same(i.workload, w) {
			wrong = append(wrong, i)
		} else {
			present[i.info.Index] = i
		}
	}
	c.engine.mu.Unlock()
	if !ok && len(present) < w.Instances {
		return fmt.Errorf("%w: %s", deployer.ErrNoImage, w.Image)
	}
	slices.SortFunc(wrong, func(a, b *instance) int { return cmp.Compare(b.info.Index, a.info.Index) })
	if err := c.removeAll(ctx, wrong, 10*time.Second); err != nil {
		return err
	}
	if err := c.use(ctx); err != nil {
		return err
	}
	defer c.engine.mu.Unlock()
	present = map[int]*instance{}
	for _, i := range c.of(w.ID) { // again: another call may have been here
		present[i.info.Index] = i
	}
	if missing := w.Instances - len(present); c.engine.room > 0 && missing > 0 && len(c.engine.instances)+missing > c.engine.room {
		return fmt.Errorf("start an instance of %s: %w", w.ID, deployer.ErrNoRoom)
	}
	c.makeVolumes(w)
	if !c.engine.fits(w) {
		return fmt.Errorf("start an instance of %s: no node has room for it: %w", w.ID, deployer.ErrNoRoom)
	}
	for index := 1; index <= w.Instances; index++ {
		switch i := present[index]; {
		case i == nil:
			c.make(w, index, program).start()
		case i.life.over && (i.stopping || !i.proven):
			i.start()
		}
	}
	return nil
}

func same(a, b deployer.Workload) bool {
	if len(a.Env) != len(b.Env) {
		return false
	}
	for key, value := range a.Env {
		if other, ok := b.Env[key]; !ok || other != value {
			return false
		}
	}
	return slices.Equal(a.Volumes, b.Volumes) && a.Image == b.Image && a.Port == b.Port && a.Limits == b.Limits && slices.Equal(a.Command, b.Command) && a.Reserve == b.Reserve && maps.Equal(a.Placement, b.Placement) &&
		a.Health.WithDefaults() == b.Health.WithDefaults()
}

// make adds an instance that does not run yet. The engine's lock is held.
func (c *Cluster) make(w deployer.Workload, index int, program Program) *instance {
	i := &instance{engine: c.engine, workload: w, spec: specOf(w), program: program, host: c.engine.host(), log: newLog()}
	i.info = deployer.Instance{
		ID:       fmt.Sprintf("%s-%012d", c.installation, c.engine.made),
		Name:     deployer.InstanceName(w.AppName, w.ID, index),
		Workload: w.ID,
		AppName:  w.AppName,
		Index:    index,
		Node:     c.engine.place(w),
		Limits:   w.Limits,
		Reserve:  w.Reserve,
	}
	c.engine.put(i)
	return i
}

// of lists a workload's instances. The engine's lock is held.
func (c *Cluster) of(id deployer.WorkloadID) []*instance {
	var list []*instance
	for _, i := range c.all(id.App) {
		if i.info.Workload == id {
			list = append(list, i)
		}
	}
	return list
}

// all lists this installation's instances of an app, of all apps when app is "".
// The engine's lock is held.
func (c *Cluster) all(app string) []*instance {
	from := c.engine.instances
	if app != "" {
		from = c.engine.apps[app]
	}
	list := make([]*instance, 0, len(from))
	for id, i := range from {
		if c.owns(id) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *instance) int {
		return cmp.Or(
			cmp.Compare(a.info.Workload.App, b.info.Workload.App),
			cmp.Compare(a.info.Workload.Process, b.info.Workload.Process),
			cmp.Compare(a.info.Workload.Release, b.info.Workload.Release),
			cmp.Compare(a.info.Index, b.info.Index))
	})
	return list
}

func (c *Cluster) owns(id string) bool {
	return len(id) == len(c.installation)+13 && id[:len(c.installation)] == c.installation
}

// Remove implements deployer.Cluster.
func (c *Cluster) Remove(ctx context.Context, id deployer.WorkloadID, grace time.Duration) error {
	if err := id.Check(); err != nil {
		return err
	}
	if err := c.use(ctx); err != nil {
		return err
	}
	list := c.of(id)
	c.engine.mu.Unlock()
	return c.removeAll(ctx, list, grace)
}

func (c *Cluster) removeAll(ctx context.Context, list []*instance, grace time.Duration) error {
	errs := make([]error, len(list))
	var group sync.WaitGroup
	for n, i := range list {
		group.Go(func() {
			if errs[n] = i.stop(ctx, grace); errs[n] != nil {
				return
			}
			c.engine.mu.Lock()
			defer c.engine.mu.Unlock()
			c.engine.drop(i)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// Instances implements deployer.Cluster.
func (c *Cluster) Instances(ctx context.Context, app string) ([]deployer.Instance, error) {
	if err := c.use(ctx); err != nil {
		return nil, err
	}
	all := c.all(app)
	list := make([]deployer.Instance, 0, len(all))
	var proven []bool
	for _, i := range all {
		list = append(list, i.info)
		proven = append(proven, i.proven)
	}
	c.engine.mu.Unlock()
	var probes errgroup.Group
	probes.SetLimit(16)
	for n := range list {
		in := &list[n]
		if in.State != deployer.StateStarting || !proven[n] {
			continue
		}
		if in.State = deployer.StateHealthy; in.Address != "" {
			probes.Go(func() error {
				if deployer.Refused(ctx, in.Address) {
					in.State = deployer.StateUnhealthy
				}
				return nil
			})
		}
	}
	return list, probes.Wait()
}

// Watch implements deployer.Cluster.
func (c *Cluster) Watch(ctx context.Context) iter.Seq2[deployer.Event, error] {
	return func(yield func(deployer.Event, error) bool) {
		w := &watcher{wake: make(chan struct{}, 1), broken: true}
		w.signal()
		c.engine.mu.Lock()
		c.engine.watchers[w] = true
		c.engine.mu.Unlock()
		defer func() {
			c.engine.mu.Lock()
			defer c.engine.mu.Unlock()
			delete(c.engine.watchers, w)
		}()
		for {
			select {
			case <-ctx.Done():
				yield(deployer.Event{}, ctx.Err())
				return
			case <-w.wake:
			}
			if ctx.Err() != nil {
				yield(deployer.Event{}, ctx.Err())
				return
			}
			for _, e := range c.engine.take(w) {
				if e.Type != deployer.EventResync && !c.owns(e.Instance.ID) {
					continue
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}
