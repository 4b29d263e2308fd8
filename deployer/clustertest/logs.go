package clustertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

func logStreams(t *testing.T, f *fixture) {
	in := f.up(f.web(1, 1, "TEST_OUT=to \x1b[31mout\x1b[0m", "TEST_ERR=to err"))[0]
	f.get(in, "/log?n=1&from=1&size=200000")
	var lines []deployer.LogLine
	f.eventually("all lines are there", func() bool {
		lines = nil
		for line, err := range f.cluster.Logs(f.ctx, deployer.LogQuery{InstanceID: in.ID}) {
			f.ok(err)
			lines = append(lines, line)
		}
		return len(lines) > 2 && !lines[len(lines)-1].Partial && len(lines[len(lines)-1].Text) > 0 && strings.HasSuffix(lines[len(lines)-1].Text, "x")
	})
	if !f.said(lines, "to \x1b[31mout\x1b[0m", false) || !f.said(lines, "to err", true) {
		t.Errorf("the first lines are %+v", lines[:2])
	}
	var long strings.Builder
	for i, line := range lines[2:] {
		long.WriteString(line.Text)
		if last := i == len(lines[2:])-1; line.Partial == last || len(line.Text) > 64<<10 || line.Stderr {
			t.Errorf("piece %d: %d bytes, partial %v", i, len(line.Text), line.Partial)
		}
	}
	if long.String() != "line 1"+strings.Repeat("x", 200000) {
		t.Errorf("the long line came as %d bytes", long.Len())
	}
}

func logResume(t *testing.T, f *fixture) {
	const n = 3000
	in := f.up(f.web(1, 1))[0]
	written := make(chan struct{})
	go func() {
		defer close(written)
		for from := 0; from < n; from += n / 10 {
			f.get(in, fmt.Sprintf("/log?n=%d&from=%d", n/10, from))
		}
	}()
	// Read a part, break off, and resume at the last line's time: lines with
	// that very time come again, and nothing else does.
	var seen []deployer.LogLine
	for cut := 7; len(seen) < n; cut *= 3 {
		var since time.Time
		skip := 0
		if len(seen) > 0 {
			since = seen[len(seen)-1].Time
			for i := len(seen) - 1; i >= 0 && seen[i].Time.Equal(since); i-- {
				skip++
			}
		}
		for line, err := range f.cluster.Logs(f.ctx, deployer.LogQuery{InstanceID: in.ID, Since: since, Follow: true}) {
			f.ok(err)
			if skip > 0 {
				skip--
				continue
			}
			if seen = append(seen, line); len(seen) >= n || len(seen)%cut == 0 {
				break
			}
		}
	}
	<-written
	for i, line := range seen {
		if line.Text != fmt.Sprintf("line %d", i) {
			t.Fatalf("line %d is %q", i, line.Text)
		}
	}
}

func logFollow(t *testing.T, f *fixture) {
	w := f.web(1, 1, "TEST_OUT=start")
	in := f.up(w)[0]
	lines := make(chan deployer.LogLine, 1000)
	ended := make(chan error, 1)
	go func() {
		defer close(lines)
		var failure error
		for line, err := range f.cluster.Logs(f.ctx, deployer.LogQuery{InstanceID: in.ID, Follow: true}) {
			if err != nil {
				failure = err
				break
			}
			lines <- line
		}
		ended <- failure
	}()
	f.get(in, "/log?n=50&from=0")
	f.get(in, "/exit?code=1")
	f.eventually("the engine has started it again", func() bool { return f.instances(w.ID)[0].Restarts == 1 })
	f.ok(f.cluster.WaitHealthy(f.ctx, w.ID))
	f.get(f.instances(w.ID)[0], "/log?n=50&from=50")
	var got []string
	for len(got) < 102 {
		select {
		case line := <-lines:
			got = append(got, line.Text)
		case <-f.ctx.Done():
			t.Fatalf("the stream stopped after %d lines: %q", len(got), got)
		}
	}
	f.ok(f.cluster.Remove(f.ctx, w.ID, 10*time.Second))
	f.ok(<-ended)
	for line := range lines {
		got = append(got, line.Text)
	}

	want := []string{"start"}
	for i := range 100 {
		if i == 50 {
			want = append(want, "start")
		}
		want = append(want, fmt.Sprintf("line %d", i))
	}
	// The last words may be lost with the container, but nothing else may.
	if text := strings.TrimSuffix(strings.Join(got, "\n"), "\nbye"); text != strings.Join(want, "\n") {
		t.Errorf("followed:\n%s", text)
	}
}

func logsOfNothing(t *testing.T, f *fixture) {
	for _, follow := range []bool{false, true} {
		for line, err := range f.cluster.Logs(f.ctx, deployer.LogQuery{InstanceID: strings.Repeat("0", 64), Follow: follow}) {
			t.Errorf("it gave %+v, %v", line, err)
		}
	}
}

// contextEnds calls every method with a context that is over.
func contextEnds(t *testing.T, f *fixture) {
	w := f.web(1, 1)
	in := f.up(w)[0]
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	c := f.cluster
	_, listed := c.Instances(ctx, app)
	_, ran := c.Run(ctx, deployer.Task{Workload: w}, deployer.TaskIO{})
	results := map[string]error{
		"Ensure":      c.Ensure(ctx, w),
		"WaitHealthy": c.WaitHealthy(ctx, w.ID),
		"Remove":      c.Remove(ctx, w.ID, time.Second),
		"Instances":   listed,
		"Run":         ran,
	}
	for event, err := range c.Watch(ctx) {
		if results["Watch"] = err; err == nil {
			t.Errorf("Watch gave %+v", event)
		}
	}
	for _, err := range c.Logs(ctx, deployer.LogQuery{InstanceID: in.ID, Follow: true}) {
		results["Logs"] = err
	}
	for _, method := range []string{"Ensure", "WaitHealthy", "Remove", "Instances", "Run", "Watch", "Logs"} {
		if err := results[method]; err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
			t.Errorf("%s gave %v", method, err)
		}
	}
	if now := f.instances(w.ID); len(now) != 1 || now[0] != in {
		t.Errorf("it is now %+v, was %+v", now, in)
	}
}
