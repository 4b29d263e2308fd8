package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// load is a crowd that visits an app through the router without a break.
type load struct {
	stop chan struct{}
	done sync.WaitGroup

	mu       sync.Mutex
	requests int
	failures []string
	failed   int
}

// load sends requests to an app until the test ends or lost is called: pages
// over kept connections and over new ones, bodies that no proxy may send
// twice, and slow requests that are under way when something switches.
func (in *installation) load(t *testing.T, app string) *load {
	t.Helper()
	l := &load{stop: make(chan struct{})}
	t.Cleanup(l.end)
	visit := func(path, body string, fresh bool) func(*http.Client) error {
		return func(visitor *http.Client) error {
			method, content := http.MethodGet, io.Reader(nil)
			if body != "" {
				method, content = http.MethodPost, strings.NewReader(body)
			}
			req, err := http.NewRequest(method, in.address(app, path), content)
			if err != nil {
				return err
			}
			req.Close = fresh
			resp, err := visitor.Do(req)
			if err != nil {
				return err
			}
			defer func() { _ = resp.Body.Close() }()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			if resp.StatusCode != http.StatusOK || body != "" && string(got) != body {
				return fmt.Errorf("%s %s: %s, %d bytes: %.200s", method, path, resp.Status, len(got), got)
			}
			return nil
		}
	}
	for _, visitor := range []struct {
		every time.Duration
		visit func(*http.Client) error
	}{
		{10 * time.Millisecond, visit("/", "", false)},
		{10 * time.Millisecond, visit("/", "", false)},
		{20 * time.Millisecond, visit("/", "", true)},
		{20 * time.Millisecond, visit("/echo", strings.Repeat("cargo ", 2000), false)},
		{20 * time.Millisecond, visit("/slow?ms=700", "", false)},
		{20 * time.Millisecond, visit("/slow?ms=1900", "", true)},
	} {
		l.done.Add(1)
		go l.send(in.visitor(), visitor.every, visitor.visit)
	}
	return l
}

func (l *load) send(visitor *http.Client, every time.Duration, visit func(*http.Client) error) {
	defer l.done.Done()
	defer visitor.CloseIdleConnections()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		err := visit(visitor)
		l.mu.Lock()
		l.requests++
		if err != nil {
			if l.failed++; len(l.failures) < 5 {
				l.failures = append(l.failures, time.Now().Format("15:04:05.000 ")+err.Error())
			}
		}
		l.mu.Unlock()
	}
}

func (l *load) end() {
	l.mu.Lock()
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.mu.Unlock()
	l.done.Wait()
}

// lost ends the load; the test fails if more requests than most were lost.
func (l *load) lost(t *testing.T, most int) {
	t.Helper()
	l.end()
	t.Logf("%d requests, %d lost", l.requests, l.failed)
	if l.requests == 0 {
		t.Error("the load sent nothing")
	}
	if l.failed > most {
		t.Errorf("%d of %d requests were lost:\n%s", l.failed, l.requests, strings.Join(l.failures, "\n"))
	}
}

// mark says how many requests have been answered, and that none was lost.
func (l *load) mark(t *testing.T, after string) int {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed > 0 {
		t.Fatalf("%d requests are lost after %s: %s", l.failed, after, strings.Join(l.failures, "\n"))
	}
	return l.requests
}
