package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/slipway-paas/slipway/deployer"
)

// Run implements deployer.Cluster. The task runs on its app's network with the
// same limits as an instance, and the engine removes it when it ends, even if
// nobody is left who waits for it. A Stdin that blocks keeps one goroutine
// until its next read returns. With TTY all output goes to Stdout.
func (c *Cluster) Run(ctx context.Context, t deployer.Task, streams deployer.TaskIO) (int, error) {
	if err := t.Workload.Check(); err != nil {
		return 0, err
	}
	network, leave, err := c.networks.join(ctx, t.Workload.ID.App)
	if err != nil {
		return 0, err
	}
	defer leave(true)
	name := c.containerName(t.Workload, 0, strings.ToLower(rand.Text()[:8]))
	if err := c.createTask(ctx, t, name, network, streams.Stdin != nil); err != nil {
		return 0, err
	}
	code, err := c.runTask(ctx, t, name, streams)

	// Whatever happened, nothing of it runs when this returns.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	return code, errors.Join(err, c.forceRemove(cleanup, name, "remove "+name))
}

// createTask makes the container. It does not end with ctx, since the engine
// would not: the name says what to remove.
func (c *Cluster) createTask(ctx context.Context, t deployer.Task, name, network string, stdin bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	config, host := c.config(t.Workload, kindTask, 0), c.hostConfig(t.Workload, network)
	config.Tty, config.OpenStdin, config.StdinOnce = t.TTY, stdin, stdin
	host.AutoRemove = true
	_, err := c.API.ContainerCreate(detached, config, host, attach(t.Workload, network), nil, name)
	if cerrdefs.IsNotFound(err) && pinned(t.Workload.Image) {
		if err := c.pull(ctx, t.Workload.Image); err != nil {
			return err
		}
		_, err = c.API.ContainerCreate(detached, config, host, attach(t.Workload, network), nil, name)
	}
	if cerrdefs.IsNotFound(err) {
		return fmt.Errorf("%w: %s", deployer.ErrNoImage, t.Workload.Image)
	}
	return fail(detached, "create "+name, err)
}

// runTask attaches before it starts, so that no output is lost, and waits for
// the end of both the task and its output.
func (c *Cluster) runTask(ctx context.Context, t deployer.Task, name string, streams deployer.TaskIO) (int, error) {
	attached, err := c.API.ContainerAttach(ctx, name, container.AttachOptions{
		Stream: true, Stdin: streams.Stdin != nil, Stdout: true, Stderr: true,
	})
	if err != nil {
		return 0, fail(ctx, "attach to "+name, err)
	}
	closed := sync.OnceFunc(attached.Close)
	defer closed()
	defer context.AfterFunc(ctx, closed)() // ends the copying when ctx does

	exited, failed := c.API.ContainerWait(ctx, name, container.WaitConditionNextExit)
	if err := c.API.ContainerStart(ctx, name, container.StartOptions{}); err != nil {
		return 0, fail(ctx, "start "+name, err)
	}
	if streams.Stdin != nil {
		go sendInput(attached, streams.Stdin)
	}
	output := make(chan error, 1)
	go func() { output <- copyOutput(attached, t.TTY, streams) }()

	var code int
	select {
	case result := <-exited:
		code = int(result.StatusCode)
	case err := <-failed:
		return 0, fail(ctx, "wait for "+name, err)
	}
	select {
	case err = <-output:
	case <-time.After(10 * time.Second): // a process it left behind may hold its output open
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return code, fmt.Errorf("read the output of %s: %w", name, err)
	}
	return code, nil
}

// sendInput ends when the input or the task does.
func sendInput(to types.HijackedResponse, from io.Reader) {
	if _, err := io.Copy(to.Conn, from); err == nil {
		_ = to.CloseWrite() // a task that has ended needs no end of input
	}
}

func copyOutput(from types.HijackedResponse, tty bool, to deployer.TaskIO) error {
	stdout, stderr := orDiscard(to.Stdout), orDiscard(to.Stderr)
	var err error
	if tty {
		_, err = io.Copy(stdout, from.Reader)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, from.Reader)
	}
	return err
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
