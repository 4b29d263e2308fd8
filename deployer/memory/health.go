package memory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-paas/slipway/deployer"
)

const lastLogs = 50

// WaitHealthy implements deployer.Cluster.
func (c *Cluster) WaitHealthy(ctx context.Context, id deployer.WorkloadID) error {
	if err := id.Check(); err != nil {
		return err
	}
	if err := c.use(ctx); err != nil {
		return err
	}
	list := c.of(id)
	c.engine.mu.Unlock()
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range list {
		group.Go(func() error { return i.untilHealthy(groupCtx) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (i *instance) untilHealthy(ctx context.Context) error {
	health := i.workload.Health.WithDefaults()
	timeout := time.NewTimer(health.Timeout)
	defer timeout.Stop()
	var backoff deployer.Backoff
	lastAnswer := ""
	for {
		now, ended, gone, interrupted := i.look()
		switch {
		case gone && interrupted:
			return fmt.Errorf("%s was stopped by the engine: %w", now.Name, deployer.ErrInterrupted)
		case gone:
			return i.unhealthy(now, deployer.ExitReason(now.ExitCode, now.OOMKilled, i.workload.Limits.MemoryBytes))
		case now.State == deployer.StateExited: // the engine restarts it
		case now.Address != "":
			ok, why := deployer.Probe(ctx, now.Address, health)
			if ok {
				i.prove()
				return nil
			}
			lastAnswer = why
		case time.Since(now.StartedAt) >= health.Settle:
			i.prove()
			return nil
		}
		if now.State == deployer.StateExited {
			ended = nil // it has: wait for the restart
		}
		pause := time.NewTimer(backoff.Next())
		select {
		case <-pause.C:
		case <-ended:
		case <-timeout.C:
			pause.Stop()
			return i.unhealthy(now, deployer.TimeoutReason(i.workload.Port, health, lastAnswer))
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
		pause.Stop()
	}
}

// look gives the instance as it is, what to wait for, and whether it has
// exited for good, or because the engine did.
func (i *instance) look() (now deployer.Instance, ended <-chan struct{}, gone, interrupted bool) {
	i.engine.mu.Lock()
	defer i.engine.mu.Unlock()
	return i.info, i.life.ended, i.life.over && (!i.proven || i.stopping || i.removed), i.interrupted
}

func (i *instance) prove() {
	i.engine.mu.Lock()
	defer i.engine.mu.Unlock()
	i.proven = true
}

func (i *instance) unhealthy(now deployer.Instance, reason string) error {
	lines, _, _ := i.log.read(0)
	return &deployer.Unhealthy{
		Instance: now,
		Reason:   reason,
		Exited:   now.State == deployer.StateExited,
		LastLogs: lines[max(0, len(lines)-lastLogs):],
	}
}

// Logs implements deployer.Cluster. The newest 20,000 lines are kept.
func (c *Cluster) Logs(ctx context.Context, q deployer.LogQuery) iter.Seq2[deployer.LogLine, error] {
	return func(yield func(deployer.LogLine, error) bool) {
		if err := c.use(ctx); err != nil {
			yield(deployer.LogLine{}, err)
			return
		}
		i := c.engine.instances[q.InstanceID]
		c.engine.mu.Unlock()
		if i == nil || !c.owns(q.InstanceID) {
			return
		}
		for next := 0; ; {
			lines, following, more := i.log.read(next)
			next = following
			for _, line := range lines {
				if !line.Time.Before(q.Since) && !yield(line, nil) {
					return
				}
			}
			if !q.Follow || more == nil {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				yield(deployer.LogLine{}, ctx.Err())
				return
			}
		}
	}
}

// Run implements deployer.Cluster.
func (c *Cluster) Run(ctx context.Context, t deployer.Task, streams deployer.TaskIO) (int, error) {
	if err := t.Workload.Check(); err != nil {
		return 0, err
	}
	if err := c.use(ctx); err != nil {
		return 0, err
	}
	program, ok := c.engine.images[t.Workload.Image]
	host := c.engine.host()
	c.engine.mu.Unlock()
	if !ok {
		return 0, errors.Join(deployer.ErrNoImage, errors.New(t.Workload.Image))
	}
	killed := make(chan struct{})
	p := &Process{
		Env: t.Workload.Env, Args: t.Workload.Command, Killed: killed, host: host, memory: memoryLimit,
		Stdin: streams.Stdin, Stdout: orDiscard(streams.Stdout), Stderr: orDiscard(streams.Stderr), oom: func() {},
	}
	if p.Stdin == nil {
		p.Stdin = strings.NewReader("")
	}
	if t.TTY {
		p.Stderr = p.Stdout
	}
	defer p.end()
	exit := make(chan int, 1)
	// Its ctx is SIGTERM, which a task does not get: it is killed.
	go func() { exit <- program(context.WithoutCancel(ctx), p) }()
	select {
	case code := <-exit:
		return code, nil
	case <-ctx.Done():
		close(killed)
		return 0, ctx.Err()
	}
}
