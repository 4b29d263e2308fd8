package docker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

// createTimeout bounds a create call that nobody waits for any more.
const createTimeout = time.Minute

// Ensure implements deployer.Cluster. Instances that are removed get SIGTERM
// (or their image's own stop signal) and Options.StopGrace. One that was made
// from something else than w is replaced.
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

	e := &ensuring{Cluster: c, w: w, creating: &creating}
	todo, err := e.plan(ctx)
	if err != nil {
		return err
	}
	if len(todo.start)+len(todo.connect)+len(todo.replace)+len(todo.create) > 0 {
		pulse := c.feel(ctx)
		defer pulse.end()
		network, leave, err := c.networks.join(ctx, w.ID.App)
		if err != nil {
			return c.interrupted(ctx, pulse, err)
		}
		e.network = network
		err = e.apply(ctx, todo)
		leave(err != nil)
		if err != nil {
			return c.interrupted(ctx, pulse, err)
		}
	}
	return c.removeAll(ctx, todo.remove, c.stopGrace)
}

// ensuring is one call of Ensure.
type ensuring struct {
	*Cluster
	w        deployer.Workload
	network  string // ID of the app's
	creating *sync.WaitGroup
}

// steps are what keeps a workload's instances from being right.
type steps struct {
	start   []container.Summary
	connect []container.Summary // run, and their network is gone
	replace []container.Summary
	create  []int
	remove  []container.Summary // highest index first
}

func (e *ensuring) plan(ctx context.Context) (steps, error) {
	var todo steps
	have, err := e.list(ctx, withWorkload(e.ours(kindInstance), e.w.ID))
	if err != nil {
		return todo, err
	}
	present := map[int]bool{}
	for _, s := range have {
		index, _ := strconv.Atoi(s.Labels[LabelIndex])
		if index < 1 || index > e.w.Instances || present[index] {
			todo.remove = append(todo.remove, s)
			continue
		}
		present[index] = true
		right, err := e.right(ctx, s)
		switch {
		case err != nil:
			return todo, err
		case !right:
			todo.replace = append(todo.replace, s)
		case s.State != container.StateRunning && s.State != container.StateRestarting:
			todo.start = append(todo.start, s)
		case s.State == container.StateRunning && !connected(s):
			todo.connect = append(todo.connect, s)
		}
	}
	for index := 1; index <= e.w.Instances; index++ {
		if !present[index] {
			todo.create = append(todo.create, index)
		}
	}
	slices.SortFunc(todo.remove, func(a, b container.Summary) int { return cmp.Compare(indexOf(b), indexOf(a)) })
	return todo, nil
}

func indexOf(s container.Summary) int {
	index, _ := strconv.Atoi(s.Labels[LabelIndex])
	return index
}

// right says whether a container is what the workload asks for.
func (e *ensuring) right(ctx context.Context, s container.Summary) (bool, error) {
	if s.Labels[labelSpec] != e.specHash(e.w) || s.State == container.StateDead || s.State == container.StateRemoving {
		return false, nil
	}
	if env := s.Labels[labelEnv]; env != "" && len(e.labelKey) > 0 {
		return env == e.envHash(e.w), nil
	}
	found, err := e.API.ContainerInspect(ctx, s.ID)
	if cerrdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fail(ctx, "inspect "+instanceName(s.Labels), err)
	}
	return sameEnv(found.Config.Env, environ(e.w)), nil
}

func (e *ensuring) apply(ctx context.Context, todo steps) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelStarts)
	for _, s := range todo.start {
		if s.HostConfig.NetworkMode != e.network { // it could not start: the network it was made for is gone
			todo.replace = append(todo.replace, s)
			continue
		}
		group.Go(func() error { return e.startAgain(ctx, s) })
	}
	for _, s := range todo.connect {
		group.Go(func() error { return e.connect(ctx, s) })
	}
	for _, s := range todo.replace {
		group.Go(func() error {
			if err := e.removeOne(ctx, s, e.stopGrace); err != nil {
				return err
			}
			return e.add(ctx, indexOf(s))
		})
	}
	for _, index := range todo.create {
		group.Go(func() error { return e.add(ctx, index) })
	}
	return group.Wait()
}

// add creates one instance and starts it.
func (e *ensuring) add(ctx context.Context, index int) error {
	if ctx.Err() != nil {
		return ctx.Err() // another instance failed: do not begin
	}
	id, err := e.createDetached(ctx, index)
	if err != nil {
		return err
	}
	return e.start(ctx, id, false)
}

// startAgain starts an instance that stopped. One that a killed engine has lost
// sight of cannot be, and is made anew.
func (e *ensuring) startAgain(ctx context.Context, s container.Summary) error {
	err := e.start(ctx, s.ID, s.State == container.StatePaused)
	if err == nil || ctx.Err() != nil || !leftRunning(err) {
		return err
	}
	e.log.Warn("an instance that the engine lost sight of is made anew", "instance", instanceName(s.Labels), "error", err)
	e.forget(s.ID)
	if err := e.forceRemove(ctx, s.ID, "remove "+instanceName(s.Labels)); err != nil {
		return err
	}
	return e.add(ctx, indexOf(s))
}

func (e *ensuring) start(ctx context.Context, id string, paused bool) error {
	if paused {
		return fail(ctx, "unpause an instance of "+e.w.ID.String(), e.API.ContainerUnpause(ctx, id))
	}
	what := "start an instance of " + e.w.ID.String()
	look := time.NewTicker(taskLook)
	defer look.Stop()
	for given := time.Now(); ; {
		err := e.API.ContainerStart(ctx, id, container.StartOptions{})
		if err == nil || ctx.Err() != nil || !leftRunning(err) || time.Since(given) > taskPatience {
			return fail(ctx, what, err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// An engine that was killed and is back has containers that it lost sight of; it
// says that their task exists until it has cleared that away, if it ever does.
const (
	taskPatience = 2 * time.Second
	taskLook     = 200 * time.Millisecond
)

// leftRunning tells that answer, which has no class of its own.
func leftRunning(err error) bool {
	text := err.Error()
	return strings.Contains(text, "task ") && strings.Contains(text, ": already exists")
}

// connect puts a running instance on the app's network, which was made anew.
func (e *ensuring) connect(ctx context.Context, s container.Summary) error {
	for name := range s.NetworkSettings.Networks { // without an address: what is left of the old one
		err := e.API.NetworkDisconnect(ctx, name, s.ID, true)
		if err != nil && !cerrdefs.IsNotFound(err) && ctx.Err() == nil {
			e.log.Debug("an instance stays on a network that is gone", "instance", instanceName(s.Labels), "network", name, "error", err)
		}
	}
	e.forget(s.ID)
	err := e.API.NetworkConnect(ctx, e.network, s.ID, &network.EndpointSettings{Aliases: []string{e.w.ID.Process}})
	if cerrdefs.IsConflict(err) || cerrdefs.IsPermissionDenied(err) && strings.Contains(err.Error(), "already exists") {
		return nil // another server did it
	}
	return fail(ctx, "connect "+instanceName(s.Labels)+" to its network", err)
}

// createDetached returns when the container is created or ctx ends, whichever
// is first. The engine goes on creating after a caller has hung up.
func (e *ensuring) createDetached(ctx context.Context, index int) (string, error) {
	type created struct {
		id  string
		err error
	}
	done := make(chan created, 1)
	e.creating.Go(func() {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
		defer cancel()
		id, err := e.create(ctx, detached, index)
		done <- created{id, err}
	})
	select {
	case c := <-done:
		return c.id, c.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// create makes the container in the context detached; pulling its image, which
// may take long and leaves nothing half-done, ends with ctx.
func (e *ensuring) create(ctx, detached context.Context, index int) (string, error) {
	name := e.containerName(e.w, index, "")
	for attempt := range 3 {
		made, err := e.API.ContainerCreate(detached, e.config(e.w, kindInstance, index), e.hostConfig(e.w, e.network), attach(e.w, e.network), nil, name)
		switch {
		case err == nil:
			return made.ID, nil
		case ctx.Err() != nil:
			return "", ctx.Err()
		case cerrdefs.IsNotFound(err) && attempt == 0 && pinned(e.w.Image):
			if err := e.pull(ctx, e.w.Image); err != nil {
				return "", err
			}
		case cerrdefs.IsNotFound(err):
			return "", fmt.Errorf("%w: %s", deployer.ErrNoImage, e.w.Image)
		case strings.Contains(strings.ToLower(err.Error()), "no command specified"): // has no class of its own
			return "", fmt.Errorf("%w: %s", deployer.ErrNoCommand, e.w.Image)
		case cerrdefs.IsConflict(err):
			id, err := e.namesake(detached, name, index)
			if err != nil || id != "" {
				return id, err
			}
			name = e.containerName(e.w, index, strings.ToLower(e.w.ID.App))
		default:
			return "", fail(detached, "create "+name, err)
		}
	}
	return "", fmt.Errorf("create %s: its name is taken", name)
}

// namesake gives the ID of the container that has a name if it is the very
// instance that is wanted, made by another server a moment ago; "" if it is
// something else.
func (e *ensuring) namesake(ctx context.Context, name string, index int) (string, error) {
	found, err := e.API.ContainerInspect(ctx, name)
	if cerrdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fail(ctx, "inspect "+name, err)
	}
	same := identity(found.ID, found.Config.Labels)
	if found.Config.Labels[LabelInstallation] == e.installation && found.Config.Labels[LabelKind] == kindInstance &&
		same.Workload == e.w.ID && same.Index == index {
		return found.ID, nil
	}
	return "", nil
}
