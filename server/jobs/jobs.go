// Package jobs runs the pipeline's work on River, a queue in Postgres: a
// wake-up is committed with the rows it is about, or not at all. What is to be
// done stands in those rows; the queue only says when to look. It is the only
// user of River.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/pipeline"
)

// advanceArgs wakes a worker for one app.
type advanceArgs struct {
	AppID string `json:"app_id"`
}

// Kind names the job in the queue's table.
func (advanceArgs) Kind() string { return "advance_app" }

// Queue is the job queue. It can take jobs as soon as it is made, and works
// them off between Start and Stop.
type Queue struct {
	store  *store.Store
	logger *slog.Logger
	client *river.Client[riverTx]
	work   *worker
	stop   context.CancelFunc

	watching sync.WaitGroup
}

const (
	workers = 64 // apps that are worked on at once; builds have a limit of their own

	// recoverEvery is how often deployments that nobody works on are looked
	// for. With the lease it bounds how long a dead server's work stands still.
	recoverEvery = 2 * time.Second
	sweepEvery   = time.Hour
)

// New makes a Queue on the store's Postgres.
func New(s *store.Store, logger *slog.Logger) (*Queue, error) {
	q := &Queue{store: s, logger: logger, work: &worker{}}
	all := river.NewWorkers()
	if err := river.AddWorkerSafely(all, q.work); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(s.Pool()), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers: all,
		Logger:  slog.New(quiet{logger.Handler()}),
		// A deployment has its own time-outs, and its lease says whether its
		// worker lives; River's clock would only cut it short.
		JobTimeout:           -1,
		MaxAttempts:          5,
		RescueStuckJobsAfter: 24 * time.Hour,
		FetchCooldown:        10 * time.Millisecond,
		FetchPollInterval:    time.Second,
		// Nothing reads finished wake-ups.
		CompletedJobRetentionPeriod: 10 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	q.client = client
	return q, nil
}

// Wake implements pipeline.Queue.
func (q *Queue) Wake(ctx context.Context, tx *store.Store, appID string) error {
	_, err := q.client.InsertTx(ctx, tx.Tx(), advanceArgs{AppID: appID}, nil)
	if err != nil {
		return store.Translate(err)
	}
	return nil
}

// Start begins to work jobs off with the pipeline, and to keep the cluster as the
// rows say.
func (q *Queue) Start(ctx context.Context, p *pipeline.Pipeline) error {
	q.work.pipeline = p
	// Before there are workers: it clears away what earlier ones left.
	if err := p.Begin(ctx); err != nil {
		return err
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	var watching context.Context
	watching, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	q.watching.Go(func() { q.recover(watching, p) })
	q.watching.Go(func() { p.KeepReconciled(watching) })
	return nil
}

// recover looks for work that nobody is at, until ctx ends.
func (q *Queue) recover(ctx context.Context, p *pipeline.Pipeline) {
	tick := time.NewTicker(recoverEvery)
	defer tick.Stop()
	var swept time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(swept) > sweepEvery {
			swept = time.Now()
			if err := p.Sweep(ctx); err != nil && ctx.Err() == nil {
				q.logger.Warn("old sources are left", "error", err)
			}
		}
		if err := p.Recover(ctx); err != nil && ctx.Err() == nil {
			q.logger.Debug("looking for work that nobody is at", "error", err)
		}
	}
}

// Stop ends all work of this process: deployments are let go, to be taken up by
// another server or by this one when it is back. It returns when none runs.
func (q *Queue) Stop(ctx context.Context) error {
	if q.stop != nil {
		q.stop()
		q.watching.Wait()
	}
	return q.client.StopAndCancel(ctx)
}

// worker advances apps.
type worker struct {
	river.WorkerDefaults[advanceArgs]
	pipeline *pipeline.Pipeline
}

// Work works an app's queue off.
func (w *worker) Work(ctx context.Context, job *river.Job[advanceArgs]) error {
	return w.pipeline.Advance(ctx, job.Args.AppID)
}

// NextRetry tries again soon: what fails here is Postgres or the engine being
// away.
func (w *worker) NextRetry(job *river.Job[advanceArgs]) time.Time {
	return time.Now().Add(time.Duration(job.Attempt) * 2 * time.Second)
}
