package clustertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
)

func (f *fixture) task(env ...string) deployer.Task {
	w := f.web(1, 0, env...)
	w.ID.Process, w.Port = "run", 0
	return deployer.Task{Workload: w}
}

func runTask(t *testing.T, f *fixture) {
	var out, errs bytes.Buffer
	input := strings.Repeat("some input\n", 5000)
	want := input
	if f.Forced.NoInput {
		want = ""
	}
	code, err := f.cluster.Run(f.ctx, f.task("TEST_CAT=1", "TEST_ERR=copying", "TEST_EXIT=5"),
		deployer.TaskIO{Stdin: strings.NewReader(input), Stdout: &out, Stderr: &errs})
	f.ok(err)
	if f.Forced.OneStream { // what it says first comes first
		rest, found := strings.CutPrefix(out.String(), "copying\n")
		if !found || errs.Len() != 0 {
			t.Errorf("%d bytes of output, stderr %q", out.Len(), errs.String())
		}
		out.Reset()
		out.WriteString(rest)
		errs.WriteString("copying\n")
	}
	if code != 5 || out.String() != want || errs.String() != "copying\n" {
		t.Errorf("exit code %d, %d bytes of output, stderr %q", code, out.Len(), errs.String())
	}
	if code, err := f.cluster.Run(f.ctx, f.task("TEST_EXIT=0"), deployer.TaskIO{}); code != 0 || err != nil {
		t.Errorf("without any input or output: %d, %v", code, err)
	}

	tty := f.task("TEST_OUT=one", "TEST_ERR=two", "TEST_EXIT=0")
	tty.TTY = true
	out.Reset()
	_, err = f.cluster.Run(f.ctx, tty, deployer.TaskIO{Stdout: &out})
	f.ok(err)
	got := strings.ReplaceAll(out.String(), "\r\n", "\n")
	if f.Forced.NoInput && got == "two\none\n" { // two streams, in no order
		got = "one\ntwo\n"
	}
	if got != "one\ntwo\n" {
		t.Errorf("a terminal shows %q", got)
	}

	missing := f.task()
	missing.Workload.Image = "slipway-no-such-image:v1"
	if _, err := f.cluster.Run(f.ctx, missing, deployer.TaskIO{}); !errors.Is(err, deployer.ErrNoImage) {
		t.Errorf("without its image it gave %v", err)
	}
	if all, err := f.cluster.Instances(f.ctx, ""); err != nil || len(all) != 0 {
		t.Errorf("left %+v behind, %v", all, err)
	}
}

func runCancelled(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	reader, writer := io.Pipe()
	stdin, typing := io.Pipe()
	defer func() { _ = typing.Close() }() // lets go of whoever reads it
	done := make(chan error, 1)
	go func() {
		_, err := f.cluster.Run(ctx, f.task("TEST_OUT=running", "TEST_TERM=ignore"), deployer.TaskIO{Stdin: stdin, Stdout: writer})
		done <- err
	}()
	line := make([]byte, len("running\n"))
	_, err := io.ReadFull(reader, line)
	f.ok(err)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("it gave %v", err)
	}
}
