//go:build kubernetes

package kubernetes_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// TestNothingIsLeft: a namespace goes with the app's last workload, and can be
// made again at once.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	c := newCluster(t, options(t))
	w := workload(1)
	in := up(ctx, t, c, w)[0]
	_, namespace, _ := strings.Cut(in.ID, ".")
	ok(t, c.Remove(ctx, w.ID, time.Second))
	up(ctx, t, c, w)
	ok(t, c.Remove(ctx, w.ID, time.Second))
	var backoff deployer.Backoff
	for {
		var list corev1.NamespaceList
		ok(t, json.Unmarshal(asAdmin(t, http.MethodGet, "/api/v1/namespaces?fieldSelector=metadata.name="+namespace, nil, http.StatusOK), &list))
		if len(list.Items) == 0 {
			return
		}
		select {
		case <-time.After(backoff.Next()):
		case <-ctx.Done():
			t.Fatalf("the namespace stays: %+v", list.Items)
		}
	}
}

// TestTerminal types into a task and reads what it shows.
func TestTerminal(t *testing.T) {
	t.Parallel()
	ctx := within(t, time.Minute)
	c := newCluster(t, options(t))
	task := deployer.Task{Workload: workload(0), TTY: true}
	task.Workload.ID.Process, task.Workload.Port = "run", 0
	task.Workload.Env = map[string]string{"TEST_OUT": "ready", "TEST_CAT": "1", "TEST_EXIT": "4"}
	in, typing := io.Pipe()
	shown, out := io.Pipe()
	type end struct {
		code int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		code, err := c.Run(ctx, task, deployer.TaskIO{Stdin: in, Stdout: out})
		_ = out.Close()
		ended <- end{code, err}
	}()
	screen := bufio.NewReader(shown)
	line := func() string {
		t.Helper()
		text, err := screen.ReadString('\n')
		ok(t, err)
		return strings.TrimRight(text, "\r\n")
	}
	if got := line(); got != "ready" {
		t.Errorf("it begins with %q", got)
	}
	for _, text := range []string{"hello", "again"} {
		_, err := io.WriteString(typing, text+"\n")
		ok(t, err)
		if echo, answer := line(), line(); echo != text || answer != text {
			t.Errorf("typed %q, it shows %q and %q", text, echo, answer)
		}
	}
	_, err := io.WriteString(typing, "\x04") // the end of the input, on a terminal
	ok(t, err)
	_, _ = io.Copy(io.Discard, screen) // to its end
	if e := <-ended; e.code != 4 || e.err != nil {
		t.Errorf("it ended with %d, %v", e.code, e.err)
	}
	_ = typing.Close()
}

// TestReplacedInstance: the engine replaces a pod that somebody removes. The new
// one takes the old one's index; the others keep theirs.
func TestReplacedInstance(t *testing.T) {
	t.Parallel()
	ctx := within(t, time.Minute)
	c := newCluster(t, options(t))
	before := up(ctx, t, c, workload(3))
	name, namespace, _ := strings.Cut(before[1].ID, ".")
	asAdmin(t, http.MethodDelete, "/api/v1/namespaces/"+namespace+"/pods/"+name, nil, http.StatusOK)
	var backoff deployer.Backoff
	for {
		now, err := c.Instances(ctx, app)
		ok(t, err)
		if len(now) == 3 && now[1].ID != before[1].ID && now[1].State == deployer.StateHealthy {
			if now[0] != before[0] || now[2] != before[2] || now[1].Index != 2 {
				t.Errorf("they were %+v and are %+v", before, now)
			}
			break
		}
		select {
		case <-time.After(backoff.Next()):
		case <-ctx.Done():
			t.Fatalf("they are %+v", now)
		}
	}
	ok(t, c.WaitHealthy(ctx, before[0].Workload))
}

// TestNodes is alone: nothing can be started on the only node meanwhile.
func TestNodes(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	c := newCluster(t, options(t))
	before := up(ctx, t, c, workload(1))[0]
	is := func(want deployer.NodeState) {
		t.Helper()
		list, err := c.Nodes(ctx)
		ok(t, err)
		if len(list) != 1 || list[0].Name != "node1" || list[0].State != want || list[0].CPUMilli <= 0 || list[0].MemoryBytes <= 0 ||
			list[0].Address == "" || !strings.HasPrefix(list[0].Version, "v1.") || list[0].Labels[corev1.LabelHostname] != "node1" {
			t.Fatalf("the nodes are %+v, want one that is %s", list, want)
		}
	}
	is(deployer.NodeReady)
	ok(t, c.Drain(ctx, "node1", true))
	t.Cleanup(func() { ok(t, c.Drain(context.WithoutCancel(ctx), "node1", false)) })
	is(deployer.NodeDrained)
	if err := c.WaitHealthy(ctx, before.Workload); !errors.Is(err, deployer.ErrNoRoom) || !strings.Contains(err.Error(), "unschedulable") {
		t.Errorf("what has nowhere to go: %v", err)
	}
	ok(t, c.Drain(ctx, "node1", false))
	is(deployer.NodeReady)
	ok(t, c.WaitHealthy(ctx, before.Workload))
	list, err := c.Instances(ctx, app)
	ok(t, err)
	for _, in := range list {
		if in.ID == before.ID && in.State == deployer.StateHealthy {
			t.Errorf("it was not moved: %+v", list)
		}
	}
	if err := c.Drain(ctx, "nowhere", true); !errors.Is(err, deployer.ErrNoNode) {
		t.Errorf("a node that is not there: %v", err)
	}
	if command, hint, err := c.JoinCommand(ctx); err != nil || command != nil || hint == "" {
		t.Errorf("a node joins by %v, %q, %v", command, hint, err)
	}
}
