package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// routerStart is how long a router may take until it takes requests.
const routerStart = 30 * time.Second

// nextRouter is the name of a router that is about to replace another.
func (e *Engine) nextRouter() string { return e.RouterName() + ".next" }

// replaceRouter starts a router beside the one that runs, and stops that one
// when the new one takes requests. When the new one does not come to that, the
// old one stays. It says again when another server did the same meanwhile.
func (e *Engine) replaceRouter(ctx context.Context, old, tag, hash string, spec RouterSpec) (again bool, err error) {
	id, err := e.makeNextRouter(ctx, tag, hash, spec)
	if cerrdefs.IsConflict(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if err := e.awaitRouter(ctx, id, spec.Listening); err != nil {
		removal, cancel := context.WithTimeout(context.WithoutCancel(ctx), routerStart)
		defer cancel()
		return false, errors.Join(fmt.Errorf("the new router does not take requests, so the old one stays: %w", err),
			e.forceRemove(removal, id, "remove the new router"))
	}
	// From here on the new one serves, whatever happens: it is to get the name.
	if err := e.stopRouter(ctx, old, spec.Grace); err != nil {
		return false, err
	}
	return e.nameRouter(ctx, id)
}

// nameRouter gives a new router its name.
func (e *Engine) nameRouter(ctx context.Context, id string) (again bool, err error) {
	err = e.API.ContainerRename(ctx, id, e.RouterName())
	if cerrdefs.IsConflict(err) || cerrdefs.IsNotFound(err) {
		return true, nil
	}
	return false, fail(ctx, "name the router", err)
}

// makeNextRouter gives a running router that was made from this specification,
// under the name of one that is about to replace another.
func (e *Engine) makeNextRouter(ctx context.Context, tag, hash string, spec RouterSpec) (id string, err error) {
	found, err := e.API.ContainerInspect(ctx, e.nextRouter())
	if err != nil && !cerrdefs.IsNotFound(err) {
		return "", fail(ctx, "look for the new router", err)
	}
	if err == nil {
		if !e.isRouter(found.Config) {
			return "", fmt.Errorf("a container named %s exists and is not this installation's", e.nextRouter())
		}
		if found.State.Running && sameRouter(found.Config, hash, spec) {
			return found.ID, nil
		}
		if err := e.forceRemove(ctx, found.ID, "remove an earlier new router"); err != nil {
			return "", err
		}
	}
	return e.createRouter(ctx, e.nextRouter(), tag, hash, spec)
}

// adoptRouter finishes a replacement that was broken off after the old router
// was removed.
func (e *Engine) adoptRouter(ctx context.Context, hash string, spec RouterSpec) (adopted, again bool, err error) {
	found, err := e.API.ContainerInspect(ctx, e.nextRouter())
	if cerrdefs.IsNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fail(ctx, "look for the new router", err)
	}
	if !e.isRouter(found.Config) {
		return false, false, nil
	}
	if !sameRouter(found.Config, hash, spec) {
		return false, false, e.stopRouter(ctx, found.ID, spec.Grace)
	}
	if again, err = e.nameRouter(ctx, found.ID); err != nil || again {
		return false, again, err
	}
	return true, false, fail(ctx, "start the router", e.API.ContainerStart(ctx, found.ID, container.StartOptions{}))
}

// dropNextRouter removes what a replacement that was broken off has left.
func (e *Engine) dropNextRouter(ctx context.Context) error {
	found, err := e.API.ContainerInspect(ctx, e.nextRouter())
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fail(ctx, "look for the new router", err)
	}
	if !e.isRouter(found.Config) {
		return nil
	}
	return e.stopRouter(ctx, found.ID, 0)
}

// awaitRouter waits until a router says in its log that it takes requests.
func (e *Engine) awaitRouter(ctx context.Context, id, listening string) error {
	ctx, cancel := context.WithTimeout(ctx, routerStart)
	defer cancel()
	exited, _ := e.API.ContainerWait(ctx, id, container.WaitConditionNextExit) // ends with ctx
	stream, err := e.API.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true})
	if err != nil {
		return fail(ctx, "read the router's log", err)
	}
	defer stream.Close()
	go func() {
		select {
		case <-exited: // the engine would start it again and again
			_ = stream.Close()
		case <-ctx.Done():
		}
	}()
	var last string
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), []byte(listening)) {
			return nil
		}
		last = string(bytes.ToValidUTF8(lines.Bytes(), nil))
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("it did not say so within %s: %w", routerStart, err)
	}
	return fmt.Errorf("it ended after saying %q", last)
}
