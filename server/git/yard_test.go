package git_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// yard is a builder whose images run on the engine in memory. A source with a
// file FAIL does not build, for the reason in it; the image of one with a file
// CRASH exits at once with it as its last words; one with a file HOLD builds
// until the test lets it go; every other one serves.
type yard struct {
	engine *memory.Engine

	mu      sync.Mutex
	release chan struct{} // closed when what is held may go on
}

func newYard() *yard { return &yard{engine: memory.NewEngine(), release: make(chan struct{})} }

// let lets builds go on that hold, now and from now on.
func (y *yard) let() {
	y.mu.Lock()
	defer y.mu.Unlock()
	select {
	case <-y.release:
	default:
		close(y.release)
	}
}

func (y *yard) Name() string { return "yard" }

func (y *yard) Detect(context.Context, builder.Source, builder.Options) (builder.Detection, error) {
	return builder.Detection{OK: true, Reason: "it builds everything"}, nil
}

func (y *yard) Build(ctx context.Context, req builder.Request, progress builder.Progress) (builder.Image, error) {
	entries, err := os.ReadDir(req.Source.Dir)
	if err != nil {
		return builder.Image{}, err
	}
	files := map[string]string{}
	var names []string
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(req.Source.Dir, entry.Name()))
		if err != nil {
			return builder.Image{}, err
		}
		files[entry.Name()] = strings.TrimSpace(string(content))
		names = append(names, entry.Name())
	}
	slices.Sort(names)
	progress.Say("Looking at %s", strings.Join(names, ", "))
	began := time.Now()
	progress.Step(builder.Step{ID: "1", Name: "COPY . .", Started: began})
	progress.Output("1", "copying", false)
	progress.Step(builder.Step{ID: "1", Name: "COPY . .", Started: began, Ended: began.Add(12 * time.Millisecond)})
	if _, held := files["HOLD"]; held {
		progress.Step(builder.Step{ID: "2", Name: "RUN wait", Started: began})
		select {
		case <-y.release:
		case <-ctx.Done():
			return builder.Image{}, ctx.Err()
		}
	}
	if why, fails := files["FAIL"]; fails {
		return builder.Image{}, &builder.Failure{Message: why}
	}
	program := memory.Serve
	if words, crashes := files["CRASH"]; crashes {
		program = memory.Exit(3, words)
	}
	y.engine.AddImage(req.Tag, program)
	return builder.Image{
		Reference: req.Tag, Digest: "sha256:" + strings.Repeat("0", 64),
		Processes: []builder.Process{{Name: "web"}}, Ports: []int{8080},
	}, nil
}

// open is a data plane without routers.
type open struct{}

func (open) Switch(context.Context, string, deployer.Targets) error { return nil }
func (open) Drained(context.Context, deployer.WorkloadID) error     { return nil }
func (open) Changed(string)                                         {}
func (open) Forget(context.Context, string) error                   { return nil }

// queue wakes a worker of this process. The transaction that wakes it is not
// committed yet, so the worker may come too early; work then finds it.
type queue struct {
	ctx      context.Context
	pipeline *pipeline.Pipeline
	workers  sync.WaitGroup
}

func (q *queue) Wake(_ context.Context, _ *store.Store, appID string) error {
	q.workers.Go(func() { _ = q.pipeline.Advance(q.ctx, appID) })
	return nil
}

// work looks for work until ctx ends.
func (q *queue) work() {
	look := time.NewTicker(25 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			_ = q.pipeline.Recover(q.ctx) // fails only when the test is over
		case <-q.ctx.Done():
			return
		}
	}
}
