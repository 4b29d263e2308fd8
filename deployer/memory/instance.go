package memory

import (
	"context"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// instance is one simulated container. Its members are guarded by Engine.mu.
type instance struct {
	engine   *Engine
	info     deployer.Instance // State is StateStarting or StateExited
	workload deployer.Workload
	spec     string // of the workload
	program  Program
	host     string
	log      *log

	proven   bool // was healthy once: it is restarted when it exits
	stopping bool // it was asked to end: it is not
	removed  bool
	life     *life

	interrupted bool // the engine stopped it to be restarted itself
	moving      bool // it was asked to end here and to begin elsewhere
}

// life is one run of an instance's program.
type life struct {
	stop   context.CancelFunc // SIGTERM
	killed chan struct{}      // closed by SIGKILL
	ended  chan struct{}      // closed when it has exited
	oom    bool
	over   bool
}

// restartDelay keeps an instance that exits at once from being restarted
// without pause. It doubles with each restart, up to a second.
func (i *instance) restartDelay() time.Duration {
	return min(time.Second, 10*time.Millisecond<<min(i.info.Restarts, 10))
}

// start begins a life. The engine's lock is held.
func (i *instance) start() {
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the call that started it
	l := &life{stop: cancel, killed: make(chan struct{}), ended: make(chan struct{})}
	i.life, i.stopping, i.interrupted = l, false, false
	i.info.State, i.info.ExitCode, i.info.OOMKilled, i.info.StartedAt = deployer.StateStarting, 0, false, time.Now()
	env := map[string]string{}
	for key, value := range i.workload.Env {
		env[key] = value
	}
	if port := i.workload.Port; port > 0 {
		env["PORT"] = strconv.Itoa(port)
		i.info.Address = net.JoinHostPort(i.host, env["PORT"])
	}
	limit := i.workload.Limits.MemoryBytes
	if limit == 0 {
		limit = memoryLimit
	}
	p := &Process{
		Env: env, Args: i.workload.Command, Killed: l.killed, host: i.host, memory: limit,
		Stdin: noInput{}, Stdout: i.log.writer(l, false), Stderr: i.log.writer(l, true),
	}
	p.oom = func() { i.kill(l, true) }
	i.engine.emit(deployer.EventStarted, i.info)
	go i.run(ctx, l, p)
}

func (i *instance) run(ctx context.Context, l *life, p *Process) {
	exit := make(chan int, 1)
	go func() { exit <- i.program(ctx, p) }()
	code := 137
	select {
	case code = <-exit:
	case <-l.killed:
	}
	p.end()
	i.log.end(l)
	i.exited(l, code)
}

// exited records the end of a life, and begins another if the engine is to.
func (i *instance) exited(l *life, code int) {
	e := i.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	l.stop()
	l.over = true
	i.info.State, i.info.ExitCode, i.info.OOMKilled, i.info.Address = deployer.StateExited, code, l.oom, ""
	if l.oom {
		i.info.ExitCode = 137
	}
	e.emit(deployer.EventDied, i.info)
	close(l.ended)
	if i.moving && !i.stopping && !i.removed {
		i.moving = false
		e.count(i, -1)
		if node := e.place(i.workload); node != "" {
			i.info.Node = node
		}
		e.count(i, 1)
		i.start()
		return
	}
	if !i.proven || i.stopping || i.removed {
		return
	}
	time.AfterFunc(i.restartDelay(), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if i.life == l && !i.stopping && !i.removed {
			i.info.Restarts++
			i.start()
		}
	})
}

// kill ends a life at once.
func (i *instance) kill(l *life, oom bool) {
	i.engine.mu.Lock()
	defer i.engine.mu.Unlock()
	i.killLocked(l, oom)
}

func (i *instance) killLocked(l *life, oom bool) {
	select {
	case <-l.killed:
	default:
		l.oom = oom
		close(l.killed)
	}
}

// stop asks the instance to end, kills it after grace, and waits for its end.
// When ctx is over first the instance may still run.
func (i *instance) stop(ctx context.Context, grace time.Duration) error {
	e := i.engine
	e.mu.Lock()
	i.stopping = true
	l := i.life
	if grace > 0 {
		l.stop()
	} else {
		i.killLocked(l, false)
	}
	e.mu.Unlock()
	patience := time.NewTimer(grace)
	defer patience.Stop()
	for {
		select {
		case <-l.ended:
			return nil
		case <-patience.C:
			i.kill(l, false)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// noInput is the standard input of what has none.
type noInput struct{}

func (noInput) Read([]byte) (int, error) { return 0, io.EOF }
