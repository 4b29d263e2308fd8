package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/server/logs"
)

// engineOnly hides that the engine's files can be read.
type engineOnly struct{ logs.Cluster }

// counter counts newlines up to a number.
type counter struct {
	seen, wanted int
	last         time.Time
	alarm        *time.Timer // set back by every write
	done         func()
}

const quiet = 2 * time.Second

func (c *counter) Write(p []byte) (int, error) {
	c.last = time.Now()
	c.alarm.Reset(quiet)
	if c.seen += bytes.Count(p, []byte("\n")); c.seen >= c.wanted {
		c.done()
	}
	return len(p), nil
}

// BenchmarkCollect measures how many lines of 200 bytes a second come from a
// container that writes as fast as it can into the store, out of the engine's
// files and through its API, and beside it how fast a program follows that
// writes the lines nowhere.
func BenchmarkCollect(b *testing.B) {
	const lines = 400_000
	burst := fmt.Sprintf("/log?n=%d&from=0&size=190", lines)
	start := func(b *testing.B) (context.Context, *docker.Cluster, deployer.Workload) {
		ctx := b.Context()
		c, w := dockerApp(ctx, b)
		w.Limits.CPUMilli = 2000
		ensure(b, c, w)
		if err := c.WaitHealthy(ctx, w.ID); err != nil {
			b.Fatal(err)
		}
		return ctx, c, w
	}
	report := func(b *testing.B) { b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s") }
	b.Run("sdk", func(b *testing.B) {
		ctx, c, _ := start(b)
		list, err := c.Instances(ctx, "a1")
		if err != nil {
			b.Fatal(err)
		}
		seen, took := 0, time.Duration(0)
		for b.Loop() {
			ctx, cancel := context.WithCancel(ctx)
			body, err := c.API.ContainerLogs(ctx, list[0].ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true, Tail: "0"})
			if err != nil {
				b.Fatal(err)
			}
			// It is known to miss some where the engine's files rotate.
			all := &counter{wanted: lines, alarm: time.AfterFunc(time.Minute, cancel), done: cancel}
			began := time.Now()
			go func() { _ = request(ctx, c, burst) }()    // what does not come is missed below
			_, _ = stdcopy.StdCopy(all, io.Discard, body) // ends when cancelled
			seen, took = seen+all.seen, took+all.last.Sub(began)
		}
		b.ReportMetric(float64(seen)/took.Seconds(), "lines/s")
		b.ReportMetric(float64(lines*b.N-seen), "missed")
	})
	for name, of := range map[string]func(*docker.Cluster) logs.Cluster{
		"files": func(c *docker.Cluster) logs.Cluster { return c },
		"api":   func(c *docker.Cluster) logs.Cluster { return engineOnly{c} },
	} {
		b.Run(name, func(b *testing.B) {
			ctx, c, _ := start(b)
			s := open(b, b.TempDir(), logs.Options{MaxStreamBytes: 1 << 30})
			collect(b, s, of(c))
			follow, cancel := context.WithCancel(ctx)
			defer cancel()
			seen := make(chan int, 1000)
			go func() {
				for batch, err := range s.Follow(follow, "app-a1", logs.FollowOptions{}) {
					if err != nil {
						return
					}
					n := 0
					for i := range batch.Lines {
						if batch.Lines[i].Source == logs.SourceApp {
							n++
						}
					}
					seen <- n
				}
			}()
			for b.Loop() {
				go func() { _ = request(ctx, c, burst) }() // what does not come is missed below
				for n := 0; n < lines; n += <-seen {
				}
			}
			report(b)
		})
	}
}
