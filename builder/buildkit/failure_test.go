package buildkit

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slipway-paas/slipway/builder"
)

// The words of engines other than the one the tests run on.
func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		code   codes.Code
		text   string
		failed *builder.Step
		want   string // of the *builder.Failure; "" for unavailable
	}{
		"newer engine's exit": {
			codes.Unknown, "failed to solve: process ...",
			&builder.Step{ID: "s", Name: "[build 2/3] RUN make", Error: `process "/bin/sh -c make" did not complete successfully: exit code: 2`},
			"step build 2/3 RUN make: exit code 2",
		},
		"newer engine's base": {
			codes.Unknown, "failed to solve: x",
			&builder.Step{Name: "[internal] load metadata for docker.io/library/golang:1.99", Error: "docker.io/library/golang:1.99: not found"},
			"the base image golang:1.99 is neither on the engine nor could it be pulled",
		},
		"parse":           {codes.Unknown, "failed to solve: dockerfile parse error on line 2: unknown instruction: X", nil, "Dockerfile: dockerfile parse error on line 2"},
		"away":            {codes.Unavailable, "connection error", nil, ""},
		"engine stopping": {codes.Canceled, "context canceled", nil, ""},
		"disk full": {
			codes.Unknown, "failed to solve: x: write /var/lib/docker/x: no space left on device",
			&builder.Step{Name: "[2/3] RUN make", Error: "no space left on device"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := explain(status.Error(c.code, c.text), c.failed, Job{})
			var failure *builder.Failure
			if c.want == "" {
				if !errors.Is(err, builder.ErrUnavailable) || errors.As(err, &failure) {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestSyntaxOf(t *testing.T) {
	for text, want := range map[string]string{
		"# syntax=docker/dockerfile:1\nFROM x": "docker/dockerfile:1", "#Syntax = a\n": "a", "# escape=`\n# syntax=b\n": "b",
		"FROM x\n# syntax=c\n": "", "\n# syntax=d\n": "", "": "",
	} {
		if got := syntaxOf([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestStepName(t *testing.T) {
	if got := stepName("[stage-0 2/3] RUN a \\\n   &&  b"); got != `[2/3] RUN a \ && b` {
		t.Error(got)
	}
	if got := []rune(stepName(strings.Repeat("ü", 500))); len(got) != 200 {
		t.Error(len(got))
	}
}
