package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	droppedDeploys  = 20     // of each app
	droppedRequests = 30_000 // at least, of all visitors together
	visitors        = 8      // of each app
)

// measureDropped deploys two apps again and again while visitors send POST
// requests, which no proxy may send twice: one that keeps nothing, and one with
// a volume, whose old instance ends before the new one starts. Both go on when
// they are told to end, so that the old instance is killed by SIGKILL.
func measureDropped(ctx context.Context, b *bench) error {
	in, err := b.install(ctx, "SLIPWAY_STOP_GRACE=1s")
	if err != nil {
		return err
	}
	s, err := b.newSource(ctx, "dropped", " IGNORE_TERM=yes")
	if err != nil {
		return err
	}
	apps := []string{"stateless", "stateful"}
	var all []*deployed
	for _, name := range apps {
		one, err := b.deployed(ctx, in, name, s, map[string]any{"warm_minutes": 0})
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	volume := map[string]any{"name": "files", "process": "web", "path": "/files"}
	if _, err := all[1].changes(ctx, func(ctx context.Context) error {
		return in.call(ctx, http.MethodPost, "/api/v1/apps/stateful/volumes", volume, nil)
	}); err != nil {
		return err
	}
	crowd := gather(ctx, in, apps)
	defer crowd.end()
	for round := range droppedDeploys {
		if _, err := s.commit(ctx, true); err != nil {
			return err
		}
		for _, one := range all {
			took, err := one.changes(ctx, func(ctx context.Context) error { return in.pushApp(ctx, s, one.name) })
			if err != nil {
				return err
			}
			if err := one.settles(ctx, 1); err != nil {
				return err
			}
			fmt.Printf("  deployment %d of %s after %s: %s\n", round+1, one.name, took.Round(time.Millisecond), crowd)
		}
	}
	if err := until(ctx, 5*time.Minute, "enough requests", func() error {
		if sent, _ := crowd.counts(); sent < droppedRequests {
			return fmt.Errorf("%d", sent)
		}
		return nil
	}); err != nil {
		return err
	}
	crowd.end()
	sent, lost := crowd.counts()
	b.record("deploys_dropped_requests", alone("requests", []float64{float64(lost)}).atMost(ofOurs, 0).
		other("requests sent", float64(sent)).other("deployments", float64(droppedDeploys*len(apps))).other("slowest answer ms", float64(crowd.slowest.Milliseconds())))
	if lost > 0 {
		fmt.Println("  " + strings.Join(crowd.why, "\n  "))
	}
	return nil
}

// crowd is the visitors of some apps, who never stop.
type crowd struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	sent    int
	lost    int
	why     []string
	slowest time.Duration
}

func gather(ctx context.Context, in *installation, apps []string) *crowd {
	ctx, stop := context.WithCancel(ctx)
	c := &crowd{stop: stop}
	for _, app := range apps {
		for n := range visitors {
			c.done.Go(func() { c.visit(ctx, in, app, n) })
		}
	}
	return c
}

// visit sends one request after the other, half of the visitors over a new
// connection each time, until ctx ends.
func (c *crowd) visit(ctx context.Context, in *installation, app string, n int) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: n%2 == 1}}
	defer client.CloseIdleConnections()
	pace := time.NewTicker(30 * time.Millisecond) // leaves the machine time to deploy
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		began := time.Now()
		err := post(client, in.router, app, fmt.Appendf(nil, "%s %d %d %s", app, n, i, strings.Repeat("cargo ", 50)))
		c.mu.Lock()
		c.sent++
		c.slowest = max(c.slowest, time.Since(began))
		if err != nil {
			if c.lost++; len(c.why) < 10 {
				c.why = append(c.why, began.Format("15:04:05.000 ")+app+": "+err.Error())
			}
		}
		c.mu.Unlock()
	}
}

// post sends a body that must come back.
func post(client *http.Client, router, app string, body []byte) error {
	// A request that is under way when the crowd goes home is answered too.
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+router+"/echo", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Host = app + ".localhost"
	req.GetBody = nil // the client may not send it twice either
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %.200s", resp.Status, got)
	case !bytes.Equal(got, body):
		return errors.New("another body came back")
	}
	return nil
}

func (c *crowd) end() {
	c.stop()
	c.done.Wait()
}

func (c *crowd) counts() (sent, lost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent, c.lost
}

func (c *crowd) String() string {
	sent, lost := c.counts()
	return fmt.Sprintf("%d requests, %d lost", sent, lost)
}
